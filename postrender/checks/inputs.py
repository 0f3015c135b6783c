"""Reads the inputs of the checks: a declaration, its Crossplane version, and its packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import placement, result_cache
from postrender.crossplane.target import Target
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import chart

if TYPE_CHECKING:
    from postrender.declared.devcache import DevCache, PackageDeclaration
    from postrender.declared.values import Upstream
    from postrender.errors import Refuse
    from postrender.fields import Fields
    from postrender.interface.progress import Tell
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache


@dataclass(frozen=True)
class Inputs:
    """The inputs of the checks.

    Attributes:
        declared: The declaration.
        target: The Crossplane that it is for.
        packages: The packages that could be read.
        read_errors: The other declared packages, each with the reason that it cannot be read.
    """

    declared: DevCache
    target: Target
    packages: tuple[LocalPackage, ...]
    read_errors: tuple[tuple[PackageDeclaration, DevcacheError], ...]

    @property
    def unreadable(self) -> tuple[PackageDeclaration, ...]:
        """The declared packages that could not be read, also those with an invalid declaration."""
        return (*self.declared.invalid, *(declaration for declaration, _ in self.read_errors))


def read(  # noqa: PLR0913  # the options of `check`, and a cache
    spec: Fields,
    upstream: Upstream,
    *,
    crossplane: str,
    tell: Tell,
    refuse: Refuse,
    cache: ResultCache = result_cache.NO_CACHE,
) -> Inputs:
    """Return the inputs. Relative paths start from the working directory.

    Args:
        spec: The `spec` of a DevCache document, or the `devcache` values of our chart.
        upstream: The values of the upstream chart.
        crossplane: The Crossplane version, or "" for the declared version, else our chart's.
        tell: Shows the current step.
        refuse: Receives each refusal of the declaration; see `devcache.read`.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: The version is invalid, or not supported.
    """
    declared = devcache.read(spec, refuse=refuse)
    of_crossplane = target(crossplane, declared, upstream)
    packages: list[LocalPackage] = []
    read_errors: list[tuple[PackageDeclaration, DevcacheError]] = []
    for declaration in declared.packages:
        tell(f"reading {declaration.name}")
        try:
            packages.append(placement.local_package(declaration, of_crossplane, Path(), cache))
        except DevcacheError as error:
            read_errors.append((declaration, error))
    return Inputs(declared, of_crossplane, tuple(packages), tuple(read_errors))


def target(crossplane: str, declared: DevCache, upstream: Upstream) -> Target:
    """Return the Crossplane that a declaration is for.

    Args:
        crossplane: See `read`.
        declared: The declaration.
        upstream: The values of the upstream chart.

    Raises:
        DevcacheError: The version is invalid, or not supported.
    """
    version, origin = _version(crossplane, declared.crossplane_version, upstream)
    return Target.parse(version, where=origin)


def _version(option: str, declared: str, upstream: Upstream) -> tuple[str, str]:
    """Return the Crossplane version, and the place that names it."""
    if option:
        return option, "--crossplane"
    if declared:
        return declared, "crossplaneVersion"
    if upstream.version:
        return upstream.version, "crossplane.image.tag"
    return chart.CROSSPLANE, "the chart"
