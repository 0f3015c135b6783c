"""The filter as a KRM function: a ResourceList in, a ResourceList out."""

from __future__ import annotations

import json
import subprocess
from random import Random
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import assume, given, note
from hypothesis import strategies as st

from postrender import labels
from postrender.cli import main
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.krm import resource_list
from postrender.manifests import emit, nodes
from postrender.release import render
from postrender.result_cache import NO_CACHE
from tests.shared import manifests
from tests.shared.command import COMMAND
from tests.shared.declarations import HEAD, config_option
from tests.shared.fuzzing import fuzzed
from tests.shared.manifests import RENDERED
from tests.shared.paths import GOLDEN
from tests.shared.yaml_styles import Style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from tests.shared.command import Command

DEVCACHE = yaml.safe_load((GOLDEN / "devcache.yaml").read_text())
OBJECTS = [document for document in yaml.load_all(RENDERED, nodes.LOADER) if document]
DEPLOYMENT = next(
    value
    for value in OBJECTS
    if value["kind"] == "Deployment" and value["metadata"]["name"] == "crossplane"
)


def resources(
    items: Sequence[Plain], config: Plain = None, version: str = "v1"
) -> dict[str, Plain]:
    """Return a ResourceList, with the fields in the order of kyaml."""
    fields: dict[str, Plain] = {
        "apiVersion": f"config.kubernetes.io/{version}",
        "kind": "ResourceList",
        "items": items,
    }
    return fields if config is None else {**fields, "functionConfig": config}


HEADER = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"


def annotated(value: dict[str, Plain], index: int) -> dict[str, Plain]:
    """Return an object with the internal annotations of an orchestrator."""
    metadata = value["metadata"]
    assert isinstance(metadata, dict)
    annotations = {
        "config.kubernetes.io/index": str(index),
        "internal.config.kubernetes.io/annotations-migration-resource-id": str(index),
        "internal.config.kubernetes.io/id": str(index),
        "internal.config.kubernetes.io/index": str(index),
        "internal.config.kubernetes.io/path": "a/b.yaml",
    }
    return {**value, "metadata": {**metadata, "annotations": annotations}}


ITEMS = [annotated(value, index) for index, value in enumerate(OBJECTS)]


def read(text: str) -> dict[str, Plain]:
    value = nodes.plain(text, where="the output")
    assert isinstance(value, dict)
    return value


def items(text: str) -> list[dict[str, Plain]]:
    values = read(text)["items"]
    assert isinstance(values, list)
    return values


def test_the_objects_are_those_of_the_filter(golden_command: Command) -> None:
    """Only the order differs: the packages are not in a List."""
    text = emit.block(resources(OBJECTS, DEVCACHE))
    result = golden_command(stdin=text.encode())
    assert (result.status, result.stderr) == (main.DONE, "")
    filtered: list[Plain] = []
    for document in yaml.load_all(
        golden_command("--config=devcache.yaml", stdin=RENDERED.encode()).stdout, nodes.LOADER
    ):
        filtered += document["items"] if document["kind"] == "List" else [document]
    assert items(result.stdout) == filtered


def test_annotations_and_order_stay_and_new_items_come_last(golden_command: Command) -> None:
    result = items(golden_command(stdin=emit.block(resources(ITEMS, DEVCACHE)).encode()).stdout)
    for before, after in zip(ITEMS, result, strict=False):
        assert after["metadata"] == before["metadata"]
        assert after == before or before["kind"] == "Deployment"
    new = result[len(ITEMS) :]
    names = [value["kind"] for value in new]
    assert names[0] == "ConfigMap"
    assert set(names[1:6]) == {"ImageConfig", "DeploymentRuntimeConfig"}
    assert set(names[6:]) == {"Function", "Configuration", "Provider"}
    assert "config.kubernetes.io" not in json.dumps(new)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_the_version_of_the_list_stays(golden_command: Command, version: str) -> None:
    text = emit.block(resources(OBJECTS, DEVCACHE, version))
    output = read(golden_command(stdin=text.encode()).stdout)
    assert output["apiVersion"] == f"config.kubernetes.io/{version}"
    assert output["functionConfig"] == DEVCACHE


def test_json_is_read(golden_command: Command) -> None:
    text = json.dumps(resources(ITEMS, DEVCACHE))
    block = emit.block(resources(ITEMS, DEVCACHE))
    outputs = [golden_command(stdin=stdin.encode()).stdout for stdin in (text, block)]
    assert read(outputs[0]) == read(outputs[1])


