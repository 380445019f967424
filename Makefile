# Everything from nothing: each target makes the virtual environment that it needs first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help example test lint format bench fuzz clients drift clean

help:
	@echo "make example   run the example suites: real deploy tools, tested through the plugin"
	@echo "make test      run the tests"
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

clients:
	$(PYTHON) tools/fetch_clients.py

drift: $(VENV)/ready
	$(BIN)/python tools/drift.py

clean:
	rm -rf $(VENV) .clients .coverage dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
