"""What a live release says of its packages, in its ConfigMap: what a push goes on from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from postrender.cache import layouts, references
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.release import payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from postrender.cache.placement import Placed
    from postrender.declared.devcache import LocalPackage
    from postrender.manifests.nodes import Plain

RELEASED = "packages.json"
"""The key, in the ConfigMap, of what the release declares and has; a push changes what it has."""

PUSHED = "pushed.json"
"""The key of the packages that a push added, and no release declares."""


class Entry(NamedTuple):
    """One package, as it is in the cache of the pods.

    Attributes:
        name: The name of the package object.
        kind: Configuration, Provider or Function.
        path: Where it was on disk, as declared; "" for a package that was only pushed.
        ignore: Patterns of files that its directory's package leaves out.
        package: Its `spec.package`.
        install: Whether there is a package object with it.
        digest: What its reference resolves to.
        content: The sha256 of its package.yaml, in hexadecimal digits.
        released: The same of what the release brought, or "" for a package that was only pushed.
        file: Its path in the cache.
        told: Whether Crossplane has been told of this content. Where packages are keyed by path,
            nothing but a push does it: a push that was cut off is to be gone on with.
        settings: See `settings`.
    """

    name: str
    kind: str
    path: str
    ignore: tuple[str, ...]
    package: str
    install: bool
    digest: str
    content: str
    released: str
    file: str
    told: bool = True
    settings: str = ""

    @property
    def reference(self) -> references.Reference:
        """Its `spec.package`, parsed."""
        return references.parse(self.package, where=f"package {self.name}")


class Record(NamedTuple):
    """The packages of a release, and what their objects depend on.

    Attributes:
        version: The Crossplane version.
        release_revision: See `objects.image_config`.
        packages: The packages, by name.
    """

    version: layouts.Version
    release_revision: str
    packages: Mapping[str, Entry]


def entry(one: Placed, *, released: str) -> Entry:
    """Return the entry of a package on disk.

    Args:
        one: The package.
        released: See `Entry.released`.
    """
    declared = one.declared
    return Entry(
        name=one.name,
        kind=one.package.kind,
        path=declared.path if released else "",
        ignore=declared.ignore,
        package=declared.reference.text,
        install=declared.install,
        digest=one.digest,
        content=payload.content_sum(one),
        released=released,
        file=one.cache_key,
        settings=settings(declared),
    )


def settings(declared: LocalPackage) -> str:
    """Return what changes with anything that is declared of a package but its content."""
    of_objects = (declared.install, declared.runtime_image, declared.runtime_resources)
    text = json.dumps([*of_objects, declared.spec, declared.ignore], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def renewed(before: Entry, one: Placed) -> Entry:
    """Return an entry with the content that is on disk now, and everything else as it was."""
    return before._replace(digest=one.digest, content=payload.content_sum(one), file=one.cache_key)


def of_release(placed: Iterable[Placed], version: layouts.Version, release_revision: str) -> Record:
    """Return the record of what a release declares."""
    entries = [entry(one, released=payload.content_sum(one)) for one in placed]
    return Record(version, release_revision, {one.name: one for one in entries})


def added(contents: Mapping[str, Plain], record: Record) -> dict[str, Plain]:
    """Return the `data` and `binaryData` of a ConfigMap with a record in it."""
    data = Fields.of(contents.get("data"), path="data", where="the ConfigMap")
    return {**contents, "data": {**data.values, RELEASED: text(record)}}


def text(record: Record) -> str:
    """Return a record as it stands in a ConfigMap."""
    value = {
        "crossplane": str(record.version),
        "releaseRevision": record.release_revision,
        "packages": {name: one._asdict() for name, one in sorted(record.packages.items())},
    }
    return f"{json.dumps(value, indent=1)}\n"


def parse(written: str, *, where: str) -> Record:
    """Return the record that `text` wrote.

    Raises:
        DevcacheError: Somebody else wrote it.
    """
    try:
        fields = Fields.of(json.loads(written), path="it", where=where)
        packages = fields.under("packages")
        return Record(
            version=layouts.require_version(fields.text("crossplane"), where=where),
            release_revision=fields.text("releaseRevision"),
            packages={name: _entry(packages.under(name)) for name, _ in packages.entries()},
        )
    except (ValueError, DevcacheError) as error:
        problem = "is not what crossplane-devcache of this version wrote"
        hint = "run helm upgrade with this version, which writes it anew"
        raise DevcacheError(problem, where=where, hint=hint) from error


def _entry(fields: Fields) -> Entry:
    return Entry(
        **{
            key: fields.text(key)
            for key in ("name", "kind", "path", "package", "digest", "content", "released", "file")
        },
        settings=fields.text("settings"),
        ignore=fields.texts("ignore"),
        install=fields.flag("install", default=True),
        told=fields.flag("told", default=True),
    )
