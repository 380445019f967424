# Works on a fresh clone: each target first creates the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help example test test-slow coverage lint format docs bench soak fuzz clients drift clean

# Times are those of a machine with two cores, once the virtual environment is there.
help:
	@echo "make example    run the example suites: real deploy tools tested with the plugin (6 s)"
	@echo "make test       run the tests that start no other program, in parallel (80 s)"
	@echo "make test-slow  run the tests that start other programs (60 s)"
	@echo "make coverage   report the branch coverage of both, if they ran with GHDEPLOY_COVERAGE=1"
	@echo "make lint       check style, formatting, types and the workflows in .github"
	@echo "make format     fix style and formatting"
	@echo "make docs       build the site of the documentation into site/, with warnings as errors"
	@echo "make bench      measure speed and memory, beside comparable libraries"
	@echo "make soak       only the last part of make bench: what many requests and tests leave behind (2 minutes)"
	@echo "make clients    fetch GitHub's API description and the clients in other languages that some tests run"
	@echo "make fuzz       send 20,000 generated requests and 2,000 sequences of them, and check each response"
	@echo "make drift      list what has changed in GitHub's API description since"

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

example: $(VENV)/ready
	$(BIN)/python examples/run.py

# With GHDEPLOY_COVERAGE=1 each run records branch coverage; `make coverage` combines all runs since the last report.
PYTEST := $(BIN)/$(if $(GHDEPLOY_COVERAGE),coverage run -m )pytest -n auto --dist worksteal

test: $(VENV)/ready
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/ready
	$(PYTEST) -m slow

coverage: $(VENV)/ready
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The variable silences an advertisement of the theme for its successor.
docs: $(VENV)/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: $(VENV)/ready
	$(BIN)/python benchmarks/run.py

soak: $(VENV)/ready
	$(BIN)/python benchmarks/run.py --only 11

fuzz: $(VENV)/ready
	$(BIN)/python fuzz/run.py

clients: $(VENV)/ready
	$(BIN)/python tools/fetch_clients.py

drift: $(VENV)/ready
	$(BIN)/python tools/drift.py

clean:
	rm -rf $(VENV) site .clients .coverage .coverage.* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
