"""The filter, and streams of manifests, on text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.manifests import stream
from postrender.release import render

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.stream import Document


def modified(rendered: str, config: DevCache | None, folder: Path) -> str:
    """Return the modified manifests."""
    return b"".join(render.render(rendered.encode(), config, folder)).decode()


def split(text: str) -> tuple[Document, ...]:
    """Return the documents of a stream."""
    return stream.split(text.encode())


def joined(documents: Iterable[Document]) -> str:
    """Return the stream of the documents."""
    return b"".join(stream.join(documents)).decode()
