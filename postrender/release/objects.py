"""The objects that join the release: the ConfigMap, package objects and their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from postrender import labels
from postrender.crossplane.api import GROUP
from postrender.fields import Fields
from postrender.packages import PackageKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.crossplane.references import Reference
    from postrender.crossplane.target import Target
    from postrender.declared.devcache import Settings
    from postrender.manifests.nodes import Plain
    from postrender.payload.contents import Contents
    from postrender.placement import LocalPackage

RELEASE_VARIABLE = "CROSSPLANE_DEVCACHE_RELEASE"
"""The environment variable of a runtime with a string unique to each revision of the release."""

_RUNTIME_USER = 2000
"""The user that Crossplane gives a runtime pod (v2.4.0 controller/pkg/runtime/runtime.go)."""


def config_map(name: str, namespace: str, contents: Contents, size_limit: str) -> dict[str, Plain]:
    """Return the ConfigMap with the packages.

    Args:
        name: Its name.
        namespace: Its namespace, or "" for the release's.
        contents: Its contents.
        size_limit: The cache's sizeLimit as the chart renders it, or "". An annotation records it,
            so that a second pass starts from it.
    """
    metadata: dict[str, Plain] = _metadata(name)
    if namespace:
        metadata["namespace"] = namespace
    if size_limit:
        metadata["annotations"] = {labels.SIZE_LIMIT: size_limit}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **contents.fields}


def of_release(
    packages: Iterable[LocalPackage],
    target: Target,
    release_revision: str = "",
    *,
    names_user: bool = True,
) -> list[dict[str, Plain]]:
    """Return the objects that make Crossplane take the packages from its cache.

    Args:
        packages: The local packages. Those with `install: false` get no package object, but an
            ImageConfig, which they need even if somebody else creates the package object.
        target: The Crossplane that they are for.
        release_revision: See `image_config`.
        names_user: Whether the runtime pods name their user. Otherwise admission must choose one,
            as it does on OpenShift.
    """
    objects: list[dict[str, Plain]] = []
    for package in packages:
        objects += _resolving(package, target, release_revision)
        if package.install:
            objects += _installing(package, target, release_revision, names_user=names_user)
    return objects


def of_packages(packages: Iterable[LocalPackage], target: Target) -> list[dict[str, Plain]]:
    """Return the objects of `of_release`, and the package objects of `install: false`."""
    objects: list[dict[str, Plain]] = []
    for package in packages:
        objects += _resolving(package, target, "")
        objects += _installing(package, target, "", names_user=True)
    return objects


def _resolving(
    package: LocalPackage, target: Target, release_revision: str
) -> list[dict[str, Plain]]:
    """Return the ImageConfig of a package, where Crossplane needs one."""
    if not target.needs_image_config(package.reference):
        return []
    return [image_config(package.name, package.reference, package.digest, release_revision)]


def _installing(
    package: LocalPackage, target: Target, release_revision: str, *, names_user: bool
) -> list[dict[str, Plain]]:
    """Return the package object of a package, and the DeploymentRuntimeConfig that it names.

    A package without settings gets none, because a release created them.
    """
    settings = package.declaration.settings
    if settings is None:
        return []
    objects = [_package(package, settings, target)]
    if package.runtime_image:
        config = _runtime_config(package, settings, release_revision, names_user=names_user)
        objects.insert(0, config)
    return objects


def documents(added: Iterable[dict[str, Plain]]) -> list[dict[str, Plain]]:
    """Return added objects as documents of a release, in an order that Helm follows.

    Helm 4 sorts the output of a post-renderer by kind, and unknown kinds by their names (v4.3.0
    pkg/release/v1/util/kind_sorter.go): a Configuration comes before its ImageConfig. In between, a
    running Crossplane would pull the package from a registry. A List of the packages comes after
    the ImageConfigs, and Helm creates each of its items as an object of the release.

    Args:
        added: The ConfigMap, and the result of `of_release`.
    """
    objects = list(added)
    rest, packages = settings_first(objects)
    if not packages or all(value["kind"] != "ImageConfig" for value in objects):
        return objects
    return [*rest, {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": packages}]


def settings_first(
    added: Iterable[dict[str, Plain]],
) -> tuple[list[dict[str, Plain]], list[dict[str, Plain]]]:
    """Return all added objects except packages, and the packages, which need them."""
    objects = list(added)
    packages = [value for value in objects if value["kind"] in get_args(PackageKind)]
    return [value for value in objects if value not in packages], packages


def settings_name(package: str) -> str:
    """Return the name of the ImageConfig and the DeploymentRuntimeConfig of a package."""
    return f"devcache-{package}"


def image_config(
    name: str, reference: Reference, digest: str, release_revision: str = ""
) -> dict[str, Plain]:
    """Return the ImageConfig that resolves a package's tag to a digest.

    Args:
        name: The package's name.
        reference: Its `spec.package`.
        digest: The digest.
        release_revision: In live mode a string unique to each revision of the release, else "". It
            becomes a tag before the digest, and Crossplane ignores this tag. Helm 3 compares two
            manifests and changes only the fields that differ (v3.22.0 pkg/kube/client.go,
            createPatch). Without the tag it would not replace the digest of a push.
    """
    tag = f":devcache-{release_revision}" if release_revision else ""
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "ImageConfig",
        "metadata": _metadata(settings_name(name)),
        "spec": {
            "matchImages": [{"type": "Prefix", "prefix": reference.text}],
            "rewriteImage": {"prefix": f"{reference.source}{tag}@{digest}"},
        },
    }


def _runtime_config(
    package: LocalPackage, settings: Settings, release_revision: str, *, names_user: bool
) -> dict[str, Plain]:
    """Return a DeploymentRuntimeConfig that Pod Security `restricted` admits.

    A securityContext here replaces Crossplane's own as a whole, so it repeats Crossplane's user, or
    leaves the user out.

    Args:
        package: The package.
        settings: Its settings.
        release_revision: See `image_config`. A push changes the image of an embedded runtime, and a
            merge patch of Helm 3 restores it only if another field of the list of containers
            differs, too.
        names_user: Whether the pod names its user.
    """
    user: dict[str, Plain] = {"runAsNonRoot": True}
    if names_user:
        user = {"runAsGroup": _RUNTIME_USER, **user, "runAsUser": _RUNTIME_USER}
    container: dict[str, Plain] = {
        "name": "package-runtime",
        "image": package.runtime_image,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            **user,
        },
    }
    if package.is_embedded:
        container["imagePullPolicy"] = "Never"
        if release_revision:
            container["env"] = [{"name": RELEASE_VARIABLE, "value": release_revision}]
    if settings.runtime_resources:
        container["resources"] = settings.runtime_resources
    pod: dict[str, Plain] = {
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "DeploymentRuntimeConfig",
        "metadata": _metadata(settings_name(package.name)),
        "spec": {"deploymentTemplate": {"spec": {"selector": {}, "template": {"spec": pod}}}},
    }


def _package(package: LocalPackage, settings: Settings, target: Target) -> dict[str, Plain]:
    spec: dict[str, Plain] = {
        "package": package.reference.text,
        "packagePullPolicy": target.layout.pull_policy,
    }
    if package.runtime_image:
        spec["runtimeConfigRef"] = {"name": settings_name(package.name)}
    return {
        "apiVersion": f"{GROUP}/{target.package_version(package.kind)}",
        "kind": package.kind,
        "metadata": _metadata(package.name),
        "spec": spec | settings.spec,
    }


def _metadata(name: str) -> dict[str, Plain]:
    return {"name": name, "labels": {labels.PART_OF: labels.OWNER}}


def owned(value: dict[str, Plain], release: str, namespace: str) -> dict[str, Plain]:
    """Return an object with the marks by which a Helm release adopts an existing object.

    Helm v4.2.4 pkg/action/validate.go.
    """
    owner = {labels.RELEASE_NAME: release, labels.RELEASE_NAMESPACE: namespace}
    return with_metadata(annotated(value, owner), "labels", {labels.MANAGED_BY: "Helm"})


def annotated(value: dict[str, Plain], annotations: dict[str, str]) -> dict[str, Plain]:
    """Return an object with more annotations."""
    return with_metadata(value, "annotations", annotations)


def with_metadata(value: dict[str, Plain], key: str, entries: dict[str, str]) -> dict[str, Plain]:
    """Return an object with more entries under `labels` or `annotations` of its metadata."""
    metadata = Fields.of(value["metadata"], path="metadata", where=str(value["kind"]))
    joined = metadata.under(key).values | entries
    return value | {"metadata": metadata.values | {key: joined}}
