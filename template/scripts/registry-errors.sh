# shellcheck shell=bash
# What the errors of skopeo and helm mean, and what to do. Sourced by the scripts that contact a registry.

# Prints one line for an error message of skopeo or helm. Environment: REGISTRY, to which `make login` logs in.
explain_registry_error() { # HOST REFERENCE MESSAGE
  local host=$1 name=$2 login="skopeo login $1" place
  test "$host" != "${REGISTRY:-}" || login="make login"
  place=$(asked_host "$host" "$3")
  case $3 in
    *"no space left on device"*) echo "the disk is full: free some space, then run the command again to continue" ;;
    *proxyconnect*) echo "the proxy for $host cannot be reached: correct HTTPS_PROXY, or add ${host%:*} to NO_PROXY" ;;
    *"Proxy Authentication Required"*) echo "the proxy rejects the credentials: put them into HTTPS_PROXY, or add ${host%:*} to NO_PROXY" ;;
    # The answer of a proxy to CONNECT has no number in the messages of Go programs.
    *'": Forbidden'* | *'": Bad Gateway'* | *'": Service Unavailable'* | *'": Gateway Timeout'*)
      echo "the proxy does not let requests to $host pass: allow them there, or add ${host%:*} to NO_PROXY" ;;
    *"missing client certificate"* | *"missing key"*) echo "CERTS has half of a client certificate: add the other of client.cert and client.key" ;;
    *"certificate required"*)
      echo "$host asks for a client certificate: add client.cert and client.key to the folder CERTS" ;;
    *"HTTP response to HTTPS client"* | *"downgrades scheme"* | *"does not look like a TLS handshake"*)
      echo "$host serves plain http: set the answer registry_plain_http to true" ;;
    *"HTTP request to an HTTPS server"* | *http://*"status code 400"*) explain_tls "$host" ;;
    *"certificate has expired"*) echo "the certificate of $host has expired: renew it in the registry" ;;
    *"certificate is valid for"* | *"not valid for any names"* | *"legacy Common Name"*)
      echo "the certificate of $host is for another name: issue one for $host, or correct the answer registry_host" ;;
    *x509* | *certificate*) echo "the certificate of $host is not trusted: set CERTS to a folder with its CA as ca.crt" ;;
    *unauthorized* | *"authentication required"* | *denied* | *"invalid username"* | *"credential not found"* | *401*nauthorized*)
      echo "$host rejects the credentials for $name: run $login, or set REGISTRY_AUTH_FILE" ;;
    *"403"*Forbidden* | *"StatusCode: 403"* | *"from registry 403"*)
      echo "$host forbids access to $name (403): give the user of the login the right to it" ;;
    *"429"*"Too Many Requests"* | *"StatusCode: 429"* | *toomanyrequests*)
      if is_upstream "$host"; then
        echo "$host limits the number of requests (429): run $login, wait, or let a pull-through cache fetch its images (answer registry_map)"
      else
        echo "$host limits the number of requests (429): wait, or log in, then run the command again"
      fi ;;
    *"invalid status code from registry 404"*) echo "$host is no registry: it has no /v2/ (404); correct the answer registry_host" ;;
    *"manifest unknown"* | *"name unknown"* | *"StatusCode: 404"* | *"not found"* | *"404: Not Found"*) echo "$name does not exist" ;;
    *"from registry 5"[0-9][0-9]* | *"status code 5"[0-9][0-9]* | *"StatusCode: 5"[0-9][0-9]* | *"HTTP status: 5"[0-9][0-9]*)
      echo "$host fails with $(grep -oE '(registry|code|StatusCode:|status:) 5[0-9][0-9]' <<< "$3" | tail -n 1 | grep -oE '[0-9]+$'): look into its log" ;;
    *"connection refused"*) echo "$place cannot be reached: connection refused" ;;
    *"no such host"*) echo "$place cannot be reached: no such host" ;;
    *"deadline exceeded"* | *"timed out"*)
      echo "$host does not answer in time: check the network, or set REGISTRY_TIMEOUT to more than ${REGISTRY_TIMEOUT:-2m}" ;;
    *"dial tcp"* | *"i/o timeout"* | *"connection reset"* | *EOF*) echo "$place cannot be reached: no answer" ;;
    *) echo "$name: $(tail -n 1 <<< "$3" | sed -E 's/^time="[^"]*" level=fatal msg="(.*)"$/\1/; s/\\"/"/g')" ;;
  esac
}

