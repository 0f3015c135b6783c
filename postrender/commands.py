"""What each command returns to be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import render
from postrender.cache import layouts, placement
from postrender.declared import devcache
from postrender.errors import DevcacheError, quoted
from postrender.manifests import emit
from postrender.packages import disk
from postrender.release import crds as bootstrap
from postrender.release import objects as objects_

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.declared.devcache import DevCache


def filter_stream(rendered: bytes, config: Path | None, folder: Path) -> str:
    """Return the modified manifests.

    Args:
        rendered: The rendered manifests.
        config: A file with a DevCache document, or None when it stands in the manifests.
        folder: What relative package paths are relative to.

    Raises:
        DevcacheError: See `render.render`.
    """
    declared = _load(config) if config else None
    return render.render(_decode(rendered, "the rendered manifests"), declared, folder)


def crds(version: str) -> str:
    """Return the bootstrap CRDs for a Crossplane version as a YAML stream.

    Raises:
        DevcacheError: The version is none, or not supported.
    """
    layout = layouts.layout_of(_line(version), where="--crossplane")
    return "".join(map(emit.document, bootstrap.bootstrap_crds(layout)))


def objects(config: Path, version: str, owner: tuple[str, str] | None, folder: Path) -> str:
    """Return the objects of all declared packages as a YAML stream, installed or not.

    Args:
        config: A file with a DevCache document.
        version: The Crossplane version that they are for.
        owner: Name and namespace of the Helm release that may adopt them, or None.
        folder: What relative package paths are relative to.

    Raises:
        DevcacheError: The version, the document or a package is not as it must be.
    """
    line = _line(version)
    layout = layouts.layout_of(line, where="--crossplane")
    placed = placement.place(_load(config), line, layout, folder)
    found = objects_.package_objects(placed, layout, installed_only=False)
    owned = [objects_.owned(one, *owner) for one in found] if owner else found
    return "".join(map(emit.document, owned))


def _line(version: str) -> layouts.Line:
    line = layouts.line_of(version)
    if line is None:
        problem = f"is not a version: {quoted(version)}"
        raise DevcacheError(problem, where="--crossplane", hint="use e.g. 2.4.0 or 1.20")
    return line


def _load(config: Path) -> DevCache:
    where = disk.shown(config)
    try:
        content = config.read_bytes()
    except OSError as error:
        raise disk.unreadable(config, error) from None
    return devcache.load(_decode(content, where), where=where)


def _decode(content: bytes, where: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = "is not UTF-8"
        raise DevcacheError(problem, where=f"{where}, line {line}") from None
