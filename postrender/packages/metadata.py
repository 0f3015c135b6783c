"""Reads the meta object of a package: its kind, name, and dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from postrender.crossplane import ranges
from postrender.errors import DevcacheError, quoted
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain
    from postrender.packages.identity import Identity

PackageKind = Literal["Configuration", "Provider", "Function"]

_KINDS: dict[str, PackageKind] = {kind: kind for kind in get_args(PackageKind)}

_GROUP = "meta.pkg.crossplane.io"
_VERSIONS = ("v1", "v1beta1", "v1alpha1")
"""The versions in Crossplane 1.14 to 2.4; not every version has every kind (apis/pkg/meta)."""

_LARGEST = 1 << 20
"""The largest meta object in bytes: Kubernetes cannot store a larger one."""


_LONGEST = 4096
"""The longest name, source and range in characters: `inspect` pads a table to the longest cell."""


class Dependency(NamedTuple):
    """A dependency of a package on another package."""

    package: str
    """The source, e.g. `xpkg.crossplane.io/crossplane-contrib/function-auto-ready`."""

    constraint: str
    """A range of versions, e.g. `>=v0.1.0`, or a digest; "" if absent."""

    by_kind: str
    """The source in `configuration`, `provider` or `function`, or "".

    Crossplane before 1.19 reads only these fields, not `apiVersion`, `kind` and `package`.
    """


class Metadata(NamedTuple):
    """The fields of a meta object."""

    kind: PackageKind
    name: str

    crossplane: str
    """The range of Crossplane versions that the package supports, or ""."""

    image: str
    """The `spec.controller.image` of a Provider, or the `spec.image` of a Function, or ""."""

    dependencies: tuple[Dependency, ...]


def is_meta(identity: Identity) -> bool:
    """Return whether a document is a meta object of any kind."""
    return identity.api_version.partition("/")[0] == _GROUP


def read(identity: Identity, text: bytes, *, where: str) -> Metadata:
    """Return the fields of a meta object.

    Args:
        identity: The apiVersion and kind of the document.
        text: The document.
        where: The file with the document, for error messages.

    Raises:
        DevcacheError: The apiVersion or kind is unknown, or a field has the wrong type.
    """
    kind = _KINDS.get(identity.kind)
    if kind is None or identity.api_version.partition("/")[2] not in _VERSIONS:
        problem = f"{quoted(identity.api_version)} {quoted(identity.kind)} is not a package kind"
        hint = f"a package is one of {', '.join(_KINDS)}, of {_GROUP}/v1"
        raise DevcacheError(problem, where=where, hint=hint)
    if len(text) > _LARGEST:
        problem = f"the {kind} is larger than {_LARGEST >> 20} MiB"
        raise DevcacheError(problem, where=where)
    root = Fields.of(nodes.plain(text.decode("utf-8"), where=where), path=kind, where=where)
    name = _text(root.under("metadata"), "name")
    if not name:
        problem = f"the {kind} has no metadata.name"
        raise DevcacheError(problem, where=where)
    spec = root.under("spec")
    return Metadata(kind, name, _crossplane(spec), _image(kind, spec), _dependencies(spec))


def _crossplane(spec: Fields) -> str:
    """Return the range of Crossplane versions, or "" if there is no `crossplane`.

    Crossplane refuses a package with another text, also if it ignores the range when it runs
    (v2.2.1 internal/xpkg/lint.go, PackageValidSemver).
    """
    if spec.values.get("crossplane") is None:
        return ""
    fields = spec.under("crossplane")
    text = _text(fields, "version")
    if not ranges.is_range(text):
        problem = f"is not a range of versions: {quoted(text)}" if text else "is missing"
        raise fields.refusal("version", problem, hint='write e.g. ">=v2.0.0", or remove crossplane')
    return text


def _image(kind: PackageKind, spec: Fields) -> str:
    """Return the image; any other value is ignored, as Crossplane 2 ignores the whole field."""
    if kind == "Configuration":
        return ""
    holder = spec.values.get("controller") if kind == "Provider" else spec.values
    image = holder.get("image") if isinstance(holder, dict) else None
    return image if isinstance(image, str) else ""


def _dependencies(spec: Fields) -> tuple[Dependency, ...]:
    entries = spec.values.get("dependsOn")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise spec.refusal("dependsOn", "is not a list")
    return tuple(_dependency(entry, spec, number) for number, entry in enumerate(entries))


def _dependency(entry: Plain, spec: Fields, number: int) -> Dependency:
    """Return a dependency; its forms are tried in the order of Crossplane.

    See v2.2.1, internal/controller/pkg/revision/dependency.go.
    """
    path = f"{spec.path}.dependsOn[{number}]"
    fields = Fields.of(entry, path=path, where=spec.where)
    explicit = _text(fields, "package") if fields.text("apiVersion") and fields.text("kind") else ""
    sources = (_text(fields, kind) for kind in ("configuration", "provider", "function"))
    by_kind = next(filter(None, sources), "")
    package = explicit or by_kind
    if not package:
        problem = f"{path} names no package"
        hint = "set provider, configuration or function; or apiVersion, kind and package"
        raise DevcacheError(problem, where=spec.where, hint=hint)
    return Dependency(package, _text(fields, "version"), by_kind)


def _text(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if len(text) > _LONGEST:
        raise fields.refusal(key, f"has more than {_LONGEST} characters")
    return text
