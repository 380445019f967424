# Everything from nothing: each target makes the virtual environment that it needs first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What the tests of deliveries compare with and ask, where there is Node.
NODE := .node
NPM_PACKAGES := @octokit/webhooks@14.2.0 @octokit/webhooks-examples@7.6.1
ifneq ($(wildcard $(NODE)/ready),)
export GHDEPLOY_NODE ?= $(abspath $(NODE))
endif

.DEFAULT_GOAL := help
.PHONY: help example test lint format bench fuzz node clean

help:
	@echo "make example   run the example suites: real deploy tools, tested through the plugin"
	@echo "make test      run the tests"
	@echo "make lint      check style, format and types"
	@echo "make format    put style and format right"
	@echo "make bench     measure what it costs, against peers"
	@echo "make fuzz      ask all endpoints 20,000 things and check each answer"
	@echo "make node      get what ten of the tests need of npm; without it they are skipped"

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer, please: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

example: $(VENV)/ready
	$(BIN)/python examples/run.py

test: $(VENV)/ready
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready
	$(BIN)/python benchmarks/run.py

fuzz: $(VENV)/ready
	$(BIN)/python fuzz/run.py

node: $(NODE)/ready

$(NODE)/ready: Makefile
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "Node and npm, please: they are not here" >&2; exit 1; }
	rm -rf $(NODE)
	mkdir $(NODE)
	npm install --prefix $(NODE) --engine-strict --ignore-scripts --no-audit --no-fund --no-update-notifier \
		--loglevel=error --fetch-retries=1 --fetch-timeout=60000 $(NPM_PACKAGES)
	@touch $@

clean:
	rm -rf $(VENV) $(NODE) .coverage dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