def test_comments_and_styles_stay(golden_command: Command) -> None:
    text = (
        "# head\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
        "  # before the first\n"
        "  - apiVersion: v1 # setter\n    kind: ConfigMap\n    metadata: {name: &a x}\n"
        "    data: {y: *a,\n  z: 'a\n\n  b'}\n"
        "# at the margin\n"
        f"{manifests_in_list(DEPLOYMENT)}"
        "functionConfig: # tail\n"
    ) + emit.block(DEVCACHE, indent=2)
    output = golden_command(stdin=text.encode()).stdout
    start = text.index("    spec:\n")
    end = text.index("functionConfig:")
    assert output.startswith(text[:start])
    assert output.endswith(text[end:])
    assert labels.CHECKSUM in output


def manifests_in_list(value: Plain) -> str:
    first, *lines = emit.block(value).splitlines(keepends=True)
    return "".join([f"  - {first}", *(f"    {line}" for line in lines)])


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(None, id="no-config"),
        pytest.param({"apiVersion": "v1", "kind": "ConfigMap", "data": {}}, id="other-kind"),
    ],
)
def test_an_item_may_be_the_declaration(golden_command: Command, config: Plain) -> None:
    text = emit.block(resources([annotated(DEVCACHE, 0), *ITEMS], config))
    output = golden_command(stdin=text.encode())
    expected = golden_command(stdin=emit.block(resources(ITEMS, DEVCACHE)).encode())
    assert items(output.stdout) == items(expected.stdout)


def test_an_option_may_name_the_declaration(golden_command: Command) -> None:
    text = emit.block(resources(ITEMS, {"apiVersion": "v1", "kind": "ConfigMap"}))
    output = golden_command("--config=devcache.yaml", stdin=text.encode())
    expected = golden_command(stdin=emit.block(resources(ITEMS, DEVCACHE)).encode())
    assert items(output.stdout) == items(expected.stdout)


def test_a_second_pass_changes_nothing(golden_command: Command) -> None:
    once = golden_command(stdin=emit.block(resources(ITEMS, DEVCACHE)).encode()).stdout
    assert items(golden_command(stdin=once.encode()).stdout) == items(once)
    without = emit.block(resources(items(once)))
    assert golden_command(stdin=without.encode()).stdout == without


@pytest.mark.parametrize(
    ("values", "config", "message"),
    [
        pytest.param(ITEMS, None, "there is no DevCache document", id="no-declaration"),
        pytest.param([], DEVCACHE, "there are no manifests", id="no-items"),
        pytest.param(ITEMS[:1], DEVCACHE, "no Deployment among the rendered", id="no-crossplane"),
        pytest.param([DEVCACHE, *ITEMS], DEVCACHE, "more than one DevCache", id="two"),
        pytest.param(
            ITEMS,
            {**DEVCACHE, "spec": {"packages": {"network": {"path": "nowhere"}}}},
            "package network, nowhere: no such file or directory\nhint: ",
            id="no-package",
        ),
        pytest.param(
            ITEMS,
            {**DEVCACHE, "spec": {"package": {}}},
            'the functionConfig: spec has an unknown key "package"',
            id="unknown-key",
        ),
        pytest.param(
            ITEMS,
            {**DEVCACHE, "apiVersion": "crossplane-devcache/v2"},
            "the functionConfig: is not a document of apiVersion",
            id="other-version",
        ),
    ],
)
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_refusal_is_a_result_and_the_items_stay(
    golden_command: Command, values: Sequence[Plain], config: Plain, message: str, form: str
) -> None:
    value = resources(values, config)
    text = emit.block(value) if form == "yaml" else json.dumps(value)
    result = golden_command(stdin=text.encode())
    assert result.status == main.REFUSED
    assert message in result.stderr
    output = read(result.stdout)
    results = output.pop("results")
    assert isinstance(results, list)
    [error] = results
    assert output == value
    assert error["severity"] == "error"
    assert message in error["message"]
    assert result.stderr == f"crossplane-devcache: error: {error['message']}\n"


def test_a_list_that_cannot_be_read_has_an_error_on_stderr_only(golden_command: Command) -> None:
    head = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
    assert "line 4" in golden_command(stdin=head + b"items: [\n").message()
    assert "not a mapping" in golden_command(stdin=head + b"items: [a]\n").message()


