"""Declared packages in the cache: each one's file, and which cannot stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender import placement
from postrender.crossplane.target import Target
from postrender.crossplane.versions import Version
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.packages import read
from postrender.packages.imagedigest import sha256
from tests.shared.package_files import META, STREAM, XRD, Image, directory, packed, tar

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.placement import LocalPackage

HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"

OLD, MIDDLE, NEW = Version(1, 19), Version(2, 1), Version(2, 4)
"""A version of each kind: any reference by path, qualified by path, qualified by digest."""

PROVIDER = META.replace(b"Configuration", b"Provider")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with packages as a directory and as a file; `needs` depends on the first."""
    dependency = b"spec: {dependsOn: [{configuration: x.io/acme/conf, version: '>=v0'}]}\n"
    directory(tmp_path / "conf", {"xrd.yaml": XRD})
    directory(tmp_path / "other", {})
    directory(tmp_path / "needs", {"crossplane.yaml": META + dependency})
    directory(tmp_path / "prov", {"crossplane.yaml": PROVIDER})
    Image().write(tmp_path)
    return tmp_path


def placed(
    folder: Path, version: Version, packages: str, *, offline: str = "false"
) -> tuple[LocalPackage, ...]:
    """Place what the flow mapping `packages` declares."""
    text = f"{HEAD}spec: {{offline: {offline}, packages: {{{packages}}}}}\n"
    declared = devcache.load(text, where="")
    target = Target.of(version, where="")
    return placement.place(declared.packages, target, folder, offline=declared.offline)


def place(folder: Path, version: Version, packages: str, *, offline: str = "false") -> list[str]:
    """Place what the flow mapping `packages` declares, and return the files in the cache."""
    return [one.cache_key for one in placed(folder, version, packages, offline=offline)]


def refusal(
    folder: Path, version: Version, packages: str, *, offline: str = "false"
) -> DevcacheError:
    with pytest.raises(DevcacheError) as refused:
        place(folder, version, packages, offline=offline)
    return refused.value


OTHER = sha256(META)
"""The digest of `other`: that of its one file."""

ZEROS = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("version", "packages", "keys"),
    [
        pytest.param(NEW, "", [], id="none"),
        pytest.param(OLD, "aa: {path: other}", ["xpkg.devcache.local/aa:v0.0.gz"], id="by-path"),
        pytest.param(
            NEW,
            "aa: {path: other}",
            [f"xpkg-devcache-local-aa-sha256-{OTHER[7:12]}.gz"],
            id="by-digest",
        ),
        pytest.param(
            OLD, "aa: {path: other, package: acme/other}", ["acme/other.gz"], id="unqualified"
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: x.io/acme/latest}",
            ["x.io/acme/latest.gz"],
            id="a-repository-called-latest",
        ),
        pytest.param(
            MIDDLE,
            f"aa: {{path: other, package: 'x.io/acme/other:v1@{ZEROS}'}}",
            [f"x.io/acme/other:v1@{ZEROS}.gz"],
            id="a-digest-means-nothing-to-a-path",
        ),
        pytest.param(
            NEW,
            "bb: {path: other, package: 'x.io/acme/b:v1'}, aa: {path: conf}",
            [
                f"xpkg-devcache-local-aa-sha256-{sha256(STREAM)[7:12]}.gz",
                f"x-io-acme-b-sha256-{OTHER[7:12]}.gz",
            ],
            id="two-in-the-order-of-their-names",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b:v1.1', install: false},"
            " bb: {path: other, package: 'x.io/a/b:v2.1'}",
            ["x.io/a/b:v1.gz", "x.io/a/b:v2.gz"],
            id="one-source-twice-but-installed-once",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b'}, bb: {path: other, package: 'x.io/a/b.gzip/c'}",
            ["x.io/a/b.gz", "x.io/a/b.gzip/c.gz"],
            id="a-name-that-begins-with-anothers-file",
        ),
    ],
)
def test_the_file_of_a_package(
    folder: Path, version: Version, packages: str, keys: list[str]
) -> None:
    assert place(folder, version, packages) == keys


