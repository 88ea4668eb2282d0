# Two commands do all the set-up on a fresh machine with Python 3.11: `make demo` and `make test`.
# pip runs only when pyproject.toml or constraints.txt changed; after that both work without a network.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint types imports pytest browser format clean

VENV := .venv
BIN := $(VENV)/bin
# The newest thing tried first that answers as Python 3.11 or later; `make PYTHON=/path/to/python test` overrides.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Names the installed state, so a stamp stays true when git only touches a file's time.
FINGERPRINT := $(shell cat pyproject.toml constraints.txt | cksum | cut -d ' ' -f 1)
DEMO_STAMP := $(VENV)/.installed-demo-$(FINGERPRINT)
TEST_STAMP := $(VENV)/.installed-test-$(FINGERPRINT)

BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
# Gives up at once where nothing answers.
APT := apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o APT::Update::Error-Mode=any

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(DEMO_STAMP) ## Install what is needed, then show the main job on shipped media
	@$(BIN)/autoglm demo

test: $(TEST_STAMP) ## Lint, types, import rules and all tests
	@$(MAKE) --no-print-directory lint types imports pytest
	@echo "==> all gates passed"

lint: $(TEST_STAMP) ## Lint and check the format
	@echo "==> lint (ruff)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --output-format concise . || { echo "error: run 'make format'" >&2; exit 1; }

types: $(TEST_STAMP) ## Check the types
	@echo "==> types (mypy --strict, about a minute when its cache is cold)"
	@$(BIN)/mypy

imports: $(TEST_STAMP) ## Check the import rules
	@echo "==> import rules (import-linter)"
	@$(BIN)/lint-imports

pytest: $(TEST_STAMP) browser ## Run all tests
	@echo "==> tests (pytest, at most 25 minutes on two cores)"
	@$(BIN)/python -m pytest

# The page's tests need a browser. Where Debian's may be installed it is; everywhere else they are skipped and say so.
browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && grep -qs '^ID=debian' /etc/os-release || exit 0; \
	echo "==> chromium for the page's tests (apt-get, at most 5 minutes; without a network the tests are skipped)"; \
	export DEBIAN_FRONTEND=noninteractive; \
	timeout 300 bash -c '$(APT) update && $(APT) install -y --no-install-recommends chromium' >/dev/null 2>&1 \
		|| echo "    not installed; the page's tests will be skipped"

format: $(TEST_STAMP) ## Format the code
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "error: Python 3.11 or later is needed and was not found." >&2; \
		echo "       On Debian or Ubuntu: apt-get install python3.11 python3.11-venv" >&2; exit 1; fi
	@echo "==> virtual environment in $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "error: could not make a virtual environment; on Debian: apt-get install python3.11-venv" >&2; exit 1; }

$(DEMO_STAMP): | $(BIN)/python
	@echo "==> pinned install (torch and all: about 5 GB, some minutes; only after a change of the pins)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[voice]'
	@rm -f $(VENV)/.installed-* && touch $@

$(TEST_STAMP): | $(BIN)/python
	@echo "==> pinned install with test extras (torch and all: about 5 GB, some minutes; only after a change of the pins)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[voice,train,test]'
	@rm -f $(VENV)/.installed-* && touch $(DEMO_STAMP) $@
