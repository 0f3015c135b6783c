"""Deployments in all styles of YAML: the filter adds its parts, and nothing else changes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import assume, given, note
from hypothesis import strategies as st

from postrender import labels
from postrender.declared import devcache
from postrender.manifests import nodes
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.fuzzing import fuzzed
from tests.shared.paths import GOLDEN
from tests.shared.yaml_styles import Style

if TYPE_CHECKING:
    from random import Random

    from postrender.manifests.nodes import Plain

SPECS = (
    "{}",
    "{cache: {readWrite: {sizeLimit: 64Mi}}}",
    "{live: true, releaseRevision: '1'}",
    r'{copier: {resources: {}, securityContext: {seLinuxOptions: {level: "a\n\n"}}}}',
)

CONFIGS = [devcache.load(f"{HEAD}spec: {spec}\n", where="devcache.yaml") for spec in SPECS]

REPLACED = 8
"""The most lines that change: empty collections, null, the sizeLimit, and the end of a literal."""


def shuffled(random: Random, mapping: dict[str, Plain]) -> dict[str, Plain]:
    keys = random.sample(list(mapping), len(mapping))
    return {key: mapping[key] for key in keys}


def deployment(random: Random) -> dict[str, Plain]:
    """Return a Deployment with any of the neighbours that an addition can have."""

    def some(*values: Plain) -> Plain:
        return random.choice(values)

    def without(mapping: dict[str, Plain]) -> dict[str, Plain]:
        return {key: value for key, value in mapping.items() if value != "absent"}

    mounts: list[Plain] = [{"name": "package-cache", "mountPath": "/cache/xpkg"}]
    container: dict[str, Plain] = without(
        {
            "name": "crossplane",
            "image": "crossplane:v2.4.2",
            "args": ["core", "start"],
            "volumeMounts": random.choice((mounts, [*mounts, {"name": "tls"}])),
            "env": some("absent", None, [], [{"name": "A", "value": "b\nc"}]),
        }
    )
    empty_dir = some({}, {"sizeLimit": "20Mi"}, {"sizeLimit": None}, {"medium": "Memory"})
    cache: dict[str, Plain] = {"name": "package-cache", "emptyDir": empty_dir}
    volumes: list[Plain] = [shuffled(random, cache)]
    secret: Plain = {"name": "tls", "secret": {"secretName": "tls"}}
    volumes += random.choice(([], [secret]))
    init: Plain = {"name": "init", "image": "x", "args": some([], ["core", "init"])}
    pod = without(
        {
            "initContainers": some("absent", None, [], [init]),
            "containers": [shuffled(random, container)],
            "volumes": random.sample(volumes, len(volumes)),
            "nodeSelector": some("absent", None, {}, {"a": "b"}),
        }
    )
    annotations = some("absent", None, {}, {"foo": None}, {"foo": "bar\nbaz"}, {"foo": "x"})
    metadata = some("absent", None, {}, without({"annotations": annotations, "labels": {"a": "b"}}))
    template = without({"metadata": metadata, "spec": shuffled(random, pod)})
    spec: dict[str, Plain] = {"replicas": 1, "template": shuffled(random, template)}
    return shuffled(
        random,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "crossplane", "labels": some(None, {"a": "b"})},
            "spec": shuffled(random, spec),
        },
    )


@pytest.mark.parametrize("config", CONFIGS, ids=SPECS)
@fuzzed(50, most=1000)  # each example is rendered twice
@given(random=st.randoms(use_true_random=True), oddity=st.floats(0, 0.3))
def test_only_the_additions_are_new(
    random: Random, config: devcache.DevCache, oddity: float
) -> None:
    tree = deployment(random)
    text = Style(random, oddity).document(tree)
    note(repr(text))
    assume(yaml.load(text, nodes.LOADER) == tree)  # noqa: S506  # a safe loader
    modified = manifests.modified(text, config, GOLDEN)
    after = next(yaml.load_all(modified, nodes.LOADER))
    assert manifests.without_additions(after) == manifests.without_additions(tree)
    pod = after["spec"]["template"]["spec"]
    names = [container["name"] for container in pod["initContainers"]]
    assert names[-1 - config.live :][0] == "devcache-copier"
    assert pod["volumes"][-1]["name"] == "devcache"
    assert pod["containers"][0]["volumeMounts"][-1]["name"] == "devcache"
    assert labels.CHECKSUM in after["spec"]["template"]["metadata"]["annotations"]
    lost = Counter(text.splitlines()) - Counter(modified.splitlines())
    assert lost.total() <= REPLACED
    assert manifests.modified(modified, config, GOLDEN) == modified, "a second pass"
