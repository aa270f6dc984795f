# Two commands for everyone: `make run` and `make test`. Everything else is the program `parley` in .venv/bin.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TRAINING := .venv-training
UV := $(BIN)/uv
export UV_LINK_MODE := copy

.PHONY: run test test-training train lint types lock packages clean help

help:
	@echo "make run   set everything up and serve on http://127.0.0.1:8000"
	@echo "make test  set everything up and run all tests"
	@echo "make test-training   install the training extra (torch) and train, export and roll back a small model"
	@echo "make train           train the shipped intent model again"
	@echo "make lock  resolve the dependencies again"

run: $(VENV)/.run
	$(BIN)/parley serve --sample

test: $(VENV)/.dev packages lint types
	$(BIN)/pytest

# torch lives in an environment of its own: what runs and what is type-checked must do without it
test-training: $(TRAINING)/.ready
	$(TRAINING)/bin/pytest tests/training

train: $(TRAINING)/.ready
	$(TRAINING)/bin/parley intents train

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

$(VENV)/bin/uv:
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { \
	  [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } || { \
	  echo "Python 3.11 with venv is needed: apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock

$(VENV)/.run: $(VENV)/bin/uv requirements.lock pyproject.toml
	$(UV) pip install --quiet --require-hashes -r requirements.lock
	$(UV) pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/uv requirements-dev.lock pyproject.toml
	$(UV) pip install --quiet --require-hashes -r requirements-dev.lock
	$(UV) pip install --quiet --no-deps -e .
	@touch $@ $(VENV)/.run

$(TRAINING)/.ready: $(VENV)/bin/uv requirements-training.lock pyproject.toml
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(UV) pip install --quiet --python $(TRAINING)/bin/python --require-hashes -r requirements-training.lock
	$(UV) pip install --quiet --python $(TRAINING)/bin/python --no-deps -e .
	@touch $@

# what the tests need beside Python: real servers and a real browser
packages:
	@tests/packages.sh

lock: $(VENV)/bin/uv
	$(UV) pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements.lock
	$(UV) pip compile -q --python-version 3.11 --extra dev --generate-hashes --no-annotate --no-header -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(UV) pip compile -q --python-version 3.11 --extra dev --extra tune --generate-hashes --no-annotate --no-header -c requirements-dev.lock pyproject.toml -o requirements-training.lock
	grep -A200 '^uv==' requirements.lock | awk 'NR==1 || /^    --hash/ {print; next} {exit}' > requirements-uv.lock

clean:
	rm -rf $(VENV) $(TRAINING) build *.egg-info
