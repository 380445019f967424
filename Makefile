# Everything from nothing: each target makes the virtual environment that it needs first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help example test test-slow coverage lint format bench fuzz clients drift clean

help:
	@echo "make example   run the example suites: real deploy tools, tested through the plugin"
	@echo "make test      run the tests that start no other program"
	@echo "make test-slow run the tests that do"
	@echo "make coverage  report what both have covered, if they ran with GHDEPLOY_COVERAGE=1"
	@echo "make lint      check style, format and types"
	@echo "make format    put style and format right"
	@echo "make bench     measure what it costs, against peers"
	@echo "make clients   fetch the clients in other languages that some tests run, and GitHub's description"
	@echo "make fuzz      ask all endpoints 20,000 things and check each answer"
	@echo "make drift     list what has changed in GitHub's description since"

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer, please: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

example: $(VENV)/ready
	$(BIN)/python examples/run.py

# With GHDEPLOY_COVERAGE=1 each run adds its branch coverage to that of the runs before, until `make coverage`.
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

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready
	$(BIN)/python benchmarks/run.py

fuzz: $(VENV)/ready
	$(BIN)/python fuzz/run.py

clients:
	$(PYTHON) tools/fetch_clients.py

drift: $(VENV)/ready
	$(BIN)/python tools/drift.py

clean:
	rm -rf $(VENV) .clients .coverage .coverage.* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
