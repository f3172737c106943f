# One way in, for people and for CI. `make help` lists the targets.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
export PERFGATE_DATA_DIR ?= $(CURDIR)/.perfgate

.PHONY: help setup check quick test docs bench mutants demo serve lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/ready ## make .venv with everything that is pinned in requirements.lock

$(VENV)/ready: requirements.lock pyproject.toml scripts/make-venv.sh
	sh scripts/make-venv.sh $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: setup ## lint, types, import contracts, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

quick: check ## check, then for 45 seconds the tests of what changed since main, nearest first
	$(BIN)/python -m tests.quick

test: check ## everything that must hold: check, then all tests, those that use a database on SQLite and on PostgreSQL
	@# Three at a time on two cores: many tests wait for processes, and none measures what load would change.
	$(BIN)/python -m pytest -q -n 3 --dist worksteal --ignore tests/test_demo.py
	@# Its history is found in measurements of one commit after the other, which load would change.
	$(BIN)/python -m pytest -q tests/test_demo.py
	PERFGATE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/webapp

docs: setup ## write the reference from the code, and build the documents into build/docs; a warning is an error
	$(BIN)/python -m docs.generate
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

bench: setup ## measure the limits that perfgate promises to keep, beside their rivals
	@# A bar that is missed is printed, and does not keep the next from being measured.
	-$(BIN)/python -m benchmarks.startup
	-$(BIN)/python -m benchmarks.storage
	-$(BIN)/python -m benchmarks.pairs
	-$(BIN)/python -m benchmarks.detector

mutants: setup ## change stats, gate and policy one expression at a time, and list what no test notices; ONLY=perfgate/gate
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mutants.lock
	$(BIN)/python scripts/mutants.py $(ONLY)

demo: setup ## the main job on a small real project; ONCE=1 prints a transcript and ends
	$(BIN)/python -m demo $(if $(ONCE),--once)

serve: setup ## run the server on http://127.0.0.1:8000
	$(BIN)/python manage.py serve

lock: ## pin again what pyproject.toml allows
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras pyproject.toml -o requirements.lock
	@# What the action installs on a runner: pins of the same versions, and nothing of the server.
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra action --constraint requirements.lock pyproject.toml -o requirements-action.lock
	@# What `make mutants` installs beside it.
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group mutants --constraint requirements.lock -o requirements-mutants.lock

clean: ## remove what the targets above made
	rm -rf $(VENV) .perfgate build mutants *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
