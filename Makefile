# `make help` lists what there is; each target says what it does after the two hashes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export DAGSTER_DISABLE_TELEMETRY := yes
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-slow lint types bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv with everything locked

$(READY): uv.lock pyproject.toml
	@echo "Setting up $(VENV) from uv.lock ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$$(sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p;}' uv.lock)"
	@$(BIN)/uv export --quiet --frozen --no-emit-project --format requirements.txt --output-file $(VENV)/locked.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(VENV)/locked.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

lock: $(READY) ## resolve the newest allowed versions into uv.lock
	$(BIN)/uv lock --upgrade
	@# A lock without index addresses installs from whatever index a machine is set up for; the hashes still decide.
	sed -i -E 's#registry = "[^"]*"#registry = "index"#; s#url = "https?://[^"]*/([^/"]*)"#path = "\1"#' uv.lock
