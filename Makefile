# Vankho: everything a person runs here. `make` alone lists it.
# PYTHON: the system's Python, 3.11 to 3.13. VANKHO_CACHE: what was built once and may be used again, for every clone on this machine.
export PYTHON ?= /usr/bin/python3
export VANKHO_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache/vankho,$(HOME)/.cache/vankho)
# SEED: the order of tests in `make test`, the same everywhere, so that what fails once can be seen again. `make check` goes in a new order each time.
SEED ?= 1
BIN := .venv/bin
# Three processes, as many wait for what they look at; a module in one of them, so that what its tests share is made once.
TOGETHER := -n 3 --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run setup setup-tests lint check test test-long test-fresh bench docs lock upgrade clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## a small archive to try: seven documents, three people, served on loopback
	@deploy/run

setup: ## install what Vankho needs to run (Debian 12 or 13; root or sudo the first time)
	@deploy/setup

setup-tests: ## the same, and what the tests need
	@deploy/setup tests

lint: setup-tests ## style, types and which room may import which
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## the quick round, under three minutes: lint and unit tests
	$(BIN)/pytest $(TOGETHER) -m "not servers and not long"

test: lint ## all that CI runs: lint and every test but the long ones
	$(BIN)/pytest $(TOGETHER) -m "not long" --randomly-seed=$(SEED)

test-long: setup-tests ## the long tests: full counts, a fresh set-up, lock files resolved again
	$(BIN)/pytest -m long

test-fresh: ## set-up and quick round on a new Debian in a folder (root; RELEASE=bookworm or trixie)
	@deploy/fresh $(or $(RELEASE),bookworm)

bench: setup ## the benchmarks
	$(BIN)/python -m bench.codec
	$(BIN)/python -m bench.reading
	$(BIN)/python -m bench.header
	$(BIN)/python -m bench.finding
	$(BIN)/python -m bench.load

docs: setup ## write docs/api.md again, from the code
	$(BIN)/python -m search_api.api_page > docs/api.md

lock: setup ## write the lock files again after a change of pyproject.toml's dependencies
	deploy/lock

upgrade: setup ## move every pin to the newest version that pyproject.toml allows
	deploy/lock --upgrade

clean: ## remove .venv and what tools left here (never an instance, never VANKHO_CACHE)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
