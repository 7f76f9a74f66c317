# Everything a developer runs. Needs CPython >= 3.10 and make; the rest is installed into .venv, once.
#
#   make demo PYTHON=/path/to/python3.12      choose the interpreter (only used when .venv is made)
#   make test ARGS="-k header -x"             hand options to pytest
#   make layer BYTECODE=python3.13            add bytecode for the Python that your functions run on

PYTHON    ?=
ARGS      ?=
BYTECODE  ?=
VENV      := .venv
BIN       := $(VENV)/bin
INSTALLED := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install demo demo-patches test soak bench lint types format layer dist tools sam cdk clean

help:  ## show this list
	@sed -n 's/^\([a-z][a-z-]*\):.*##  *\(.*\)/  make \1 \2/p' $(MAKEFILE_LIST) | \
		while read -r make target text; do printf '  %s %-12s %s\n' "$$make" "$$target" "$$text"; done

install: $(INSTALLED)  ## make .venv and install the project and its tools into it
	@:

# The stamp is written last: an interrupted installation is taken up again by the next make. An environment whose
# interpreter works is kept; one whose interpreter is gone, or that was moved here from elsewhere, is made anew.
$(INSTALLED): pyproject.toml
	@set -e; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	   ! grep -qF '$(CURDIR)/$(VENV)' $(BIN)/activate; then \
		found=; \
		for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python3.10); do \
			if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
				found=$$python; break; \
			fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "make: no CPython >= 3.10 with venv and ensurepip found;" \
				"install one (Debian: apt install python3-venv) or say make PYTHON=..." >&2; \
			exit 1; \
		fi; \
		echo "making $(VENV) with $$("$$found" -V)" >&2; \
		"$$found" -m venv --clear $(VENV); \
	fi; \
	echo "installing the project and its tools into $(VENV)" >&2; \
	$(BIN)/python -m pip install -qq -e '.[dev]'; \
	touch $@

PAYMENT := $(BIN)/lambda-tracer invoke app.lambda_handler --task-root examples/payment

# The declined payment fails by design: exit code 1, and the error that the example documents. Anything else is a failure
# of the demo.
demo: $(INSTALLED)  ## invoke the payment example: cold, warm, and one that fails
	@$(PAYMENT) --event examples/payment/event.json --invocations 2
	@echo "--- the next payment is declined: the handler fails on purpose" >&2
	@code=0; result=$$($(PAYMENT) --event examples/payment/event-declined.json) || code=$$?; \
	printf '%s\n' "$$result"; \
	[ "$$code" -eq 1 ] || { echo "make demo: the declined payment ended with $$code instead of 1" >&2; exit 1; }; \
	case "$$result" in *PaymentDeclined*) ;; \
		*) echo "make demo: the declined payment failed with another error than PaymentDeclined" >&2; exit 1;; esac

demo-patches: $(INSTALLED)  ## invoke the example that calls libraries, against moto and a local server
	@$(BIN)/python examples/library_calls/run.py

test: $(INSTALLED)  ## run the whole suite (ARGS="..." goes to pytest)
	@$(BIN)/python -m pytest -q -m "alone and not soak" $(ARGS) || [ $$? -eq 5 ]  # 5: ARGS picked none
	@$(BIN)/python -m pytest -n auto -m "not alone and not soak" $(ARGS)

soak: $(INSTALLED)  ## run the tests that take minutes
	@$(BIN)/python -m pytest -m soak --timeout 1800 $(ARGS)

bench: $(INSTALLED)  ## measure what tracing costs, beside the incumbents: 13 minutes (ARGS=--quick for a smoke)
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(INSTALLED)  ## ruff: style and formatting
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .

types: $(INSTALLED)  ## mypy --strict
	@$(BIN)/mypy --no-error-summary

format: $(INSTALLED)  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format --quiet .

layer: $(INSTALLED)  ## build layer/dist/lambda-tracer-layer.zip (BYTECODE="python3.13": starts faster, is larger)
	@$(BIN)/python layer/build.py $(addprefix --bytecode ,$(BYTECODE))

dist: $(INSTALLED)  ## build wheel and source distribution, and check them
	@rm -rf dist
	@$(BIN)/python -m hatchling build --directory dist
	@$(BIN)/twine check --strict dist/*

# Neither fits into .venv: SAM pins what we need newer, the CDK is large. Each has an environment of its own.
tools: sam cdk  ## install what the tests of template.yaml and examples/cdk need

sam: .ci-cache/sam/.installed
cdk: .ci-cache/cdk/.installed

.ci-cache/sam/.installed .ci-cache/cdk/.installed: .ci-cache/%/.installed: | $(INSTALLED)
	@echo "installing $* into .ci-cache/$*" >&2
	@$(BIN)/python -m venv --clear .ci-cache/$*
	@.ci-cache/$*/bin/python -m pip install -qq $(if $(filter sam,$*),aws-sam-cli,aws-cdk-lib)
	@touch $@

clean:  ## remove everything that make and the tools made
	@rm -rf $(VENV) .ci-cache .aws-sam layer/dist dist build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
