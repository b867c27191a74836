# Plain make, python and pip; nothing else needs to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)
export AURORA_DATA ?= $(wildcard ../shared/traces)
export LANGGRAPH_STRICT_MSGPACK := true

.PHONY: demo test test-slow test-published lint bench published clean

# torch comes first, in a build without CUDA: from where pip is told to look, else from PyTorch's own index.
# The one on PyPI brings gigabytes of CUDA packages on Linux.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==$(TORCH)+cpu 2>/dev/null || $(PIP) --index-url https://download.pytorch.org/whl/cpu torch==$(TORCH)
	$(PIP) -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) -c constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/aurora selfplay --source generated --iterations 12 --seed 1 --run runs/demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 -m "not slow and not published"

test-published: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 tests/evals/test_published.py

test-slow: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 -m slow

bench: $(VENV)/installed-dev
	$(BIN)/aurora bench speed

published: $(VENV)/installed-dev
	$(BIN)/python benchmarks/published.py

clean:
	rm -rf $(VENV) build *.egg-info runs .mypy_cache .ruff_cache .pytest_cache
