"""The file of each local package in Crossplane's cache, and the refusals of invalid packages.

The filter, `check` and `push` share these rules.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

from postrender import packages, result_cache
from postrender.crossplane import kinds
from postrender.declared.devcache import DEFAULT_REGISTRY, EMBEDDED
from postrender.errors import DevcacheError, quoted
from postrender.packages.package import PACKAGE_YAML

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from postrender.crossplane.references import Reference
    from postrender.crossplane.target import Target
    from postrender.declared.devcache import PackageDeclaration
    from postrender.packages import Dependency, Package, PackageYaml
    from postrender.result_cache import ResultCache

RENAMING = "renaming an installed package deletes its APIs with their resources, and recreates them"
"""The effect of a new name: Crossplane deletes the objects of the package with the old name."""


_IMAGE_DIGITS = 12
"""The digits of a digest in the name of an image, as `docker images` shows them."""


class LocalPackage(NamedTuple):
    """A declared package with its content and its file in the cache.

    Attributes:
        declaration: The declaration.
        on_disk: The package on disk.
        cache_key: The file that Crossplane reads, relative to the cache root.
        dependencies: The dependencies that Crossplane resolves, as it reads them. A source is ""
            if this version of Crossplane does not read it.
    """

    declaration: PackageDeclaration
    on_disk: Package
    cache_key: str
    dependencies: tuple[Dependency, ...]

    @property
    def name(self) -> str:
        """The name of the package object."""
        return self.declaration.name

    @property
    def kind(self) -> packages.PackageKind:
        """The kind of the package object."""
        return self.on_disk.kind

    @property
    def reference(self) -> Reference:
        """The package's `spec.package`."""
        return self.declaration.reference

    @property
    def source(self) -> str:
        """The name by which other packages depend on it."""
        return self.declaration.source

    @property
    def install(self) -> bool:
        """Whether the package object is part of the release, or of a push."""
        return self.declaration.install

    @property
    def resolves_dependencies(self) -> bool:
        """See `PackageDeclaration.resolves_dependencies`."""
        return self.declaration.resolves_dependencies

    @property
    def digest(self) -> str:
        """The digest that the reference resolves to."""
        return self.on_disk.digest

    @property
    def package_yaml(self) -> PackageYaml:
        """The content of the cache's file, before gzip."""
        return self.on_disk.package_yaml

    @property
    def content(self) -> str:
        """The sha256 of the package.yaml, in hexadecimal digits."""
        return self.package_yaml.digest.removeprefix("sha256:")

    @property
    def embedded_image(self) -> str:
        """The name on the nodes of the image with the embedded runtime, or "" without a runtime.

        Another runtime has another name, so that Crossplane replaces the pods. No registry has the
        image.
        """
        runtime = self.on_disk.runtime
        if runtime is None:
            return ""
        digest = runtime.digest.removeprefix("sha256:")
        return f"{DEFAULT_REGISTRY}/{self.name}:{digest[:_IMAGE_DIGITS]}"

    @property
    def runtime_image(self) -> str:
        """The image that runs the package, or "" for the image that Crossplane chooses."""
        settings = self.declaration.settings
        if settings is None:
            return ""
        return self.embedded_image if self.is_embedded else settings.runtime_image

    @property
    def is_embedded(self) -> bool:
        """Whether the runtime in its own image runs it."""
        settings = self.declaration.settings
        return settings is not None and settings.is_embedded

    @property
    def may_be_pushed(self) -> bool:
        """Whether a registry may have exactly this package, including the image that it runs."""
        return self.on_disk.digest_is_registrys and self.reference.registry != DEFAULT_REGISTRY


class Occupant(Protocol):
    """A package that occupies a file of the cache and, when it is installed, a source."""

    @property
    def name(self) -> str:
        """The name of the package object."""

    @property
    def source(self) -> str:
        """The name by which other packages depend on it."""

    @property
    def install(self) -> bool:
        """Whether there is a package object."""

    @property
    def cache_key(self) -> str:
        """The file in the cache, relative to the cache root."""


def place(
    declarations: Iterable[PackageDeclaration],
    target: Target,
    folder: Path,
    cache: ResultCache = result_cache.NO_CACHE,
    *,
    offline: bool = False,
) -> tuple[LocalPackage, ...]:
    """Return the declared packages, read from disk, with their files in the cache.

    Args:
        declarations: The packages.
        target: The Crossplane that they are for.
        folder: The folder that relative paths start from.
        cache: Results of earlier runs.
        offline: Whether each dependency must be local.

    Raises:
        DevcacheError: The first refusal: a package cannot be read, Crossplane would refuse it, or
            two packages exclude each other.
    """
    local: list[LocalPackage] = []
    for declaration in declarations:
        package = local_package(declaration, target, folder, cache)
        for refusal in refusals(package, target):
            raise refusal
        local.append(package)
    for refusal in exclusions(local, offline=offline):
        raise refusal
    return tuple(local)


