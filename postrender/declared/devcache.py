"""Reads and validates the DevCache document."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from postrender import quantities
from postrender.crossplane import references, versions
from postrender.errors import DevcacheError, Refuse, quoted, raise_refusal
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.crossplane.references import Reference
    from postrender.manifests.nodes import Plain

T = TypeVar("T")

API_VERSION = "crossplane-devcache/v1alpha1"
KIND = "DevCache"

DEFAULT_REGISTRY = "xpkg.devcache.local"
"""The registry of packages without a declared reference. No such host exists."""

EMBEDDED = "embedded"
"""The `runtimeImage` that means the runtime in the package's own image."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


_NONE: dict[str, Plain] = {}


class Settings(NamedTuple):
    """The declared settings of a package's objects.

    Attributes:
        runtime_image: The image that runs a Provider or Function, `EMBEDDED`, or "".
        runtime_resources: The Kubernetes resource requirements of that image's container.
        spec: Further fields of the package object's spec.
    """

    runtime_image: str = ""
    runtime_resources: dict[str, Plain] = _NONE
    spec: dict[str, Plain] = _NONE

    @property
    def is_embedded(self) -> bool:
        """Whether the runtime in the package's own image runs it."""
        return self.runtime_image == EMBEDDED

    @property
    def has_runtime_config(self) -> bool:
        """Whether the package object names a DeploymentRuntimeConfig of the user."""
        return "runtimeConfigRef" in self.spec

    @property
    def resolves_dependencies(self) -> bool:
        """Whether Crossplane puts the package into its Lock, and resolves its dependencies.

        The default is true (v2.4.2 internal/controller/pkg/revision/reconciler.go, Reconcile).
        """
        return self.spec.get("skipDependencyResolution") is not True


_NO_SETTINGS = Settings()


class PackageDeclaration(NamedTuple):
    """The declaration of one package on disk.

    Attributes:
        name: The name of the package object.
        path: The path of the package on disk, as declared.
        reference: The `spec.package` of the package object.
        ignore: Patterns of files to leave out of a directory's package.
        install: Whether the release also creates the package object.
        settings: The settings of the package's objects, or None if a release created the objects,
            which a push then leaves unchanged.
    """

    name: str
    path: str
    reference: Reference
    ignore: tuple[str, ...] = ()
    install: bool = True
    settings: Settings | None = _NO_SETTINGS

    @property
    def source(self) -> str:
        """The name by which other packages depend on it."""
        return self.reference.source

    @property
    def resolves_dependencies(self) -> bool:
        """Whether Crossplane puts it into its Lock, where the packages that depend on it find it.

        The settings of a package of a release are unknown, and count as the default.
        """
        return self.settings is None or self.settings.resolves_dependencies


class Copier(NamedTuple):
    """The initContainer that copies packages into the cache.

    Attributes:
        image: The image; it needs `/bin/sh`, `unxz`, `gzip` and `sha256sum`.
        pull_policy: The imagePullPolicy.
        resources: The Kubernetes resource requirements.
        security_context: Fields that replace those of the built-in securityContext.
    """

    image: str
    pull_policy: str
    resources: dict[str, Plain]
    security_context: dict[str, Plain]


_COPIER = Copier(
    image="docker.io/library/busybox:1.37.0",
    pull_policy="IfNotPresent",
    # Enough for xz's dictionary of 8 MiB; a quota may require both limits and requests.
    resources={
        "limits": {"cpu": "500m", "memory": "64Mi"},
        "requests": {"cpu": "100m", "memory": "32Mi"},
    },
    security_context={},
)


class DevCache(NamedTuple):
    """The declaration: the `spec` of a DevCache document, or the `devcache` values.

    Attributes:
        packages: The local packages, sorted by name.
        mount_path: The path at which the ConfigMap is mounted, read-only.
        cache_volume: The volume that Crossplane uses as its package cache.
        size_limit: The sizeLimit of that volume: a quantity, "auto" for the chart's value plus the
            size of the packages, or "" to leave it unchanged.
        copier: The initContainer.
        live: Whether a sidecar keeps the cache up to date, so that packages can be pushed.
        release_revision: With `live`, a string unique to each revision of the release, or "".
        payload_apart: Whether the packages are in ConfigMaps outside of the release.
        offline: Whether a dependency that is not local is an error.
        allow_unhealthy: Whether a package that can never become Healthy is allowed.
        limit_release: Whether the release must fit Helm's Secret.
        argocd: Whether the added objects have Argo CD's annotations.
        crossplane_version: The version to assume, or "" to find it in the manifests.
        invalid: The name and the reference of each package that has an invalid field elsewhere.
    """

    packages: tuple[PackageDeclaration, ...] = ()
    mount_path: str = "/devcache"
    cache_volume: str = "package-cache"
    size_limit: str = "auto"
    copier: Copier = _COPIER
    payload_apart: bool = False
    live: bool = False
    release_revision: str = ""
    offline: bool = False
    allow_unhealthy: bool = False
    limit_release: bool = True
    argocd: bool = False
    crossplane_version: str = ""
    invalid: tuple[PackageDeclaration, ...] = ()

    @property
    def revision(self) -> str:
        """The release revision in live mode, else ""."""
        return self.release_revision if self.live else ""

    def numbered(self, revision: str) -> DevCache:
        """Return the DevCache with this release revision, if it is live and has none."""
        if not self.live or self.release_revision:
            return self
        return self._replace(release_revision=revision)


