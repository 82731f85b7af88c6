# Every target calls the real tool; `make book` and `make test` set up what they need in .venv/, from the lock.
PYTHON ?= python3
# `make book SLOWEST=10`, and the same of notebooks and test, shows the ten parts that took longest.
SLOWEST ?= 0
export SLOWEST
# The tests start hundreds of processes that import the same modules, which are compiled once.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
READY := .venv/ready
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup book pdf zip site lighthouse test notebooks check lock benchmark peers clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY) ## make .venv/ from requirements.lock

# The file .venv/ready comes last, so that an interrupted set-up is taken up again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, but $(PYTHON) is %d.%d: call make PYTHON=python3.12" % v[:2])'
	@echo "Setting up .venv/ from requirements.lock: about a minute, once"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

book: $(READY) ## build the site: _build/html/index.html
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The book: _build/html/index.html"

pdf: book ## print the whole book as one PDF: _build/pdf/ (needs Chromium or Chrome)
	PYTHONPATH=book $(BIN)/python -m publish pdf

zip: book ## pack the site as one zip: _build/zip/
	PYTHONPATH=book $(BIN)/python -m publish zip

site: pdf zip ## the site to publish: _build/html/ with the PDF and the zip for download
	OFFER_DOWNLOADS=1 $(BIN)/jupyter-book build . -W -n --keep-going

lighthouse: book ## measure speed and accessibility of a long page (needs Node and Chromium; fetches Lighthouse once)
	PYTHONPATH=book $(BIN)/python -m publish lighthouse

test: $(READY) ## prove the project: package, notebooks, site in a browser
	$(BIN)/python -m pytest --slowest=$(SLOWEST)

notebooks: $(READY) ## synchronise text and notebooks, re-execute what changed
	$(BIN)/python book/notebooks.py --slowest=$(SLOWEST)

check: $(READY) ## lint, and see whether text and notebooks are in step
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/python book/notebooks.py --check

# With the extras in the lock: of a name that is wanted with an extra, pip takes the newest version, whatever is pinned without it.
lock: $(READY) ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-strip-extras --no-header --upgrade --quiet --output-file requirements.lock

benchmark: $(READY) ## measure what grading a class of 500 costs (15 minutes, on a machine that does nothing else)
	$(BIN)/python -m benchmarks.submissions

# torch and optax bring gigabytes, so they have an environment of their own and never enter the lock.
peers: ## compare every rule with PyTorch and optax, live
	@test -x _build/peers/bin/python || $(PYTHON) -m venv _build/peers
	_build/peers/bin/python -m pip install --disable-pip-version-check --quiet -r tests/package/peers/requirements.txt
	_build/peers/bin/python -m tests.package.peers.compare

clean: ## remove what the targets made, .venv/ too
	rm -rf _build .venv
