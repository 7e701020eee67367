# protvis from a clone: `make demo`, `make test`, `make lab`. Needs Python 3.11+, Node 20+ and make.
#
#   PYTHON=python3.12   another interpreter to make .venv with
#   TORCH_INDEX=URL     where the CPU build of PyTorch comes from, if not from your usual package index
#   PYTEST_ARGS="-k x"  what `make test` and `make check` hand on to pytest

PYTHON      ?= python3
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_ARGS ?=

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest -n auto
BUNDLE := protvis/static/widget.js protvis/static/page.js
JS_SRC := $(shell find js -path js/node_modules -prune -o -type f ! -name '*.test.ts' -print)
PINS   := pyproject.toml constraints.txt hatch_build.py

# Many tests start a process of their own, which should not compile protvis anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo check test lab docs bench lint wheel clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^## //p' Makefile

## demo   write protvis-demo.html, the explorer of trypsin in one page, and open it; DEMO=antibody: a real model
demo: $(VENV)/.protvis $(BUNDLE)
	$(if $(filter antibody,$(DEMO)),$(PIP) install -c constraints.txt -e ".[antiberty]")
	$(BIN)/protvis demo $(DEMO) -o protvis-demo.html --open

## check  style, types and unit tests of both languages, in a minute and a half: no browser, no notebook
check: $(VENV)/.test $(BUNDLE)
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

## test   run every check there is: Python, TypeScript, browser, notebooks, style
test: $(VENV)/.test $(VENV)/.chromium $(BUNDLE) tests/browser/bare_host/node_modules/.installed
	$(PYTEST) $(PYTEST_ARGS)

## lab    open JupyterLab on notebooks/
lab: $(VENV)/.lab $(BUNDLE)
	$(BIN)/jupyter lab --notebook-dir=. --FileContentsManager.preferred_dir="$(CURDIR)/notebooks" $(if $(filter 0,$(shell id -u)),--allow-root)

## docs   write site/: explorers, executed notebooks, how-tos and reference; opens from disk
docs: $(VENV)/.docs $(BUNDLE)
	$(BIN)/protvis site site

## bench  measure side by side and print ratios
bench: $(VENV)/.test $(VENV)/.chromium $(BUNDLE)
	for bench in benchmarks/bench_*.py; do $(BIN)/python "$$bench" || exit 1; done

## lint   style, import directions, types of the browser code
lint: $(VENV)/.test $(BUNDLE)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/numpydoc lint $$(find protvis -name '*.py') \
		&& $(BIN)/mypy && $(BIN)/lint-imports && npm --prefix js run lint && npm --prefix js run typecheck

## wheel  build dist/protvis-*.whl, browser code included
wheel: $(VENV)/.protvis $(BUNDLE)
	$(PIP) wheel --no-deps --wheel-dir dist .

## clean  remove all that these targets made
clean:
	rm -rf $(VENV) js/node_modules tests/browser/bare_host/node_modules protvis/static build dist site protvis-demo.html
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	sh scripts/check_tools.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)

# PyTorch comes first and alone: its index holds nothing else that is needed, and the pin "+cpu" keeps CUDA builds out.
$(VENV)/.protvis: $(BIN)/python $(PINS)
	$(PIP) install --no-deps --retries 2 --extra-index-url $(TORCH_INDEX) -c constraints.txt torch
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.docs $(VENV)/.lab $(VENV)/.test: $(VENV)/.%: $(VENV)/.protvis
	$(PIP) install -c constraints.txt -e ".[$*]"
	# Sapiens: weights only, which is why its dependencies (fairseq) stay away.
	[ $* != test ] || $(PIP) install --no-deps -c constraints.txt sapiens
	touch $@

$(VENV)/.chromium: $(VENV)/.test scripts/ensure_chromium.sh
	sh scripts/ensure_chromium.sh $(BIN)/python
	touch $@

js/node_modules/.installed: js/package.json js/package-lock.json | $(BIN)/python
	npm --prefix js ci --no-audit --no-fund
	touch $@

tests/browser/bare_host/node_modules/.installed: tests/browser/bare_host/package-lock.json | $(BIN)/python
	npm --prefix tests/browser/bare_host ci --no-audit --no-fund
	touch $@

protvis/static/widget.js: js/node_modules/.installed $(JS_SRC)
	npm --prefix js run build

protvis/static/page.js: protvis/static/widget.js
	@test -f $@ || { echo "$@ was not built; remove protvis/static and try again" >&2; exit 1; }
	@touch $@
