"""Declared packages in the cache: the file of each package, and the refused declarations."""

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
from tests.shared.package_files import (
    META,
    PROVIDER,
    REPOSITORY,
    STREAM,
    XRD,
    Image,
    directory,
    packed,
    tar,
)

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.placement import LocalPackage

HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"

OLD, MIDDLE, NEW = Version(1, 19), Version(2, 1), Version(2, 4)
"""Versions that key the cache by the path of any or a qualified reference, and by digest."""


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


def local_packages(
    folder: Path, version: Version, packages: str, *, offline: str = "false"
) -> tuple[LocalPackage, ...]:
    """Return the packages that the flow mapping `packages` declares."""
    text = f"{HEAD}spec: {{offline: {offline}, packages: {{{packages}}}}}\n"
    declared = devcache.load(text, where="")
    target = Target.of(version, where="")
    return placement.place(declared.packages, target, folder, offline=declared.offline)


def cache_keys(
    folder: Path, version: Version, packages: str, *, offline: str = "false"
) -> list[str]:
    """Return the cache files of the packages that the flow mapping `packages` declares."""
    return [
        package.cache_key for package in local_packages(folder, version, packages, offline=offline)
    ]


def refusal(
    folder: Path, version: Version, packages: str, *, offline: str = "false"
) -> DevcacheError:
    with pytest.raises(DevcacheError) as refused:
        cache_keys(folder, version, packages, offline=offline)
    return refused.value


OTHER = sha256(META)
"""The digest of `other`, which is the digest of its only file."""

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
            id="a-path-ignores-the-digest",
        ),
        pytest.param(
            NEW,
            "bb: {path: other, package: 'x.io/acme/b:v1'}, aa: {path: conf}",
            [
                f"xpkg-devcache-local-aa-sha256-{sha256(STREAM)[7:12]}.gz",
                f"x-io-acme-b-sha256-{OTHER[7:12]}.gz",
            ],
            id="two-packages-sorted-by-name",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b:v1.1', install: false},"
            " bb: {path: other, package: 'x.io/a/b:v2.1'}",
            ["x.io/a/b:v1.gz", "x.io/a/b:v2.gz"],
            id="two-packages-of-one-source-with-one-installed",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b'}, bb: {path: other, package: 'x.io/a/b.gzip/c'}",
            ["x.io/a/b.gz", "x.io/a/b.gzip/c.gz"],
            id="a-folder-whose-name-begins-with-the-file-of-another-package",
        ),
    ],
)
def test_the_file_of_a_package(
    folder: Path, version: Version, packages: str, keys: list[str]
) -> None:
    assert cache_keys(folder, version, packages) == keys


