# One word for each chore. Everything sets itself up: only Python 3.11 or newer is needed.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEOPLE ?= 3000

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@echo "Making the environment in $(VENV) from requirements.lock (a few minutes the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@# Compiled now: where Python may not write bytecode, every process would do it again.
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps -e .
	@touch $@

install: $(READY)  ## make the environment

demo: $(READY)  ## a whole company in a box, pulled, unified and given back, on real Airflow
	$(BIN)/python -m sandbox.demo --people $(PEOPLE)

up: $(READY)  ## the same, left running for you to look at, with a login
	$(BIN)/python -m sandbox.up --people $(PEOPLE)

start: $(READY)  ## Airflow alone, for your own systems.toml and connections
	$(BIN)/python -m sandbox.up --no-box

test: $(READY)  ## all tests
	$(BIN)/python -m pytest -n 3 tests

check: $(READY)  ## ruff, mypy, sqlfluff, architecture, contract versions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 transforms
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/python -m contracts.compare

bench: $(READY)  ## benchmarks; ONLY=name FULL=1
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --require-hashes -r benchmarks/requirements.lock
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(FULL),--full)

drill: $(READY)  ## the proofs; FULL=1 at full size; ONLY=contacts SIZE=50000 KILLS=3
	$(BIN)/python -m drills $(if $(FULL),--full) $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE)) $(if $(KILLS),--kills $(KILLS))

explain: $(READY)  ## why two records are one customer, or why not; ONE=shop/customers/1 OTHER=erp/customers/2
	$(BIN)/python -m transforms.identity._explaining $(ONE) $(OTHER)

contract: $(READY)  ## settings and a contract proposed for SYSTEM=x, from its WSDL and SAMPLE=answer.xml
	$(BIN)/python -m sources.soap.propose $(SYSTEM) $(if $(WSDL),--wsdl $(WSDL)) $(if $(SAMPLE),--sample $(SAMPLE))

lock: $(READY)  ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --all-extras --quiet \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove the environment and all data
	rm -rf $(VENV) data

.PHONY: help install demo up start test check bench drill explain contract lock clean