def local_package(
    declaration: PackageDeclaration,
    target: Target,
    folder: Path,
    cache: ResultCache = result_cache.NO_CACHE,
) -> LocalPackage:
    """Return a declared package, which Crossplane may still refuse.

    Raises:
        DevcacheError: The package cannot be read.
    """
    package = read(declaration, folder, cache)
    cache_key = target.cache_key(declaration.reference, package.digest)
    local = LocalPackage(declaration, package, cache_key, ())
    if not local.resolves_dependencies:
        return local
    dependencies = package.dependencies
    if not target.reads_explicit_dependencies:
        dependencies = tuple(entry._replace(package=entry.by_kind) for entry in dependencies)
    return local._replace(dependencies=dependencies)


def read(
    declaration: PackageDeclaration, folder: Path, cache: ResultCache = result_cache.NO_CACHE
) -> Package:
    """Return the package on disk that a declaration names.

    Raises:
        DevcacheError: It cannot be read, or is not a package; the message names the declaration.
    """
    try:
        return packages.read(folder / declaration.path, ignore=declaration.ignore, cache=cache)
    except DevcacheError as error:
        from postrender.packages.refusals import ForeignFilesError  # noqa: PLC0415  # as below

        refusal = (
            error.declared(declaration.ignore) if isinstance(error, ForeignFilesError) else error
        )
        where = ", ".join(filter(None, (f"package {declaration.name}", error.where)))
        raise DevcacheError(error.problem, where=where, hint=refusal.hint) from error


def refusals(package: LocalPackage, target: Target) -> Iterator[DevcacheError]:
    """Yield the refusals of a package that Crossplane would refuse, or not find in its cache."""
    reference, on_disk, where = package.reference, package.on_disk, _where(package)
    if not target.admits(reference):
        problem = f"Crossplane 2 does not admit the reference {quoted(reference.text)}"
        hint = (
            "write a host with a dot, a path, and a tag: registry.example.com/acme/platform:v0.1.0"
        )
        yield DevcacheError(problem, where=where, hint=hint)
    kind = package.kind
    if on_disk.crossplane and not target.reads_range(on_disk.crossplane):
        problem = (
            f"Crossplane {target.version} cannot read its spec.crossplane.version"
            f" {quoted(on_disk.crossplane)}"
        )
        hint = "write e.g. >=v2.0.0"
        if target.constraint_rules == "v1":
            hint = "separate the parts of the range by commas: Crossplane up to 2.2 requires them"
        yield DevcacheError(problem, where=where, hint=hint)
    yield from target.refused_object(kind, on_disk.api_version, kind, where=where)
    yield from _refused_members(package, target)
    yield from _refused_runtime(package, target)
    if target.uses_image_configs and reference.digest:
        yield from _refused_digest(package)
    yield from _refused_path(package)


def _refused_members(package: LocalPackage, target: Target) -> Iterator[DevcacheError]:
    """Yield a refusal for each kind of objects that the package must not hold.

    The first one has the hint for all of them.
    """
    files: defaultdict[str, dict[str, None]] = defaultdict(dict)
    hint = ""
    for member in package.on_disk.members:
        for refusal in target.refused_object(
            package.kind, member.api_version, member.kind, where=""
        ):
            files[refusal.problem][quoted(member.file)] = None
            hint = refusal.hint
    if not files:
        return
    from postrender.packages import covering, ignoring  # noqa: PLC0415  # only refusals need it

    patterns = covering.patterns(*_foreign_files(package))
    ignore = [*package.declaration.ignore, *patterns] if patterns else []
    hint = f"{hint}; leave other files out {ignoring.field(ignore)}"
    for problem, names in files.items():
        label = "file" if len(names) == 1 else "files"
        where = f"{_where(package)}, {label} {ignoring.listed(list(names))}"
        yield DevcacheError(problem, where=where, hint=hint)
        hint = ""


def _foreign_files(package: LocalPackage) -> tuple[set[str], set[str]]:
    """Return the files whose objects no package may hold, and the other files with objects."""
    members = package.on_disk.members
    content = {
        member.file for member in members if not kinds.is_foreign(member.api_version, member.kind)
    }
    foreign = {member.file for member in members} - content - {PACKAGE_YAML}
    return foreign, {*content, package.on_disk.meta_file}


