"""A package as a value: its identity, its contents, and its package.yaml."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from postrender.packages.imagedigest import sha256
from postrender.packages.metadata import Dependency, PackageKind

if TYPE_CHECKING:
    from collections.abc import Callable


PACKAGE_YAML = "package.yaml"

LARGEST_PACKAGE_YAML = 200 << 20
"""Crossplane's own limit in bytes (maxPackageSize, since 1.11.5)."""


Form = Literal["directory", "package.yaml", "package.yaml.gz", "xpkg", "OCI archive", "OCI layout"]
"""The form of a package on disk: an archive with a manifest.json is an `xpkg`."""


class Member(NamedTuple):
    """An object of a package, other than its meta object."""

    api_version: str
    kind: str

    name: str
    """Its `metadata.name`; "" if it has none, or none was found without parsing the document."""

    file: str
    """The path in the directory, with slashes; `package.yaml` for an archive."""

    document: int
    """The number of the document among those of the file that are not empty, from 1."""


class Runtime(NamedTuple):
    """The program of a Provider or Function in the image of its package."""

    digest: str
    """`sha256:<hex>` of the image config, which names the digests of all layers: the image's ID."""

    platform: str
    """E.g. `linux/amd64`, or "" if the image config names none."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]

    layers: int
    """The number of its layers."""

    size: int
    """The size of its layers in bytes, as stored."""


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

    form: Form

    api_version: str
    """The apiVersion of the meta object."""

    kind: PackageKind

    name: str
    """The `metadata.name` of the meta object."""

    meta_file: str
    """The file of the meta object; see `Member.file`."""

    digest: str
    """`sha256:<hex>`."""

    digest_is_registrys: bool
    """Whether `digest` is the digest in a registry after `crossplane xpkg push` of the file.

    Otherwise it is the digest of the package.yaml: for a file without an image, for a directory,
    and for an archive that a push would change. A push by other tools keeps the digest of an OCI
    archive or layout.
    """

    crossplane: str
    """The range of Crossplane versions that the package supports, or ""."""

    image: str
    """The image that the meta object of a Provider or Function names, or ""."""

    dependencies: tuple[Dependency, ...]
    members: tuple[Member, ...]

    runtime: Runtime | None
    """The embedded runtime."""

    package_yaml: PackageYaml


def dump(package: Package) -> bytes:
    """Return a package as JSON, without the content of its package.yaml."""
    import json  # noqa: PLC0415  # the filter rarely needs it

    *fields, package_yaml = package
    return json.dumps([*fields, package_yaml.digest, package_yaml.size]).encode()


def load(content: bytes, read: Callable[[], bytes]) -> Package | None:
    """Return the package of a dump, or None if the content is not the dump of a package.

    Args:
        content: The result of `dump`.
        read: Reads the content of the package.yaml.
    """
    import json  # noqa: PLC0415  # the filter rarely needs it

    try:
        *scalars, dependencies, members, runtime, yaml_digest, size = json.loads(content)
        form, api_version, kind, name, meta_file, *rest = scalars
        digest, digest_is_registrys, crossplane, image = rest
        package = Package(
            form=form,
            api_version=api_version,
            kind=kind,
            name=name,
            meta_file=meta_file,
            digest=digest,
            digest_is_registrys=digest_is_registrys,
            crossplane=crossplane,
            image=image,
            dependencies=tuple(Dependency(*fields) for fields in dependencies),
            members=tuple(Member(*fields) for fields in members),
            runtime=_load_runtime(*runtime) if runtime else None,
            package_yaml=PackageYaml(yaml_digest, size, read),
        )
    except (ValueError, TypeError, RecursionError):
        return None
    texts = chain(
        (api_version, name, meta_file, digest, crossplane, image, yaml_digest),
        *dependencies,
        *(member[:-1] for member in package.members),
    )
    is_typed = (
        form in get_args(Form)
        and kind in get_args(PackageKind)
        and isinstance(digest_is_registrys, bool)
        and isinstance(size, int)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(member.document, int) for member in package.members)
    )
    return package if is_typed else None


def _load_runtime(  # noqa: PLR0913, PLR0917  # the fields of a runtime
    digest: str, platform: str, entrypoint: list[str], command: list[str], layers: int, size: int
) -> Runtime:
    return Runtime(
        digest=str(digest),
        platform=str(platform),
        entrypoint=_texts(entrypoint),
        command=_texts(command),
        layers=int(layers),
        size=int(size),
    )


def _texts(values: list[str]) -> tuple[str, ...]:
    return tuple(map(str, values))
