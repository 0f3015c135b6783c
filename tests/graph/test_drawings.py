"""`graph` draws each case as in the files of tests/graph/expected; `--update` writes them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.shared.command import COMMAND
from tests.shared.configurations import ACME, package
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.shared.command import Command
    from tests.shared.programs import Plain

    Compare = Callable[[str, str, str], None]

EXPECTED = ROOT / "tests" / "graph" / "expected"
FORMS = {"tree": "txt", "mermaid": "mmd", "dot": "dot", "json": "json"}
DIGEST = f"sha256:{'0' * 64}"
FAR = "xpkg.example.com/acme/far"


def acme(*names: str, range_: str = ">=v0.1.0") -> list[tuple[str, str]]:
    """Return dependencies on packages of one registry."""
    return [(f"{ACME}/{name}", range_) for name in names]


class Declared(NamedTuple):
    """A package: its dependencies, its tag or digest, and further fields of its declaration."""

    depends: Sequence[tuple[str, str]] = ()
    version: str = ":v0.1.0"
    fields: Mapping[str, Plain] = {}
    on_disk: Mapping[str, Plain] = {}


class Case(NamedTuple):
    """A declaration: packages by name, and the arguments of `graph`."""

    packages: Mapping[str, Declared]
    arguments: tuple[str, ...] = ("--crossplane=2.4",)


SKIPS: Mapping[str, Plain] = {"spec": {"skipDependencyResolution": True}}

CASES = {
    "nothing": Case({}),
    "diamond": Case(
        {
            "top": Declared(acme("right", "left")),
            "left": Declared(acme("base")),
            "right": Declared(acme("base")),
            "base": Declared([(FAR, ">=v1.0.0")]),
        }
    ),
    "cycle": Case(
        {
            "user": Declared(acme("three")),
            "one": Declared(acme("two")),
            "two": Declared(acme("three")),
            "three": Declared(acme("one")),
        }
    ),
    "cycle-without-a-root": Case({"aa": Declared(acme("bb")), "bb": Declared(acme("aa"))}),
    "depends-on-itself": Case({"me": Declared(acme("me"))}),
    "deep": Case(
        {f"p{n:02}": Declared(acme(f"p{(n + 1) % 20:02}")) for n in range(20)}
        | {"user": Declared(acme("p19", "p00"))}
    ),
    "missing": Case(
        {
            "one": Declared([("xpkg.devcache.local/x", ">=v0.1.0"), (FAR, ">=v0.1.0")]),
            "two": Declared([("acme/far", ">=v0.1.0"), ("xpkg.example.org/acme/far", "*")]),
        }
    ),
    "offline": Case(
        {"one": Declared([(FAR, ">=v0.1.0"), *acme("two")]), "two": Declared()},
        ("--crossplane=2.4", "--offline"),
    ),
    "out-of-range": Case(
        {
            "old": Declared(acme("base", range_=">=v1.0.0")),
            "new": Declared(acme("base")),
            "base": Declared(),
        }
    ),
    "improper": Case(
        {"one": Declared([*acme("two", range_=""), (FAR, "latest")]), "two": Declared()}
    ),
    "blank-in-a-range": Case(
        {"one": Declared(acme("two", range_=">=v0.1.0 <v1.0.0")), "two": Declared()},
        ("--crossplane=1.20",),
    ),
    "skipping": Case(
        {
            "one": Declared(acme("two")),
            "two": Declared([(FAR, "improper")], fields=SKIPS),
        }
    ),
    "not-installed": Case(
        {"one": Declared(acme("two")), "two": Declared(fields={"install": False})}
    ),
    "two-packages-of-a-source": Case(
        {
            "one": Declared(acme("two")),
            "two": Declared(),
            "copy": Declared(
                version=":v0.2.0",
                fields={"install": False, "package": f"{ACME}/two:v0.2.0"},
            ),
        }
    ),
    "twice-in-depends-on": Case(
        {"one": Declared([*acme("two"), *acme("two", range_=">=v9.0.0")]), "two": Declared()}
    ),
    "by-kind": Case(
        {
            "one": Declared(
                on_disk={
                    "dependsOn": [
                        {
                            "apiVersion": "pkg.crossplane.io/v1",
                            "kind": "Provider",
                            "package": FAR,
                            "version": ">=v0.1.0",
                        },
                        {"function": f"{ACME}/near", "version": ">=v0.2.0"},
                    ]
                }
            )
        },
        ("--crossplane=1.18",),
    ),
    "digest": Case(
        {
            "one": Declared(acme("same", range_=DIGEST)),
            "same": Declared(version=f"@{DIGEST}"),
            "two": Declared(acme("other", range_=DIGEST)),
            "other": Declared(),
        }
    ),
    "unreadable": Case(
        {"one": Declared(acme("gone")), "gone": Declared(fields={"path": "nowhere"})}
    ),
    "hostile": Case(
        {
            "one": Declared(
                [
                    ('x"]; click p1 "javascript:alert(1)"', '"];'),
                    ("<img src=x onerror=alert(1)>", "<b>&lt;</b>"),
                    ("\x1b[31m\u202e\n\\N", "$$x$$ ﬂ°°60¶ß fa:fa-ban"),
                    ("x  >=v0.1.0  local", "#quot; #60; `x` **y** %%{init: {}}%%"),
                    ("x" * 4096, "y" * 4096),
                ]
            )
        }
    ),
}


def write(case: Case) -> None:
    """Write the packages and the values file of a case to the working directory."""
    declared: dict[str, Plain] = {}
    for name, entry in case.packages.items():
        path = package(Path(), name, entry.depends, **entry.on_disk)
        declared[name] = {"path": path, "package": f"{ACME}/{name}{entry.version}", **entry.fields}
    Path("values.yaml").write_text(yaml.safe_dump({"devcache": {"packages": declared}}))


def drawing(command: Command, form: str, *arguments: str) -> str:
    """Return a drawing. The status is 0 even if there are problems."""
    run = command("graph", *arguments, "--output", form)
    assert (run.status, run.stderr) == (0, "")
    if form == "json":
        run.json("graph")
    return run.stdout


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Return a callable that compares a drawing with its file."""

    def compare(actual: str, name: str, form: str) -> None:
        file = EXPECTED / f"{name}.{FORMS[form]}"
        if request.config.getoption("--update"):
            file.write_text(actual)
        assert actual == file.read_text()

    return compare


