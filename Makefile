# Commands for developers. Needs python3 >= 3.11, git, make, and Go or helm >= 3.16.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Preferred source of upstream charts: a folder or oci://registry/path. Empty: upstream's repositories, then Go modules.
CHARTS ?=
# Number of environments in the benchmark.
COUNT ?= 200
# Run time of the fuzzer in seconds. Its packages are not in requirements.lock, so it has a separate virtual environment.
FUZZ ?= 60
FUZZ_VENV := build/fuzz/venv
EXAMPLE ?= examples/offline-harbor.yaml
export CHARTS

.PHONY: help
help: ## List all targets
	@echo "Usage: make <target>"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Create the virtual environment .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is missing or older than 3.11: install Python >= 3.11, or run make PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "==> Installing the Python packages into $(VENV), once (about a minute)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: helm
helm: $(READY) ## Find helm >= 3.16, or build it once from its Go module, and print its path
	@$(BIN)/python -m tools.upstream.helm

.PHONY: demo
demo: $(READY) ## Generate, render and validate one environment (EXAMPLE=examples/....yaml), then break one setting
	@$(BIN)/python -m tools.demo $(EXAMPLE)

.PHONY: test
test: $(READY) ## Run the fast tests on all cores (ARGS="-k name" to select, ARGS="-n 0" for one core)
	@$(BIN)/python -m tools.upstream.helm --all >/dev/null
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

.PHONY: test-space
test-space: $(READY) ## Generate, render and check all pairs of choices, with both helms, and generated texts (8 minutes)
	@$(BIN)/python -m tools.upstream.helm --all >/dev/null
	@KSERVE_TEST_SPACE=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal tests/space $(ARGS)

.PHONY: test-registry
test-registry: $(READY) ## Test mirror, lock, pull and the documents' commands with a real registry, built once, and real skopeo
	@command -v skopeo >/dev/null || { echo "error: skopeo is missing: install it, for example with apt-get install skopeo" >&2; exit 2; }
	@KSERVE_TEST_REGISTRY=1 $(BIN)/python -m pytest --numprocesses 4 --dist worksteal \
	  tests/commands/test_environment.py tests/commands/test_project.py tests/commands/test_air_gap.py tests/commands/test_helmfile.py tests/mirror $(ARGS)

.PHONY: test-packages
test-packages: $(READY) ## Test what users install: a release, an image (with buildah), and what CI calls
	@KSERVE_TEST_PACKAGES=1 $(BIN)/python -m pytest tests/packages $(ARGS)

.PHONY: test-live
test-live: $(READY) ## Test the examples on the real controllers, without a cluster (15 minutes; ARGS="-k name" to select)
	@$(BIN)/python -m tests.live.enter pytest $(ARGS)

.PHONY: test-argocd
test-argocd: $(READY) ## Test that a real Argo CD installs an environment from its README, and reads a fleet (30 minutes)
	@KSERVE_TEST_ARGOCD=1 $(BIN)/python -m tests.live.enter pytest tests/live/test_argocd.py tests/live/test_argocd_standard.py tests/live/test_fleet.py $(ARGS)

.PHONY: cluster
cluster: $(READY) ## Run one environment on the real controllers and open a shell (EXAMPLE=examples/....yaml)
	@$(BIN)/python -m tests.live.enter cluster $(EXAMPLE)

.PHONY: check
check: lint types test ## Run lint, types and test, which must all pass

.PHONY: lint
lint: $(READY) ## Check the style, the spelling and that generated files are up to date
	@echo "==> Linting" >&2
	@mkdir -p build
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "error: run make format" >&2; exit 1; }
	@$(BIN)/yamllint --strict .
	@$(BIN)/codespell
	@$(BIN)/lint-imports --no-cache > build/lint-imports.txt || { cat build/lint-imports.txt >&2; exit 1; }
	@$(BIN)/shellcheck --external-sources $$(git ls-files '*.sh') .ci/run
	@$(BIN)/python -m tools.generate --check

.PHONY: types
types: $(READY) ## Check the types with mypy
	@echo "==> Checking types" >&2
	@$(BIN)/mypy --no-error-summary

.PHONY: format
format: $(READY) ## Format the Python files and apply ruff's automatic fixes
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

.PHONY: generate
generate: $(READY) ## Regenerate the generated files
	@$(BIN)/python -m tools.generate

.PHONY: values-table
values-table: $(READY) ## Write VALUES.md of the chart from the comments of its values.yaml, with helm-docs (needs Go)
	@$(BIN)/python -m tools.values

.PHONY: docs
docs: $(READY) ## Build the documentation as a site that works without a server, build/docs/site/index.html (needs npm)
	@$(BIN)/python -m tools.site

.PHONY: docs-version
docs-version: $(READY) ## Add the documentation to the branch gh-pages as one more version (VERSION=1.2.3)
	@test -n "$(VERSION)" || { echo "error: say which version: make docs-version VERSION=1.2.3" >&2; exit 2; }
	@$(BIN)/python -m tools.site $(VERSION)

.PHONY: charts
charts: $(READY) ## Fetch the upstream charts of all stacks into build/upstream (CHARTS=dir or oci://...)
	@$(BIN)/python -m tools.upstream.charts

.PHONY: bench
bench: $(READY) ## Compare with bare copier and helm (COUNT=200), and the checker with PyYAML, istioctl and kube-score
	@$(BIN)/python -m tools.bench.environments $(COUNT)
	@$(BIN)/python -m tools.bench.fleet $(COUNT)
	@$(BIN)/python -m tools.bench.checker
	@$(BIN)/python -m tools.bench.analyzers

.PHONY: mutate
mutate: $(READY) ## Break each leaf of a team's objects and print which slips are found (2 minutes; ARGS=--write)
	@$(BIN)/python -m tools.mutate $(ARGS)

.PHONY: fuzz
fuzz: ## Feed the checker broken YAML with atheris (FUZZ=60 seconds; needs Python 3.11 to 3.13, on Linux)
	@test -x $(FUZZ_VENV)/bin/python || $(PYTHON) -m venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@$(FUZZ_VENV)/bin/python -m tools.bench.fuzz -max_total_time=$(FUZZ) -print_final_stats=1 $(ARGS)

.PHONY: lock
lock: ## Regenerate both requirements.lock (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-header \
	  --output-file requirements.lock pyproject.toml
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --output-file tools/site/requirements.lock tools/site/requirements.in

.PHONY: pin
pin: $(READY) ## Regenerate stacks/modules/*/go.sum from go.mod
	@$(BIN)/python -m tools.upstream.modules

.PHONY: release
release: $(READY) ## Build and tag a release in dist/ (VERSION=1.2.3; DRY_RUN=1 only builds; more in CONTRIBUTING.md)
	@test -n "$(VERSION)" || { echo "error: say which version: make release VERSION=1.2.3" >&2; exit 2; }
	@$(BIN)/python -m tools.release $(VERSION) $(if $(DRY_RUN),--dry-run) $(if $(URL),--url "$(URL)") $(if $(KEY),--key "$(KEY)") $(if $(KEYRING),--keyring "$(KEYRING)")

.PHONY: clean
clean: ## Remove the virtual environment and all build output
	@chmod -R u+w build 2>/dev/null || true
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
