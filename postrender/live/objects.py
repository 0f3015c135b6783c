"""The objects that tell Crossplane of a package: ImageConfigs, and what a push installs."""

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


def require_free(cluster: Cluster, release: Release, changes: Iterable[Change]) -> None:
    """Refuse a package that no release declares, if something else has the name of its objects.

    Raises:
        DevcacheError: An object of that name is there, and not from a push.
    """
    for change in changes:
        if change.is_declared:
            continue
        for wanted in _wanted(release, change):
            kind, name = _kind(wanted, release), kinds.name(wanted)
            present = cluster.get(kind, name)
            if present is not None and not _is_pushed(present):
                problem = f"the cluster has a {kind.kind} {quoted(name)} already"
                hint = "declare the package in the values, or give it another name"
                raise DevcacheError(problem, where=f"package {change.name}", hint=hint)


def follow(cluster: Cluster, release: Release, changes: Sequence[Change]) -> set[str]:
    """Have the objects of packages follow the ConfigMap; return the names of those that did not.

    Of two pushes at once only the one whose content the ConfigMap has may do that. So objects are
    read first, then the ConfigMap, and then they are written if they are still what was read: the
    other push writes the ConfigMap first, and the objects later.

    Raises:
        DevcacheError: The ConfigMap has other contents by now; see `release.require`.
    """
    contents = {change.name: change.entry.content for change in changes}
    followed: set[str] = set()
    while True:
        present = {
            (kind, name): cluster.get(kind, name)
            for change in changes
            for kind, name in _places(release, change)
        }
        release = releases.require(cluster, contents)
        try:
            for change in changes:
                adopted = _adopt(cluster, release, change)
                if _apply_all(cluster, release, change, present) or adopted:
                    followed.add(change.name)
        except ConflictError:
            continue
        return followed


def uninstall(cluster: Cluster, release: Release, name: str, kind: str) -> bool:
    """Delete the first that is left of a pushed package's objects; false when nothing is.

    The package goes first, and is gone before the rest follows: that still serves it.
    """
    package = kinds.package_kind(kind, release.target)
    settings = f"devcache-{name}"
    for each, called in ((package, name), (IMAGE_CONFIGS, settings), (RUNTIME_CONFIGS, settings)):
        present = cluster.get(each, called)
        if present is not None and _is_pushed(present):
            cluster.delete(each, called)
            return True
    return False


def _wanted(release: Release, change: Change) -> list[Object]:
    """Return the objects of a package: all of them, or of a declared one the ImageConfig alone."""
    if not change.is_declared:
        values = objects.of_release([change.package], release.target)
        return [objects.with_metadata(value, "labels", {labels.PUSHED: "true"}) for value in values]
    entry = change.entry
    if not release.target.needs_image_config(entry.reference):
        return []
    revision = release.record.release_revision
    return [objects.image_config(entry.name, entry.reference, entry.digest, revision)]


def _adopt(cluster: Cluster, release: Release, change: Change) -> bool:
    """Give the release the package object of a push; false when the release has it already.

    Helm 3 adopts a custom resource that exists as it is, and never changes its spec after that
    (v3.22.0 pkg/action/validate.go, existingResourceConflict, and pkg/kube/client.go, createPatch).

    Raises:
        ConflictError: The object has changed since it was read.
    """
    entry = change.entry
    if not change.is_declared or not entry.install:
        return False
    kind = kinds.package_kind(entry.kind, release.target)
    present = cluster.get(kind, entry.name)
    if present is None or not _is_pushed(present):
        return False
    metadata: Object = {
        "resourceVersion": kinds.resource_version(present),
        "labels": {labels.PUSHED: None},
    }
    cluster.patch(kind, entry.name, {"metadata": metadata, "spec": {"package": entry.package}})
    return True


def _places(release: Release, change: Change) -> list[tuple[Kind, str]]:
    return [(_kind(one, release), kinds.name(one)) for one in _wanted(release, change)]


def _apply_all(
    cluster: Cluster,
    release: Release,
    change: Change,
    present: Mapping[tuple[Kind, str], Object | None],
) -> bool:
    """Apply the objects of a package that are not as they are wanted; false when all are."""
    changed = False
    for wanted in _wanted(release, change):
        kind = _kind(wanted, release)
        before = present[kind, kinds.name(wanted)]
        if before is None or not _has(before, wanted):
            _apply(cluster, kind, wanted, before, release)
            changed = True
    return changed


def _apply(
    cluster: Cluster, kind: Kind, wanted: Object, present: Object | None, release: Release
) -> None:
    """Apply an object, with Helm's marks, so that a release may come to declare it."""
    if release.owner:
        wanted = objects.owned(wanted, *release.owner)
    if present is None:
        cluster.apply(kind, wanted, release.manager)
        return
    theirs, ours = (kinds.fields(one).under("metadata") for one in (present, wanted))
    keys = ("labels", "annotations")  # what others have put there stays
    metadata: Object = {
        **ours.values,
        **{key: {**theirs.under(key).values, **ours.under(key).values} for key in keys},
        "resourceVersion": kinds.resource_version(present),
    }
    manager = kinds.manager(present, "spec", default=release.manager)
    cluster.apply(kind, {**wanted, "metadata": metadata}, manager)


def _has(present: Object, wanted: Object) -> bool:
    return _holds(present.get("spec"), wanted.get("spec"))


def _holds(present: Plain, wanted: Plain) -> bool:
    """Return whether all that is wanted is there, among what the API server has defaulted."""
    if not isinstance(wanted, dict):
        return present == wanted
    return isinstance(present, dict) and all(
        _holds(present.get(key), one) for key, one in wanted.items()
    )


def _is_pushed(present: Object) -> bool:
    return kinds.fields(present).under("metadata").under("labels").text(labels.PUSHED) != ""


def _kind(one: Object, release: Release) -> Kind:
    known = {each.kind: each for each in (IMAGE_CONFIGS, RUNTIME_CONFIGS)}
    kind = str(one["kind"])
    return known.get(kind) or kinds.package_kind(kind, release.target)
