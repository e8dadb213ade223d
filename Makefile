# `make help` lists what there is; each target says what it does after the two hashes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One more than there are cores: some tests wait for other processes.
ABREAST := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist loadfile --no-loadscope-reorder
export DAGSTER_DISABLE_TELEMETRY := yes

.DEFAULT_GOAL := help
.PHONY: help setup demo up test coverage test-slow test-sendgrid test-axe test-cluster lint types bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) ## make .venv with everything locked

$(READY): uv.lock pyproject.toml
	@echo "Setting up $(VENV) from uv.lock ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p;}' uv.lock)"
	@$(BIN)/uv export --quiet --frozen --no-emit-project --format requirements.txt --output-file $(VENV)/locked.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(VENV)/locked.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q sentinel_pipeline
	@touch $@

demo: $(READY) ## make a household and an office, publish their last full day, week and month
	@$(BIN)/sentinel demo --publish

up: $(READY) ## run the portal, Dagster's UI and daemon on 127.0.0.1:3000 until stopped
	@exec $(BIN)/sentinel up

test: $(READY) ## pass the tests, a real PostgreSQL included
	$(BIN)/python -m pytest $(ABREAST)

coverage: $(READY) ## pass them again, and see that at least 90 % of the lines outside orchestration/ were run
	@# Measuring nearly doubles what tests cost, and whole runs measure little that their parts do not.
	$(BIN)/python -m pytest $(ABREAST) --cov --cov-report=term:skip-covered \
		--ignore sentinel_pipeline_tests/orchestration --ignore sentinel_pipeline_tests/walks

test-slow: $(READY) ## pass the long proofs too: kill -9, full disks, a real UI in a browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow --ignore sentinel_pipeline_tests/cluster

test-sendgrid: $(READY) ## pass the proofs against a server that Prism (from npm) makes of SendGrid's description
	npm install --silent --no-fund --no-audit --no-save --prefix .tools @stoplight/prism-cli@5.16.0
	$(BIN)/python -m pytest -m slow sentinel_pipeline_tests/delivery/test_prism.py

test-axe: $(READY) ## have axe-core (from npm) look at every page of the portal, in Chromium
	npm install --silent --no-fund --no-audit --no-save --prefix .tools axe-core@4.11.0
	$(BIN)/python -m pytest -m slow sentinel_pipeline_tests/portal/test_axe.py

test-cluster: $(READY) ## make a month on three workers that share no disk, also while everything fails (needs redis-server, rabbitmq-server)
	$(BIN)/python -m pytest -m slow -rP -n 2 --dist loadfile sentinel_pipeline_tests/cluster

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## check types
	$(BIN)/mypy

bench: $(READY) ## measure every stage against its limit, write benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

lock: $(READY) ## resolve the newest allowed versions into uv.lock
	$(BIN)/uv lock --upgrade
	@# A lock without index addresses installs from whatever index a machine is set up for; the hashes still decide.
	sed -i -E 's#registry = "[^"]*"#registry = "index"#; s#url = "https?://[^"]*/([^/"]*)"#path = "\1"#' uv.lock

clean: ## remove what setup and tests made; the data folder stays
	rm -rf $(VENV) .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
