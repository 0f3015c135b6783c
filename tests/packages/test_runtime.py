"""The runtime in the image of a package: the same in all forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.packages import Runtime
from tests.shared.layouts import BASE, Layout
from tests.shared.package_files import META, PROVIDER, compact, label, packed, tar, with_config
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLAIN = tar({"package.yaml": PROVIDER})
LAYER = packed(PLAIN)
EXAMPLES = packed(tar({".up/examples.yaml": b""}))
PROGRAM = packed(tar({"bin/provider": b"\x7fELF"}))
LIBRARY = packed(tar({"lib/c.so": b"\x7fELF"}))
CONFIGURATION = packed(tar({"package.yaml": META}))

LABELS = {**label(LAYER), **label(EXAMPLES, "upbound")}
OTHER_LABELS = {**label(b"1"), **label(b"2", "upbound")}
"""The labels of layers that a tool has packed again."""


def config(labels: dict[str, str], **more: object) -> bytes:
    fields = {"os": "linux", "architecture": "arm64", "config": {"Labels": labels, **more}}
    return compact({**fields, "rootfs": {"type": "layers", "diff_ids": []}})


RUNS = {"Entrypoint": ["provider"], "Cmd": ["--debug"]}
SIZE = len(PROGRAM) + len(LIBRARY)


def runtime(
    entrypoint: Sequence[str] = ("provider",),
    command: Sequence[str] = ("--debug",),
    platform: str = "linux/arm64",
    layers: int = 2,
    size: int = SIZE,
) -> Runtime:
    return Runtime("", platform, tuple(entrypoint), tuple(command), layers, size)


def shown(path: Path) -> Runtime | None:
    """Return the runtime of a package, without the digest of the image config."""
    shown_runtime = packages.read(path).runtime
    return shown_runtime and shown_runtime._replace(digest="")


@dataclass(frozen=True)
class Case:
    layers: Sequence[bytes]
    config: bytes
    runtime: Runtime | None
    reason: str


CASES = {
    "labelled": Case(
        [PROGRAM, LIBRARY, LAYER, EXAMPLES],
        config(LABELS, **RUNS),
        runtime(),
        "the other layers are the runtime",
    ),
    "packed-again": Case(
        [PROGRAM, LIBRARY, LAYER, EXAMPLES],
        config(OTHER_LABELS, **RUNS),
        runtime(),
        "the crossplane CLI puts the layers of the package on top",
    ),
    "not-labelled": Case(
        [LAYER, PROGRAM, LIBRARY],
        config({}, **RUNS),
        runtime(),
        "the layer with the package.yaml is not part of the runtime",
    ),
    "no-entrypoint": Case(
        [PROGRAM, LIBRARY, LAYER], config({}), runtime([], []), "the user must see it"
    ),
    "bad-types": Case(
        [PROGRAM, LIBRARY, LAYER],
        config({}, Entrypoint="provider", Cmd=["--debug", 1]),
        runtime([]),
        "what is not text is left out",
    ),
    "variant": Case(
        [PROGRAM, LIBRARY, LAYER],
        config({}, **RUNS).replace(b'"arm64"', b'"arm","variant":"v7"'),
        runtime(platform="linux/arm/v7"),
        "32-bit machines differ",
    ),
    "no-platform": Case(
        [PROGRAM, LIBRARY, LAYER],
        compact({"os": "", "config": RUNS}),
        runtime(platform=""),
        "the config names none",
    ),
    "no-runtime": Case([LAYER], config({}), None, "the runtime may be another image"),
    "examples-only": Case(
        [LAYER, EXAMPLES], config(LABELS), None, "examples are a part of the package"
    ),
    "configuration": Case(
        [CONFIGURATION, PROGRAM], config({}, **RUNS), None, "Crossplane runs no Configuration"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_runtime_of_an_archive_is_shown(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "package.xpkg"
    path.write_bytes(tar(with_config(case.layers, case.config)))
    assert shown(path) == case.runtime, case.reason
    layout = Layout(case.layers, config=case.config).write(tmp_path)
    assert shown(layout) == case.runtime, case.reason


def test_an_annotation_tells_the_layers_of_the_package(tmp_path: Path) -> None:
    fields = {0: BASE, 1: {"annotations": {"io.crossplane.xpkg": "upbound"}}}
    layers = [LAYER, EXAMPLES, PROGRAM, LIBRARY]
    path = Layout(layers, fields, config({}, **RUNS)).write(tmp_path)
    assert shown(path) == runtime()


REAL = [
    *(DATA / "archives").glob("*.tar"),
    *(DATA / "archives").glob("*.tar.gz"),
    DATA / "xpkg" / "provider-with-runtime.xpkg",
]


@pytest.mark.parametrize("path", REAL, ids=[path.name for path in REAL])
def test_the_files_of_all_tools_have_the_same_runtime(path: Path) -> None:
    real = shown(path)
    assert real is not None
    assert real._replace(size=0) == runtime(["/small.txt"], [], "linux/amd64", 1, 0)
    assert real.size > 100, "each tool packs it differently"
