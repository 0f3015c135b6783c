"""All labels and annotations that this project sets or reads."""

from __future__ import annotations

PART_OF = "app.kubernetes.io/part-of"
OWNER = "crossplane-devcache"
"""The value of the part-of label. The filter replaces no object without it."""

INSTANCE = "app.kubernetes.io/instance"
"""The label with the name of the release, in the upstream chart."""

COMPONENT = "app.kubernetes.io/component"
PAYLOAD = "payload"
"""The component label's value for ConfigMaps beside the release, which no pass replaces."""

KINDS = frozenset(
    ("ConfigMap", "ImageConfig", "DeploymentRuntimeConfig", "Configuration", "Provider", "Function")
)
"""The kinds of the objects that the filter adds."""

CHECKSUM = "crossplane-devcache/checksum"
"""The pod annotation that rolls the pod when a package changes; it marks a rewritten Deployment."""

SIZE_LIMIT = "crossplane-devcache/size-limit"
"""The ConfigMap's annotation with the sizeLimit of the cache as the chart renders it."""

PUSHED = "crossplane-devcache/pushed"
"""As a label: the object belongs to a push, and no release declares it. As an annotation of a pod:
the time of a push. When it changes, kubelet updates the pod's volumes at once; otherwise within a
minute."""

NUDGED = "crossplane-devcache/nudged"
"""An annotation of a package or a revision. When it changes, Crossplane reconciles the object."""

PARENT = "pkg.crossplane.io/package"
"""Crossplane's label of a revision: the name of its package object."""

CROSSPLANE = "crossplane"
"""The value of the part-of label in the upstream chart."""

VERSION = "app.kubernetes.io/version"
"""The label with Crossplane's version, in the upstream chart."""

MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
"""The marks by which a Helm release adopts an object (Helm v4.2.4 pkg/action/validate.go)."""

FILENAME = "postrenderer.helm.sh/postrender-filename"
"""The annotation in which Helm 4 records a document's template (v4.0.0 pkg/action/action.go)."""

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
"""The annotations by which Argo CD orders the objects of an application, and applies each one."""

HOOK = "helm.sh/hook"
"""The annotation of a Helm hook, which is not part of the release."""
