"""Every form in which a document can print a command is found, and nothing else."""

from __future__ import annotations

from tests.commands.documents import commands, files

PAGE = r"""
# First

Run `make check`, not `values/`, `make` or `kserve.yaml`:

```console
$ make install        # all releases
==> output
$ for one in a b; do
    kubectl get $one
  done
$ kubectl create secret generic keys \
    --from-literal A=B
secret/keys created
```

## Second

| what | command |
|---|---|
| a pipe | `helm template kserve CHART \| kserve-wiring check -` |

1. In a list:

   ```sh
   make mirror
   # a comment
   git diff --check
   ```

> And in a quotation: `skopeo login
> HOST`.

    NAME=value OTHER=value make test
    helm template . |
      kubectl apply -f -

```yaml
# .github/workflows/check.yaml
steps:
  - run: pipx install .
```

```text
make nothing
```
"""


def test_every_form_is_found() -> None:
    found = [(command.text, command.heading, command.block) for command in commands(PAGE)]
    assert found == [
        ("make check", "First", False),
        ("make install", "First", True),
        ("for one in a b; do\n    kubectl get $one\n  done", "First", True),
        ("kubectl create secret generic keys \\\n    --from-literal A=B", "First", True),
        ("helm template kserve CHART | kserve-wiring check -", "Second", False),
        ("make mirror", "Second", True),
        ("git diff --check", "Second", True),
        ("skopeo login HOST", "Second", False),
        ("NAME=value OTHER=value make test", "Second", True),
        ("helm template . |\n  kubectl apply -f -", "Second", True),
        ("pipx install .", "Second", True),
    ]


def test_a_command_has_its_line_and_its_output() -> None:
    found = {command.text: (command.line, command.output) for command in commands(PAGE)}
    lines = PAGE.splitlines()
    assert all(text.split()[0] in lines[line - 1] for text, (line, _) in found.items())
    assert found["make install"][1] == "==> output\n"
    assert found["kubectl create secret generic keys \\\n    --from-literal A=B"][1] == "secret/keys created\n"


def test_a_file_has_its_name() -> None:
    assert list(files(PAGE)) == [".github/workflows/check.yaml"]
