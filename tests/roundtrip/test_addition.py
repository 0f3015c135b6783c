"""`add` adds a package to a file of any form, and changes nothing else."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.errors import DevcacheError
from postrender.manifests import edits, nodes
from postrender.manifests.changes import Change
from postrender.manifests.insertion import Edit
from postrender.roundtrip import addition, proof
from tests.roundtrip.cases import FILES, File
from tests.shared.configurations import package
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain
    from tests.shared.command import Command

PACKAGE: dict[str, Plain] = {"path": "new"}

LINE_ENDS = ("\n", "\r\n", "\r", "\x85")

BREAKS = {"crlf": "\r\n", "cr": "\r", "nel": "\x85", "ls": "\u2028", "ps": "\u2029"}


def with_package(text: str) -> str:
    return addition.with_package(text, "new", PACKAGE, where="values.yaml")


def loaded(text: str) -> dict[str, dict[str, dict[str, Plain]]]:
    data: dict[str, dict[str, dict[str, Plain]]] = yaml.load(text, Loader=nodes.LOADER)  # noqa: S506  # a safe loader
    return data


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_nothing_else_changes(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: File
) -> None:
    monkeypatch.chdir(tmp_path)
    package(tmp_path, "new")
    values = Path("values.yaml")
    values.write_bytes(file.before.encode())
    run = command("add", "new", "-f", values)
    assert (run.status, run.stderr, run.stdout) == (0, "", "added new to values.yaml\n")
    assert values.read_bytes().decode() == file.after, file.reason


@pytest.mark.parametrize("line_break", BREAKS.values(), ids=BREAKS)
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_new_lines_end_as_the_lines_of_the_file(file: File, line_break: str) -> None:
    before, after = (text.replace("\n", line_break) for text in (file.before, file.after))
    if line_break not in before:
        after = file.after
    assert with_package(before) == after, file.reason


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_byte_order_mark_stays_first(file: File) -> None:
    assert with_package("\ufeff" + file.before) == "\ufeff" + file.after, file.reason


@pytest.mark.parametrize(
    "name",
    ["charts/crossplane-devcache/values.yaml", "examples/values.yaml", "examples/fleet.yaml"],
)
def test_long_files_of_ours(name: str) -> None:
    before = (ROOT / name).read_text()
    after = with_package(before)
    assert set(before.splitlines()) - set(after.splitlines()) <= {"  packages: {}"}
    data = loaded(before)
    data["devcache"]["packages"]["new"] = PACKAGE
    assert loaded(after) == data


REFUSED = {
    "alias-of-the-section": ("a: &a {b: s3cret}\ndevcache: *a\n", 2, "uses a YAML alias"),
    "alias-of-packages": ("a: &a {}\ndevcache:\n  packages: *a\n", 3, "uses a YAML alias"),
    "alias-of-a-package": (
        "a: &a {path: s3cret}\ndevcache:\n  packages:\n    b: {}\n    c: *a\n",
        5,
        "uses a YAML alias",
    ),
    "alias-in-a-package": (
        "a: &a s3cret\ndevcache:\n  packages: {b: {path: *a}}\n",
        3,
        "uses a YAML alias",
    ),
    "packages-stand-elsewhere-too": (
        "devcache:\n  packages: &p {a: s3cret}\n\nb:\n- *p\n",
        5,
        "uses a YAML alias",
    ),
    "empty-packages-stand-elsewhere-too": (
        "devcache:\n  packages: &p\nb: {<<: *p}\n",
        3,
        "uses a YAML alias",
    ),
    "merge-key-in-packages": (
        "devcache:\n  packages:\n    a: {}\n    <<: {b: s3cret}\n",
        4,
        "has a YAML merge key",
    ),
    "merge-key-in-the-section": (
        "devcache:\n  <<: {packages: {b: s3cret}}\n  live: {}\n",
        2,
        "has a YAML merge key",
    ),
    "text": ("a: b\ndevcache: s3cret\n", 2, "is not the mapping"),
    "list": ("devcache:\n  packages:\n  - s3cret\n", 3, "is not the mapping"),
    "list-in-brackets": ("devcache:\n  packages: &p [s3cret]\n", 2, "is not the mapping"),
    "list-with-an-anchor": (
        "devcache:\n  packages: &p [s3cret]\na: *p\n",
        3,
        "uses a YAML alias",
    ),
    "root-list": ("# a\n- s3cret\n", 2, "is not the mapping"),
    "there-already": (
        "devcache:\n  packages:\n    a: {}\n    new: {path: s3cret}\n",
        4,
        'the package "new" is already declared',
    ),
    "another-object": (
        "apiVersion: v1\nkind: Secret\nstringData: {a: s3cret}\n",
        0,
        "is neither a DevCache document nor values of our chart",
    ),
    "two-documents": ("a: s3cret\n--- # b\nc: d\n", 2, "holds more than one document"),
    "no-yaml": ("a: s3cret\nb: [\n", 3, "is not valid YAML"),
    "no-colon": ("a: b\n? devcache\n", 2, "has no colon after a key"),
    "no-colon-behind-packages": (
        "? devcache\n: a: s3cret\n  ? packages\n",
        3,
        "has no colon after a key",
    ),
    "no-colon-in-flow-style": ("{a: s3cret,\n devcache}\n", 2, "has no colon after a key"),
    "tag-of-another-type": (
        "devcache:\n  packages: !!null\n",
        2,
        "cannot be added here without changing something else",
    ),
    "text-ends-with-the-file": (
        "devcache:\n  packages:\n    a:\n      b: |\n        s3cret",
        5,
        "cannot be added here without changing something else",
    ),
    "unreadable": ("a: b\nc: |# d\n  s3cret\n", 2, "is YAML that ruamel.yaml cannot read"),
}


@pytest.mark.parametrize(("text", "line", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_the_line_and_changes_nothing(
    command: Command, tmp_path: Path, text: str, line: int, problem: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    message = command("add", package(tmp_path, "new"), "-f", file).message()
    assert (f"values.yaml, line {line}" if line else "values.yaml") in message
    assert problem in message
    assert "s3cret" not in message
    assert file.read_text() == text


HOSTILE = {
    "depth": ("[" * 100_000, "nests deeper than 200 levels"),
    "directives": ("".join(f"%TAG !{n}! x\n" for n in range(20_000)), "more than 100 %TAG"),
}


@pytest.mark.parametrize(("text", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_slow_input_is_refused_first(text: str, problem: str) -> None:
    with pytest.raises(DevcacheError, match=problem):
        with_package(text)


def test_a_package_may_have_the_name_of_a_key_above_it() -> None:
    before = "a: &a {}\nb: *a\ndevcache: {packages: {packages: {}, x: {}}}\n"
    after = addition.with_package(before, "devcache", PACKAGE, where="values.yaml")
    assert set(loaded(after)["devcache"]["packages"]) == {"packages", "x", "devcache"}


def test_aliases_of_aliases_are_not_written_out() -> None:
    """Expanded, they have more values than fit into any memory."""
    laughs = "a0: &a0 [x, x]\n" + "".join(
        f"a{level}: &a{level} [*a{level - 1}, *a{level - 1}]\n" for level in range(1, 150)
    )
    assert with_package(laughs) == f"{laughs}devcache:\n  packages:\n    new:\n      path: new\n"


BEFORE = "a: 1 # b\nc: &d {}\ne: *d\n"
END = len(BEFORE)


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        pytest.param([Edit(END, END, "f: {path: new}\n")], True, id="one-thing-more"),
        pytest.param([Edit(END, END, "f: {path: new}\ng: h\n")], False, id="two-things-more"),
        pytest.param([Edit(END, END, "f: {path: old}\n")], False, id="another-thing"),
        pytest.param([Edit(END, END, "# f: {path: new}\n")], False, id="a-comment-more"),
        pytest.param([], False, id="nothing"),
        pytest.param([Edit(END, END, "f: {path: new}\n"), Edit(3, 4, "2")], False, id="a-change"),
        pytest.param([Edit(END, END, "f: {path: new}\n"), Edit(4, 8, "")], False, id="no-comment"),
        pytest.param([Edit(END, END, "f: {path: new}\n}")], False, id="no-yaml"),
        pytest.param([Edit(END, END, "---\nf: {path: new}\n")], False, id="a-document-more"),
    ],
)
def test_the_proof_sees_everything(changes: list[Edit], holds: bool) -> None:  # noqa: FBT001
    after = edits.apply(BEFORE, changes)
    assert proof.holds(BEFORE, after, changes, Change(("f",), PACKAGE)) is holds


def test_the_proof_sees_the_value_of_an_alias() -> None:
    changes = [Edit(BEFORE.index("}"), BEFORE.index("}"), "f: {path: new}")]
    after = edits.apply(BEFORE, changes)
    assert not proof.holds(BEFORE, after, changes, Change(("c", "f"), PACKAGE))


def test_the_proof_sees_a_change_outside_of_the_edits() -> None:
    changes = [Edit(END, END, "f: {path: new}\n")]
    after = edits.apply(BEFORE.replace("# b", "# B"), changes)
    assert not proof.holds(BEFORE, after, changes, Change(("f",), PACKAGE))


GAPS = st.lists(
    st.sampled_from(["", "   ", "# a", "  # a: b", "    # {}", "      # - a", "        #\tb: c"]),
    max_size=3,
)
"""The lines that may be between two keys, in any column."""

ENDS = st.sampled_from(["", " ", "  # a", " # b: {c: [", "\t# d"])
"""The text that may follow a key or a value on its line."""

VALUES = st.sampled_from(
    [
        [" {path: x}"],
        [" [a,", ">b, # c", ">{d: e}]"],
        ["", ">path: 'x #y'", ">note: two", ">> lines"],
        ["", "- a", "- b: {c: &{name} d}", "  e: *{name}"],
        [" |+", ">text", "", ">># text", ""],
        [" >-", "", ">text", "> more"],
        [""],
    ]
)
"""The lines of the value of a key; > means a step of indentation."""


@st.composite
def mappings(draw: st.DrawFn, letter: str, least: int = 0) -> list[str]:
    """Draw the lines of a mapping whose keys begin with a letter."""
    step, lines = " " * draw(st.integers(1, 4)), []
    for name in [f"{letter}{number}" for number in range(draw(st.integers(least, least + 2)))]:
        first, *others = [line.replace("{name}", name) for line in draw(VALUES)]
        key = draw(st.sampled_from([name, f'"{name}"', f"'{name}'"]))
        lines += [*draw(GAPS), f"{key}:{first}"]
        lines += [line.replace(">", step) for line in others]
    return [*lines, *draw(GAPS)]


@st.composite
def values_files(draw: st.DrawFn) -> str:
    """Draw a values file, with or without a section devcache that has packages."""

    def under(key: str, lines: list[str]) -> list[str]:
        indent = " " * draw(st.integers(1, 4))
        return [key + draw(ENDS), *(indent + line if line.strip() else line for line in lines)]

    packages = [line for line in draw(mappings("p")) if "*" not in line]
    section = [*draw(mappings("a")), *under("packages:", packages), *draw(mappings("b"))]
    lines = [*under("devcache:", section)] if draw(st.booleans()) else []
    lines = [*draw(mappings("c")), *lines, *draw(mappings("d")), "last: 1" + draw(ENDS)]
    text = draw(st.sampled_from(["", "\ufeff", "---\n"])) + "\n".join(lines)
    return (text + draw(st.sampled_from(["", "\n"]))).replace(
        "\n", draw(st.sampled_from(LINE_ENDS))
    )


@given(before=values_files())
def test_one_block_is_new_in_any_file(before: str) -> None:
    after = with_package(before)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = len(list(alike))
    assert after[start + len(after) - len(before) :] == before[start:]
    data = loaded(before)
    section = data.setdefault("devcache", {})
    section["packages"] = {**(section.get("packages") or {}), "new": PACKAGE}
    assert loaded(after) == data
