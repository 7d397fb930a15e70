# Two commands for everybody: `make demo` and `make test`. The rest is for those who work on plansim: `make help`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test check format lint types imports wheel acceptance clean

help:
	@echo "make demo        set up and run the main scenario: a robot delivers in a warehouse"
	@echo "make test        set up and run every test"
	@echo "make check       before a commit: format, lint, types, imports, tests"
	@echo "make wheel       build the wheel and try it in an empty environment"
	@echo "make acceptance  the long runs whose figures stand in docs/acceptance.md"
	@echo "make clean       remove environments, runs and caches"

$(BIN)/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "plansim needs Python 3.11 or newer: make PYTHON=python3.11 ..."'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[envs,viz]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[all,dev]'
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/plansim run scenarios/warehouse_delivery.yaml --out runs/warehouse

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q -n auto

check: $(VENV)/test.stamp format lint types imports
	$(BIN)/python -m pytest -q -n auto

format: $(VENV)/test.stamp
	$(BIN)/ruff format .

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

imports: $(VENV)/test.stamp
	$(BIN)/lint-imports

wheel: $(VENV)/test.stamp
	$(BIN)/python tests/packaging/try_wheel.py

acceptance: $(VENV)/test.stamp
	$(BIN)/python -m tests.acceptance

clean:
	rm -rf .venv* runs dist build .pytest_cache .mypy_cache .ruff_cache
	find plansim envs tests -name __pycache__ -type d -prune -exec rm -rf {} +
