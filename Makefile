# The commands of the project; `make help` lists them. The virtual environment is made on first use.
# On the command line: PORT= DATA= MONGODB_URI= ... are settings (docs/settings.md), PYTHON= chooses the interpreter.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# The embedded database is an extra: it is left out where MONGODB_URI takes its place.
EXTRAS := $(if $(MONGODB_URI),,embedded)
RUN_STAMP := $(VENV)/installed-run$(if $(EXTRAS),-embedded)
DEV_STAMP := $(VENV)/installed-dev
# With the compiled search and the solvers that it is compared with; heavy, so for that benchmark alone.
PEERS_STAMP := $(VENV)/installed-dev-fast-peers
PIP := $(BIN)/python -m pip --disable-pip-version-check install --prefer-binary -c constraints.txt

BENCHMARKS := startup scale serving sla_calendar sla_watch search positions team_map push rep_day region_night routing beat_plan console

# Two runners, each with a database and a server of its own; a file stays with one of them.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help up test demo bench performance performance-page bench-db road-engines long audit schema settings-page clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(RUN_STAMP) ## Start everything: database, demo data, API, worker (PORT=, DATA=, MONGODB_URI=)
	@exec $(BIN)/python -m wiring.supervisor --with-parent

test: $(DEV_STAMP) ## Lint, types, import contracts, tests; ARGS="tests/domain -k x" runs pytest alone
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)
endif

demo: $(VENV)/installed-run-embedded ## Play one day with real HTTP calls and print the transcript
	@exec $(BIN)/python -m seed demo

bench: $(DEV_STAMP) $(if $(filter routing,$(NAME)),$(PEERS_STAMP)) ## Run one benchmark: NAME=serving, QUICK=1 for a short run, MINUTES= for soak
	@test -n "$(NAME)" || { echo "Which one? make bench NAME=..., one of:"; \
		printf '  %s\n' $(BENCHMARKS) soak; exit 2; }
	@exec $(BIN)/python -m benchmarks.$(NAME) $(if $(QUICK),--quick) $(if $(MINUTES),--minutes $(MINUTES))

performance: $(DEV_STAMP) $(PEERS_STAMP) ## Run all benchmarks and write docs/performance.md: about an hour; QUICK=1 for a look
	@for each in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$each $(if $(QUICK),--quick) || exit 1; done
	@exec $(BIN)/python -m benchmarks.performance_page

performance-page: $(DEV_STAMP) ## Write docs/performance.md from the results that are there
	$(BIN)/python -m benchmarks.performance_page

bench-db: $(VENV)/installed-run-embedded ## Build the fast database for benchmarks once (needs cargo and a C compiler)
	@exec $(BIN)/python -m benchmarks.database

long: $(DEV_STAMP) build/schemathesis/installed ## Long runs: fuzzing, soak, large comparisons; bounded and resumable
	$(BIN)/python -m pytest -m long $(ARGS)

audit: build/audit/installed ## Look for known weaknesses in the pinned packages (needs the network)
	build/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

schema: $(RUN_STAMP) ## Write schema.graphql from the code
	$(BIN)/python -m schema > schema.graphql

settings-page: $(RUN_STAMP) ## Write docs/settings.md from the declarations
	$(BIN)/python -m wiring.settings_page > docs/settings.md

clean: ## Remove the virtual environment, caches and built tools; the data folder stays
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment that no longer starts (moved folder, replaced interpreter) is made again.
ifneq ($(if $(findstring n,$(firstword -$(MAKEFLAGS))),,$(wildcard $(VENV))),)
ifneq ($(shell grep -qF '$(CURDIR)/$(VENV)' $(BIN)/activate && $(BIN)/python -c '' && echo usable),usable)
$(shell rm -rf $(VENV))
endif
endif

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found. Name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "Python 3.11 or newer is needed; " \
		+ sys.executable + " is %d.%d. Name another: make PYTHON=/path/to/python3" % v[:2])'
	@echo "Creating the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed-%: constraints.txt pyproject.toml | $(BIN)/python
	@echo "Installing packages ($*); the first time takes a minute or two"
	@$(BIN)/python -m wiring.dependencies $(filter-out run,$(subst -, ,$(subst dev,embedded dev,$*))) > $(VENV)/requirements.txt
	@$(PIP) -r $(VENV)/requirements.txt
	@touch $@

road-engines: build/road-engines/installed ## Install OSRM and Valhalla's servers for tests and own maps (needs Python 3.12 or newer)

build/road-engines/installed:
	@for p in python3 $(PYTHON) python3.14 python3.13 python3.12 $(wildcard $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python); do \
		$$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && exec $$p -m venv build/road-engines; done; \
		echo "Python 3.12 or newer is needed for the road engines"; exit 1
	@build/road-engines/bin/python -m pip --disable-pip-version-check install -q osrm-bindings==26.10.0 pyvalhalla==3.9.1
	@touch $@

build/schemathesis/installed: | $(BIN)/python
	@$(BIN)/python -m venv build/schemathesis
	@build/schemathesis/bin/python -m pip --disable-pip-version-check install -q schemathesis==4.32.5
	@touch $@

build/audit/installed: | $(BIN)/python
	@$(BIN)/python -m venv build/audit
	@build/audit/bin/python -m pip --disable-pip-version-check install -q pip-audit==2.10.1
	@touch $@