def _refused_runtime(package: LocalPackage, target: Target) -> Iterator[DevcacheError]:
    """Yield the refusal of a package that has no runtime, or two."""
    settings, where = package.declaration.settings, _where(package)
    if settings is None:
        return
    yield from runtime_refusals(package)
    if settings.runtime_image and settings.has_runtime_config:
        problem = "runtimeImage and spec.runtimeConfigRef are both set"
        hint = "keep one: runtimeImage adds another DeploymentRuntimeConfig"
        yield DevcacheError(problem, where=where, hint=hint)
    if package.kind == "Configuration" or not package.install or not target.pulls_images:
        return  # without a pull, the image is already on the node, under any name
    if not (package.may_be_pushed or settings.runtime_image or settings.has_runtime_config):
        problem = f"no registry has the image that this {package.kind} runs"
        hint = "set runtimeImage to the image of its program, or spec.runtimeConfigRef"
        if package.on_disk.runtime:
            hint = "set runtimeImage: embedded, or spec.runtimeConfigRef"
        yield DevcacheError(problem, where=where, hint=hint)


def runtime_refusals(package: LocalPackage) -> Iterator[DevcacheError]:
    """Yield the refusal of a `runtimeImage` that the package itself excludes."""
    settings, where = package.declaration.settings, _where(package)
    if settings is None or not settings.runtime_image:
        return
    if package.kind == "Configuration":
        problem = "runtimeImage is set, but a Configuration runs nothing"
        yield DevcacheError(problem, where=where, hint="remove runtimeImage")
    elif settings.is_embedded and package.on_disk.runtime is None:
        problem = f"runtimeImage is {EMBEDDED}, but the package has no runtime"
        hint = "build it with `crossplane xpkg build --embed-runtime-image=IMAGE`, or name an image"
        yield DevcacheError(problem, where=where, hint=hint)


def _refused_digest(package: LocalPackage) -> Iterator[DevcacheError]:
    """Yield the refusal of a digest that Crossplane could not resolve to this package."""
    reference, where = package.reference, _where(package)
    if reference.tag:
        problem = f"{quoted(reference.text)} has a tag and a digest"
        hint = "keep one: Crossplane would read the tag as a part of the source"
        yield DevcacheError(problem, where=where, hint=hint)
    elif not package.on_disk.digest_is_registrys:
        problem = f"{quoted(reference.text)} names a digest, but that of the package is unknown"
        yield DevcacheError(problem, where=where, hint="name a tag instead, e.g. v0.1.0")
    elif reference.digest != package.digest:
        problem = f"{quoted(reference.text)} names a digest other than the file's, {package.digest}"
        hint = "name a tag to use the file with any digest"
        yield DevcacheError(problem, where=where, hint=hint)


def _refused_path(package: LocalPackage) -> Iterator[DevcacheError]:
    text = package.reference.text
    if any(not part or part.startswith(".") for part in text.split("/")):
        problem = f"{quoted(text)} has a part that is empty or begins with a dot"
        yield DevcacheError(problem, where=_where(package), hint="choose another path")


def exclusions(local: Sequence[LocalPackage], *, offline: bool) -> Iterator[DevcacheError]:
    """Yield the refusals of packages that exclude each other.

    Args:
        local: The packages.
        offline: Whether each dependency must be local.
    """
    for first, second in combinations(local, 2):
        yield from exclusion(first, second)
    if offline:
        yield from _missing_dependencies(local)


def exclusion(first: Occupant, second: Occupant) -> Iterator[DevcacheError]:
    """Yield the refusal of two packages that Crossplane could not tell apart."""
    where = f"packages {first.name} and {second.name}"
    above, below = sorted((first.cache_key, second.cache_key))
    if first.install and second.install and first.source == second.source:
        problem = f"both have the source {quoted(first.source)}, but Crossplane installs it once"
        hint = "give one of them another `package`, or install: false"
        yield DevcacheError(problem, where=where, hint=hint)
    elif first.cache_key == second.cache_key:
        problem = f"both would have the cache file {quoted(first.cache_key)}"
        hint = "give one of them a `package` with another path; another tag often has the same file"
        yield DevcacheError(problem, where=where, hint=hint)
    elif below.startswith(f"{above}/"):
        problem = f"the cache file {quoted(above)} of one is a folder in the path of the other"
        yield DevcacheError(problem, where=where, hint="give one of them another `package`")


def _missing_dependencies(local: Sequence[LocalPackage]) -> Iterator[DevcacheError]:
    sources = {package.source for package in local}
    for package in local:
        for dependency in package.dependencies:
            if dependency.package not in sources:
                problem = (
                    f"offline is set, but its dependency {quoted(dependency.package)} is not local"
                )
                hint = "declare a local package with that source, or unset offline"
                yield DevcacheError(problem, where=_where(package), hint=hint)


def _where(package: LocalPackage) -> str:
    return f"package {package.name}"
