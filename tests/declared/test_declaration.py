"""The declaration: a document among the manifests, or a file beside them."""

from __future__ import annotations

import pytest

from postrender.declared import devcache
from postrender.errors import DevcacheError
from tests.shared import manifests
from tests.shared.manifests import RENDERED
from tests.shared.paths import GOLDEN


def test_a_document_among_the_manifests_equals_a_config() -> None:
    text = (GOLDEN / "devcache.yaml").read_text()
    declared = devcache.load(text, where="")
    for rendered in (f"{RENDERED}---\n{text}", f"{text}{RENDERED}"):
        assert manifests.modified(rendered, None, GOLDEN) == manifests.modified(
            RENDERED, declared, GOLDEN
        )


def test_two_documents_are_refused() -> None:
    text = (GOLDEN / "devcache.yaml").read_text()
    with pytest.raises(DevcacheError, match="more than one DevCache"):
        manifests.modified(f"{RENDERED}---\n{text}---\n{text}", None, GOLDEN)