@pytest.mark.parametrize(
    ("version", "packages", "where", "problem", "hint"),
    [
        pytest.param(
            MIDDLE,
            "aa: {path: other, package: acme/other}",
            "package aa",
            '"acme/other"',
            "registry.example.com/acme/platform:v0.1.0",
            id="unqualified",
        ),
        pytest.param(
            NEW,
            "aa: {path: gone}",
            "package aa, {folder}/gone",
            "no such file or directory",
            "current directory",
            id="missing",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/.a/b:v1'}",
            "package aa",
            '"x.io/.a/b:v1"',
            "",
            id="a-hidden-folder",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io//b:v1'}",
            "package aa",
            '"x.io//b:v1"',
            "",
            id="an-empty-part",
        ),
        pytest.param(
            OLD,
            "bb: {path: other, package: 'x.io/a/b:v1'}, aa: {path: other, package: 'x.io/a/b:v2'}",
            "packages aa and bb",
            'source "x.io/a/b"',
            "install: false",
            id="two-packages-of-one-source",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a/b:v1.1', install: false},"
            " bb: {path: other, package: 'x.io/a/b:v1.2'}",
            "packages aa and bb",
            'cache file "x.io/a/b:v1.gz"',
            "`package`",
            id="two-packages-with-one-cache-file",
        ),
        pytest.param(
            OLD,
            "aa: {path: other, package: 'x.io/a.gz/b'}, bb: {path: other, package: 'x.io/a.b'}",
            "packages aa and bb",
            'cache file "x.io/a.gz"',
            "`package`",
            id="a-file-that-is-a-folder",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: package.xpkg, package: 'x.io/a/b:v1@{ZEROS}'}}",
            "package aa",
            f'"x.io/a/b:v1@{ZEROS}" has a tag and a digest',
            "one",
            id="tag-and-digest",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: other, package: 'x.io/a/b@{ZEROS}'}}",
            "package aa",
            f'"x.io/a/b@{ZEROS}" names a digest',
            "tag",
            id="digest-of-a-directory",
        ),
        pytest.param(
            NEW,
            f"aa: {{path: package.xpkg, package: 'x.io/a/b@{ZEROS}'}}",
            "package aa",
            f'"x.io/a/b@{ZEROS}" names a digest other than the file\'s, {{digest}}',
            "tag",
            id="another-digest",
        ),
        pytest.param(
            NEW,
            "aa: {path: other, runtimeImage: x}",
            "package aa",
            "Configuration",
            "remove runtimeImage",
            id="configuration-with-image",
        ),
        pytest.param(
            OLD,
            "aa: {path: prov, runtimeImage: x, spec: {runtimeConfigRef: {name: x}}}",
            "package aa",
            "runtimeImage and spec.runtimeConfigRef",
            "one",
            id="two-runtimes",
        ),
        pytest.param(
            NEW,
            "aa: {path: prov}",
            "package aa",
            "image",
            "set runtimeImage",
            id="provider-without-image",
        ),
    ],
)
def test_refusals(  # noqa: PLR0913, PLR0917  # the columns of the table
    folder: Path, version: Version, packages: str, where: str, problem: str, hint: str
) -> None:
    error = refusal(folder, version, packages)
    digest = read(folder / "package.xpkg").digest
    assert error.where == where.format(folder=folder)
    assert problem.format(digest=digest) in error.problem
    assert hint in error.hint
    assert error.hint


@pytest.mark.parametrize(
    ("version", "package"),
    [
        pytest.param(NEW, "runtimeImage: x", id="an-image"),
        pytest.param(NEW, "spec: {runtimeConfigRef: {name: x}}", id="a-runtime-config"),
        pytest.param(NEW, "install: false", id="installed-by-another"),
        pytest.param(OLD, "", id="image-on-the-node"),
    ],
)
def test_a_provider_with_an_image_is_placed(folder: Path, version: Version, package: str) -> None:
    assert cache_keys(folder, version, ", ".join(filter(None, ("aa: {path: prov", package))) + "}")


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("path", ["other", "package.xpkg"])
def test_a_tag_resolves_to_the_digest_of_the_package_on_disk(
    folder: Path, version: Version, path: str
) -> None:
    (package,) = local_packages(folder, version, f"aa: {{path: {path}}}")
    assert (package.name, package.digest) == ("aa", read(folder / path).digest)


def test_a_reference_may_name_the_digest_of_its_xpkg(folder: Path) -> None:
    digest = read(folder / "package.xpkg").digest
    package = f"aa: {{path: package.xpkg, package: 'x.io/acme/conf@{digest}'}}"
    assert cache_keys(folder, NEW, package) == [f"x-io-acme-conf-sha256-{digest[7:12]}.gz"]


@pytest.mark.parametrize(
    ("package", "where"),
    [
        pytest.param("conf", 'package aa, file "xrd.yaml"', id="a-member"),
        pytest.param("func", "package aa", id="the-package-itself"),
    ],
)
def test_a_kind_of_another_line_is_refused_with_its_file(
    folder: Path, package: str, where: str
) -> None:
    directory(folder / "conf", {"xrd.yaml": XRD.replace(b"/v1", b"/v2")})
    directory(folder / "func", {"crossplane.yaml": META.replace(b"Configuration", b"Function")})
    version = OLD if package == "conf" else Version(1, 16)
    error = refusal(folder, version, f"aa: {{path: {package}, runtimeImage: ''}}")
    assert error.where == where
    assert "must not hold" in error.problem


def test_ignored_files_are_not_in_the_package(folder: Path) -> None:
    directory(folder / "conf", {"xrd.yaml": b"kind: [\n"})
    assert cache_keys(folder, OLD, "aa: {path: conf, ignore: ['xrd.yaml']}")


