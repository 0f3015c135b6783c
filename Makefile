# The commands for development and CI; `make help` lists them.
# Requires python3 (3.11 or newer), go (1.21 or newer), make and git; the targets fetch the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# With this variable each start of the command or of a test would compile every imported module.
unexport PYTHONDONTWRITEBYTECODE

chart := charts/crossplane-devcache
upstream := $(shell awk '/^dependencies:/ { found = 1 } found && $$1 == "version:" { print $$2 }' $(chart)/Chart.yaml)
releases = $$(python3 -m tests.shared.releases)
tools := helm4 helm3 crossplane ct helm-unittest helm-docs

# The helm of `make demo` and `make chart`: by default the one on the PATH, if any.
HELM ?= $$(command -v helm || tools/build.sh helm4)
# For `make cluster`, the versions of Crossplane whose images to import, such as 2.4.2; by default that of our chart.
# For `make e2e` and `make smoke`, the lines of Crossplane, such as 2.4, or `all`; by default two lines.
CROSSPLANE ?=
# The line of Kubernetes of the node, such as 1.34; `make e2e` also accepts several lines, or `all`.
KUBERNETES ?=
# The folder of large provider packages, which `make e2e` and `make bench` use if it exists.
CORPUS ?= ../shared/corpus
# More arguments for pytest: make test PYTEST="-k copier -x"
PYTEST ?=

# The environment variables of the tests, with the paths of the programs that they run.
environment = PATH="$(CURDIR)/.venv/bin:$$PATH" \
	HELM3="$$(tools/build.sh helm3)" \
	HELM4="$$(tools/build.sh helm4)" \
	CROSSPLANE_CLI="$$(tools/build.sh crossplane)" \
	CHARTS="$$(HELM="$$(tools/build.sh helm4)" tools/upstream-charts.sh $(releases))"

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv chart ## Add two local packages to Crossplane's manifests and show the changes; needs no cluster
	@helm="$(HELM)"; PATH="$(CURDIR)/.venv/bin:$$PATH" tools/demo.py "$$helm"

.PHONY: test
test: deps venv chart tools ## Run all tests that need no cluster (PYTEST="-k copier -x": more arguments for pytest)
	@$(environment) \
	CT="$$(tools/build.sh ct)" \
	HELM_UNITTEST="$$(tools/build.sh helm-unittest)" \
	HELM_DOCS="$$(tools/build.sh helm-docs)" \
	pytest --ignore=tests/e2e --numprocesses=auto $(PYTEST)

.PHONY: fuzz
fuzz: deps venv ## Run the property tests of hostile input until one fails, or you stop it (RUNS=1000000: so many runs)
	@.venv/bin/python -m tests.fuzz --runs=$(or $(RUNS),0) --seed=$(or $(SEED),1)

.PHONY: pythons
pythons: deps venv ## Run the unit tests with Python 3.11 to 3.14, each with the lowest and the newest dependencies
	@PATH="$$(tools/pythons.sh 3.11 3.12 3.13 3.14):$$PATH" .venv/bin/tox run -- $(PYTEST)

.PHONY: coverage
coverage: deps venv ## Measure the coverage of the unit tests, and list the lines that they do not run (takes some minutes)
	@rm -rf build/coverage
	.venv/bin/coverage run -m pytest --ignore=tests/tools --ignore=tests/e2e --numprocesses=auto $(PYTEST)
	@.venv/bin/coverage combine --quiet
	@.venv/bin/coverage report

.PHONY: dist
dist: venv chart ## Build a release in dist: sdist, wheel, Helm 4 plugin and chart
	@rm -rf dist
	@PATH="$(CURDIR)/.venv/bin:$$PATH" tools/dist.sh dist

.PHONY: version
version: venv ## Set the version in all files, and add its heading to CHANGELOG.md (VERSION=0.2.0)
	@[[ "$(VERSION)" =~ ^[0-9]+\.[0-9]+\.[0-9]+$$ ]] || { echo 'usage: make version VERSION=0.2.0' >&2; exit 2; }
	@.venv/bin/bump-my-version bump --new-version $(VERSION)
	@touch .venv/complete # pyproject.toml has changed, but not its dependencies

