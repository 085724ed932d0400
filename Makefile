# Two commands do everything on a fresh machine: `make ask` and `make test`. Both run `make setup` once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := samples/tidewater-annual-report.pdf
QUESTION ?= What was the operating surplus in 2024?

.PHONY: setup ask test check train-reader train-tiny wheel clean

setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e '.[all]' --group dev
	touch $@

ask: setup
	$(BIN)/docqa ask $(SAMPLE) "$(QUESTION)"

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks training
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest

# The shipped weights: `make train-reader DATA=path/to/data`; needs what training/README.md lists.
train-reader: setup
	$(BIN)/python -m training.make_weights --data $(DATA) --work build/train --out llm/weights

# The tiny model that looks facts up, in 22 minutes of a GPU, and what it has to show. See training/tiny/README.md.
TRAIN_TINY = $(BIN)/python -m training.tiny.train --work build/tiny --n-steps 1000000 --n-decay 1 --n-tokens 65536 --n-processes 8 --every 100
train-tiny: setup
	-timeout 545 $(TRAIN_TINY) --seconds 1100 --decay-seconds 900
	$(TRAIN_TINY) --length 8192 --seconds 528 --decay-seconds 880
	$(TRAIN_TINY) --seed 1 --seconds 258 --decay-seconds 860 --out tests/llm/tiny_model
	$(BIN)/python -m pytest tests/llm/local/test_trained_model.py tests/agents/test_trained_model.py

wheel: setup
	rm -rf build dist
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

clean:
	rm -rf build dist $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
