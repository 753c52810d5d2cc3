# What one does with this repository. `make` alone lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough; name another with `make env PYTHON=...`.
PYTHON ?= $(shell for python in python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Such as "-n 2 --dist loadfile": two files at a time, each with servers of its own, where there is memory for that.
PYTEST_ARGS ?=
SLURM_ARGS ?=

.PHONY: help
help:  ## list what can be made
	@awk -F ':.*##  *' '/^[a-z-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: env
env: .venv/.installed  ## make .venv, with all that development needs

.venv/.installed: pyproject.toml setup.py constraints.txt
	@$(check_python)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,postgres,mysql]'
	@touch $@

.PHONY: servers
servers:  ## install PostgreSQL and MariaDB for the tests, where that is allowed
	scripts/install-servers

.PHONY: slurm
slurm:  ## install Slurm for the tests, where that is allowed
	scripts/install-slurm

.PHONY: shells
shells:  ## install zsh and fish for the tests, where that is allowed
	scripts/install-shells

.PHONY: browser
browser:  ## install Chromium for the tests, where that is allowed
	scripts/install-browser

.PHONY: r
r:  ## install R and what the R package needs, where that is allowed
	scripts/install-r

STATIC := jobmon_airflow/web/static
# Which files there are is asked when a rule is read, so that a new one is a reason to build, too.
FRONTEND := $(shell find frontend -name node_modules -prune -o -type f ! -name 'schema.d.ts' ! -name '*.test.*' -print)

.PHONY: frontend
frontend: $(STATIC)/manifest.json  ## build the view's pages, if their sources are newer; with Node, which .venv gets if need be

$(STATIC)/manifest.json: $(FRONTEND) frontend/node_modules/.package-lock.json
	scripts/with-node npm --prefix frontend run --silent build
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json | env
	scripts/with-node npm --prefix frontend ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: frontend-check
frontend-check: env frontend/node_modules/.package-lock.json  ## check types and style of the front end, and run its tests
	PYTHON="$(CURDIR)/$(BIN)/python" scripts/with-node npm --prefix frontend run --silent check
	scripts/with-node npm --prefix frontend run --silent test

.PHONY: slurm-up
slurm-up:  ## bring up a real Slurm on this machine, as root, and say how to use it; SLURM_ARGS=--fresh begins anew
	@scripts/slurm-up $(SLURM_ARGS)

.PHONY: slurm-down
slurm-down:  ## take it down; SLURM_ARGS=--wipe leaves nothing of it
	@scripts/slurm-down $(SLURM_ARGS)

.PHONY: test
test: env servers slurm browser r shells frontend  ## run the tests, save those that take long; PYTEST_ARGS="-k resume" chooses
	$(BIN)/python -m pytest -m "not long" $(PYTEST_ARGS)

# They wait more than they compute: two files at a time, each with an Airflow of its own.
.PHONY: test-long
test-long: env servers slurm browser r shells frontend  ## run the others, most of them with a real Airflow
	$(BIN)/python -m pytest -m long -n 2 $(PYTEST_ARGS)

# All points at which a controller may die, with a fake and with a real Slurm; `make test-long` tries some of them.
.PHONY: campaign
campaign: env slurm  ## kill controllers of Slurm's jobs at every point: most of an hour
	JOBMON_TEST_CAMPAIGN=1 $(BIN)/python -m pytest -m long tests/slurm/test_killed.py \
		tests/distributors/slurm/test_killed_on_fake.py $(PYTEST_ARGS)

.PHONY: lint
lint: env  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# One package: the links inside it bring operators, hooks and plugins along.
.PHONY: types
types: env  ## check types
	$(BIN)/mypy -p jobmon_airflow

.PHONY: layers
layers: env  ## check that no layer imports one above it
	$(BIN)/lint-imports

