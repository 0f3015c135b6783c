"""The objects that tell Crossplane about a package: ImageConfigs, and objects of a push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import DevcacheError, quoted
from postrender.live import kinds, releases
from postrender.live.cluster import ConflictError
from postrender.live.kinds import IMAGE_CONFIGS, RUNTIME_CONFIGS
from postrender.release import objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Kind, Object
    from postrender.live.plan import Change
    from postrender.live.releases import Release
    from postrender.manifests.nodes import Plain


def require_free_names(cluster: Cluster, release: Release, changes: Iterable[Change]) -> None:
    """Refuse an undeclared package if objects with the names of its objects already exist.

    Raises:
        DevcacheError: The cluster has such an object, and no push created it.
    """
    for change in changes:
        if change.is_declared:
            continue
        for kind, name in _names(release, change):
            current = cluster.get(kind, name)
            if current is not None and not _is_pushed(current):
                problem = f"the cluster already has a {kind.kind} {quoted(name)}"
                hint = "declare the package in the values, or rename it"
                raise DevcacheError(problem, where=f"package {change.name}", hint=hint)


def synchronize(cluster: Cluster, release: Release, changes: Sequence[Change]) -> set[str]:
    """Make the objects of packages match the ConfigMap.

    If two pushes run at once, only the one whose content is in the ConfigMap may write the objects.
    The other push writes the ConfigMap before the objects. So this function reads the objects, then
    the ConfigMap, and writes the objects only if they have not changed in the meantime.

    Returns:
        The names of the packages whose objects have changed.

    Raises:
        OvertakenError: The ConfigMap has other contents; see `releases.require_contents`.
    """
    contents = {change.name: change.entry.content for change in changes}
    changed_names: set[str] = set()
    while True:
        current = {
            (kind, name): cluster.get(kind, name)
            for change in changes
            for kind, name in _names(release, change)
        }
        release = releases.require_contents(cluster, contents)
        try:
            for change in changes:
                is_adopted = _adopt(cluster, release, change, current)
                if _apply_all(cluster, release, change, current) or is_adopted:
                    changed_names.add(change.name)
        except ConflictError:
            continue
        return changed_names


def uninstall(cluster: Cluster, release: Release, name: str, kind: str) -> bool:
    """Delete the first remaining object of a pushed package; return false if none remains.

    The package object is the first, because it needs the other objects until it is deleted.
    """
    package = kinds.package_kind(kind, release.target)
    settings = objects.settings_name(name)
    keys = ((package, name), (IMAGE_CONFIGS, settings), (RUNTIME_CONFIGS, settings))
    for object_kind, object_name in keys:
        current = cluster.get(object_kind, object_name)
        if current is not None and _is_pushed(current):
            cluster.delete(object_kind, object_name)
            return True
    return False


def _manifests(release: Release, change: Change) -> list[Object]:
    """Return the objects of a package; for a declared package only its ImageConfig."""
    if not change.is_declared:
        values = objects.of_release([change.package], release.target)
        return [objects.with_metadata(value, "labels", {labels.PUSHED: "true"}) for value in values]
    entry = change.entry
    if not release.target.needs_image_config(entry.reference):
        return []
    revision = release.record.release_revision
    return [objects.image_config(entry.name, entry.reference, entry.digest, revision)]


def _names(release: Release, change: Change) -> list[tuple[Kind, str]]:
    """Return the kinds and names of the objects of a package that a push may write."""
    names = [
        (_kind(manifest, release), kinds.name(manifest)) for manifest in _manifests(release, change)
    ]
    if change.is_declared and change.entry.image:
        names.append(_runtime_name(change))
    return [_package_name(release, change), *names] if _is_adoptable(change) else names


def _runtime_name(change: Change) -> tuple[Kind, str]:
    return RUNTIME_CONFIGS, objects.settings_name(change.name)


def _package_name(release: Release, change: Change) -> tuple[Kind, str]:
    return kinds.package_kind(change.entry.kind, release.target), change.name


def _is_adoptable(change: Change) -> bool:
    """Return whether the release declares a package object, which a push may have created."""
    return change.is_declared and change.entry.install


def _adopt(
    cluster: Cluster,
    release: Release,
    change: Change,
    current: Mapping[tuple[Kind, str], Object | None],
) -> bool:
    """Hand the package object of a push over to the release; return false if nothing changes.

    Helm 3 adopts an existing custom resource without a change, and never changes its spec later
    (v3.22.0 pkg/action/validate.go, existingResourceConflict, and pkg/kube/client.go, createPatch).

    Raises:
        ConflictError: The object has changed since it was read.
    """
    if not _is_adoptable(change):
        return False
    kind, name = _package_name(release, change)
    package = current[kind, name]
    if package is None or not _is_pushed(package):
        return False
    metadata: Object = {
        "resourceVersion": kinds.resource_version(package),
        "labels": {labels.PUSHED: None},
    }
    spec: Object = {"package": change.entry.package}
    cluster.patch(kind, name, {"metadata": metadata, "spec": spec})
    return True


def _apply_all(
    cluster: Cluster,
    release: Release,
    change: Change,
    current: Mapping[tuple[Kind, str], Object | None],
) -> bool:
    """Apply the objects of a package that differ; return false if none does.

    Raises:
        ConflictError: An object has changed since it was read.
    """
    is_changed = False
    manifests = _manifests(release, change)
    if config := current.get(_runtime_name(change)) if change.is_declared else None:
        manifests.append(_with_image(config, change.entry.image))
    for manifest in manifests:
        kind = _kind(manifest, release)
        before = current[kind, kinds.name(manifest)]
        if before is None or not kinds.includes(before.get("spec"), manifest.get("spec")):
            _apply(cluster, kind, manifest, before, release)
            is_changed = True
    return is_changed


def _with_image(config: Object, image: str) -> Object:
    """Return the manifest of a release's DeploymentRuntimeConfig with another image."""
    metadata: Object = {"name": kinds.name(config)}
    api = {key: config[key] for key in ("apiVersion", "kind")}
    return {**api, "metadata": metadata, "spec": _replaced(config.get("spec"), image)}


def _replaced(node: Plain, image: str) -> Plain:
    """Return a value with another `image`; a DeploymentRuntimeConfig of a release has one."""
    if isinstance(node, list):
        return [_replaced(item, image) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: image if key == "image" else _replaced(value, image) for key, value in node.items()
    }


def _apply(
    cluster: Cluster, kind: Kind, manifest: Object, current: Object | None, release: Release
) -> None:
    """Apply an object with Helm's ownership metadata, so that a release can adopt it later."""
    if release.owner:
        manifest = objects.owned(manifest, *release.owner)
    if current is None:
        cluster.apply(kind, manifest, release.manager)
        return
    before, after = (kinds.fields(value).under("metadata") for value in (current, manifest))
    keys = ("labels", "annotations")  # keep entries of other field managers
    metadata: Object = {
        **after.values,
        **{key: {**before.under(key).values, **after.under(key).values} for key in keys},
        "resourceVersion": kinds.resource_version(current),
    }
    manager = kinds.manager(current, "spec", default=release.manager)
    cluster.apply(kind, {**manifest, "metadata": metadata}, manager)


def _is_pushed(current: Object) -> bool:
    return kinds.fields(current).under("metadata").under("labels").text(labels.PUSHED) != ""


def _kind(manifest: Object, release: Release) -> Kind:
    settings_kinds = {kind.kind: kind for kind in (IMAGE_CONFIGS, RUNTIME_CONFIGS)}
    name = str(manifest["kind"])
    return settings_kinds.get(name) or kinds.package_kind(name, release.target)
