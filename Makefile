# Everything a person runs. `make help` lists it; only Python 3.11+ and make are needed.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
COMPILE := $(CURDIR)/$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url
PROCESSES := $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
SPREAD := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder  # a file stays whole, for what it sets up
# Tests start Python a thousand times; where byte code is not kept, each start compiles the whole service anew.
test test-postgres prove: export PYTHONDONTWRITEBYTECODE :=
NAMED := pyproject.toml --extra service --extra editor requirements.in  # what is needed: of the package, and beside it

.DEFAULT_GOAL := help
.PHONY: help up test test-postgres prove check requirements-check format lock bench clean

help:  ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

$(VENV)/installed: requirements.txt
	@test -n "$(PYTHON)" || { echo "Handrail needs Python 3.11 or newer; install it or say make PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(RUN) -m ensurepip >/dev/null  # a venv that uv made has none
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

up: $(VENV)/installed  ## set up, migrate and serve: web, worker and beat (HOST, PORT, DATA_DIR)
	@exec $(RUN) manage.py up

test: $(VENV)/installed-dev  ## every test, on the embedded database
	$(RUN) -m pytest $(SPREAD) $(ARGS)

# Each process has a cluster of its own, since the sealer waits for every transaction of its server, those of other
# tests included; on one server that was named all run in one process.
test-postgres: $(VENV)/installed-dev  ## every test on PostgreSQL: DATABASE_URL, else throw-away clusters
	$(RUN) -m tests.services.postgres $(if $(DATABASE_URL),,--clusters $(PROCESSES)) -- \
		$(RUN) -m pytest $(if $(DATABASE_URL),,$(SPREAD)) $(ARGS)

prove: $(VENV)/installed-dev  ## what takes longer than a test may, on both databases: twenty kills of every process under load; the contract on three seeds, and with every hostile value everywhere
	$(RUN) -m pytest -o python_files='prove_*.py' -s $(ARGS) tests/proofs

check: $(VENV)/installed-dev requirements-check  ## lint, formatting, types, layers, migrations, deployment settings, pins
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) manage.py makemigrations --check --dry-run
	PUBLIC_URL=https://handrail.example $(RUN) -W error manage.py check --deploy --fail-level WARNING

requirements-check: $(VENV)/installed-dev
	@set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; cp pyproject.toml requirements*.in requirements*.txt "$$made"; \
	(cd "$$made" && $(COMPILE) $(NAMED) -o requirements.txt && $(COMPILE) requirements-dev.in -o requirements-dev.txt); \
	for file in requirements.txt requirements-dev.txt; do \
		diff -u $$file "$$made/$$file" || { echo "$$file does not match what it is made of: run make lock"; exit 1; }; done

format: $(VENV)/installed-dev  ## put every file in the house's format
	$(RUN) -m ruff check --fix --exit-zero --quiet .
	$(RUN) -m ruff format .

lock: $(VENV)/installed-dev  ## pin pyproject.toml, requirements.in and requirements-dev.in (ARGS=--upgrade renews the pins)
	$(COMPILE) $(ARGS) $(NAMED) -o requirements.txt
	$(COMPILE) $(ARGS) requirements-dev.in -o requirements-dev.txt

bench: $(VENV)/installed-dev  ## measure, and print the tables of docs/benchmarks.md
	$(RUN) -m tests.bench $(ARGS)

clean:  ## remove the virtual environment (never the data)
	rm -rf $(VENV)
