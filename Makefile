# Plain make and python; uv installs where it is there, pip where it is not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)
UV := $(shell command -v uv 2>/dev/null)
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export AURORA_DATA ?= $(wildcard ../shared/traces)
# What the README's commands use; ray, Inspect and gepa are large, and for evaluations only.
EXTRAS := learn,models,compose,web,solver,kubernetes
export LANGGRAPH_STRICT_MSGPACK := true

ifdef UV
NEW_VENV := $(UV) venv --quiet --seed --allow-existing --python $(PYTHON) $(VENV)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
else
NEW_VENV := $(PYTHON) -m venv $(VENV)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
endif
COMPILE := "from aurora.sim.compilation import compile_kernel; compile_kernel()"

.PHONY: demo docs test test-slow test-published test-cluster lint bench published clean

# The simulator is compiled beside the larger part of the installation; it needs no more than what comes first.
# torch comes in a build without CUDA: from where the installer is told to look, else from PyTorch's own index.
# The one on PyPI brings gigabytes of CUDA packages on Linux.
$(VENV)/installed: pyproject.toml constraints.txt
	@echo "installing into $(VENV), with $(if $(UV),uv: half a minute or so,pip: a minute or two; with uv it is faster)"
	@$(NEW_VENV)
	@$(INSTALL) -c constraints.txt numba numpy pydantic scipy
	@echo "installing the rest, and compiling the simulator meanwhile (once on a machine, about 80 s)"
	@PYTHONPATH=. $(BIN)/python -c $(COMPILE) & compiling=$$!; \
	{ $(INSTALL) torch==$(TORCH)+cpu 2>/dev/null || $(INSTALL) --index-url https://download.pytorch.org/whl/cpu torch==$(TORCH); } \
	&& $(INSTALL) -c constraints.txt -e '.[$(EXTRAS)]' ; \
	installed=$$?; wait $$compiling; exit $$installed
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(INSTALL) -c constraints.txt -e '.[all,dev]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/aurora selfplay --source generated --iterations 12 --seed 1 --run runs/demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not published"

test-published: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/evals/test_published.py

# Whole loops and all examples of hypothesis, of which `make test` takes a sample.
test-slow: $(VENV)/installed-dev
	AURORA_TEST_EXAMPLES=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or hypothesis"

# On the cluster of KUBECONFIG, in a namespace of its own that is deleted afterwards.
test-cluster: $(VENV)/installed-dev
	AURORA_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/cluster/plans/test_cluster.py

bench: $(VENV)/installed-dev
	$(BIN)/aurora bench speed

published: $(VENV)/installed-dev
	$(BIN)/python benchmarks/published.py

# The documentation as a site, in site/; it needs no network to build or to read. The search needs a server.
docs: $(VENV)/installed-dev
	$(BIN)/python -m docs.programs.reference
	$(BIN)/python -m docs.programs.figures
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html, or with the search: $(BIN)/python -m http.server -d site"

clean:
	rm -rf $(VENV) build site *.egg-info runs .mypy_cache .ruff_cache .pytest_cache
