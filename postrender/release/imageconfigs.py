"""Refuses ImageConfigs of a release that keep a local package from becoming healthy.

For each use, Crossplane follows the ImageConfig with the longest prefix that matches a reference.
If several prefixes have this length, it follows the first in a list without an order
(crossplane-runtime v2.4.0 pkg/xpkg/config.go, bestMatch). An ImageConfig for another use changes
nothing for ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.crossplane.api import GROUP
from postrender.errors import DevcacheError, quoted
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import yaml

    from postrender.crossplane.target import Target
    from postrender.manifests.stream import Document
    from postrender.placement import LocalPackage


class _ImageConfig(NamedTuple):
    """An ImageConfig of the release."""

    title: str
    spec: yaml.Node
    prefixes: tuple[str, ...]

    def has(self, use: str) -> bool:
        """Return whether it is for a use, e.g. `rewriteImage`."""
        return nodes.get(self.spec, use) is not None

    def covers(self, reference: str) -> bool:
        """Return whether it matches a reference."""
        return reference.startswith(self.prefixes)


def refusals(
    packages: Sequence[LocalPackage],
    target: Target,
    others: Iterable[Document],
    *,
    verifies_signatures: bool,
) -> Iterator[DevcacheError]:
    """Yield the refusal of each ImageConfig that keeps a local package from becoming healthy.

    Args:
        packages: The local packages.
        target: The Crossplane that they are for.
        others: The documents of the release that are not ours.
        verifies_signatures: Whether Crossplane verifies the signatures of packages.
    """
    verifies = verifies_signatures and target.verifies_cached_packages
    for config in _image_configs(others):
        for package in packages:
            if config.has("rewriteImage"):
                yield from _rewrite_refusals(config, package, target)
            if config.has("runtime") and target.uses_image_configs:
                yield from _runtime_refusals(config, package)
            if config.has("verification") and verifies:
                yield from _verification_refusals(config, package)


def _image_configs(documents: Iterable[Document]) -> Iterator[_ImageConfig]:
    for document in documents:
        if not document.mentions(f"{GROUP}/", "matchImages") or document.kind != "ImageConfig":
            continue
        spec = nodes.get(document.root, "spec")
        if spec is not None:
            matches = nodes.items(nodes.get(spec, "matchImages"))
            prefixes = (nodes.text(nodes.get(match, "prefix")) for match in matches)
            yield _ImageConfig(document.title, spec, tuple(filter(None, prefixes)))


def _rewrite_refusals(
    config: _ImageConfig, package: LocalPackage, target: Target
) -> Iterator[DevcacheError]:
    """Yield the refusal of an ImageConfig that rewrites the whole reference of a package."""
    reference = package.reference
    if target.needs_image_config(reference) and reference.text in config.prefixes:
        problem = f"it also rewrites {quoted(reference.text)}, and Crossplane follows only one"
        hint = "remove this ImageConfig: the filter adds one for the local package"
        yield DevcacheError(problem, where=config.title, hint=hint)


def _runtime_refusals(config: _ImageConfig, package: LocalPackage) -> Iterator[DevcacheError]:
    """Yield the refusal of an ImageConfig that replaces the runtime config of a package.

    It matches the resolved reference, with the digest (v2.4.2
    internal/controller/pkg/runtime/reconciler.go, builderOptions).
    """
    settings = package.declaration.settings
    if not package.install or settings is None or not settings.runtime_image:
        return
    if config.covers(f"{package.source}@{package.digest}"):
        problem = f"its runtime replaces the runtimeImage of the local package {package.name}"
        hint = "choose a prefix that does not match the package, or remove runtimeImage"
        yield DevcacheError(problem, where=config.title, hint=hint)


def _verification_refusals(config: _ImageConfig, package: LocalPackage) -> Iterator[DevcacheError]:
    """Yield the refusal of an ImageConfig that verifies a package that no registry has.

    Crossplane looks for the signature of the reference in its registry, and does not read the
    package until it is verified.
    """
    if package.install and not package.may_be_pushed and config.covers(package.reference.text):
        problem = f"it verifies the local package {package.name}, which no registry has"
        hint = "choose a prefix that does not match the package, or give it another `package`"
        yield DevcacheError(problem, where=config.title, hint=hint)
