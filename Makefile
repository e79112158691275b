# Two commands matter:  make run   (a whole inspected factory line on this computer)
#                       make test  (the checks of every day)
# Every target makes the environment it needs; a second call finds it made.

PYTHON ?= python3
BIN := .venv/bin
# Prints what a target is about to do, so that nothing is silent.
say = @printf '\n== %s\n'

.PHONY: help run test test-full style fresh bench soak faults kills loaded hostile coverage-study audited-hours promises fmt cover clean system

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: system .venv/ready ## the demo factory with its screens
	@$(BIN)/inspector demo $(if $(PORT),--port $(PORT))

test: system .venv/ready-dev style ## style, layers, types and the fast tests
	$(say) "fast tests"
	@$(BIN)/pytest -m "not slow"

# ONLY_SLOW=1 leaves out what `make test` ran just before.
test-full: system .venv/ready-dev style ## all tests, the slow ones too, and `make fresh`
	$(say) "all tests"
	@$(BIN)/pytest $(if $(ONLY_SLOW),-m slow)
	@$(MAKE) --no-print-directory fresh

style: system .venv/ready-dev
	$(say) "style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(say) "layers"
	@$(BIN)/lint-imports --no-logo
	$(say) "types"
	@$(BIN)/mypy

fresh: ## `make run` in a minimal Debian, as a newcomer has it (needs root and debootstrap)
	@$(PYTHON) -m scripts.fresh

bench: system .venv/ready-dev ## the budgets; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py bench $(BIN)/python -m benchmarks

soak: system .venv/ready-dev ## the long runs; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py soak $(BIN)/python -m benchmarks --soak
	@$(BIN)/python scripts/keep_evidence.py soak-faults $(BIN)/python -m benchmarks.faults --soak 17
	@INSPECTOR_FULL_LENGTH=1 $(BIN)/python scripts/keep_evidence.py soak-orders $(BIN)/pytest \
		tests/inspector/line/test_state_machine.py --timeout 7200
	@INSPECTOR_FULL_LENGTH=1 $(BIN)/python scripts/keep_evidence.py soak-kills $(BIN)/pytest \
		tests/faults/test_kill.py -k random_points --timeout 7200

faults: system .venv/ready-dev ## a row for each fault and PLC, counted exactly; kept in docs/evidence/ (JSON=1: only printed)
	@$(if $(JSON),,$(BIN)/python scripts/keep_evidence.py faults) $(BIN)/python -m benchmarks.faults $(if $(JSON),--json)

kills: system .venv/ready-dev ## kill -9 of the recorder 200 times and of the line 50 times, power cuts; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py kills $(BIN)/python -m benchmarks.kills
	@INSPECTOR_FULL_LENGTH=1 $(BIN)/python scripts/keep_evidence.py power-cuts $(BIN)/pytest \
		tests/faults/test_storage.py -k power_cut --timeout 7200

loaded: system .venv/ready-dev ## what the reject costs while the recorder stores 500 parts/s more; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py loaded $(BIN)/python -m benchmarks.loaded

hostile: system .venv/ready-dev ## what a model that looks for ever costs the station beside it; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py hostile $(BIN)/python -m benchmarks.hostile

coverage-study: system .venv/ready-dev ## how often the escape rate's interval holds the truth; kept in docs/evidence/
	@$(BIN)/python scripts/keep_evidence.py coverage-study $(BIN)/python -m benchmarks.coverage

audited-hours: system .venv/ready-dev ## 200 hours of the demo factory without vision: the audit's figures against the truth
	@$(BIN)/python scripts/keep_evidence.py audited-hours $(BIN)/python -m benchmarks.audited_hours \
		--sensitivity 0.8 --svg docs/evidence/audited-hours.svg
	@$(BIN)/python scripts/keep_evidence.py audited-hours-perfect $(BIN)/python -m benchmarks.audited_hours --runs 100
	@$(BIN)/python scripts/keep_evidence.py audited-hours-imperfect $(BIN)/python -m benchmarks.audited_hours \
		--sensitivity 0.8 --runs 100

promises: system .venv/ready-dev ## the eight promises and what tried to break them
	@$(BIN)/python scripts/keep_evidence.py promises $(BIN)/python scripts/promises.py

fmt: .venv/ready-dev ## format, and mend what ruff can mend
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

cover: .venv/ready-dev ## what no fast test reaches
	@$(BIN)/pytest -m "not slow" --cov --cov-report=term-missing:skip-covered

clean: ## the environments, caches and runs (the records of the demo too)
	@rm -rf .venv .venv-train build *.egg-info runs data .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@$(PYTHON) scripts/check_system.py

.venv/ready: pyproject.toml constraints.txt | system
	@$(PYTHON) scripts/make_environment.py .venv

.venv/ready-dev: .venv/ready
	@$(PYTHON) scripts/make_environment.py .venv --extra dev

# Training only: ultralytics and torch, several gigabytes, in an environment of its own.
.venv-train/ready: constraints.txt
	@$(PYTHON) scripts/make_environment.py .venv-train --only-extra train
