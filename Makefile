# Every target sets itself up: a machine needs make and Python 3.11 or later, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := offhook workflows activities starter worker.py tests benchmarks hatch_build.py

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check bench format lock docs clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Place calls with different fates and watch them end (KEEP=1: stay up afterwards)
	@$(BIN)/offhook demo $(if $(KEEP),--keep)

test: $(READY) ## Run the tests
	$(BIN)/python -m pytest -n 2 $(ARGS)

chaos: $(READY) ## Break everything while calls are up, and check what became of them (CALLS=2000 SEED=n KEEP=1)
	$(BIN)/python -m tests.chaos $(if $(CALLS),--calls $(CALLS)) $(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep)

check: $(READY) ## Lint, types, import contracts
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/pyright --project pyproject.toml
	$(BIN)/lint-imports

bench: $(READY) ## Measure, print a table, write benchmarks/results/*.json
	$(BIN)/python -m benchmarks $(ARGS)

format: $(READY) ## Format the sources
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lock: $(READY) ## Pin the requirements anew, with hashes
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--python-version 3.11 --extra dev-server pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--python-version 3.11 --extra dev-server --extra testing --group dev pyproject.toml -o requirements-dev.txt

docs: $(READY) ## Write the generated pages under docs/
	$(BIN)/python -m offhook.reference

clean: ## Remove what the other targets made
	rm -rf $(VENV) .offhook .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
