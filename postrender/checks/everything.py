"""All checks of a declaration, in one flow: what the filter would refuse, and what comes after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender.cache import layouts, placement
from postrender.checks import dependencies, findings, images, sizes
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import chart, conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.cache.layouts import Layout, Version
    from postrender.cache.placement import Placed
    from postrender.checks.dependencies import Resolution
    from postrender.checks.findings import Finding, Severity
    from postrender.checks.sizes import Size
    from postrender.declared.values import Upstream
    from postrender.fields import Fields
    from postrender.progress import Tell


@dataclass(frozen=True)
class Checked:
    """What came out of all checks.

    Attributes:
        version: The Crossplane version that they are for.
        layout: Its layout.
        placed: The packages that could be read.
        resolutions: What becomes of their dependencies.
        sizes: What they take of each ceiling.
        findings: What was found, errors first.
    """

    version: str
    layout: Layout
    placed: tuple[Placed, ...]
    resolutions: tuple[Resolution, ...]
    sizes: tuple[Size, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings there are of a severity."""
        return sum(one.severity == severity for one in self.findings)


def check(
    spec: Fields, upstream: Upstream, *, crossplane: str, offline: bool, tell: Tell
) -> Checked:
    """Return what is to be said of declared packages. Relative paths are looked up where this runs.

    Args:
        spec: The `spec` of a DevCache document, or the values that our chart makes it of.
        upstream: What values say of the upstream chart.
        crossplane: The Crossplane version; "" for what is declared, else our chart's.
        offline: Whether to refuse a dependency that is not local, whatever is declared.
        tell: Is told what is being done.

    Raises:
        DevcacheError: The version is none, or not supported.
    """
    refusals: list[DevcacheError] = []
    declared = devcache.read(spec, refuse=refusals.append)
    text, origin = _version(crossplane, declared.crossplane_version, upstream)
    version = layouts.require_version(text, where=origin)
    layout = layouts.layout_of(version, where=origin)

    placed: list[Placed] = []
    for local in declared.packages:
        tell(f"reading {local.name}")
        try:
            placed.append(placement.placed_package(local, layout, Path()))
        except DevcacheError as error:
            refusals.append(error)
    offline = offline or declared.offline
    refusals += _refusals(placed, upstream, version, layout, offline=offline)
    tell("packing the packages")
    measured = sizes.measure(placed, declared, upstream, layout)
    refusals += sizes.refusals(measured)

    found = [findings.refused(error) for error in refusals]
    found += _findings(placed, text, version, layout)
    return Checked(
        version=text,
        layout=layout,
        placed=tuple(placed),
        resolutions=tuple(dependencies.resolve(placed, version)),
        sizes=tuple(measured),
        findings=findings.by_severity(found),
    )


def _version(asked: str, declared: str, upstream: Upstream) -> tuple[str, str]:
    """Return the Crossplane version, and what named it."""
    if asked:
        return asked, "--crossplane"
    if declared:
        return declared, "crossplaneVersion"
    if upstream.version:
        return upstream.version, "crossplane.image.tag"
    return chart.CROSSPLANE, "the chart"


def _refusals(
    placed: Sequence[Placed], upstream: Upstream, version: Version, layout: Layout, *, offline: bool
) -> Iterator[DevcacheError]:
    for one in placed:
        yield from placement.refusals(one, version, layout)
    yield from placement.exclusions(placed, offline=offline)
    yield from conflicts.taken_sources(placed, conflicts.installed_sources(upstream.listed, ()))
    if upstream.config_map:
        problem = "the package cache is a ConfigMap, which is read-only"
        hint = "unset it: Crossplane could not pull any other package"
        yield DevcacheError(problem, where="crossplane.packageCache.configMap", hint=hint)


def _findings(
    placed: Sequence[Placed], crossplane: str, version: Version, layout: Layout
) -> Iterator[Finding]:
    yield from dependencies.findings(placed, version)
    for one in placed:
        yield from dependencies.crossplane_findings(one, crossplane, version)
        yield from images.findings(one, layout)