@pytest.fixture
def folder_command(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Return a callable that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return command


@pytest.fixture
def root_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a callable that runs the command in the checkout."""
    monkeypatch.chdir(ROOT)
    return command


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_a_case_is_drawn_as_expected(
    folder_command: Command, compare: Compare, name: str, form: str
) -> None:
    write(CASES[name])
    compare(drawing(folder_command, form, "-f", "values.yaml", *CASES[name].arguments), name, form)


def test_no_case_is_forgotten() -> None:
    names = {*CASES, "examples-values", "examples-fleet"}
    expected = {f"{name}.{suffix}" for name in names for suffix in FORMS.values()}
    assert {path.name for path in EXPECTED.iterdir()} == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["values", "fleet"])
def test_the_examples_are_drawn_as_expected(
    root_command: Command, compare: Compare, name: str, form: str
) -> None:
    actual = drawing(root_command, form, "-f", f"examples/{name}.yaml", "--crossplane=2.4")
    compare(actual, f"examples-{name}", form)


def test_a_document_and_stdin_are_read_as_values_files_are(
    root_command: Command,
) -> None:
    expected = drawing(root_command, "tree", "-f", "examples/values.yaml")
    assert drawing(root_command, "tree", "--config=examples/devcache.yaml") == expected
    run = subprocess.run(
        [COMMAND, "graph", "-f", "/dev/stdin"],
        input=(ROOT / "examples" / "values.yaml").read_bytes(),
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == expected


def test_the_order_of_depends_on_makes_no_difference(
    folder_command: Command,
) -> None:
    depends = [*acme("b", "a"), (FAR, ">=v1.0.0"), ("acme/x", "*"), *acme("me")]
    drawings = []
    for order in (depends, depends[::-1]):
        write(Case({"me": Declared(order)}))
        drawings.append([drawing(folder_command, form, "-f", "values.yaml") for form in FORMS])
    assert drawings[0] == drawings[1]


def test_a_long_list_is_cut_in_drawings_but_not_in_the_json(
    folder_command: Command,
) -> None:
    many = acme(*(f"x{number}" for number in range(8000)))
    trouble = [("xpkg.devcache.local/x", "*"), *acme("hidden", range_=">=v9.0.0")]
    write(
        Case(
            {
                "wide": Declared([*many, *trouble]),
                "hidden": Declared(acme("x1", "below")),
                "below": Declared(acme("wide")),
            }
        )
    )
    tree = drawing(folder_command, "tree", "-f", "values.yaml").splitlines()
    assert tree[1].startswith("below  ")
    assert any(line.endswith("missing") for line in tree)
    assert any("  refused  hidden" in line for line in tree), "problems come first"
    assert any("7,902 more" in line for line in tree)
    assert len(tree) < 120
    for form in ("mermaid", "dot"):
        text = drawing(folder_command, form, "-f", "values.yaml")
        assert "7,902 more" in text
        assert len(text.splitlines()) < 250
    report = folder_command("graph", "-f", "values.yaml", "-o", "json").json("graph")
    assert len(report["dependencies"]) == 8005


@pytest.mark.parametrize(
    ("encoding", "guide"), [("utf-8", "└── "), ("latin-1", "`-- "), ("ascii", "`-- ")]
)
def test_the_encoding_of_stdout_decides_on_the_guides(encoding: str, guide: str) -> None:
    run = subprocess.run(
        [COMMAND, "graph", "-f", "examples/values.yaml"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert guide in run.stdout.decode(encoding)


def test_an_invalid_declaration_is_refused(command: Command, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("devcache: {packages: {one: {pth: x}}}\n")
    assert 'unknown key "pth"' in command("graph", "-f", values).message()
