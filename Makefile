# Every command of this project. `make` alone lists them.
# Needs python3 (3.11 or newer) with pip 22.3 or newer; python3-venv is not needed. Nothing here needs root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip of the outer Python installs into the virtual environment, which therefore needs no pip (nor ensurepip) of its own.
# -q -q: errors only. --compile: programs start twice as fast, whatever PIP_NO_COMPILE or PYTHONDONTWRITEBYTECODE say.
INSTALL := $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python install -q -q --compile
# Universal: one file for every platform. No index lines: the files must not name a registry.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help run demo break mend crash test check format bench bench-history lock clean bytecode

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run-stamp bytecode ## Start the healthcare demo: a reference service and Sentinel watching it
	@exec $(BIN)/python -m examples.demo healthcare

demo: $(VENV)/.dev-stamp bytecode ## The same with another system of the guides: make demo SYSTEM=auraconnect
	@exec $(BIN)/python -m examples.demo $(SYSTEM)

break: $(VENV)/.run-stamp ## Switch a fault of the demo on: make break FAULT=slow (bare: list the faults)
	@$(BIN)/python -m examples.demo.break $(FAULT)

mend: $(VENV)/.run-stamp ## Switch it off again: make mend FAULT=slow (bare: all of them)
	@$(BIN)/python -m examples.demo.break $(FAULT) --off

crash: $(VENV)/.run-stamp ## Kill Sentinel with SIGKILL, as a power cut would: it starts again and forgets nothing
	@$(BIN)/python -m examples.demo.crash

test: $(VENV)/.dev-stamp bytecode ## Run all tests, side by side; some of them: make test ARGS="tests/core -x"
	@$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),tests)

check: $(VENV)/.dev-stamp ## Check format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-stamp ## Format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev-stamp bytecode ## Measure the daemon on this machine and print the figures
	@$(BIN)/python -m benchmarks $(ARGS)

bench-history: $(VENV)/.dev-stamp bytecode ## Make a year of 1,000 checks and measure what the dashboard asks of it (4 GB, some minutes)
	@$(BIN)/python -m benchmarks history $(ARGS)

lock: ## Pin the newest allowed versions in requirements/*.txt (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install --user uv (or pipx install uv)" >&2; exit 1; }
	$(LOCK) --upgrade --output-file requirements/run.txt requirements/run.in
	$(LOCK) --upgrade --constraint requirements/run.txt --output-file requirements/dev.txt requirements/dev.in

clean: ## Remove the virtual environment, caches and the demo's data
	rm -rf $(VENV) .demo state examples/*/state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `sentinel --status` promises to start fast, and editing a source file makes its bytecode stale.
bytecode: | $(BIN)/python
	@$(BIN)/python -m compileall -q src

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sentinel needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m pip --python "$$(command -v $(PYTHON))" --version >/dev/null 2>&1 || \
		{ echo "Installing needs pip 22.3 or newer: sudo apt install python3-pip (or the like), then try again" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --without-pip $(VENV)

# The project itself comes last, editable: flit_core, which builds it, is pinned among the dependencies.
$(VENV)/.run-stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Sentinel needs (the first time takes a minute)"
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# requirements/dev.txt holds all of run.txt and more, so that this serves `make run` too.
$(VENV)/.dev-stamp: requirements/dev.txt requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Sentinel and its tests need (the first time takes a minute or two)"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $(VENV)/.run-stamp $@