.PHONY: cluster
cluster: ## Start a Kubernetes node from the real components, as root, and print its KUBECONFIG
	@python3 -m tests.cluster up $(if $(KUBERNETES),--kubernetes=$(KUBERNETES)) $(or $(CROSSPLANE),$(upstream))

.PHONY: cluster-down
cluster-down: ## Stop the node and remove its files
	@python3 -m tests.cluster down

.PHONY: cluster-deps
cluster-deps: ## Install the missing Debian packages of the node
	@tools/debian.sh $$(python3 -m tests.cluster missing)

.PHONY: e2e
e2e: cluster-tools ## Run the scenarios on real Crossplane in a real cluster, as root (CROSSPLANE=all: on all lines, with Helm 3 and 4)
	@$(scenarios)

.PHONY: smoke
smoke: cluster-tools ## Run the most important scenarios only, in minutes
	@$(scenarios) --smoke

scenarios = $(environment) CORPUS="$(CORPUS)" \
	python -m tests.e2e --crossplane="$(CROSSPLANE)" --kubernetes="$(KUBERNETES)" $(PYTEST)

.PHONY: cluster-tools
cluster-tools: cluster-deps venv chart
	@lines=$$(.venv/bin/python -m tests.e2e.lines "$(CROSSPLANE)" "$(KUBERNETES)"); \
	for tool in coredns helm4 helm3 crossplane provider-nop function-auto-ready function-zones $$lines; do \
	  tools/build.sh $$tool >/dev/null; done

.PHONY: compatibility
compatibility: venv ## Write docs/compatibility.md from the results of `make e2e CROSSPLANE=all`
	@.venv/bin/python -m tests.e2e.compatibility

.PHONY: bench
bench: venv ## Run the benchmarks, and write docs/benchmarks.md (takes some minutes)
	@.venv/bin/python -m tests.bench "$$(tools/build.sh kustomize)" "$$(tools/build.sh crossplane)" "$(CORPUS)"

.PHONY: recording
recording: venv chart ## Record docs/inner-loop.svg on the cluster of `make cluster`; set its KUBECONFIG first
	@tools/debian.sh tmux pipx
	@PATH="$(CURDIR)/.venv/bin:$$(tools/build.sh kubernetes-1.34):$$(dirname "$$(tools/build.sh crossplane)"):$$PATH" \
	tools/recording.sh "$$(tools/build.sh helm4)" docs/inner-loop.svg

.PHONY: goldens
goldens: venv chart tools ## Render the inputs of the golden tests, and write their expected diffs
	@$(environment) python -m tests.golden.inputs
	.venv/bin/pytest -q tests/release/test_golden.py --update

.PHONY: mutants
mutants: ## Mutate the code of the cache contract, and list the mutants that no test notices; not in CI
	@tools/debian.sh python3-venv
	@python3 -m venv --clear build/mutants
	@build/mutants/bin/pip install --quiet --constraint constraints.txt pip
	@build/mutants/bin/pip install --quiet --constraint constraints.txt --build-constraint constraints.txt --editable . --group mutants
	@rm -rf mutants
	build/mutants/bin/mutmut run
	build/mutants/bin/mutmut results

