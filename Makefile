# `make demo` and `make test` do all the set-up themselves; they need Python 3.11 or newer, git and make.
PYTHON ?= python3
BIN := .venv/bin
SAMPLE := demo/ground_truth_output
LAKE := demo/lake
DEMO_ENV := GT_LAKE=$(LAKE) GT_WAREHOUSE=demo/warehouse.duckdb

.PHONY: demo test lint test-athena athena-up athena-down deploy-check install bench docs clean

demo: install
	test -d $(SAMPLE) || $(BIN)/python -m ingest sample $(SAMPLE)
	@# Status 1 is what it should be: the sample has one broken file, which the load reports.
	$(BIN)/python -m ingest load $(SAMPLE) $(LAKE) || test $$? -eq 1
	@# What AWS's APIs would tell, from saved responses.
	$(BIN)/python -m ingest sync-jobs $(LAKE) --from $(SAMPLE)/aws-responses/labeling-jobs
	$(BIN)/python -m ingest sync-workers $(LAKE) --from $(SAMPLE)/aws-responses/workers \
		--members labelers=$(SAMPLE)/aws-responses/list-users-in-group.json
	$(BIN)/python -m ingest sync-activity $(LAKE) --from $(SAMPLE)/aws-responses/worker-activity.jsonl
	$(DEMO_ENV) $(BIN)/dbt --quiet build --target local --exclude-resource-type unit_test
	@$(DEMO_ENV) $(BIN)/python demo/show_marts.py

test: install lint deploy-check
	$(BIN)/python -m pytest --ignore=tests/athena --ignore=tests/deploy
	@if command -v mvn > /dev/null; then $(MAKE) test-athena; else \
		echo 'not run: Athena, on Trino, which Maven (mvn) fetches; install it, then: make test-athena'; fi

# Athena on this machine: dbt-athena, a double of Athena's API in moto's server, and the Trino behind it.
test-athena: install
	$(BIN)/python -m tests.athena fetch
	$(BIN)/python -m pytest tests/athena

# The same to leave running, with the marts of a sample to ask.
athena-up: install
	test -d $(SAMPLE) || $(BIN)/python -m ingest sample $(SAMPLE)
	@$(BIN)/python -m tests.athena up $(SAMPLE)

athena-down: install
	@$(BIN)/python -m tests.athena down

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 models tests/dbt
	@# What Athena would get: compiled with no connection, and parsed.
	$(BIN)/dbt --quiet --no-populate-cache compile --no-introspect --target athena --target-path target/athena
	$(BIN)/sqlfluff lint --processes 2 --templater raw --rules capitalisation.keywords,convention.blocked_words --disregard-sqlfluffignores target/athena/compiled

# All of deploy/, with no account and no network: lint, security rules, and what neither of them knows.
deploy-check: install .venv/deploy/installed
	.venv/deploy/bin/cfn-lint --include-checks I --non-zero-exit-code informational -- deploy/template.yaml
	.venv/deploy/bin/checkov --quiet --compact --skip-download --framework cloudformation dockerfile --directory deploy
	.venv/deploy/bin/hadolint --failure-threshold info deploy/Dockerfile
	.venv/deploy/bin/shellcheck deploy/run.sh
	$(BIN)/python -m pytest tests/deploy

# Tools that need other versions of what the project needs itself.
.venv/deploy/installed: deploy/checks.lock | .venv/installed
	$(PYTHON) -m venv .venv/deploy
	.venv/deploy/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

install: .venv/installed profiles.yml

.venv/installed: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

profiles.yml: profiles.yml.example
	test -f $@ || cp $< $@
	touch $@

# make bench PARTS='classification boxes' measures these alone.
bench: install .venv/bench/installed
	$(BIN)/python -m tests.bench $(PARTS)

# Pandas, one of those that the loader is measured beside; apart, because pyarrow imports it wherever it is installed.
.venv/bench/installed: tests/bench/pandas.lock | .venv/installed
	$(PYTHON) -m venv .venv/bench
	.venv/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

docs: install
	$(DEMO_ENV) $(BIN)/dbt docs generate --target local --static
	@echo 'open target/static_index.html'

clean:
	@# A profiles.yml that somebody edited is theirs.
	! cmp -s profiles.yml profiles.yml.example || rm profiles.yml
	rm -rf .athena .venv target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf $(SAMPLE) $(LAKE) demo/warehouse.duckdb