def test_two_declarations_are_refused(golden_command: Command) -> None:
    text = emit.block(resources(ITEMS, DEVCACHE))
    result = golden_command("--config=devcache.yaml", stdin=text.encode())
    assert "the functionConfig: there is more than one DevCache" in result.stderr


def test_the_limit_of_helm_does_not_apply(golden_command: Command, tmp_path: Path) -> None:
    """Nobody stores the items in a Secret of Helm."""
    noise = Random(1).randbytes(1 << 20).hex()  # noqa: S311  # the same in each run
    large: dict[str, Plain] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
        "data": noise,
    }
    stdin = "".join(emit.document(value) for value in [large, *OBJECTS]).encode()
    config = config_option(tmp_path, "{}")
    assert "Helm" in golden_command(config, stdin=stdin).message()
    text = emit.block(resources([large, *ITEMS], {**yaml.safe_load(HEAD), "spec": {}}))
    assert golden_command(stdin=text.encode()).status == main.DONE


def test_manifests_that_mention_a_list_are_manifests(golden_command: Command) -> None:
    """The ConfigMap is a document of a release."""
    other = resources([])
    text = f"{RENDERED}---\n{emit.block(other)}"
    output = golden_command("--config=devcache.yaml", stdin=text.encode()).stdout
    assert emit.block(other) in output
    assert resource_list.find(text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{kind: Other, <<: {a: b}}", id="merge-key"),
        pytest.param("{kind: Other, a: &a {b: c}, d: *a}", id="alias"),
        pytest.param("{kind: &a Other, b: [&b {c: d}, *b]}", id="alias-in-a-list"),
        pytest.param("{kind: Other, kind: Other}", id="repeated-key"),
    ],
)
def test_an_item_without_lines_that_changes_as_a_value_is_refused(
    golden_command: Command, text: str
) -> None:
    stdin = f"{HEADER}items: [{text}, {emit.flow(SMALL)}]\nfunctionConfig: {emit.flow(DEVCACHE)}\n"
    result = golden_command(stdin=stdin.encode())
    assert result.status == main.REFUSED
    assert result.stderr.startswith("crossplane-devcache: error: the ResourceList: ")


def test_an_alias_of_a_large_value_takes_no_memory() -> None:
    """Each of the items would repeat the list."""
    large = f"{HEADER}items:\n- kind: A\n  x: &x [{'a, ' * 2_000}]\n"
    text = large + "- kind: B\n  x: *x\n" * 2_000
    with pytest.raises(DevcacheError, match="uses a YAML alias"):
        resource_list.find(text.encode())


@pytest.mark.parametrize("properties", ["", " &items", " !!seq"])
def test_lists_take_linear_time(properties: str) -> None:
    """A search for each dash from the last line would read 10,000,000 lines."""
    count = 2_000
    text = f"{HEADER}items:{properties}\n" + "- kind: A\n  x:\n  - y\n  - z\n  z: z\n" * count
    items = resource_list.find(text.encode())
    assert items
    assert len(items.documents) == count


def test_comments_may_be_around_a_list(golden_command: Command) -> None:
    text = emit.block(resources(OBJECTS, DEVCACHE))
    output = golden_command(stdin=text.encode()).stdout
    around = f"# before\n---\n{text}---\n# after\n"
    assert items(golden_command(stdin=around.encode()).stdout) == items(output)


def test_manifests_that_mention_a_list_need_not_be_yaml(golden_command: Command) -> None:
    """Only the documents that mention it are parsed."""
    mention = "kind: ConfigMap\ndata:\n  a: ResourceList config.kubernetes.io/v1\n"
    broken = "{{ not YAML\n"
    text = f"{mention}---\n{broken}---\n{emit.block(SMALL)}"
    output = golden_command("--config=devcache.yaml", stdin=text.encode())
    assert (output.status, output.stderr) == (main.DONE, "")
    assert output.stdout.startswith(f"{mention}---\n{broken}")


def test_a_live_function_has_a_unique_revision_unless_it_is_declared(
    golden_command: Command,
) -> None:
    spec = {**DEVCACHE["spec"], "live": True}
    for number in ("", "7"):
        config = {**DEVCACHE, "spec": {**spec, "releaseRevision": number}}
        output = golden_command(stdin=emit.block(resources(ITEMS, config)).encode()).stdout
        assert (":devcache-7@sha256:" in output) == (number == "7")
        assert ":devcache-" in output


