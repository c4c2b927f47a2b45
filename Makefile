# Headcount's tasks. A fresh machine needs Python 3.11 or newer, git and make; everything else is set up here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help report test test-spark-jvm check-long coverage docs lint types bench bench-twitter2009 train evaluate lock screenshots clean

help: ## say what each task does
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/.python: 
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headcount needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Run: make PYTHON=/path/to/python3.11 …")'
	@echo "Creating the environment in $(VENV)/ …"
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.run: requirements/run.lock pyproject.toml | $(VENV)/.python
	@echo "Installing Headcount and what it runs on …"
	@$(PIP) -r requirements/run.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@echo "Installing what the tests and checks need …"
	@$(PIP) -r requirements/dev.lock
	@touch $@

report: $(VENV)/.run ## a small world with known truth, and its report as HTML (the main job)
	@$(BIN)/headcount demo --folder $(OUT)/demo

# Python measures branches nearly for free from 3.14 on; before, make coverage does it apart.
MEASURE = $(shell $(BIN)/python -c 'import sys; print("$(COVERAGE)" if sys.version_info >= (3, 14) else "")')
COVERAGE := --cov --cov-report=term-missing:skip-covered

test: $(VENV)/.dev ## install what tests need and run them all, with branch coverage from Python 3.14 on
	@sh scripts/install-system-packages.sh
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not long and not spark_jvm" $(MEASURE)

check-long: $(VENV)/.dev ## the slow statistical and large-scale checks, with their tables
	$(BIN)/python -m pytest -n auto -m long -rP
	HEADCOUNT_BLUESKY_FOLLOWERS=1090 $(BIN)/python -m pytest -n auto --dist loadfile -m "not long" tests/bluesky_network

test-spark-jvm: $(VENV)/.dev ## the Spark jobs on Spark's own engine, which needs Java; takes minutes
	@sh scripts/install-system-packages.sh java
	$(BIN)/python -m pytest -m spark_jvm

coverage: $(VENV)/.dev ## the tests of make test with branch coverage: prints what they do not run
	@sh scripts/install-system-packages.sh
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not long and not spark_jvm" $(COVERAGE)

$(VENV)/.docs: requirements/docs.lock $(VENV)/.dev
	@echo "Installing the generator of the documentation site …"
	@$(PIP) -r requirements/docs.lock
	@touch $@

docs: $(VENV)/.docs ## the documentation site in out/site; a warning is an error
	DISABLE_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --quiet --strict --site-dir $(abspath $(OUT))/site
	DOCS_SITE=$(abspath $(OUT))/site $(BIN)/python -m pytest tests/test_site.py

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy, strict on src/
	$(BIN)/mypy

$(VENV)/.bench: requirements/bench.lock $(VENV)/.dev
	@echo "Installing the libraries to compare with …"
	@$(PIP) -r requirements/bench.lock
	@touch $@

bench: $(VENV)/.bench ## tables: time and peak memory at full size; beside other libraries; how fast an account is collected
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.kernels --edges $(or $(EDGES),3000000 30000000)
	$(if $(EDGES),,$(BIN)/python -m benchmarks.kernels --edges 300000000 --limit 300 --memory 18)
	$(BIN)/python -m benchmarks.collecting
	$(BIN)/python -m benchmarks.reading

bench-twitter2009: $(VENV)/.dev ## the whole Twitter of 2009 (1.468 billion follows) from Parquet to page; takes 40 GB of disk
	$(BIN)/python -m benchmarks.twitter2009 --folder $(OUT)/twitter2009 $(if $(EDGES),--edges $(EDGES))

$(VENV)/.train: requirements/train.lock $(VENV)/.dev
	@echo "Installing what the model of authenticity is trained with …"
	@$(PIP) -r requirements/train.lock
	@touch $@

train: $(VENV)/.train ## fit the model of authenticity to public research data
	$(BIN)/python -m training train

evaluate: $(VENV)/.train ## the model's error rates, by source left out: prints and writes docs/methods/authenticity-evaluation.md
	$(BIN)/python -m training evaluate

lock: | $(VENV)/.python ## renew requirements/*.lock from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@mkdir -p requirements
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 --group build pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 --group build --group test --group lint -c requirements/run.lock pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 --group build --extra train -c requirements/dev.lock pyproject.toml -o requirements/train.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 --group build --group bench -c requirements/dev.lock pyproject.toml -o requirements/bench.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --python-version 3.11 --group build --group docs -c requirements/dev.lock pyproject.toml -o requirements/docs.lock

clean: ## remove the environment and everything that was made
	rm -rf $(VENV) $(OUT) .pytest_cache .mypy_cache .ruff_cache build dist