_DEFAULT = DevCache()


def load(text: str, *, where: str) -> DevCache:
    """Return the DevCache that a YAML document declares.

    All rules of the chart's schema are checked again, because no schema applies to the document of
    `--config`.

    Args:
        text: The document.
        where: The document, for error messages.

    Raises:
        DevcacheError: The text is not YAML, not a DevCache of this version, or a field is invalid.
    """
    return read(load_spec(text, where=where), refuse=raise_refusal)


def load_spec(text: str, *, where: str) -> Fields:
    """Return the `spec` of a DevCache document.

    Raises:
        DevcacheError: The text is not YAML, or not a DevCache of this version.
    """
    return spec_of(nodes.plain(text, where=where), where=where)


def spec_of(values: Plain, *, where: str) -> Fields:
    """Return the `spec` of the values of a DevCache document.

    Raises:
        DevcacheError: They are not a DevCache of this version.
    """
    if isinstance(values, dict) and "devcache" in values:
        problem = "is a values file of our chart, not a DevCache document"
        raise DevcacheError(problem, where=where, hint="pass it with -f, to Helm or to the command")
    document = Fields.of(
        values,
        *("apiVersion", "kind", "metadata", "spec"),
        path="the document",
        where=where,
    )
    if (document.text("apiVersion"), document.text("kind")) != (API_VERSION, KIND):
        problem = f"is not a document of apiVersion {API_VERSION} and kind {KIND}"
        hint = "begin it with this apiVersion and kind; pass values of our chart with -f"
        raise DevcacheError(problem, where=where, hint=hint)
    return Fields.of(document.values.get("spec"), path="spec", where=where)


def read(spec: Fields, *, refuse: Refuse) -> DevCache:
    """Return the DevCache of a `spec`, or of the `devcache` values of our chart.

    Args:
        spec: The fields.
        refuse: Receives each refusal. If it does not raise it, an invalid field has its default,
            and an invalid package is left out.
    """

    def attempt(reading: Callable[[], T], *, default: T) -> T:
        try:
            return reading()
        except DevcacheError as error:
            refuse(error)
            return default

    nothing = Fields({}, spec.path, spec.where)
    keys = (
        *("packages", "cache", "copier", "payload", "live", "releaseRevision"),
        *("offline", "allowUnhealthy", "limits", "argocd", "crossplaneVersion"),
    )
    attempt(lambda: spec.only(*keys), default=spec)
    packages = attempt(lambda: spec.under("packages"), default=nothing)
    cache = attempt(lambda: spec.under("cache", "readOnly", "readWrite"), default=nothing)
    mount = attempt(lambda: cache.under("readOnly", "mountPath"), default=nothing)
    volume = attempt(lambda: cache.under("readWrite", "volume", "sizeLimit"), default=nothing)
    limits = attempt(lambda: spec.under("limits", "release"), default=nothing)
    declarations = {
        name: attempt(partial(_package, name, packages), default=None)
        for name, _ in packages.entries()
    }
    invalid = [_outline(name, packages) for name, valid in declarations.items() if valid is None]
    return DevCache(
        packages=tuple(filter(None, declarations.values())),
        mount_path=attempt(lambda: _mount_path(mount), default=_DEFAULT.mount_path),
        cache_volume=attempt(
            lambda: _name(volume, "volume", _DEFAULT.cache_volume), default=_DEFAULT.cache_volume
        ),
        size_limit=attempt(lambda: _size_limit(volume), default=_DEFAULT.size_limit),
        copier=attempt(lambda: _copier(spec), default=_COPIER),
        payload_apart=attempt(
            lambda: spec.choice("payload", "release", "apart") == "apart", default=False
        ),
        live=attempt(lambda: spec.flag("live", default=False), default=False),
        release_revision=attempt(lambda: _release_revision(spec), default=""),
        offline=attempt(lambda: spec.flag("offline", default=False), default=False),
        allow_unhealthy=attempt(lambda: spec.flag("allowUnhealthy", default=False), default=False),
        limit_release=attempt(lambda: limits.flag("release", default=True), default=True),
        argocd=attempt(lambda: spec.flag("argocd", default=False), default=False),
        crossplane_version=attempt(lambda: _version(spec), default=""),
        invalid=tuple(filter(None, invalid)),
    )