.PHONY: lint
lint: deps venv ## Check the style, the types and the shell scripts, and that generated files are up to date
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	shellcheck --external-sources .ci/run $$(git ls-files --cached --others --exclude-standard '*.sh')
	.venv/bin/yamllint --strict --config-file .ct/lintconf.yaml .github action.yaml .pre-commit-config.yaml .pre-commit-hooks.yaml
	.venv/bin/pre-commit validate-config
	.venv/bin/pre-commit validate-manifest
	"$$(tools/build.sh actionlint)"
	.venv/bin/zizmor --offline --quiet .github action.yaml
	.venv/bin/bump-my-version bump patch --dry-run # checks each file that repeats the version
	$(lychee) --offline --quiet $(documents)
	.venv/bin/crossplane-devcache crds --crossplane $(upstream) | diff -u $(chart)/crds/bootstrap.yaml - \
	  || { echo 'the CRDs of the chart are out of date: run make generate' >&2; exit 1; }
	cd $(chart) && "$$($(CURDIR)/tools/build.sh helm-docs)" --dry-run --log-level warning | diff -u README.md - \
	  || { echo 'the README.md of the chart is out of date: run make generate' >&2; exit 1; }
	"$$(tools/build.sh semver-vectors)" | diff -u tests/data/semver-vectors.json - \
	  || { echo 'tests/data/semver-vectors.json is out of date: run make generate' >&2; exit 1; }
	.venv/bin/python -m tools.schemas | diff -u postrender/schemas/objects.json - \
	  || { echo 'postrender/schemas/objects.json is out of date: run make generate' >&2; exit 1; }

.PHONY: links
links: venv ## Check all links of the documentation, including links to other sites
	$(lychee) $(documents)

# If the Python package has no build for this machine, the lychee on the PATH runs.
lychee = PATH="$(CURDIR)/.venv/bin:$$PATH" lychee
documents = $$(git ls-files --cached --others --exclude-standard '*.md')

.PHONY: generate
generate: venv ## Regenerate files: the chart's README.md and CRDs, schemas, examples/network.xpkg and test vectors
	.venv/bin/crossplane-devcache crds --crossplane $(upstream) > $(chart)/crds/bootstrap.yaml
	cd $(chart) && "$$($(CURDIR)/tools/build.sh helm-docs)" --log-level warning
	"$$(tools/build.sh crossplane)" xpkg build --package-root examples/network \
	  --examples-root examples/network/examples --package-file examples/network.xpkg
	"$$(tools/build.sh semver-vectors)" > tests/data/semver-vectors.json
	@mkdir -p build
	.venv/bin/python -m tools.schemas > build/objects.json
	mv build/objects.json postrender/schemas/objects.json

.PHONY: chart
chart: $(chart)/charts/crossplane-$(upstream).tgz ## Put the upstream chart into ours, as `helm dependency update` does, but from the Go module

$(chart)/charts/crossplane-$(upstream).tgz: $(chart)/Chart.yaml
	@mkdir -p $(@D)
	@rm -f $(@D)/crossplane-*.tgz
	@charts="$$(HELM="$(HELM)" tools/upstream-charts.sh $(upstream))" && cp "$$charts/$(@F)" $@

.PHONY: tools
tools: ## Build the Go programs of the tests outside the checkout (takes ten minutes the first time)
	@for tool in $(tools); do tools/build.sh $$tool; done

.PHONY: deps
deps: ## Install the missing Debian packages of the tests
	@tools/debian.sh busybox-static shellcheck

.PHONY: venv
venv: .venv/complete ## Create .venv with the command and the development tools

.venv/complete: pyproject.toml constraints.txt
	@tools/debian.sh python3-venv
	@echo 'installing Python packages into .venv' >&2
	@python3 -m venv --clear .venv
	@.venv/bin/pip install --quiet --constraint constraints.txt pip
	@# Most modules are never imported, so compiling them on import takes half of the time.
	@.venv/bin/pip install --quiet --no-compile --constraint constraints.txt --build-constraint constraints.txt --editable . --group dev
	@touch $@

.PHONY: constraints
constraints: ## Pin the newest versions of all Python packages in constraints.txt
	python3 -m venv --clear build/venv
	build/venv/bin/pip install --quiet --upgrade pip
	build/venv/bin/pip install --quiet --editable . --group dev --group mutants hatchling editables
	{ sed -n '/^#/p' constraints.txt; build/venv/bin/pip freeze --all --exclude-editable | sed '/^setuptools==/d'; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

.PHONY: outdated
outdated: venv ## List the pins that have a newer release, and the pins that cannot be looked up
	@.venv/bin/python -m tools.outdated

.PHONY: clean
clean: ## Remove the generated files in the checkout, but not the tools outside it
	rm -rf .venv build dist mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis $(chart)/charts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
