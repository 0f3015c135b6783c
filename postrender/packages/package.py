"""A package as a value: what it is, what is in it, and its package.yaml."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from postrender.packages.imagedigest import sha256
from postrender.packages.metadata import Dependency, PackageKind

if TYPE_CHECKING:
    from collections.abc import Callable


PACKAGE_YAML = "package.yaml"

LARGEST_PACKAGE_YAML = 200 << 20
"""Crossplane's own limit in bytes (maxPackageSize, since 1.11.5)."""


class Member(NamedTuple):
    """One object of a package, beside its meta object."""

    api_version: str
    kind: str

    file: str
    """Its file inside the directory, with slashes; `package.yaml` for an archive."""


class PackageYaml:
    """The stream of all objects of a package: what Crossplane's cache holds, before gzip.

    Attributes:
        digest: `sha256:<hex>`.
        size: Its bytes.
    """

    def __init__(self, digest: str, size: int, read: Callable[[], bytes]) -> None:
        """Hold what is known of it, and how to read it."""
        self.digest = digest
        self.size = size
        self._read = read

    @classmethod
    def of(cls, content: bytes) -> PackageYaml:
        """Return a package.yaml that has been read."""
        return cls(sha256(content), len(content), lambda: content)

    @cached_property
    def content(self) -> bytes:
        """All of it, read when it is first asked for: for most, digest and size are enough.

        Raises:
            DevcacheError: It can no longer be read, or is another one by now.
        """
        return self._read()


class Package(NamedTuple):
    """A package on disk."""

    api_version: str
    """The apiVersion of its meta object."""

    kind: PackageKind

    name: str
    """`metadata.name` of its meta object."""

    digest: str
    """`sha256:<hex>`."""

    digest_is_registrys: bool
    """Whether a registry gives this digest for `crossplane xpkg push` of the file.

    Otherwise it is that of its package.yaml: a directory has no other, nor has an archive that a
    push would change.
    """

    crossplane: str
    """The range of Crossplane versions that it works with, or ""."""

    dependencies: tuple[Dependency, ...]
    members: tuple[Member, ...]
    package_yaml: PackageYaml


def dumped(package: Package) -> bytes:
    """Return everything about a package, but the content of its package.yaml."""
    *facts, package_yaml = package
    return json.dumps([*facts, package_yaml.digest, package_yaml.size]).encode()


def loaded(dump: bytes, read: Callable[[], bytes]) -> Package:
    """Return the package of a dump.

    Args:
        dump: What `dumped` returned.
        read: Reads the content of its package.yaml.
    """
    *said, dependencies, members, yaml_digest, size = json.loads(dump)
    api_version, kind, name, digest, digest_is_registrys, crossplane = said
    return Package(
        api_version=api_version,
        kind=kind,
        name=name,
        digest=digest,
        digest_is_registrys=digest_is_registrys,
        crossplane=crossplane,
        dependencies=tuple(Dependency(*one) for one in dependencies),
        members=tuple(Member(*one) for one in members),
        package_yaml=PackageYaml(yaml_digest, size, read),
    )