@pytest.mark.parametrize(
    ("version", "packages", "where", "problem", "hint"),
    [
        pytest.param(
            MIDDLE,
            "aa: {path: other, package: acme/other}",
            'package aa ("other")',
            'Crossplane 2 does not admit the reference "acme/other"',
            "write a host with a dot, a path, and a tag: registry.example.com/acme/platform:v0.1.0",
            id="unqualified",
        ),
        pytest.param(
            NEW,
            "aa: {path: gone}",
            "package aa, {folder}/gone",
            "no such file or directory",
            "relative paths start from the current directory; for the filter, from that of helm",
            id="not-there",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/.a/b:v1'}",
            'package aa ("other")',
            '"x.io/.a/b:v1" has a part that is empty or begins with a dot',
            "name it otherwise",
            id="a-hidden-folder",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io//b:v1'}",
            'package aa ("other")',
            '"x.io//b:v1" has a part that is empty or begins with a dot',
            "name it otherwise",
            id="an-empty-part",
        ),
        pytest.param(
            OLD,
            "bb: {path: other, package: 'x.io/a/b:v1'}, aa: {path: other, package: 'x.io/a/b:v2'}",
            "packages aa and bb",
            'both have the source "x.io/a/b", and Crossplane installs each once',
            "give one of them another `package`, or install: false",
            id="one-source-twice",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b:v1.1', install: false},"
            " bb: {path: other, package: 'x.io/a/b:v1.2'}",
            "packages aa and bb",
            'both would be the cache file "x.io/a/b:v1.gz"',
            "give one of them a `package` with another path; another tag is often the same file",
            id="one-file-twice",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a.gz/b'}, bb: {path: other, package: 'x.io/a.b'}",
            "packages aa and bb",
            'the cache file "x.io/a.gz" of one is a folder of the other\'s',
            "give one of them another `package`",
            id="a-file-that-is-a-folder",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: package.xpkg, package: 'x.io/a/b:v1@{ZEROS}'}}",
            'package aa ("package.xpkg")',
            f'"x.io/a/b:v1@{ZEROS}" has a tag and a digest',
            "keep one: Crossplane would take the tag for a part of the source",
            id="tag-and-digest",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: other, package: 'x.io/a/b@{ZEROS}'}}",
            'package aa ("other")',
            f'"x.io/a/b@{ZEROS}" names a digest, but only an .xpkg file has one',
            "name a tag instead, e.g. v0.1.0",
            id="digest-of-a-directory",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: package.xpkg, package: 'x.io/a/b@{ZEROS}'}}",
            'package aa ("package.xpkg")',
            f'"x.io/a/b@{ZEROS}" names another digest than the file\'s, {{digest}}',
            "name a tag to use the file whatever its digest",
            id="another-digest",
        ),
        pytest.param(
            NEW,
            "aa: {path: other, runtimeImage: x}",
            'package aa ("other")',
            "runtimeImage is set, but a Configuration runs nothing",
            "remove runtimeImage",
            id="configuration-with-image",
        ),
        pytest.param(
            OLD,
            "aa: {path: prov, runtimeImage: x, spec: {runtimeConfigRef: {name: x}}}",
            'package aa ("prov")',
            "runtimeImage and spec.runtimeConfigRef are both set",
            "keep one: runtimeImage makes a DeploymentRuntimeConfig of its own",
            id="two-runtimes",
        ),
        pytest.param(
            NEW,
            "aa: {path: prov}",
            'package aa ("prov")',
            "no registry has the image that this Provider runs",
            "set runtimeImage to the image of its program, or spec.runtimeConfigRef",
            id="provider-without-image",
        ),
    ],
)
def test_what_is_refused(  # noqa: PLR0913, PLR0917  # the columns of the table
    folder: Path, version: Version, packages: str, where: str, problem: str, hint: str
) -> None:
    found = refusal(folder, version, packages)
    digest = read(folder / "package.xpkg").digest
    assert found.where == where.format(folder=folder)
    assert found.problem == problem.format(digest=digest)
    assert found.hint == hint


@pytest.mark.parametrize(
    ("version", "package"),
    [
        pytest.param(NEW, "runtimeImage: x", id="an-image"),
        pytest.param(NEW, "spec: {runtimeConfigRef: {name: x}}", id="a-runtime-config"),
        pytest.param(NEW, "install: false", id="installed-by-somebody-else"),
        pytest.param(OLD, "", id="with-the-image-on-the-node"),
    ],
)
def test_a_provider_that_has_something_to_run(folder: Path, version: Version, package: str) -> None:
    assert place(folder, version, ", ".join(filter(None, ("aa: {path: prov", package))) + "}")


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("path", ["other", "package.xpkg"])
def test_a_tag_resolves_to_the_digest_of_what_is_on_disk(
    folder: Path, version: Version, path: str
) -> None:
    (one,) = placed(folder, version, f"aa: {{path: {path}}}")
    assert (one.name, one.digest) == ("aa", read(folder / path).digest)


def test_an_xpkg_is_found_by_its_own_digest(folder: Path) -> None:
    digest = read(folder / "package.xpkg").digest
    package = f"aa: {{path: package.xpkg, package: 'x.io/acme/conf@{digest}'}}"
    assert place(folder, NEW, package) == [f"x-io-acme-conf-sha256-{digest[7:12]}.gz"]


@pytest.mark.parametrize(
    ("package", "place_"),
    [
        pytest.param("conf", 'package aa ("conf"), file "xrd.yaml"', id="a-member"),
        pytest.param("func", 'package aa ("func")', id="the-package-itself"),
    ],
)
def test_a_kind_of_another_line_is_refused_with_its_file(
    folder: Path, package: str, place_: str
) -> None:
    directory(folder / "conf", {"xrd.yaml": XRD.replace(b"/v1", b"/v2")})
    directory(folder / "func", {"crossplane.yaml": META.replace(b"Configuration", b"Function")})
    version = OLD if package == "conf" else Version(1, 16)
    found = refusal(folder, version, f"aa: {{path: {package}, runtimeImage: ''}}")
    assert found.where == place_
    assert "must not hold" in found.problem


def test_ignored_files_are_not_in_the_package(folder: Path) -> None:
    directory(folder / "conf", {"xrd.yaml": b"kind: [\n"})
    assert place(folder, OLD, "aa: {path: conf, ignore: ['xrd.yaml']}")


def test_offline_needs_every_dependency(folder: Path) -> None:
    needs = "aa: {path: needs}"
    assert place(folder, OLD, needs)
    found = refusal(folder, OLD, needs, offline="true")
    assert found.where == 'package aa ("needs")'
    assert found.problem == 'offline is set, but its dependency "x.io/acme/conf" is not local'
    assert found.hint == "declare a local package with that source, or unset offline"
    assert place(
        folder, OLD, f"{needs}, bb: {{path: conf, package: 'x.io/acme/conf:v1'}}", offline="true"
    )


def test_a_pushed_provider_runs_its_own_image(folder: Path) -> None:
    Image([packed(tar({"package.yaml": PROVIDER}))]).write(folder)
    assert place(folder, NEW, "aa: {path: package.xpkg, package: 'x.io/acme/prov:v1'}")
    found = refusal(folder, NEW, "aa: {path: package.xpkg}")
    assert found.problem == "no registry has the image that this Provider runs"
