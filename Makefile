# make demo   searches, ensembles and reports Boston housing in a few minutes
# make test   runs the tests
# make check  lint, types, docstrings, wheel contents
PYTHON ?= python3
BIN := .venv/bin
RUNS ?= runs/demo

.PHONY: demo test check clean

demo: .venv/installed
	$(BIN)/hpo run boston --trials 20 --timeout 110s --runs $(RUNS)
	$(BIN)/hpo ensemble boston --runs $(RUNS)
	$(BIN)/hpo report boston --runs $(RUNS)
	@echo "The page to look at: $(RUNS)/boston/report.html"

test: .venv/installed-dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	KERAS_BACKEND=jax $(BIN)/pytest -n 2 tests/training/test_parity.py tests/training/test_jax.py

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos
	$(BIN)/mypy
	$(BIN)/interrogate -q hpo tasks search_spaces
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	$(BIN)/check-wheel-contents dist
	rm -rf dist

clean:
	rm -rf .venv dist

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hpo needs Python 3.11 or newer, not " + sys.version)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[jax]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
