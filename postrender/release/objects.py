"""The objects that are added to the release: ConfigMap, package objects, and what these need."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from postrender import marks
from postrender.fields import Fields
from postrender.packages import PackageKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.cache.layouts import Layout
    from postrender.cache.placement import Placed
    from postrender.cache.references import Reference
    from postrender.manifests.nodes import Plain

GROUP = "pkg.crossplane.io"
"""The API group of packages and of what configures them."""

_RUNTIME_USER = 2000
"""The user that Crossplane gives a runtime pod (v2.4.0 controller/pkg/runtime/runtime.go)."""


def config_map(
    name: str, namespace: str, contents: dict[str, Plain], size_limit: str
) -> dict[str, Plain]:
    """Return the ConfigMap with the packages.

    Args:
        name: Its name.
        namespace: Its namespace, or "" for the release's.
        contents: Its `data` and `binaryData`.
        size_limit: The cache's sizeLimit as the chart had it, or ""; kept as an annotation, so
            that a second pass starts from it.
    """
    metadata: dict[str, Plain] = _metadata(name)
    if namespace:
        metadata["namespace"] = namespace
    if size_limit:
        metadata["annotations"] = {marks.SIZE_LIMIT: size_limit}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **contents}


def package_objects(
    placed: Iterable[Placed], layout: Layout, *, installed_only: bool, release_revision: str = ""
) -> list[dict[str, Plain]]:
    """Return the objects that make Crossplane take the packages from its cache.

    An ImageConfig resolves a tag to the package's digest without a registry where packages are
    keyed by digest (Crossplane 2.2 and later); it is needed whoever creates the package object.

    Args:
        placed: The local packages.
        layout: The Crossplane line's layout.
        installed_only: Leave out the package objects of `install: false`.
        release_revision: See `image_config`.
    """
    objects: list[dict[str, Plain]] = []
    for one in placed:
        if layout.keyed_by == "digest" and not one.declared.reference.digest:
            reference = one.declared.reference
            objects.append(image_config(one.name, reference, one.digest, release_revision))
        if one.declared.install or not installed_only:
            objects += [_runtime_config(one)] if one.declared.runtime_image else []
            objects.append(_package(one, layout))
    return objects


def documents(added: Iterable[dict[str, Plain]]) -> list[dict[str, Plain]]:
    """Return added objects as the documents of a release, so that Helm creates them in their order.

    Helm 4 sorts what a post-renderer returns by kind, those that it does not know by name
    (v4.3.0 pkg/release/v1/util/kind_sorter.go): a Configuration before its ImageConfig. A
    Crossplane that runs would take the package from a registry in between. A List of the packages
    comes after the ImageConfigs, and Helm creates each of its items as an object of the release.

    Args:
        added: The ConfigMap, and what `package_objects` returned.
    """
    objects = list(added)
    packages = [one for one in objects if one["kind"] in get_args(PackageKind)]
    if not packages or all(one["kind"] != "ImageConfig" for one in objects):
        return objects
    rest = [one for one in objects if one not in packages]
    return [*rest, {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": packages}]


def image_config(
    name: str, reference: Reference, digest: str, release_revision: str = ""
) -> dict[str, Plain]:
    """Return the ImageConfig that resolves a package's tag to a digest.

    Args:
        name: The package's name.
        reference: Its `spec.package`.
        digest: The digest.
        release_revision: In live mode another text for each revision of the release, else "". It
            goes into the tag beside the digest, which Crossplane ignores. Helm 3 changes in a
            custom resource what differs between two manifests, and leaves the rest as it finds it
            (v3.22.0 pkg/kube/client.go, createPatch): what a push has changed, it would not see.
    """
    tag = f":devcache-{release_revision}" if release_revision else ""
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "ImageConfig",
        "metadata": _metadata(f"devcache-{name}"),
        "spec": {
            "matchImages": [{"type": "Prefix", "prefix": reference.text}],
            "rewriteImage": {"prefix": f"{reference.source}{tag}@{digest}"},
        },
    }


def _runtime_config(one: Placed) -> dict[str, Plain]:
    """Return a DeploymentRuntimeConfig that Pod Security `restricted` admits.

    A securityContext here replaces Crossplane's own, so its user is repeated.
    """
    user: dict[str, Plain] = {
        "runAsGroup": _RUNTIME_USER,
        "runAsNonRoot": True,
        "runAsUser": _RUNTIME_USER,
    }
    container: dict[str, Plain] = {
        "name": "package-runtime",
        "image": one.declared.runtime_image,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            **user,
        },
    }
    if one.declared.runtime_resources:
        container["resources"] = one.declared.runtime_resources
    pod: dict[str, Plain] = {
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "DeploymentRuntimeConfig",
        "metadata": _metadata(f"devcache-{one.name}"),
        "spec": {"deploymentTemplate": {"spec": {"selector": {}, "template": {"spec": pod}}}},
    }


def _package(one: Placed, layout: Layout) -> dict[str, Plain]:
    kind = one.package.kind
    spec: dict[str, Plain] = {
        "package": one.declared.reference.text,
        "packagePullPolicy": layout.pull_policy,
    }
    if one.declared.runtime_image:
        spec["runtimeConfigRef"] = {"name": f"devcache-{one.name}"}
    version = layout.function_version if kind == "Function" else "v1"
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": kind,
        "metadata": _metadata(one.name),
        "spec": spec | one.declared.spec,
    }


def _metadata(name: str) -> dict[str, Plain]:
    return {"name": name, "labels": {marks.PART_OF: marks.OWNER}}


def owned(one: dict[str, Plain], release: str, namespace: str) -> dict[str, Plain]:
    """Return an object with the marks by which a Helm release adopts what is there already.

    Helm v4.2.4 pkg/action/validate.go.
    """
    owner = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    label = {"app.kubernetes.io/managed-by": "Helm"}
    return with_metadata(annotated(one, owner), "labels", label)


def annotated(one: dict[str, Plain], annotations: dict[str, str]) -> dict[str, Plain]:
    """Return an object with more annotations."""
    return with_metadata(one, "annotations", annotations)


def with_metadata(one: dict[str, Plain], key: str, entries: dict[str, str]) -> dict[str, Plain]:
    """Return an object with more entries under `labels` or `annotations` of its metadata."""
    metadata = Fields.of(one["metadata"], path="metadata", where=str(one["kind"]))
    joined = metadata.under(key).values | entries
    return one | {"metadata": metadata.values | {key: joined}}
