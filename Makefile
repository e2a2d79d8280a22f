# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# Works with GNU make 3.81 and later, on Linux and macOS. Anything longer than a line is a script in tools/.

# Arguments for pytest, e.g.  make unit PYTEST="-k placement -x"
PYTEST =
# What make bench measures; all of it without this.
BENCH ?=
RUN = tools/run.sh
# Tests wait as much as they work: two at a time, each with a sandbox of its own. PYTEST="-n 0" has them one after the other.
TWO = --numprocesses 2 --dist worksteal

# The parts share two cores, one tree and one development environment.
.NOTPARALLEL:
.PHONY: help venv demo drill test format lint types sanity docs catalog unit integration test-pods test-long molecule build bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo         a federation of real clusters on this machine, with an application on it; stays up"
	@echo "make drill        a member of three real control planes is killed; how its applications recover is in .drill/latest/report.html"
	@echo "make clean        take the demo down, leave nothing running, remove what was built here"
	@echo ""
	@echo "make test         every check below up to test-pods"
	@echo "make lint           style: ruff, yamllint, ansible-lint (profile production)"
	@echo "make types          mypy, strict"
	@echo "make docs           documentation of modules and roles, changelog fragments"
	@echo "make catalog      make the pages of the catalog's apps anew (docs/catalog)"
	@echo "make build          the collection's archive, into .build/"
	@echo "make sanity         ansible-test sanity, no ignores"
	@echo "make molecule       the roles, on a sandbox of their own"
	@echo "make unit           pytest tests/unit"
	@echo "make integration    pytest tests/integration: real API servers, started by the tests"
	@echo "make test-pods      stateful applications in real pods (root on Linux, tools/nodes.sh says what is missing)"
	@echo "make test-long    variations of these tests, and matrices that take hours"
	@echo "make bench          how fast it is, on ten real API servers; BENCH=... chooses (docs/performance.md)"
	@echo "make format       rewrite the Python files the way make lint wants them, as far as ruff can"
	@echo ""
	@echo "make venv         the development environment .venv (every target makes it when needed)"
	@echo "Hand arguments to pytest with PYTEST=..., e.g. make unit PYTEST='-k placement -x'"
	@echo "Choose the Python with PYTHON=/path/to/python3.12"

venv:
	@PYTHON="$(PYTHON)" tools/venv.sh

demo: venv
	@tools/demo.sh

drill: venv
	@tools/drill.sh

# pytest comes last so that its closing line is the last line.
test: lint types docs build sanity molecule test-pods
	@$(RUN) pytest -m "not long and not pods" $(TWO) $(PYTEST)

format: venv
	@$(RUN) sh -c 'ruff check --fix . ; ruff format .'

lint: venv
	@tools/lint.sh

types: venv
	@$(RUN) mypy

docs: venv
	@tools/docs.sh

catalog: venv
	@$(RUN) python tools/catalog_pages.py

build: venv
	@tools/build.sh

sanity: venv
	@tools/sanity.sh

molecule: venv
	@tools/molecule.sh

unit: venv
	@$(RUN) pytest -m "not long" $(TWO) tests/unit $(PYTEST)

integration: venv
	@$(RUN) pytest -m "not long and not pods" $(TWO) tests/integration $(PYTEST)

test-pods: venv
	@tools/nodes.sh || true
	@$(RUN) pytest -m pods $(TWO) $(PYTEST)

test-long: venv
	@$(RUN) pytest -m long $(PYTEST)

bench: venv
	@BENCH="$(BENCH)" tools/bench.sh

clean:
	@tools/clean.sh