def test_the_installed_command_is_a_function() -> None:
    result = subprocess.run(
        [COMMAND],
        cwd=GOLDEN,
        input=emit.block(resources(ITEMS, DEVCACHE)).encode(),
        capture_output=True,
        check=True,
    )
    assert b"devcache-copier" in result.stdout


SMALL: dict[str, Plain] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "crossplane"},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "crossplane",
                        "image": "crossplane:v2.4.2",
                        "args": ["core", "start"],
                        "volumeMounts": [{"name": "package-cache", "mountPath": "/cache/xpkg"}],
                    }
                ],
                "volumes": [{"name": "package-cache", "emptyDir": {"sizeLimit": "20Mi"}}],
            }
        }
    },
}
"""A Deployment without texts that a style could turn into another type."""

CONFIG = devcache.load((GOLDEN / "devcache.yaml").read_text(), where="devcache.yaml")


def objects(noise: Random) -> list[Plain]:
    """Return a few objects of any shape."""

    def value(depth: int) -> Plain:
        leaves: list[Plain] = [None, True, 7, 0.5, "a", "b c", "d\ne", "- f", "g: h", "", [], {}]
        if depth and noise.random() < 0.7:
            parts = [value(depth - 1) for _ in range(noise.randrange(1, 4))]
            keys = "abcdef"
            return parts if noise.random() < 0.5 else dict(zip(keys, parts, strict=False))
        return noise.choice(leaves)

    return [
        {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": f"x{number}"}, "spec": value(3)}
        for number in range(noise.randrange(4))
    ]


def written(noise: Random, value: dict[str, Plain], oddity: float) -> str:
    """Return a ResourceList in a random style, which does not change its values."""
    text = Style(noise, oddity).document(value)
    note(repr(text))
    assume(_is_same(text, value))
    return text


def _is_same(text: str, value: Plain) -> bool:
    try:
        return bool(yaml.load(text, nodes.LOADER) == value)  # noqa: S506  # a safe loader
    except yaml.YAMLError:
        return False


@fuzzed(60, most=1000)  # each example is rendered
@given(noise=st.randoms(use_true_random=True), oddity=st.floats(0, 0.3))
def test_all_items_keep_their_values_in_each_style(noise: Random, oddity: float) -> None:
    others = objects(noise)
    place = noise.randint(0, len(others))
    values = [*others[:place], SMALL, *others[place:]]
    text = written(noise, resources(values), oddity)
    parsed = resource_list.find(text.encode())
    assert parsed
    unchanged = b"".join(parsed.with_items(parsed.documents, [])).decode()
    assert read(unchanged) == resources(values)
    if parsed.items:
        assert unchanged == parsed.text
    modified = render.modify(parsed.documents, CONFIG, GOLDEN, NO_CACHE)
    assert modified
    result = items(b"".join(parsed.with_items(modified.documents, modified.added)).decode())
    after, added = result[: len(values)], result[len(values) :]
    assert added == list(modified.added)
    assert labels.CHECKSUM in json.dumps(after[place])
    without = manifests.without_additions
    assert without(after[place]) == without(SMALL)
    assert [*after[:place], SMALL, *after[place + 1 :]] == values


@fuzzed(30, most=1000)
@given(noise=st.randoms(use_true_random=True), oddity=st.floats(0, 0.3))
def test_an_error_changes_no_item_in_each_style(noise: Random, oddity: float) -> None:
    values = resources(objects(noise))
    parsed = resource_list.find(written(noise, values, oddity).encode())
    assert parsed
    output = read(b"".join(parsed.with_error("m: e\nhint: h")).decode())
    assert output.pop("results") == [{"message": "m: e\nhint: h", "severity": "error"}]
    assert output == values


@pytest.mark.parametrize("text", ["\x00", "\x85", "\u2028 a", "\ufeff", "1:30", "on"])
def test_any_text_stays(golden_command: Command, text: str) -> None:
    odd: dict[str, Plain] = {**SMALL, "kind": "Thing", "data": {"key": [text], "text": text}}
    for stdin in (
        json.dumps(resources([odd, SMALL], DEVCACHE)),
        emit.block(resources([odd, SMALL], DEVCACHE)),
    ):
        output = golden_command(stdin=stdin.encode()).stdout
        assert items(output)[0] == odd
