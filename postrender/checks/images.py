"""Checks the images of Providers and Functions: the cache has their packages, but no images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.checks.findings import Finding
from postrender.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.crossplane.target import Target
    from postrender.placement import LocalPackage


def findings(package: LocalPackage, target: Target) -> Iterator[Finding]:
    """Yield a warning about the image of an installed package that the filter accepts."""
    settings, where = package.declaration.settings, f"package {package.name}"
    if package.kind == "Configuration" or not package.install or settings is None:
        return
    if settings.is_embedded:
        problem = f"its image must be on every node ({package.runtime_image}): no registry has it"
        hint = f"run `crossplane-devcache image load {quoted(package.declaration.path)}`"
        yield Finding("warning", where, problem, hint)
        return
    image = settings.runtime_image
    image = quoted(image or target.runtime_image(package.reference, package.on_disk.image))
    if not target.pulls_images:
        if settings.has_runtime_config:
            image = f"that of its runtimeConfigRef, or {image} if that names none"
        problem = f"its image must be on every node ({image}): it is never pulled"
        yield Finding("warning", where, problem, "e.g. kind load docker-image IMAGE")
    elif package.may_be_pushed and not (settings.runtime_image or settings.has_runtime_config):
        problem = f"its image is pulled from {quoted(f'{package.source}@{package.digest}')}"
        hint = "push exactly this file there, or set runtimeImage"
        yield Finding("warning", where, problem, hint)
