"""The filter on manifests, and streams of manifests as text."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import labels
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.manifests import nodes, stream
from postrender.release import render
from tests.shared.declarations import HEAD
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.manifests.stream import Document
    from postrender.release.split import ReleasePart

BY_HELM = {
    major: (GOLDEN / "crossplane-2.4" / f"input-helm{major}.yaml").read_text() for major in "34"
}
"""The manifests of Crossplane 2.4, as each major of Helm renders them."""

RENDERED = BY_HELM["3"]


def modified(
    rendered: str, config: DevCache | None, folder: Path, part: ReleasePart | None = None
) -> str:
    """Return the modified manifests, or a part of them."""
    return b"".join(render.render(rendered.encode(), config, folder, part=part)).decode()


def refusal(spec: str, rendered: str = RENDERED) -> DevcacheError:
    """Return the refusal of manifests with a DevCache, in the folder of the golden cases."""
    config = devcache.load(f"{HEAD}spec: {spec}\n", where="devcache.yaml")
    with pytest.raises(DevcacheError) as refused:
        modified(rendered, config, GOLDEN)
    return refused.value


def require_refusal(spec: str, rendered: str, message: str) -> None:
    """Check that manifests are refused with a message that matches a pattern, and with a hint."""
    error = refusal(spec, rendered)
    assert re.search(message, str(error), re.DOTALL), error
    assert error.hint


def split(text: str) -> tuple[Document, ...]:
    """Return the documents of a stream."""
    return stream.split(text.encode())


def joined(documents: Sequence[Document]) -> str:
    """Return the stream of the documents."""
    return b"".join(stream.join(documents)).decode()


def config_maps(text: str) -> dict[str, dict[str, bytes]]:
    """Return the data of the ConfigMaps in a stream, by name."""
    documents = [
        document
        for document in yaml.load_all(text, nodes.LOADER)
        if document and document["kind"] == "ConfigMap"
    ]
    return {
        document["metadata"]["name"]: {
            **{key: value.encode() for key, value in document.get("data", {}).items()},
            **{
                key: base64.b64decode(value)
                for key, value in document.get("binaryData", {}).items()
            },
        }
        for document in documents
    }


def without_additions(tree: Plain) -> Plain:
    """Return a tree without the values that the filter adds, and without empty values."""
    if isinstance(tree, list):
        return [without_additions(item) for item in tree if not _is_ours(item)]
    if not isinstance(tree, dict):
        return tree
    pairs = {
        key: without_additions(value)
        for key, value in tree.items()
        if key not in {labels.CHECKSUM, "sizeLimit"}
    }
    return {key: value for key, value in pairs.items() if value not in ({}, [], None)}


def _is_ours(item: Plain) -> bool:
    return isinstance(item, dict) and str(item.get("name")).startswith("devcache")