.PHONY: docs
docs: env  ## draw the generated parts of docs/ again
	$(BIN)/python scripts/draw_states.py
	$(BIN)/python scripts/draw_tables.py
	$(BIN)/python scripts/draw_metrics.py
	$(BIN)/python scripts/draw_cli.py

# Compares folders rather than commits, so that work in progress is no difference.
.PHONY: docs-check
docs-check: env  ## check that docs/ shows what the code says
	@before=$$(mktemp -d) && trap 'rm -rf "$$before"' EXIT && cp -R docs "$$before" && \
	$(MAKE) --no-print-directory docs && \
	{ diff -ru "$$before/docs" docs || { echo "docs/ was behind the code and is new now: commit it." >&2; exit 1; }; }

.PHONY: site
site: env  ## build the web site of docs/ into site/, and check its links
	scripts/build-site

.PHONY: r-check
r-check: env r  ## build the R package, and check it with its examples and tests as R's own rules demand
	scripts/check-r

# Isolated (-I) and from another folder, so that nothing of this checkout is seen.
.PHONY: wheel
wheel: env frontend  ## build sdist and wheel, and try the wheel in a clean environment
	@$(check_python)
	rm -rf build dist
	$(BIN)/python -m build
	@clean=$$(mktemp -d) && trap 'rm -rf "$$clean"' EXIT && set -ex && \
	$(PYTHON) -m venv "$$clean/venv" && \
	"$$clean/venv/bin/python" -m pip install -q -c constraints.txt dist/*.whl && \
	cd "$$clean" && venv/bin/python -I "$(CURDIR)/scripts/try_wheel.py"

.PHONY: bench
bench: env  ## measure how fast workflows are bound, run and resumed, and what that costs
	$(BIN)/python benchmarks/bind.py
	$(BIN)/python benchmarks/swarm.py
	$(BIN)/python benchmarks/swarm.py --stored
	$(BIN)/python benchmarks/controller.py
	$(BIN)/python benchmarks/local.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/starting.py
	$(BIN)/python benchmarks/resume.py
	$(BIN)/python benchmarks/importing.py

.PHONY: bench-airflow
bench-airflow: env  ## measure the same commands as Airflow's own tasks and as workflows, in a real Airflow
	$(BIN)/python benchmarks/inside_airflow.py

.PHONY: bench-slurm
bench-slurm: env  ## measure the same commands as Slurm runs them and as workflows, on the Slurm that SLURM_CONF names
	$(BIN)/python benchmarks/slurm.py

.PHONY: bench-view
bench-view: env servers browser frontend  ## measure how soon the pages answer and paint, with a database of half a million tasks
	PYTHONPATH="$(CURDIR)" $(BIN)/python benchmarks/view.py

.PHONY: demo
demo: env frontend  ## start a real Airflow and run the example of three phases in it, until Ctrl-C; DEMO_ONCE=1 ends by itself
	@$(BIN)/python scripts/demo.py

.PHONY: run-example
run-example: env  ## run the same example as a plain script, without Airflow's services
	@AIRFLOW_HOME="$(CURDIR)/.demo" $(BIN)/python dags_examples/three_phases.py

.PHONY: clean
clean:  ## remove what was built or cached; .venv stays
	rm -rf build dist site .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov
	rm -rf *.egg-info $(STATIC) frontend/node_modules frontend/src/api/schema.d.ts
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

# Debian splits ensurepip, which venv needs, from Python.
define check_python
if [ -z "$(PYTHON)" ]; then \
	echo "Python 3.11 or newer cannot be found." >&2; \
	echo "As root, run 'apt-get install python3.11 python3.11-venv', or name one: make env PYTHON=..." >&2; \
	exit 1; \
elif ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	echo "$(PYTHON) cannot make virtual environments." >&2; \
	$(PYTHON) -c 'import sys; print("As root, run: apt-get install python%d.%d-venv" % sys.version_info[:2])' >&2; \
	exit 1; \
fi
endef
