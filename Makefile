# Everything a newcomer or a CI job needs. `make` alone says what there is.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# What is installed: the locked versions, or with LOCK= the newest that pyproject.toml admits.
LOCK   := requirements.txt
.DEFAULT_GOAL := help

.PHONY: help
help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

# The package is built by what is locked too: an isolated build would fetch the newest.
$(STAMP): pyproject.toml package-lock.json hatch_build.py $(LOCK)
	$(PYTHON) -m venv $(VENV)
ifeq ($(LOCK),)
	$(PIP) install --upgrade pip
	$(PIP) install --editable '.[go,dev]'
else
	$(PIP) install --require-hashes -r $(LOCK)
	$(PIP) install --no-deps --no-build-isolation --editable .
endif
	@touch $@

.PHONY: install
install: $(STAMP) ## make the environment in .venv, with Go

.PHONY: fixtures
fixtures: $(STAMP) ## build the fixture repositories
	@$(BIN)/python go_fixtures/build.py

.PHONY: demo
demo: fixtures ## walk the fixture's whole history and publish the dashboard
	@start=$$(date +%s); \
	$(BIN)/esv run ALL --skip-existing && $(BIN)/esv publish && \
	echo "total $$(( $$(date +%s) - start )) s"

.PHONY: test
test: fixtures lint ## lint, then run the tests (what CI runs)
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow' $(ARGS)

.PHONY: test-all
test-all: fixtures lint ## run every test, the slow ones too
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: coverage
coverage: fixtures ## run the tests under branch coverage; fails below the floor in pyproject.toml
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	$(BIN)/coverage run -m pytest -n auto --dist worksteal -m 'not slow' $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: test-newest
test-newest: ## run the tests with the newest versions that pyproject.toml admits
	rm -rf .cache/newest
	$(MAKE) test VENV=.cache/newest LOCK=

.PHONY: test-package
test-package: $(STAMP) ## build wheel and sdist, install the wheel elsewhere, run its self-test
	rm -rf dist .cache/package
	$(BIN)/python -m hatchling build
	$(PYTHON) -m venv .cache/package
	.cache/package/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo dist/*.whl)[go]"
	$(BIN)/python go_fixtures/build.py seed --into .cache/package/repos
	cd .cache/package/repos/seed && ../../bin/esv init && ../../bin/esv check

.PHONY: lock
lock: ## take the newest versions into requirements.txt
	@test -x .cache/lock/bin/uv || { $(PYTHON) -m venv .cache/lock && .cache/lock/bin/python -m pip install --quiet uv==0.13.9; }
	.cache/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --custom-compile-command 'make lock' --extra go --extra dev \
	  --output-file requirements.txt pyproject.toml

.PHONY: lint
lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fuzz
fuzz: $(STAMP) ## give the parsers of foreign text damaged input: SECONDS=300 PARSER=record
	@$(BIN)/python -m tests.parsers.fuzz --seconds $(or $(SECONDS),60) $(addprefix --parser=,$(PARSER)) $(ARGS)

.PHONY: bench
bench: fixtures ## measure the harness against running the benchmarks naively
	@$(BIN)/python tests/bench/naive.py

.PHONY: accuracy
accuracy: fixtures ## precision and recall of steps and causes on the fixture
	@$(BIN)/python tests/bench/accuracy.py

.PHONY: bench-changepoints
bench-changepoints: $(STAMP) ## measure ways to find steps in noisy series (minutes)
	@test -d .cache/otava || $(BIN)/python -m pip install --quiet --no-deps --target .cache/otava apache-otava==0.8.0
	@PYTHONPATH=.cache/otava $(BIN)/python -m tests.bench.changepoints $(ARGS)

.PHONY: aa
aa: $(STAMP) ## how often the gate says anything of identical code: REPOS="dir dir", ARGS as tests/bench/aa.py says
	@$(BIN)/python -m tests.bench.aa $(REPOS) $(ARGS)

.PHONY: bench-gate
bench-gate: fixtures ## how long the gate takes on a change of one package: REPO=dir, ARGS as tests/bench/gate_speed.py says
	@$(BIN)/python -m tests.bench.gate_speed $(or $(REPO),go_fixtures/repos/timeline) $(ARGS)

.PHONY: accuracy-real
accuracy-real: $(STAMP) ## the same on real commits: CLONES=dir, ARGS as tests/bench/real.py says
	@$(BIN)/python -m tests.bench.real $(CLONES) $(ARGS)

.PHONY: real
real: $(STAMP) ## measure whole public projects next to plain go test: CLONES=dir, ARGS as tests/bench/projects.py says
	@$(BIN)/python -m tests.bench.projects $(CLONES) $(ARGS)

.PHONY: corpus
corpus: $(STAMP) ## write anew what seven Go releases say of tests/corpus/src (installs them)
	$(BIN)/python -m tests.corpus.regenerate

.PHONY: bench-site
bench-site: $(STAMP) ## what publishing a long history costs (made up; ARGS as tests/bench/site.py says)
	@$(BIN)/python -m tests.bench.site $(ARGS)

.PHONY: screenshots
screenshots: $(STAMP) ## the pictures in docs/, from the site that `make demo` wrote
	@$(BIN)/python -m tests.browser.screenshots

.PHONY: kills
kills: $(STAMP) ## kill walks at random moments, finish them with plain `esv run`, compare: N=chains
	@$(BIN)/python -m tests.bench.kills --chains $(or $(N),60) $(ARGS)

.PHONY: clean
clean: ## remove what was made, but for the results
	rm -rf $(VENV) .cache html env go_fixtures/repos .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  harness/outputs/site/static/vendor tests/browser/vendor
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
