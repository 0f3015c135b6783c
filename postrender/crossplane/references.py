"""Parses `spec.package` into registry, repository, tag and digest, and derives names from it."""

from __future__ import annotations

import re
from typing import NamedTuple

from postrender.errors import DevcacheError, quoted

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(:[0-9]*)?")
_REPOSITORY = re.compile(r"[a-z0-9_./-]{2,255}")

_QUALIFIED = re.compile(r"[^./]+(\.[^./]+)+(/[^/:@]+)+(:[^:@]+(@sha256.+)?|@sha256.+)")
"""The rule of Crossplane 2's CRDs (v2.0.0 apis/pkg/v1/package_types.go, PackageSpec.package)."""


class Reference(NamedTuple):
    """A package reference that go-containerregistry parses.

    Attributes:
        text: As the user wrote it.
        registry: Host and port, e.g. `registry.example.com:5000`, or "".
        repository: The path in the registry, e.g. `acme/platform`.
        tag: The tag, or "".
        digest: The digest, `sha256:` and 64 hexadecimal digits, or "".
    """

    text: str
    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def identifier(self) -> str:
        """The version that Crossplane records: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    @property
    def source(self) -> str:
        """The source that Crossplane records, and that a `dependsOn` names.

        It is the text without its identifier. A tag before a digest stays. A repository that ends
        with `latest` loses this suffix, even without a tag (Crossplane internal/xpkg/name.go,
        ParsePackageSourceFromReference).
        """
        return self.text.removesuffix(self.identifier).rstrip(":@")

    @property
    def is_qualified(self) -> bool:
        """Whether Crossplane 2 admits it: it has a registry with a dot, and a tag or digest."""
        return _QUALIFIED.fullmatch(self.text) is not None and self.registry != ""


def parse(text: str, *, where: str) -> Reference:
    """Return the reference in `text`.

    The rules are those of go-containerregistry's `name.ParseReference` with an empty default
    registry, as Crossplane calls it. A registry host may have only letters, digits, dots, hyphens
    and underscores.

    Raises:
        DevcacheError: The text is not a reference; the problem names the invalid part.
    """
    name, _, digest = text.partition("@")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise _refusal(text, "its digest is not sha256: and 64 hexadecimal digits", where)
    base, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # a colon before a slash belongs to the registry's port
        base, colon, tag = name, "", ""
    if colon and not _TAG.fullmatch(tag):
        raise _refusal(text, "its tag is not 1 to 128 letters, digits, `_`, `.`, `-`", where)
    registry, repository = "", base
    if has_registry(base):
        registry, _, repository = base.partition("/")
    if registry and not _REGISTRY.fullmatch(registry):
        raise _refusal(text, "its registry is not a host with an optional port", where)
    if not _REPOSITORY.fullmatch(repository):
        problem = "its repository is not 2 to 255 lower-case letters, digits, `_`, `.`, `/`, `-`"
        raise _refusal(text, problem, where)
    return Reference(text, registry, repository, tag, digest)


def has_registry(text: str) -> bool:
    """Return whether a reference begins with a registry: a host with a dot or a port."""
    registry, slash, _ = text.partition("/")
    return slash != "" and re.search(r"[.:]", registry) is not None


def _refusal(text: str, rule: str, where: str) -> DevcacheError:
    hint = "write registry/path:tag, e.g. registry.example.com/acme/platform:v0.1.0"
    problem = f"not a package reference: {quoted(text)}: {rule}"
    return DevcacheError(problem, where=where, hint=hint)


def path_key(text: str) -> str:
    """Return the file that Crossplane 1.7 to 2.1 reads for a `Never` package, below its cache root.

    The name ends before the last dot of the last path component, so `:v0.1.0` and `:v0.1.7` share
    a file (Crossplane v2.1.3 internal/xpkg/name.go, BuildPath).

    Args:
        text: `spec.package` as written.
    """
    folder, slash, last = re.sub("/+", "/", text).rpartition("/")
    stem = last.rpartition(".")[0] if "." in last else last
    return f"{folder}{slash}{stem}.gz"


def digest_key(source: str, digest: str) -> str:
    """Return the file that Crossplane 2.2 and later read, below their cache root.

    The name has five hexadecimal digits of the digest (crossplane-runtime v2.3.3 pkg/xpkg/name.go,
    FriendlyID and ToDNSLabel; client.go, CachedClient.Get).

    Args:
        source: The package's source as Crossplane records it.
        digest: `sha256:` and 64 hexadecimal digits.
    """
    return f"{dns_label(f'{source[:50]}-{digest[:12]}')}.gz"


def resolver_name(source: str) -> str:
    """Return the name that Crossplane's resolver gives a package that it installs.

    It comes from the path of the repository, without the registry (v2.4.0
    internal/controller/pkg/resolver/reconciler.go, NewPackage).

    Raises:
        DevcacheError: The source is not a reference.
    """
    return dns_label(parse(source, where="").repository)


def dns_label(text: str) -> str:
    """Return the name that Crossplane derives from a text (ToDNSLabel); it may be empty."""
    label = re.sub("[./:-]", "-", text[:63])
    return re.sub("[^a-z0-9-]", "", label).strip("-")
