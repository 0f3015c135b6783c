"""The invariants of the filter for every release."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender.declared import devcache
from postrender.release import split
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.manifests import BY_HELM, RENDERED
from tests.shared.paths import GOLDEN

PARTS: tuple[split.ReleasePart, ...] = ("core", "packages")

BROUGHT = {"Configuration", "Provider", "Function", "ImageConfig", "DeploymentRuntimeConfig"}
"""The kinds that Crossplane brings, among those of the tests."""

NAMES = ("greet", "network", "nop", "platform")


@cache
def config(
    *names: str, payload: str = "release", live: bool = False, argocd: bool = False
) -> devcache.DevCache:
    """Return the golden cases' DevCache with some of its packages."""
    spec = yaml.safe_load((GOLDEN / "devcache.yaml").read_text())["spec"]
    packages = {name: spec["packages"][name] for name in names}
    declared = {"packages": packages, "payload": payload, "live": live, "argocd": argocd}
    document = {**yaml.safe_load(HEAD), "spec": declared}
    return devcache.load(yaml.safe_dump(document), where="")


class Choice(NamedTuple):
    """The fields of a DevCache."""

    names: tuple[str, ...]
    payload: str
    live: bool
    argocd: bool

    def config(self) -> devcache.DevCache:
        return config(*self.names, payload=self.payload, live=self.live, argocd=self.argocd)


CHOICES = st.builds(
    Choice,
    st.sets(st.sampled_from(NAMES)).map(sorted).map(tuple),
    st.sampled_from(["release", "apart"]),
    st.booleans(),
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


@settings(max_examples=20)
@pytest.mark.parametrize("major", "34")
@given(CHOICES)
def test_the_parts_are_the_whole_without_the_other_part(major: str, choice: Choice) -> None:
    whole = first_pass(major, choice)
    core, packages = (
        manifests.modified(BY_HELM[major], choice.config(), GOLDEN, part) for part in PARTS
    )
    documents = [document.text for document in manifests.split(whole)]
    of_core, of_packages = (
        [document.text for document in manifests.split(part) if document.text]
        for part in (core, packages)
    )
    assert of_core + of_packages == documents
    kinds = {document.kind for document in manifests.split(core)}
    assert "ConfigMap" in kinds
    assert not kinds & BROUGHT
    assert {document.kind for document in manifests.split(packages)} <= {*BROUGHT, "List", ""}


@settings(max_examples=20)
@pytest.mark.parametrize("major", "34")
@given(CHOICES, st.sampled_from(["core", "packages"]))
def test_a_part_of_the_output_of_an_earlier_pass(
    major: str, choice: Choice, part: split.ReleasePart
) -> None:
    first = first_pass(major, choice)
    expected = manifests.modified(BY_HELM[major], choice.config(), GOLDEN, part)
    assert manifests.modified(first, choice.config(), GOLDEN, part) == expected
    assert manifests.modified(first, None, GOLDEN, part) == expected, "no package is read"
    if part == "core":
        assert manifests.modified(expected, choice.config(), GOLDEN, part) == expected
        assert manifests.modified(expected, choice.config(), GOLDEN) == first
        assert manifests.modified(expected, None, GOLDEN) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("apiVersion: pkg.crossplane.io/v1\nkind: Provider\n", "packages", id="ours"),
        pytest.param("apiVersion: apiextensions.crossplane.io/v1\nkind: X\n", "packages", id="xrd"),
        pytest.param(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
            "metadata: {name: providers.pkg.crossplane.io}\n",
            "core",
            id="crd",
        ),
        pytest.param("apiVersion: crossplane.io/v1\nkind: X\n", "core", id="no-group-of-it"),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems: [{apiVersion: ops.crossplane.io/v1}]\n",
            "packages",
            id="list",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems: [{apiVersion: pkg.crossplane.io/v1},"
            " {apiVersion: v1}]\n",
            "core",
            id="mixed-list",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nmetadata: {name: crossplane.io}\n", "core", id="empty-list"
        ),
        pytest.param("# crossplane.io\n", "core", id="comment"),
    ],
)
def test_each_document_is_in_one_part(text: str, part: str) -> None:
    documents = manifests.split(text)
    assert [name for name in PARTS if split.part_of(documents, name)] == [part]


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
