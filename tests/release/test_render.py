"""The invariants of the filter for every release."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.declared import devcache
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.manifests import BY_HELM, RENDERED
from tests.shared.paths import GOLDEN

NAMES = ("greet", "network", "nop", "platform")


@cache
def config(*names: str, payload: str = "release", live: bool = False) -> devcache.DevCache:
    """Return the golden cases' DevCache with some of its packages."""
    spec = yaml.safe_load((GOLDEN / "devcache.yaml").read_text())["spec"]
    packages = {name: spec["packages"][name] for name in names}
    declared = {"packages": packages, "payload": payload, "live": live}
    document = {**yaml.safe_load(HEAD), "spec": declared}
    return devcache.load(yaml.safe_dump(document), where="")


class Choice(NamedTuple):
    """The fields of a DevCache."""

    names: tuple[str, ...]
    payload: str
    live: bool

    def config(self) -> devcache.DevCache:
        return config(*self.names, payload=self.payload, live=self.live)


CHOICES = st.builds(
    Choice,
    st.sets(st.sampled_from(NAMES)).map(sorted).map(tuple),
    st.sampled_from(["release", "apart"]),
    st.booleans(),
)


@cache
def first_pass(major: str, choice: Choice) -> str:
    """Return the modified manifests of Crossplane."""
    return manifests.modified(BY_HELM[major], choice.config(), GOLDEN)


OTHERS = st.sampled_from(
    [
        "",
        "# only a comment\n",
        "kind: Secret\nmetadata: {name: s}\nstringData: {a: '---'}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x   \ndata:\n  a: |+\n    b\n\n",
        '{"kind": "Service", "metadata": {"name": "json"}}\n',
        "kind: Deployment\nmetadata: {name: other}\nspec: {template: {spec: {containers: []}}}\n",
        "kind: Widget\nspec: {a: 1:30, b: =, c: !!binary aGk=, d: &x 1, e: *x}\r\n",
        "kind: ConfigMap\nmetadata: {name: mentions-crossplane-devcache}\n",
        "apiVersion: serving.knative.dev/v1\nkind: Configuration\nmetadata: {name: network}\n",
    ]
)


@given(st.lists(OTHERS, max_size=4), st.lists(OTHERS, max_size=4), st.sampled_from("34"))
def test_other_documents_pass_unchanged_and_in_order(
    before: list[str], after: list[str], major: str
) -> None:
    parts = [*before, BY_HELM[major], *after]
    rendered = "".join(part if part.startswith("---") else f"---\n{part}" for part in parts)
    modified = manifests.modified(rendered, config("network"), GOLDEN)
    documents = [document.text for document in manifests.split(rendered)]
    deployments = [text for text in documents if "- start" in text and "- core" in text]
    assert len(deployments) == 1
    results = [document.text for document in manifests.split(modified)]
    head, tail = (
        documents[: documents.index(deployments[0])],
        documents[documents.index(deployments[0]) + 1 :],
    )
    assert results[: len(head)] == head
    assert results[len(head) + 1 : len(documents)] == tail


@pytest.mark.parametrize("major", "34")
@given(CHOICES, CHOICES)
def test_a_later_pass_replaces_an_earlier_pass(major: str, earlier: Choice, later: Choice) -> None:
    """The result equals that of a first pass, with any additions of the earlier pass."""
    first = first_pass(major, earlier)
    assert manifests.modified(first, later.config(), GOLDEN) == first_pass(major, later)
    assert manifests.modified(first, None, GOLDEN) == first


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        pytest.param("# Source: c/templates/d.yaml", 3, id="helm-3-looks-at-each-document"),
        pytest.param("#### file: c/templates/d.yaml", 1, id="helm-unittest-at-the-first-of-a-file"),
    ],
)
def test_added_documents_belong_to_the_template_of_the_declaration(
    comment: str, expected: int
) -> None:
    text = f"---\n{comment}\n{HEAD}spec: {{packages: {{network: {{path: packages/network}}}}}}\n"
    modified = manifests.modified(RENDERED + text, None, GOLDEN)
    assert modified.count(comment) == expected
