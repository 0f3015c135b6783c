"""What holds for every release: the invariants of the filter."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.commands import filter as filter_command
from postrender.declared import devcache
from postrender.errors import DevcacheError
from tests.shared import manifests
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

HELM = {
    major: (GOLDEN / "crossplane-2.4" / f"input-helm{major}.yaml").read_text() for major in "34"
}
HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"
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
    """What a DevCache may say."""

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
    return manifests.modified(HELM[major], choice.config(), GOLDEN)


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
def test_documents_that_are_not_touched_leave_byte_for_byte_and_in_order(
    before: list[str], after: list[str], major: str
) -> None:
    parts = [*before, HELM[major], *after]
    rendered = "".join(part if part.startswith("---") else f"---\n{part}" for part in parts)
    modified = manifests.modified(rendered, config("network"), GOLDEN)
    documents = [document.text for document in manifests.split(rendered)]
    touched = [text for text in documents if "- start" in text and "- core" in text]
    assert len(touched) == 1
    left = [document.text for document in manifests.split(modified)]
    head, tail = (
        documents[: documents.index(touched[0])],
        documents[documents.index(touched[0]) + 1 :],
    )
    assert left[: len(head)] == head
    assert left[len(head) + 1 : len(documents)] == tail


@pytest.mark.parametrize("major", "34")
@given(CHOICES, CHOICES)
def test_a_later_pass_forgets_the_earlier_one(major: str, earlier: Choice, later: Choice) -> None:
    """Whatever an earlier pass had brought: the same as without it, and nothing twice."""
    first = first_pass(major, earlier)
    assert manifests.modified(first, later.config(), GOLDEN) == first_pass(major, later)
    assert manifests.modified(first, None, GOLDEN) == first


def test_a_document_among_the_manifests_does_what_a_config_does() -> None:
    text = (GOLDEN / "devcache.yaml").read_text()
    declared = devcache.load(text, where="")
    for rendered in (f"{HELM['3']}---\n{text}", f"{text}{HELM['3']}"):
        assert manifests.modified(rendered, None, GOLDEN) == manifests.modified(
            HELM["3"], declared, GOLDEN
        )


def test_two_documents_are_refused() -> None:
    text = (GOLDEN / "devcache.yaml").read_text()
    with pytest.raises(DevcacheError, match="more than one DevCache"):
        manifests.modified(f"{HELM['3']}---\n{text}---\n{text}", None, GOLDEN)


def test_a_deployment_that_is_a_hook_is_not_crossplane() -> None:
    deployment = next(one for one in manifests.split(HELM["3"]) if "- start" in one.text)
    hook = deployment.text.replace(
        "metadata:\n", "metadata:\n  annotations: {helm.sh/hook: test}\n", 1
    ).replace("  name: crossplane\n", "  name: hook\n", 1)
    modified = manifests.modified(HELM["3"] + hook, config("network"), GOLDEN)
    assert hook in modified


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
    modified = manifests.modified(HELM["3"] + text, None, GOLDEN)
    assert modified.count(comment) == expected


@pytest.mark.parametrize(
    ("revision", "tag"),
    [
        pytest.param("", b":devcache-1700000000@sha256:", id="the-time-of-the-run"),
        pytest.param("7", b":devcache-7@sha256:", id="given"),
    ],
)
def test_each_revision_of_a_live_release_has_a_text_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str, tag: bytes
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.5)
    path = str(GOLDEN / "packages" / "network")
    spec = {"live": True, "releaseRevision": revision, "packages": {"network": {"path": path}}}
    file = tmp_path / "devcache.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(HEAD), "spec": spec}))
    assert tag in b"".join(filter_command.run(rendered=HELM["4"].encode(), config=file))
