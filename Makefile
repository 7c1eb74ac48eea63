# Everything a developer or CI runs. On a fresh machine with Python and make, each target does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test big faults check format lint types bench constraints readme clean
help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[local,dev]'
	@touch $@

demo: $(STAMP)  ## the main job on this laptop: a file becomes commands, and all is removed again
	$(BIN)/task-deploy demo

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n 4 --dist worksteal

big: $(STAMP)  ## empty a bucket of 100,000 versions instead of 10,000
	TASK_DEPLOY_TEST_VERSIONS=100000 $(BIN)/python -m pytest tests/integration/test_big_buckets.py -k test_emptying

faults: $(STAMP)  ## stacks that live with many seeds of faults; FAULT_SEEDS and FAULT_START say which
	FAULT_SEEDS=$(or $(FAULT_SEEDS),500) $(BIN)/python -m pytest -n 2 --dist worksteal tests/faults/lab

format: $(STAMP)  ## rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --select I .

lint: $(STAMP)  ## format and lint, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

check: lint types test  ## what CI runs

bench: $(STAMP)  ## calls and round trips of the commands at several latencies; what the runtime itself costs
	$(BIN)/python bench/round_trips.py
	$(BIN)/python bench/runtime.py

constraints: $(STAMP)  ## write the installed versions down
	$(BIN)/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints.txt

readme: $(STAMP)  ## write the transcript of the demo into the README
	$(BIN)/python docs/update_readme.py

clean:  ## remove what the targets made
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
