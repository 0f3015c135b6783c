# Deploys locally built packages into a kind cluster, with crossplane-devcache. Include this file in place of the
# makelib's local.xpkg.mk: the targets and the variables are the same. docs/ci.md describes it.

KIND_CLUSTER_NAME ?= local-dev
CROSSPLANE_NAMESPACE ?= crossplane-system
XPKG_SKIP_DEP_RESOLUTION ?= false

# The command. This file does not install it.
DEVCACHE ?= crossplane-devcache
# Values files, such as `values.yaml`, with settings for the packages. They take precedence over the targets.
DEVCACHE_VALUES ?=
# More arguments for `crossplane-devcache up`, such as `--timeout 600`.
DEVCACHE_ARGS ?=
# The context in the kubeconfig.
DEVCACHE_CONTEXT ?= kind-$(KIND_CLUSTER_NAME)
# The declarations of the packages that the targets have deployed into this cluster.
DEVCACHE_DIR ?= $(or $(WORK_DIR),.work)/devcache/$(subst :,-,$(subst /,-,$(DEVCACHE_CONTEXT)))
ifeq ($(strip $(DEVCACHE_DIR)),)
$(error DEVCACHE_DIR is empty)
endif

# The makelib's common.mk defines these.
INFO ?= echo
OK ?= echo
FAIL ?= false

# In upbound/build, HELM is Helm 2 by default, and HELM3 is Helm 3.
devcache.helm = $(if $(findstring helm-v2,$(HELM)),$(HELM3),$(HELM))
devcache.kubectl = $(or $(KUBECTL),kubectl) --context $(DEVCACHE_CONTEXT)
devcache.package = $(XPKG_OUTPUT_DIR)/linux_$(ARCH)/$*-$(VERSION).xpkg
# The command looks for helm and kind on the PATH.
devcache.command = PATH="$$(cd "$(DEVCACHE_DIR)" && pwd)/bin:$$PATH" $(DEVCACHE)
devcache.cluster = --context $(DEVCACHE_CONTEXT) --namespace $(CROSSPLANE_NAMESPACE)

devcache.quote := "
devcache.comma := ,
# CROSSPLANE_ARGS, which has commas between the arguments, as a JSON list.
devcache.arguments = ["$(subst $(devcache.comma),"$(devcache.comma)",$(subst $(devcache.quote),,$(CROSSPLANE_ARGS)))"]

.PHONY: local.xpkg.init local.xpkg.sync local.xpkg.tools local.xpkg.clean

# There is no sidecar to add, and nothing to copy before a deployment.
local.xpkg.init local.xpkg.sync: ; @:

# 1: the name of the program, 2: its path, or its name on the PATH
define devcache.link
	@program="$(if $(findstring /,$(2)),$(abspath $(2)),$$(command -v "$(2)"))" && \
	ln -sfn "$$program" "$(DEVCACHE_DIR)/bin/$(1)" || rm -f "$(DEVCACHE_DIR)/bin/$(1)"

endef

# A path may be a file to download; a name is a program on the PATH.
local.xpkg.tools: $(foreach program,$(devcache.helm) $(KIND) $(KUBECTL),$(if $(findstring /,$(program)),$(program)))
	@command -v $(firstword $(DEVCACHE)) >/dev/null || { \
		echo '$(firstword $(DEVCACHE)) is not installed: install it with pipx, or set DEVCACHE to its path' >&2; \
		$(FAIL); }
	@mkdir -p "$(DEVCACHE_DIR)/bin" "$(DEVCACHE_DIR)/packages"
	$(if $(devcache.helm),$(call devcache.link,helm,$(devcache.helm)))
	$(if $(KIND),$(call devcache.link,kind,$(KIND)))

# More fields of the declaration of a Provider or Function: it runs the image in its .xpkg, or has the
# DeploymentRuntimeConfig of DRC_FILE, which names this image.
devcache.skip = "skipDependencyResolution": $(if $(filter true,$(XPKG_SKIP_DEP_RESOLUTION)),true,false)
devcache.embedded = , "runtimeImage": "embedded", "spec": {$(devcache.skip)}
devcache.configured = , "spec": {"runtimeConfigRef": {"name": "runtimeconfig-$*"}, $(devcache.skip)}
devcache.runtime = $(if $(wildcard $(DRC_FILE)),$(devcache.configured),$(devcache.embedded))

define devcache.require_package
	@[ -f "$(devcache.package)" ] || { echo '$(devcache.package) does not exist: run `make build`' >&2; $(FAIL); }
endef

# 1: more fields of the declaration
define devcache.up
	@echo '{"devcache": {"packages": {"$*": {"path": "$(devcache.package)"$(1)}}}}' >"$(DEVCACHE_DIR)/packages/$*.json"
	@echo '{$(if $(CROSSPLANE_ARGS),"crossplane": {"args": $(devcache.arguments)})}' >"$(DEVCACHE_DIR)/values.json"
	@for file in "$(DEVCACHE_DIR)"/packages/*.json; do set -- "$$@" -f "$$file"; done; \
	$(devcache.command) up -f "$(DEVCACHE_DIR)/values.json" "$$@" $(addprefix -f ,$(DEVCACHE_VALUES)) \
		$(devcache.cluster) $(if $(CROSSPLANE_VERSION),--crossplane $(CROSSPLANE_VERSION)) $(DEVCACHE_ARGS) || $(FAIL)
endef

# Applies DRC_FILE under another name, with the image in the .xpkg as the image of its first container.
devcache.containers = /spec/deploymentTemplate/spec/template/spec/containers
define devcache.runtime_config
	@image=$$($(devcache.command) image load "$(devcache.package)" --name $* $(devcache.cluster) --output json \
		| sed -n 's/.*"image": "\(.*\)".*/\1/p'); \
	[ -n "$$image" ] && $(devcache.kubectl) patch --local -f $(DRC_FILE) --type json --output json --patch "[ \
		{'op': 'replace', 'path': '/metadata/name', 'value': 'runtimeconfig-$*'}, \
		{'op': 'test', 'path': '$(devcache.containers)/0/name', 'value': 'package-runtime'}, \
		{'op': 'add', 'path': '$(devcache.containers)/0/image', 'value': '$$image'}]" \
		| $(devcache.kubectl) apply -f - || $(FAIL)

endef

local.xpkg.deploy.configuration.%: local.xpkg.tools
	@$(INFO) deploying configuration package $* $(VERSION)
	$(devcache.require_package)
	$(call devcache.up)
	@$(OK) deploying configuration package $* $(VERSION)

local.xpkg.deploy.provider.%: local.xpkg.tools
	@$(INFO) deploying provider package $* $(VERSION)
	$(devcache.require_package)
	$(if $(wildcard $(DRC_FILE)),$(devcache.runtime_config))
	$(call devcache.up,$(devcache.runtime))
	@$(OK) deploying provider package $* $(VERSION)

local.xpkg.deploy.function.%: local.xpkg.tools
	@$(INFO) deploying function package $* $(VERSION)
	$(devcache.require_package)
	$(if $(wildcard $(DRC_FILE)),$(devcache.runtime_config))
	$(call devcache.up,$(devcache.runtime))
	@$(OK) deploying function package $* $(VERSION)

# After this target, the cluster is gone: the declarations must not apply to a new cluster.
controlplane.down: local.xpkg.clean
local.xpkg.clean:
	@rm -rf "$(DEVCACHE_DIR)"
