# Quanzu (劝阻). Every target brings what it needs; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup console demo test check up down bench faults prove screenshots lock schemas docs clean
SPEED ?= 10
MINUTES ?=
ONLY ?=
ROUNDS ?= 3
KILLS ?=
SHELL := /bin/bash

PY := .venv/bin/python
READY := .venv/.ready
# The distribution's own first: it is built with profiles of itself, a version manager's mostly is not, and takes a fifth
# longer for everything.
VENV = for python in /usr/bin/python3 python3; do test -x $(PY) && exit; \
	$$python -c "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && $$python -m venv .venv; \
	done; test -x $(PY) || { echo "install Python 3.11 or newer, with its venv (Debian: python3-venv)" >&2; exit 2; }

help:  ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) console  ## make .venv with the pinned dependencies and build the console

$(READY): deploy/requirements-dev.txt pyproject.toml
	@$(VENV)
	@echo "  set-up: installing the pinned dependencies (first time only)"
	@$(PY) -m pip install --quiet --require-hashes -r deploy/requirements-dev.txt
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

console: $(READY)
	@$(PY) -m deploy.native.console build

demo: $(READY) console  ## a made-up county at work [SPEED=10] [MINUTES=], everything in one process
	@.venv/bin/quanzu demo --speed $(SPEED) $(if $(MINUTES),--minutes $(MINUTES))

test: $(READY) console  ## every test, on a Kafka and a PostgreSQL started for it [ONLY=words of a test's name]
	@$(PY) -m tests $(if $(ONLY),-k "$(ONLY)")

up: $(READY) console  ## start everything on this machine, without containers
	@$(PY) -m deploy.native.stack up

down: $(READY)  ## stop it; the data stays
	@$(PY) -m deploy.native.stack down

bench: $(READY)  ## speed and memory as ratios to their floors [ONLY=a line] [ROUNDS=3]; also var/bench.json
	@$(PY) -m tests.bench $(ONLY) --rounds $(ROUNDS)

faults: $(READY)  ## kill real processes and count what is left [ONLY=a fault] [KILLS=]; also var/faults.json
	@$(PY) -m tests.faults $(ONLY) $(if $(KILLS),--kills $(KILLS))

prove: $(READY)  ## the long proofs in full, of which `make test` runs small samples [ONLY=words of a proof's name]
	@QUANZU_PROVE=full $(PY) -m pytest -m proof $(if $(ONLY),-k "$(ONLY)")

screenshots: $(READY) console  ## pictures of the pages from the demo's data, into docs/screenshots
	@$(PY) -m tests.browser

schemas: $(READY)  ## write the JSON Schemas, the AsyncAPI and the OpenAPI document anew
	@$(PY) -m schemas.export
	@$(PY) -m services.api.frozen

docs: $(READY)  ## draw the pages on states and limits anew from the code
	@$(PY) -m services.cli.described

lock:  ## refresh the pinned dependencies
	@$(VENV)
	@$(PY) -m pip install --quiet uv
	@$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o deploy/requirements.txt
	@$(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o deploy/requirements-dev.txt

check: $(READY)  ## format, lint, types, direction of imports, dependencies
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(PY) -m deptry .
	@$(PY) -m deploy.native.console check

clean:  ## stop what runs and remove what was made, the environment too
	@-test -x $(PY) && $(PY) -m deploy.native.stack down --erase
	@rm -rf .venv var services/console/dist services/console/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
