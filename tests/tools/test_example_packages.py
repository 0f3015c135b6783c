"""The real crossplane CLI builds the folders under examples/."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.shared.programs import output

pytestmark = pytest.mark.linux  # tools/build.sh

EXAMPLES = Path(__file__).parents[2] / "examples"


def build(package: str, folder: Path) -> Path:
    built = folder / "built.xpkg"
    root = EXAMPLES / package
    options = [
        f"--package-root={root}",
        f"--examples-root={root}/examples",
        f"--package-file={built}",
    ]
    output("CROSSPLANE_CLI", "xpkg", "build", *options)
    return built


def layers(xpkg: Path) -> list[dict[str, bytes]]:
    """Return the unpacked files of each layer; the gzip data depends on the version of Go."""
    with tarfile.open(xpkg) as image:
        manifest = json.loads(read(image, "manifest.json"))
        return [files(read(image, layer)) for layer in manifest[0]["Layers"]]


def files(layer: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return {member.name: read(tar, member.name) for member in tar}


def read(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    assert member is not None
    return member.read()


def test_the_committed_package_is_built_from_its_folder(tmp_path: Path) -> None:
    built = build("network", tmp_path)
    assert layers(EXAMPLES / "network.xpkg") == layers(built), "run `make generate`"


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("platform", [{"package.yaml"}, {".up/examples.yaml"}]),
        ("fleet", [{"package.yaml"}, {".up/examples.yaml"}]),
        ("function-zones/package", [{"package.yaml"}]),
    ],
)
def test_the_cli_accepts_a_package_under_development(
    package: str, expected: list[set[str]], tmp_path: Path
) -> None:
    assert [set(layer) for layer in layers(build(package, tmp_path))] == expected
