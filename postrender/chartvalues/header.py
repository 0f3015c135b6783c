"""The comment at the top of a values file: the conditions of its use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.chartvalues import package_lists
from postrender.crossplane.api import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.chartvalues.users import Keys
    from postrender.crossplane.target import Target
    from postrender.placement import LocalPackage


def of(
    packages: Sequence[LocalPackage],
    lists: Iterable[Keys],
    target: Target,
    *,
    has_objects: bool,
    argocd: bool,
) -> str:
    """Return the comment.

    Args:
        packages: The packages.
        lists: The paths of the lists that the values set.
        target: The Crossplane that they are for.
        has_objects: Whether the release has the package objects.
        argocd: Whether the added objects have Argo CD's annotations.
    """
    lines = [
        f"Values of the chart crossplane-stable/crossplane, for Crossplane {target.version}.",
        "`crossplane-devcache values` wrote them: do not edit them.",
    ]
    if names := [".".join(path) for path in lists]:
        lines += [
            "Pass this file after your other values files. Helm replaces a list as a whole, and",
            f"this file sets {', '.join(names)}.",
        ]
        if not has_objects:
            lines += _of_lists(packages)
        else:
            lines += _of_waves() if argocd else _of_objects(target)
    return "".join(f"# {line}\n" for line in lines)


def _of_objects(target: Target) -> Iterator[str]:
    yield "Helm needs the CRDs of the package objects. In a cluster without Crossplane, first run:"
    crds = f"crossplane-devcache crds --crossplane {target.version}"
    yield f"  {crds} | kubectl apply --server-side -f -"


def _of_waves() -> Iterator[str]:
    yield "These values are for Argo CD, and not for Helm. Argo CD applies the package objects when"
    yield "Crossplane has installed their CRDs."


def _of_lists(packages: Iterable[LocalPackage]) -> Iterator[str]:
    yield "Crossplane creates the package objects, and does not delete them. After you remove a"
    yield "package from these values, and before you uninstall Crossplane, delete its object:"
    for package in packages:
        if package.install:
            kind = f"{package.kind.lower()}s.{GROUP}"
            yield f"  kubectl delete {kind} {package_lists.object_name(package)}"
