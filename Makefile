# Each target works alone on a fresh clone: the first thing it does is to make .venv, once.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

export PREFECT_HOME := $(CURDIR)/var/prefect
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help demo live test quick lint bench campaign pictures clean venv

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

$(STAMP): constraints.txt pyproject.toml
	@echo "Installing into $(VENV) (once, a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

venv: $(STAMP)  ## make .venv from constraints.txt

demo: $(STAMP)  ## carry a whole cohort through its life in a minute or two; writes out/demo/
	@$(BIN)/cohortflow demo --out out/demo

live: $(STAMP)  ## a made-up cohort lives in Prefect's pages, until Ctrl-C; writes var/demo-live/
	@$(BIN)/cohortflow up --demo

TESTS := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
LINT := $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
# Lint and types run beside the tests and are heard only when they fail; either failing fails the target.
define beside_lint
@heard=$$(mktemp); trap 'rm -f "$$heard"' EXIT; { $(LINT); } >"$$heard" 2>&1 & lint=$$!; \
	$(1); tests=$$?; \
	wait $$lint || { cat "$$heard"; echo "lint or types failed, see above"; exit 1; }; exit $$tests
endef

# Rooms whose tests live whole cohorts are not even collected: reading them takes as long as running the others. Two
# processes with a half each read half as much as two workers who share everything.
ONE_HALF := $(addprefix tests/,programs pairing cli schemas test_house_rules.py)
OTHER_HALF := $(addprefix tests/,tasks mailroom store flows)
# Prefect and two plugins nobody here needs take longer to load than most rooms take to test; and a few files take as long.
UNHURRIED := $(addprefix tests/,flows/test_prefect_engine.py flows/test_silent_runs.py flows/test_database_troubles.py \
	flows/test_actions.py flows/test_suppressions.py mailroom/test_letter_lints.py cli/test_plan_page.py cli/test_running.py)
QUICKLY := COHORTFLOW_ENGINE=plain $(BIN)/python -m pytest -p no:xdist -p no:typeguard -p no:anyio \
	$(addprefix --ignore=,$(UNHURRIED)) -m "not slow and not postgres and not chromium"
quick: $(STAMP)  ## lint, types and the fast tests, about a minute
	$(call beside_lint,{ other=$$(mktemp); $(QUICKLY) $(OTHER_HALF) >"$$other" 2>&1 & half=$$!; \
		$(QUICKLY) $(ONE_HALF); first=$$?; wait $$half; second=$$?; \
		cat "$$other"; rm -f "$$other"; [ $$first = 0 ] && [ $$second = 0 ]; })

lint: $(STAMP)  ## lint and types alone
	@$(LINT)

test: $(STAMP)  ## everything: lint, types and all tests, on two cores
	$(call beside_lint,{ $(TESTS) -m "not alone"; first=$$?; $(BIN)/python -m pytest -m alone && [ $$first = 0 ]; })

bench: $(STAMP)  ## speed and memory, as ratios or against a limit
	@$(BIN)/python bench/spine.py
	@$(BIN)/python bench/operations.py
	@$(BIN)/python bench/mail.py

campaign: $(STAMP)  ## every fault of a mail provider times a kill at every point; a quarter of an hour or more
	@CAMPAIGN=full $(BIN)/python -m pytest tests/campaign -s

pictures: $(STAMP)  ## take the pictures of docs/coordinator.md anew, with Chromium
	@$(BIN)/python tests/guide_pictures.py

clean:  ## remove what runs left behind (not .venv)
	rm -rf var out
