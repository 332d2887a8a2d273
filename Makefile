# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs make, git, Python 3.10 or newer and a Python package index. Everything it installs is in .nox/, what it writes is
# in .cache/; only ansible-test keeps its own environments, in ~/.ansible/test/.

# What the tools are started with; Ansible runs on the newest Python that this one and PATH offer it.
PYTHON ?= python3
NOX := .nox/nox/bin/python -m nox

# Passed on to what is run: make unit ARGS="-k token"
ARGS ?=

# The ansible-core releases to test with, such as "2.16 2.21". Unless set: the oldest, a middle one and the newest that
# a Python on PATH can run.
export CORES ?=

# The Python to run ansible-core with, such as "3.11". Unless set: the newest that the release supports.
export CONTROLLER ?=

# For how long "make fuzz" goes on.
SECONDS ?= 600
fuzz: export FUZZ_SECONDS := $(SECONDS)

# What "make release" is for, such as 1.0.0.
export TAG ?=

# The Python that a release is built with.
locks: export CONTROLLER := 3.13

# How many steps of "make test" run at the same time.
export JOBS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

SESSIONS := test test-matrix lint unit coverage integration awx leaks sanity build changelog release locks fuzz format \
  bench audit docs demo simulator

.PHONY: $(SESSIONS)
test: ## Run everything below from "lint" to "sanity" and sum it up
test-matrix: ## Run unit tests and sanity on each release with each Python there is, and show a table
lint: ## Check style, types, documentation, licenses, the changelog and the package
unit: ## Run the unit tests
coverage: ## Run the unit tests, and see what of plugins/ they do not reach
integration: ## Run the playbooks of the integration tests against the simulator
awx: ## Run the playbooks for AWX and Automation Platform, and the one that opens a browser
leaks: ## Look for secrets wherever Ansible writes, on all releases
sanity: ## Run ansible-test sanity
build: ## Build the package in .cache/package, and check what is in it
changelog: ## Move the changelog fragments into CHANGELOG.md, as those of the version in galaxy.yml
release: ## Build the package of TAG=1.0.0 and write its notes, if version and changelog say the same
locks: ## Choose anew what the workflow of releases installs, each file by its hash
fuzz: ## Look for options and answers that break something, for SECONDS=600
format: ## Rewrite Python files in the project's style
bench: ## Measure what sessions cost, here and with what people would use instead; takes hours
audit: ## Look for known vulnerabilities of what users install; needs PyPI itself
docs: ## Build the documentation as web pages
demo: ## Get a session from the simulator with a playbook, and show what it prints
simulator: ## Start the simulator of PAM Core; ARGS="--help" tells its options

$(SESSIONS): .nox/nox/installed
	@$(NOX) --session $(or $(SESSION),$@) -- $(ARGS)

# antsibull-nox has a session "lint" of its own, which is a part of ours.
lint: SESSION := linters

# As the Ansible community runs it, in a container that holds all Pythons: make ansible-test-sanity-2.21. It downloads
# ansible-core from GitHub.
ansible-test-%: .nox/nox/installed
	@$(NOX) --default-venv-backend virtualenv --session $@ -- $(ARGS)

.nox/nox/installed: Makefile
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) on PATH. Another Python is chosen like this:" \
	  "make $(or $(firstword $(MAKECMDGOALS)),test) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) .ci/python.py $(or $(firstword $(MAKECMDGOALS)),test) $(PYTHON)
	@rm -rf .nox/nox
	@$(PYTHON) -m venv .nox/nox
	@.nox/nox/bin/python -m pip install --quiet --quiet --disable-pip-version-check \
	  'nox>=2025.2.9' 'antsibull-nox>=1.10,<2'
	@touch $@

.PHONY: clean
clean: ## Remove everything that was installed or written here
	rm -rf .nox .cache .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
