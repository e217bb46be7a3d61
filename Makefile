# Every target builds the virtual environment it needs. Another interpreter: make PYTHON=python3.13 …

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --constraint constraints-dev.txt

# what `make db-up` serves; keep in step with docker-compose.yml
DB_PORT ?= 5432
DB_URL  := postgresql://asyncorm:asyncorm@localhost:$(DB_PORT)/asyncorm
export DB_PORT

.DEFAULT_GOAL := help
.PHONY: help demo worker test long-run lint types bench bench-quick db-up db-down clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## load real data through the unit of work, and walk through what it does
	@$(BIN)/python -m examples.atlas

worker: $(VENV)/.demo  ## a job queue: four workers, one of them killed, and each job done once
	@$(BIN)/python -m examples.worker

test: $(VENV)/.dev  ## all tests, on DATABASE_URL or an embedded PostgreSQL; make test ARGS="-k flush"
	@$(BIN)/python -m pytest $(ARGS)

long-run: $(VENV)/.dev  ## random sessions, loads and statements, 10,000 of each, or STEPS=…; new hostile texts
	@ASYNCORM_RANDOM_STEPS=$(or $(STEPS),10000) $(BIN)/python -m pytest --randomly-seed=default \
		tests/*/test_random_*.py tests/security \
		$$(grep -rl --include='test_*.py' '^from hypothesis' tests | grep -v every_type)

lint: $(VENV)/.dev  ## style, format and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(VENV)/.dev  ## mypy --strict and basedpyright
	@$(BIN)/mypy
	@$(BIN)/basedpyright

bench: $(VENV)/.bench  ## speed beside other libraries; make bench ARGS="--loop uvloop --delay 1"
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/.bench  ## the libraries that matter, in less than two minutes
	@$(BIN)/python -m benchmarks --quick $(ARGS)

db-up:  ## start PostgreSQL 18 in Docker and print its DATABASE_URL
	@docker compose up --detach --wait
	@echo 'export DATABASE_URL=$(DB_URL)'

db-down:  ## stop it and throw its data away
	@docker compose down --volumes

clean:  ## remove the environment, caches and embedded databases
	rm -rf $(VENV) .pgdata build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------ the environment

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'asyncorm needs Python 3.11 or newer: make PYTHON=/path/to/python3 …' >&2; exit 1; }
	@echo 'creating $(VENV)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# the library and the demo's data: no development tools
$(VENV)/.demo: pyproject.toml constraints-dev.txt | $(BIN)/python
	@echo 'installing asyncorm with what the demo needs'
	@$(PIP) --editable '.[demo,speed]'
	@touch $@

# everything; pip knows dependency groups since 25.1, so it comes first
$(VENV)/.dev: pyproject.toml constraints-dev.txt | $(BIN)/python
	@echo 'installing asyncorm with the development tools'
	@$(PIP) --upgrade pip
	@$(PIP) --group dev --editable '.[demo,speed]'
	@touch $(VENV)/.demo $@

# the libraries that are compared; wheels of all of them are there for Linux and macOS
$(VENV)/.bench: pyproject.toml constraints-dev.txt constraints-bench.txt | $(BIN)/python
	@echo 'installing asyncorm with the libraries that the benchmark compares'
	@$(PIP) --upgrade pip
	@$(PIP) --constraint constraints-bench.txt --group bench --editable '.[demo,speed]'
	@touch $(VENV)/.demo $@
