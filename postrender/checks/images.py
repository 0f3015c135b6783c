"""What runs a Provider or Function: the cache carries the package, and never its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.checks.findings import Finding
from postrender.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.cache.layouts import Layout
    from postrender.cache.placement import Placed


def findings(one: Placed, layout: Layout) -> Iterator[Finding]:
    """Yield what to know of the image of an installed package that the filter takes as it is."""
    declared, where = one.declared, f"package {one.name}"
    if one.package.kind == "Configuration" or not declared.install:
        return
    has_own = bool(declared.runtime_image) or "runtimeConfigRef" in declared.spec
    image = declared.runtime_image or declared.reference.text
    if layout.pull_policy == "Never":
        problem = f"its image must be on every node ({quoted(image)}): it is never pulled"
        if "runtimeConfigRef" in declared.spec:
            problem = "the image of its runtimeConfigRef must be on every node: it is never pulled"
        yield Finding("warning", where, problem, "e.g. kind load docker-image IMAGE")
    elif not has_own and one.may_be_pushed:
        problem = f"its image is pulled from {quoted(f'{one.source}@{one.digest}')}"
        hint = "push this very file there, or set runtimeImage"
        yield Finding("warning", where, problem, hint)