def check_name(name: str, *, where: str) -> None:
    """Refuse a name that is invalid for a package object.

    Raises:
        DevcacheError: The name is not a DNS-1123 label.
    """
    if not _DNS_LABEL.fullmatch(name):
        problem = f"{quoted(name)} is not a DNS-1123 label"
        hint = "use at most 63 lower-case letters, digits and hyphens"
        raise DevcacheError(problem, where=where, hint=hint)


def _package(name: str, packages: Fields) -> PackageDeclaration:
    check_name(name, where=f"{packages.where}, {packages.path}")
    runtime = ("runtimeImage", "runtimeResources")
    fields = packages.under(name, "path", "ignore", "package", "install", *runtime, "spec")
    path = fields.text("path")
    if not path:
        raise fields.refusal("path", "is missing", hint="name a package directory or an .xpkg file")
    if "\0" in path:
        raise fields.refusal("path", "has a null character, which no path can have")
    spec = fields.under("spec")
    for key in ("package", "packagePullPolicy"):
        if spec.values.get(key) is not None:
            raise spec.refusal(key, "cannot be set here", hint=f"use {fields.path}.package")
    resources = fields.under("runtimeResources").values
    if resources and not fields.word("runtimeImage"):
        problem = "is for the container of runtimeImage, which is not set"
        raise fields.refusal("runtimeResources", problem, hint="set both, or neither")
    if len(name) == 1 and not fields.word("package"):
        problem = "is missing: a repository needs at least two characters, and the name has one"
        raise fields.refusal("package", problem, hint="set it, or use a longer name")
    return PackageDeclaration(
        name=name,
        path=path,
        reference=_reference(name, fields),
        ignore=fields.texts("ignore"),
        install=fields.flag("install", default=True),
        settings=Settings(fields.word("runtimeImage"), resources, dict(spec.entries())),
    )


def _reference(name: str, fields: Fields) -> Reference:
    text = fields.word("package") or f"{DEFAULT_REGISTRY}/{name}:v0.0.0"
    return references.parse(text, where=f"{fields.where}, {fields.path}.package")


def _outline(name: str, packages: Fields) -> PackageDeclaration | None:
    """Return the name and the reference of a package with an invalid field, or None."""
    try:
        return PackageDeclaration(name, "", _reference(name, packages.under(name)))
    except DevcacheError:
        return None


def _mount_path(fields: Fields) -> str:
    path = fields.word("mountPath", _DEFAULT.mount_path)
    if not path.startswith("/") or ":" in path or posixpath.normpath(path) != path or path == "/":
        problem = f"is not an absolute path of a folder: {quoted(path)}"
        raise fields.refusal("mountPath", problem, hint="e.g. /devcache")
    return path


def _name(fields: Fields, key: str, default: str) -> str:
    name = fields.text(key, default)
    if not _DNS_LABEL.fullmatch(name):
        raise fields.refusal(key, f"is not the name of a volume: {quoted(name)}")
    return name


def _size_limit(fields: Fields) -> str:
    limit = fields.text("sizeLimit", _DEFAULT.size_limit)
    if limit not in {"", "auto"} and quantities.in_bytes(limit) is None:
        problem = f"is not a quantity: {quoted(limit)}"
        raise fields.refusal("sizeLimit", problem, hint='use e.g. "64Mi", or "auto"')
    return limit


def _copier(spec: Fields) -> Copier:
    fields = spec.under("copier", "image", "resources", "securityContext")
    image = fields.under("image", "repository", "tag", "pullPolicy")
    repository, _, tag = _COPIER.image.rpartition(":")
    repository, tag = image.word("repository", repository), image.word("tag", tag)
    policy = image.choice("pullPolicy", _COPIER.pull_policy, "Always", "Never")
    separator = "@" if tag.startswith("sha256:") else ":"
    return Copier(
        image=f"{repository}{separator}{tag}" if tag else repository,
        pull_policy=policy,
        resources=fields.under("resources").values or _COPIER.resources,
        security_context=fields.under("securityContext").values,
    )


def _release_revision(spec: Fields) -> str:
    revision = spec.text("releaseRevision")
    if revision and not re.fullmatch("[A-Za-z0-9]{1,32}", revision):
        raise spec.refusal("releaseRevision", "is not 1 to 32 letters and digits")
    return revision


def _version(spec: Fields) -> str:
    version = spec.text("crossplaneVersion")
    if version and versions.parse(version) is None:
        problem = f"is not a version: {quoted(version)}"
        raise spec.refusal("crossplaneVersion", problem, hint='use e.g. "2.4.2"')
    return version
