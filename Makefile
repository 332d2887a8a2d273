# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs make, git, python3 and a Python package index. Everything it installs is in .nox/, what it writes is in .cache/;
# only ansible-test keeps its own environments, in ~/.ansible/test/.

PYTHON ?= python3
NOX := .nox/nox/bin/python -m nox

# Passed on to what is run: make unit ARGS="-k token"
ARGS ?=

# The ansible-core releases to test with, such as "2.16 2.21". Unless set: the oldest, a middle one and the newest that
# a Python on PATH can run.
export CORES ?=

# For how long "make fuzz" goes on.
SECONDS ?= 600
fuzz: export FUZZ_SECONDS := $(SECONDS)

# How many steps of "make test" run at the same time.
export JOBS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

SESSIONS := test lint unit coverage integration awx leaks sanity fuzz format bench audit docs demo simulator

.PHONY: $(SESSIONS)
test: ## Run everything below down to "sanity" and sum it up
lint: ## Check style, types, documentation, licenses and the changelog
unit: ## Run the unit tests
coverage: ## Run the unit tests, and see what of plugins/ they do not reach
integration: ## Run the playbooks of the integration tests against the simulator
awx: ## Run the playbooks for AWX and Automation Platform, and the one that opens a browser
leaks: ## Look for secrets wherever Ansible writes, on all releases
sanity: ## Run ansible-test sanity
fuzz: ## Look for options and answers that break something, for SECONDS=600
format: ## Rewrite Python files in the project's style
bench: ## Measure what sessions cost, here and with what people would use instead; takes hours
audit: ## Look for known vulnerabilities of what users install; needs PyPI itself
docs: ## Build the documentation as web pages
demo: ## Get a session from the simulator with a playbook, and show what it prints
simulator: ## Start the simulator of PAM Core; ARGS="--help" tells its options

$(SESSIONS): .nox/nox/installed
	@$(NOX) --session $@ -- $(ARGS)

.nox/nox/installed: Makefile
	@rm -rf .nox/nox
	@$(PYTHON) -m venv .nox/nox
	@.nox/nox/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'nox>=2025.2.9'
	@touch $@

.PHONY: clean
clean: ## Remove everything that was installed or written here
	rm -rf .nox .cache .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
