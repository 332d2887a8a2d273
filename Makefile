# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs make, git, Python 3.10 or later and a Python package index. It installs into .nox/ and writes into .cache/. Only
# ansible-test keeps its own environments, in ~/.ansible/test/.

# The Python that runs the tools. Ansible runs on the newest suitable Python among this one and those on PATH.
PYTHON ?= python3
NOX := .nox/nox/bin/python -m nox

# Arguments for the program that runs: make unit ARGS="-k token"
ARGS ?=

# The ansible-core releases to test, such as "2.16 2.21". By default: the oldest, a middle one and the newest that a
# Python on PATH can run.
export CORES ?=

# The Python that runs ansible-core, such as "3.11". By default: the newest that the release supports.
export CONTROLLER ?=

# The duration of "make fuzz".
SECONDS ?= 600
fuzz: export FUZZ_SECONDS := $(SECONDS)

# The release for "make release", such as 1.0.0.
export TAG ?=

# The Python that builds a release.
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
test: ## Run everything below from "lint" to "sanity" and summarize it
test-matrix: ## Run unit tests and sanity on each release with each available Python, and show a table
lint: ## Check style, types, documentation, licenses, the changelog and the package
unit: ## Run the unit tests
coverage: ## Run the unit tests, and report the lines of plugins/ that they miss
integration: ## Run the playbooks of the integration tests against the simulator
awx: ## Run the playbooks for AWX and Automation Platform, and the one that opens a browser
leaks: ## Search for secrets wherever Ansible writes, on all releases
sanity: ## Run ansible-test sanity
build: ## Build the package in .cache/package, and check its content
changelog: ## Move the changelog fragments into CHANGELOG.md, under the version in galaxy.yml
release: ## Build the package of TAG=1.0.0 and write its notes, if version and changelog match
locks: ## Update the files that the release workflow installs, with their hashes
fuzz: ## Search for options and responses that break something, for SECONDS=600
format: ## Rewrite Python files in the project's style
bench: ## Measure what sessions cost, here and with alternatives; takes hours
audit: ## Check for known vulnerabilities of what users install; needs PyPI itself
docs: ## Build the documentation as web pages
demo: ## Request a session from the simulator with a playbook, and show the output
simulator: ## Start the simulator of PAM Core; ARGS="--help" lists its options

$(SESSIONS): .nox/nox/installed
	@$(NOX) --session $(or $(SESSION),$@) -- $(ARGS)

# antsibull-nox has its own session "lint", which is a part of ours.
lint: SESSION := linters

# As the Ansible community runs it, in a container with all Pythons: make ansible-test-sanity-2.21. This downloads
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
clean: ## Remove everything that make installed or wrote
	rm -rf .nox .cache .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
