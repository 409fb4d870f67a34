"""Serve every GET request on port 8080: the model of the smoke test's InferenceService."""

from http.server import BaseHTTPRequestHandler, HTTPServer

ANSWER = b"kserve-environment\n"


class Answer(BaseHTTPRequestHandler):
    """The same response for every path."""

    def do_GET(self) -> None:
        """Send the response."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)


if __name__ == "__main__":
    HTTPServer(("", 8080), Answer).serve_forever()
