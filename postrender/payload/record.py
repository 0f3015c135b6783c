"""The record of a live release in its ConfigMap: the packages of the release, for the next push."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from postrender.crossplane import references, versions
from postrender.errors import DevcacheError
from postrender.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from postrender.declared.devcache import PackageDeclaration
    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage

RELEASED = "packages.json"
"""The key of the packages that the release declares. A push changes their contents."""

PUSHED = "pushed.json"
"""The key of the packages that only a push added."""

_KEYS = {"is_notified": "told"}
"""The JSON keys that differ from the field's name: a release keeps its record through upgrades."""


class RecordedPackage(NamedTuple):
    """A package in the cache of the pods.

    Attributes:
        name: The name of the package object.
        kind: Configuration, Provider or Function.
        path: The declared path on disk, or "" for a package that only a push added.
        ignore: Patterns of files to leave out of a directory's package.
        package: Its `spec.package`.
        install: Whether there is a package object.
        digest: The digest that its reference resolves to.
        content: The sha256 of its package.yaml, in hexadecimal digits.
        released: The sha256 of the package.yaml in the release, or "" for a package that only a
            push added.
        file: Its path in the cache, relative to the cache root.
        is_notified: Whether Crossplane knows of this content. If the path in `spec.package` names
            the file, only a push notifies Crossplane, so an interrupted push must be resumed.
        settings: See `settings`.
        image: The image of the embedded runtime that runs it, or "".
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
    is_notified: bool = True
    settings: str = ""
    image: str = ""

    @property
    def reference(self) -> references.Reference:
        """Its `spec.package`, parsed."""
        return references.parse(self.package, where=f"package {self.name}")

    @property
    def source(self) -> str:
        """The name by which other packages depend on it."""
        return self.reference.source

    @property
    def cache_key(self) -> str:
        """Its path in the cache, relative to the cache root."""
        return self.file

    @property
    def fields(self) -> dict[str, Plain]:
        """The fields of its JSON."""
        fields = {_KEYS.get(name, name): value for name, value in self._asdict().items()}
        if not self.image:
            del fields["image"]
        return fields

    def renewed(self, package: LocalPackage) -> RecordedPackage:
        """Return the record with the content on disk, and everything else unchanged."""
        return self._replace(
            digest=package.digest,
            content=package.content,
            file=package.cache_key,
            image=package.embedded_image if self.image else "",
        )


class Record(NamedTuple):
    """The packages of a release, and the release's part in their objects.

    Attributes:
        version: The Crossplane version.
        release_revision: See `objects.image_config`.
        packages: The packages, by name.
        allow_unhealthy: See `DevCache.allow_unhealthy`.
    """

    version: versions.Version
    release_revision: str
    packages: Mapping[str, RecordedPackage]
    allow_unhealthy: bool = False

    @property
    def text(self) -> str:
        """The record as JSON, for the ConfigMap."""
        value = {
            "crossplane": str(self.version),
            "releaseRevision": self.release_revision,
            **({"allowUnhealthy": True} if self.allow_unhealthy else {}),
            "packages": {name: package.fields for name, package in sorted(self.packages.items())},
        }
        return f"{json.dumps(value, indent=1)}\n"

    def of_packages(self, packages: Iterable[RecordedPackage]) -> Record:
        """Return the record with these packages in place of all others."""
        return self._replace(packages={package.name: package for package in packages})


def recorded(package: LocalPackage, *, released: str) -> RecordedPackage:
    """Return the record of a package on disk.

    Args:
        package: The package.
        released: See `RecordedPackage.released`.
    """
    declaration = package.declaration
    return RecordedPackage(
        name=package.name,
        kind=package.kind,
        path=declaration.path if released else "",
        ignore=declaration.ignore,
        package=package.reference.text,
        install=package.install,
        digest=package.digest,
        content=package.content,
        released=released,
        file=package.cache_key,
        settings=settings(declaration),
        image=package.embedded_image if package.is_embedded else "",
    )


def settings(declaration: PackageDeclaration) -> str:
    """Return a digest of the declared `install`, settings and `ignore` of a package."""
    fields: tuple[object, ...] = (declaration.install,)
    if declaration.settings:
        fields = (*fields, *declaration.settings)
    text = json.dumps([*fields, declaration.ignore], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def of_release(
    packages: Iterable[LocalPackage], version: versions.Version, release_revision: str
) -> Record:
    """Return the record of the packages that a release declares."""
    recorded_packages = [recorded(package, released=package.content) for package in packages]
    return Record(version, release_revision, {}).of_packages(recorded_packages)


def parse(text: str, *, where: str) -> Record:
    """Return the record that a ConfigMap holds.

    Raises:
        DevcacheError: Another program wrote it.
    """
    try:
        fields = Fields.of(json.loads(text), path="it", where=where)
        packages = fields.under("packages")
        return Record(
            version=versions.require(fields.text("crossplane"), where=where),
            release_revision=fields.text("releaseRevision"),
            packages={name: _package(packages.under(name)) for name, _ in packages.entries()},
            allow_unhealthy=fields.flag("allowUnhealthy", default=False),
        )
    except (ValueError, DevcacheError) as error:
        problem = "was not written by this version of crossplane-devcache"
        hint = "run helm upgrade with this version, which rewrites it"
        raise DevcacheError(problem, where=where, hint=hint) from error


def _package(fields: Fields) -> RecordedPackage:
    return RecordedPackage(
        **{
            key: fields.text(key)
            for key in ("name", "kind", "path", "package", "digest", "content", "released", "file")
        },
        settings=fields.text("settings"),
        image=fields.text("image"),
        ignore=fields.texts("ignore"),
        install=fields.flag("install", default=True),
        is_notified=fields.flag("told", default=True),
    )