def test_offline_requires_every_dependency(folder: Path) -> None:
    needs = "aa: {path: needs}"
    assert cache_keys(folder, OLD, needs)
    error = refusal(folder, OLD, needs, offline="true")
    assert error.where == "package aa"
    assert 'dependency "x.io/acme/conf"' in error.problem
    assert "offline" in error.hint
    assert cache_keys(
        folder, OLD, f"{needs}, bb: {{path: conf, package: 'x.io/acme/conf:v1'}}", offline="true"
    )


def test_a_pushed_provider_runs_its_own_image(folder: Path) -> None:
    Image([packed(tar({"package.yaml": PROVIDER}))]).write(folder)
    assert cache_keys(folder, NEW, "aa: {path: package.xpkg, package: 'x.io/acme/prov:v1'}")
    error = refusal(folder, NEW, "aa: {path: package.xpkg}")
    assert "no registry has the image" in error.problem


@pytest.mark.parametrize(
    ("version", "source", "resolved"),
    [
        pytest.param(Version(1, 18, 5), "provider: x.io/a/b", ["x.io/a/b"], id="by-kind"),
        pytest.param(Version(1, 19), "provider: x.io/a/b", ["x.io/a/b"], id="by-kind-later"),
        pytest.param(Version(1, 18, 5), "package: x.io/a/b", [""], id="explicit"),
        pytest.param(Version(1, 19), "package: x.io/a/b", ["x.io/a/b"], id="explicit-later"),
        pytest.param(
            Version(1, 18), "package: x.io/a/b, function: x.io/c/d", ["x.io/c/d"], id="both"
        ),
        pytest.param(
            Version(1, 19), "package: x.io/a/b, function: x.io/c/d", ["x.io/a/b"], id="both-later"
        ),
    ],
)
def test_dependencies_are_those_that_this_crossplane_reads(
    folder: Path, version: Version, source: str, resolved: list[str]
) -> None:
    entry = f"{{apiVersion: pkg.crossplane.io/v1, kind: Provider, {source}, version: '>=v0'}}"
    spec = f"spec: {{dependsOn: [{entry}]}}\n"
    directory(folder / "needs", {"crossplane.yaml": META + spec.encode()})
    (package,) = local_packages(folder, version, "aa: {path: needs}")
    assert [dependency.package for dependency in package.dependencies] == resolved


def test_offline_does_not_concern_a_package_without_dependency_resolution(folder: Path) -> None:
    skips = "aa: {path: needs, spec: {skipDependencyResolution: true}}"
    (package,) = local_packages(folder, OLD, skips, offline="true")
    assert package.dependencies == ()
    resolves = skips.replace("true", "false")
    assert "is not local" in refusal(folder, OLD, resolves, offline="true").problem


def test_the_hint_has_the_field_that_leaves_files_out(folder: Path) -> None:
    directory(folder / "conf", REPOSITORY)
    declared = "aa: {path: conf, ignore: ['mk*']}"
    error = refusal(folder, OLD, declared)
    assert error.hint.endswith(
        'leave the other files out with ignore: ["mk*", ".github/workflows/*"]'
    )
    declared = "aa: {path: conf, ignore: ['mk*', '.github/workflows/*']}"
    error = refusal(folder, OLD, declared)
    assert error.where == 'package aa, file "test/setup/claim.yaml"'
    assert error.hint.endswith(
        'leave other files out with ignore: ["mk*", ".github/workflows/*", "test/setup/*"]'
    )


def test_a_range_of_another_line_is_refused(folder: Path) -> None:
    crossplane = b"spec: {crossplane: {version: '>=1.14 <9'}}\n"
    directory(folder / "conf", {"crossplane.yaml": META + crossplane})
    declared = "aa: {path: conf, spec: {ignoreCrossplaneConstraints: true}}"
    error = refusal(folder, Version(2, 2), declared)
    assert "cannot read its spec.crossplane.version" in error.problem
    assert "commas" in error.hint
    assert cache_keys(folder, Version(2, 3), declared)
