# `make demo` and `make test` do all the set-up themselves. They need Python 3.11 or newer, git and make.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Two worker processes; one that runs out of tests takes some from the other.
PARALLEL := --numprocesses 2 --dist worksteal --maxprocesses 2
SAMPLE := demo/ground_truth_output
LAKE := demo/lake
DEMO_ENV := GT_LAKE=$(LAKE) GT_WAREHOUSE=demo/warehouse.duckdb
# Commands that run side by side each show their output in one piece, if this make can do that.
IN_PIECES := $(if $(filter output-sync,$(.FEATURES)),--output-sync=line)

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-local test-athena test-browser lint format deploy-check athena-up athena-down install bench docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install ## sample jobs → lake → marts, what they say, and the dashboards as one page
	test -d $(SAMPLE) || $(BIN)/python -m ingest sample $(SAMPLE)
	@# Status 1 is expected: the sample has one broken file, which the load reports.
	$(BIN)/python -m ingest load $(SAMPLE) $(LAKE) || test $$? -eq 1
	@# Saved responses of AWS's APIs.
	$(BIN)/python -m ingest sync-jobs $(LAKE) --from $(SAMPLE)/aws-responses/labeling-jobs
	$(BIN)/python -m ingest sync-workers $(LAKE) --from $(SAMPLE)/aws-responses/workers \
		--members labelers=$(SAMPLE)/aws-responses/list-users-in-group.json
	$(BIN)/python -m ingest sync-activity $(LAKE) --from $(SAMPLE)/aws-responses/worker-activity.jsonl
	$(DEMO_ENV) $(BIN)/dbt --quiet build --target local --exclude-resource-type unit_test
	@$(DEMO_ENV) $(BIN)/python demo/show_marts.py
	@echo
	@$(DEMO_ENV) $(BIN)/python -m publish page demo/dashboard.html
	@echo 'The dashboards: open demo/dashboard.html in a browser.'

test: install ## everything that CI runs: lint and all tests, in about half an hour
	@echo 'Two parts at a time; the output of each command appears when it is done.'
	@$(MAKE) --no-print-directory --jobs=2 $(IN_PIECES) $(if $(shell command -v mvn),test-athena) test-local test-browser lint deploy-check
	@command -v mvn > /dev/null || echo 'not run: Athena. Trino is fetched by Maven (mvn); install it, then: make test-athena'

test-unit: install ## the tests that take seconds: run them while you work
	HYPOTHESIS_PROFILE=brief $(PYTEST) $(PARALLEL) --quiet -m 'not (pipeline or athena or deploy or browser or bench)'

# All tests but those of the targets below.
test-local: install
	$(PYTEST) $(PARALLEL) -m 'not (athena or deploy or browser)'

test-browser: install ## the page in Chromium, which is installed from Debian's packages if that is possible
	@# If it cannot be installed here, the tests are skipped, and say so.
	-@$(BIN)/python -m tests.browser fetch
	$(PYTEST) tests/browser

test-athena: install ## the marts on Athena's engine, on this machine; needs Maven (mvn)
	$(BIN)/python -m tests.athena fetch
	$(PYTEST) tests/athena

deploy-check: install .venv/deploy/installed ## lint, security rules and tests of deploy/, with no account
	.venv/deploy/bin/cfn-lint --include-checks I --non-zero-exit-code informational -- deploy/template.yaml deploy/quicksight.yaml deploy/bulk-review/template.yaml
	.venv/deploy/bin/checkov --quiet --compact --skip-download --framework cloudformation dockerfile --directory deploy
	.venv/deploy/bin/hadolint --failure-threshold info deploy/Dockerfile
	.venv/deploy/bin/shellcheck deploy/run.sh
	$(PYTEST) tests/deploy

lint: install ## ruff, mypy --strict, sqlfluff; the SQL for Athena, compiled offline
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 models tests/dbt
	@# What Athena would get: compiled with no connection, and parsed.
	$(BIN)/dbt --quiet --no-populate-cache compile --no-introspect --target athena --target-path target/athena
	$(BIN)/sqlfluff lint --processes 2 --templater raw --rules capitalisation.keywords,convention.blocked_words --disregard-sqlfluffignores target/athena/compiled

format: install ## ruff's and sqlfluff's own repairs
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/sqlfluff fix --processes 2 models tests/dbt

# make bench PARTS='classification boxes' measures these alone.
bench: install .venv/bench/installed ## speed and memory, beside msgspec alone, DuckDB, and json with pandas
	$(BIN)/python -m tests.bench $(PARTS)

docs: install ## dbt docs as one page, target/static_index.html
	$(DEMO_ENV) $(BIN)/dbt docs generate --target local --static
	@echo 'open target/static_index.html'

athena-up: install ## Athena on this machine, left running, with the demo's marts
	test -d $(SAMPLE) || $(BIN)/python -m ingest sample $(SAMPLE)
	@$(BIN)/python -m tests.athena up $(SAMPLE)

athena-down: install ## stop it
	@$(BIN)/python -m tests.athena down

install: .venv/installed profiles.yml ## .venv, and profiles.yml from profiles.yml.example

.venv/installed: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

# Tools that need other versions of what the project itself needs.
.venv/deploy/installed: deploy/checks.lock | .venv/installed
	$(PYTHON) -m venv .venv/deploy
	.venv/deploy/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

# Pandas, which the loader is measured beside; apart, because pyarrow imports it if it is installed.
.venv/bench/installed: tests/bench/pandas.lock | .venv/installed
	$(PYTHON) -m venv .venv/bench
	.venv/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

profiles.yml: profiles.yml.example
	test -f $@ || cp $< $@
	touch $@

clean: ## remove all of the above, and the demo's data
	@# A profiles.yml that somebody edited is theirs.
	! cmp -s profiles.yml profiles.yml.example || rm profiles.yml
	rm -rf .athena .venv target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf $(SAMPLE) $(LAKE) demo/warehouse.duckdb demo/dashboard.html