# Prints which host did not answer: the registry, or the one to which it sends clients for a token or a blob.
asked_host() { # HOST MESSAGE
  local other
  other=$(grep -oE 'https?://[^/"\\]+' <<< "$2" | tail -n 1)
  other=${other#*://}
  case ${other:-$1} in "$1" | "${1%:443}" | "${1%:80}") echo "$1" ;; *) echo "$other, to which $1 refers," ;; esac
}

# Prints the message of `skopeo --debug` without its notes. skopeo itself repeats a request that is limited, for as long as the
# registry asks; when its time runs out, only a note has the reason. It tries version 1 of the API after a fault of /v2/, whose
# status is then in a note, too.
without_debug() { # MESSAGE
  case $1 in
    *"/v2/ status "*"V1 container registry"*)
      echo "invalid status code from registry $(grep -oE '/v2/ status [0-9]+' <<< "$1" | tail -n 1 | grep -oE '[0-9]+$')" ;;
    *"Too many requests to"*"deadline exceeded"*) echo "429 Too Many Requests, until the time ran out" ;;
    *) grep -v '^time=".*" level=debug ' <<< "$1" ;;
  esac
}

# Whether a file is a manifest or an index, and not a web page.
is_manifest() { # FILE
  grep -q '"schemaVersion"' "$1"
}

explain_no_manifest() { # HOST REFERENCE
  echo "$1 is no registry: its answer for $2 is not a manifest; correct the answer registry_host"
}

is_upstream() { # HOST
  case " ${REGISTRY:-} " in *" $1 "*) return 1 ;; esac
}

# Whether the fault may pass in a few seconds: too many requests, 5xx, a connection that breaks off.
may_pass() { # MESSAGE
  case $1 in
    *"until the time ran out"*) return 1 ;;
    *"429"*"Too Many Requests"* | *"StatusCode: 429"* | *toomanyrequests*) ;;
    *"from registry 5"[0-9][0-9]* | *"status code 5"[0-9][0-9]* | *"StatusCode: 5"[0-9][0-9]* | *"HTTP status: 5"[0-9][0-9]*) ;;
    *"connection reset"* | *"broken pipe"* | *"unexpected EOF"* | *": EOF"* | *"TLS handshake timeout"*) ;;
    *) return 1 ;;
  esac
}

# Whether every other request to the host would fail alike.
concerns_host() { # MESSAGE
  case $1 in
    *"HTTP response to HTTPS client"* | *"downgrades scheme"* | *"does not look like a TLS handshake"*) ;;
    *"HTTP request to an HTTPS server"* | *http://*"status code 400"* | *x509* | *certificate*) ;;
    *"429"*"Too Many Requests"* | *"StatusCode: 429"* | *toomanyrequests* | *"status code from registry 404"*) ;;
    *"connection refused"* | *"no such host"* | *"dial tcp"* | *"i/o timeout"* | *"deadline exceeded"* | *"timed out"*) ;;
    *) return 1 ;;
  esac
}

rejects_login() { # MESSAGE
  case $1 in *unauthorized* | *"authentication required"* | *"invalid username"* | *"credential not found"* | *401*) ;; *) return 1 ;; esac
}

explain_tls() { # HOST
  echo "$1 serves TLS: set the answer registry_plain_http to false"
}

# Whether a registry that should serve plain http serves TLS. skopeo would use it all the same, but neither helm nor the nodes.
serves_tls() { # HOST[:PORT]
  bash "$(dirname "${BASH_SOURCE[0]}")/serves-tls.sh" "$1"
}
