"""A package as a value: its identity, its contents, and its package.yaml."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, get_args

from postrender.packages.imagedigest import sha256
from postrender.packages.metadata import Dependency, PackageKind

if TYPE_CHECKING:
    from collections.abc import Callable


PACKAGE_YAML = "package.yaml"

LARGEST_PACKAGE_YAML = 200 << 20
"""Crossplane's own limit in bytes (maxPackageSize, since 1.11.5)."""


class Member(NamedTuple):
    """An object of a package, other than its meta object."""

    api_version: str
    kind: str

    file: str
    """The path in the directory, with slashes; `package.yaml` for an archive."""


class PackageYaml:
    """The stream of all objects of a package; Crossplane's cache stores the gzip of it.

    Attributes:
        digest: `sha256:<hex>` of the content.
        size: The size of the content in bytes.
    """

    def __init__(self, digest: str, size: int, read: Callable[[], bytes]) -> None:
        """Store the digest, the size, and a function that reads the content."""
        self.digest = digest
        self.size = size
        self._read = read

    @classmethod
    def of(cls, content: bytes) -> PackageYaml:
        """Return the package.yaml with this content."""
        return cls(sha256(content), len(content), lambda: content)

    @cached_property
    def content(self) -> bytes:
        """The content, read on first use: for most packages, digest and size are enough.

        Raises:
            DevcacheError: The content can no longer be read, or has changed.
        """
        return self._read()


class Package(NamedTuple):
    """A package on disk."""

    api_version: str
    """The apiVersion of the meta object."""

    kind: PackageKind

    name: str
    """The `metadata.name` of the meta object."""

    digest: str
    """`sha256:<hex>`."""

    digest_is_registrys: bool
    """Whether `digest` is the digest in a registry after `crossplane xpkg push` of the file.

    Otherwise it is the digest of the package.yaml: for a directory, and for an archive that a push
    would change.
    """

    crossplane: str
    """The range of Crossplane versions that the package supports, or ""."""

    image: str
    """The image that the meta object of a Provider or Function names, or ""."""

    dependencies: tuple[Dependency, ...]
    members: tuple[Member, ...]
    package_yaml: PackageYaml


def dump(package: Package) -> bytes:
    """Return a package as JSON, without the content of its package.yaml."""
    *fields, package_yaml = package
    return json.dumps([*fields, package_yaml.digest, package_yaml.size]).encode()


def load(content: bytes, read: Callable[[], bytes]) -> Package | None:
    """Return the package of a dump, or None if the content is not the dump of a package.

    Args:
        content: The result of `dump`.
        read: Reads the content of the package.yaml.
    """
    try:
        *scalars, dependencies, members, yaml_digest, size = json.loads(content)
        api_version, kind, name, digest, digest_is_registrys, crossplane, image = scalars
        package = Package(
            api_version=api_version,
            kind=kind,
            name=name,
            digest=digest,
            digest_is_registrys=digest_is_registrys,
            crossplane=crossplane,
            image=image,
            dependencies=tuple(Dependency(*fields) for fields in dependencies),
            members=tuple(Member(*fields) for fields in members),
            package_yaml=PackageYaml(yaml_digest, size, read),
        )
    except (ValueError, TypeError, RecursionError):
        return None
    texts = chain(
        (api_version, name, digest, crossplane, image, yaml_digest), *dependencies, *members
    )
    is_typed = (
        kind in get_args(PackageKind)
        and isinstance(digest_is_registrys, bool)
        and isinstance(size, int)
        and all(isinstance(text, str) for text in texts)
    )
    return package if is_typed else None
