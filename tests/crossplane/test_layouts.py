"""The layout of the package cache in each Crossplane version."""

from __future__ import annotations

import pytest

from postrender.crossplane import layouts, versions
from postrender.crossplane.versions import Version
from postrender.errors import DevcacheError


@pytest.mark.parametrize(
    ("version", "cache_root", "keyed_by", "policy", "function"),
    [
        ((1, 14), "/cache", "path", "Never", "v1beta1"),
        ((1, 16), "/cache", "path", "Never", "v1beta1"),
        ((1, 17), "/cache", "path", "Never", "v1"),
        ((1, 19), "/cache", "path", "Never", "v1"),
        ((1, 20), "/cache/xpkg", "path", "Never", "v1"),
        ((1, 20, 13), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 0), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 1), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 2), "/cache/xpkg", "digest", "IfNotPresent", "v1"),
        ((2, 4), "/cache/xpkg", "digest", "IfNotPresent", "v1"),
        ((2, 4, 2), "/cache/xpkg", "digest", "IfNotPresent", "v1"),
    ],
)
def test_each_version_has_its_layout(
    version: tuple[int, int] | tuple[int, int, int],
    cache_root: str,
    keyed_by: str,
    policy: str,
    function: str,
) -> None:
    layout = layouts.layout_of(Version(*version), where="")
    assert (layout.cache_root, layout.keyed_by) == (cache_root, keyed_by)
    assert (layout.pull_policy, layout.function_version) == (policy, function)


@pytest.mark.parametrize("version", [(1, 13), (1, 13, 2), (1, 21), (0, 1)])
def test_the_refusal_of_an_unsupported_version_names_the_supported_lines(
    version: tuple[int, int] | tuple[int, int, int],
) -> None:
    with pytest.raises(DevcacheError, match=r"supported lines 1\.14 to 2\.4") as refused:
        layouts.layout_of(Version(*version), where="Deployment x", override="crossplaneVersion")
    assert refused.value.where == "Deployment x"
    assert "crossplaneVersion" in refused.value.hint


@pytest.mark.parametrize("version", [(2, 5), (2, 5, 0), (3, 0)])
def test_the_refusal_of_a_newer_line_tells_the_user_how_to_try_it(
    version: tuple[int, int] | tuple[int, int, int],
) -> None:
    with pytest.raises(DevcacheError) as refused:
        layouts.layout_of(Version(*version), where="Deployment x", override="crossplaneVersion")
    line = versions.dotted(version[:2])
    assert f"Crossplane {line} " in refused.value.problem
    assert "2.4" in refused.value.problem
    assert "set crossplaneVersion to 2.4" in refused.value.hint
    assert "Healthy" in refused.value.hint, "with the risk"
