"""Which Crossplane version has which layout, and which kinds a package may hold there."""

from __future__ import annotations

import pytest

from postrender.crossplane import kinds, layouts, versions
from postrender.crossplane.target import Target
from postrender.crossplane.versions import Version
from postrender.errors import DevcacheError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v2.4.2", (2, 4, 2)),
        ("2.4.2", (2, 4, 2)),
        ("1.20", (1, 20)),
        ("v2.4.0-rc.1", (2, 4, 0)),
        ("v1.20.1-up.1", (1, 20, 1)),
        ("v2.3.0+build.5", (2, 3, 0)),
        ("latest", None),
        ("v2", None),
        ("2.4.x", None),
        ("", None),
        ("v2.4.0\n", None),
        ("\u0662.\u0664", None),
        (f"2.{'4' * 5000}", None),
    ],
)
def test_the_version_that_a_text_names(text: str, version: tuple[int, ...] | None) -> None:
    assert versions.parse(text) == (Version(*version) if version else None)


@pytest.mark.parametrize("text", ["2.4.2", "1.20", "2.0.0"])
def test_a_version_is_shown_as_it_was_named(text: str) -> None:
    assert str(versions.parse(text)) == text


def test_a_bare_line_is_its_newest_patch() -> None:
    assert Version(2, 0) >= (2, 0, 8)
    assert Version(2, 0) < Version(2, 1, 0)


def test_a_text_that_must_be_a_version() -> None:
    assert versions.require("v2.4.2", where="--crossplane") == (2, 4, 2)
    with pytest.raises(DevcacheError) as refused:
        versions.require("main", where="--crossplane")
    assert str(refused.value) == (
        '--crossplane: is not a version: "main"\nhint: use e.g. 2.4.2 or 1.20'
    )


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
    version: tuple[int, ...], cache_root: str, keyed_by: str, policy: str, function: str
) -> None:
    layout = layouts.layout_of(Version(*version), where="")
    assert (layout.cache_root, layout.keyed_by) == (cache_root, keyed_by)
    assert (layout.pull_policy, layout.function_version) == (policy, function)


@pytest.mark.parametrize("version", [(1, 13), (1, 13, 2), (1, 21), (0, 1)])
def test_a_version_out_of_the_table_is_refused_with_its_range(version: tuple[int, ...]) -> None:
    with pytest.raises(DevcacheError, match=r"supported lines 1\.14 to 2\.4") as refused:
        layouts.layout_of(Version(*version), where="Deployment x", override="crossplaneVersion")
    assert refused.value.where == "Deployment x"
    assert "crossplaneVersion" in refused.value.hint


@pytest.mark.parametrize("version", [(2, 5), (2, 5, 0), (3, 0)])
def test_a_newer_line_is_refused_with_how_to_try_it(version: tuple[int, ...]) -> None:
    with pytest.raises(DevcacheError) as refused:
        layouts.layout_of(Version(*version), where="Deployment x", override="crossplaneVersion")
    line = versions.dotted(version[:2])
    assert refused.value.problem == (
        f"Crossplane {line} is not known yet: the newest known line is 2.4"
    )
    assert "set crossplaneVersion to 2.4" in refused.value.hint
    assert f"Healthy only where Crossplane {line} reads its cache as 2.4" in refused.value.hint


XRD = ("apiextensions.crossplane.io/v1", "CompositeResourceDefinition")
XRD_2 = ("apiextensions.crossplane.io/v2", "CompositeResourceDefinition")
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
OLD_CRD = ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition")
ADMISSION = "admissionregistration.k8s.io"
POLICY = ("apiextensions.crossplane.io/v1alpha1", "ManagedResourceActivationPolicy")
OPERATION = ("ops.crossplane.io/v1alpha1", "Operation")
MRD = ("apiextensions.crossplane.io/v1alpha1", "ManagedResourceDefinition")


@pytest.mark.parametrize(
    ("package", "member", "version", "admitted"),
    [
        ("Configuration", XRD, (1, 14), True),
        ("Configuration", XRD_2, (1, 20), False),
        ("Configuration", XRD_2, (2, 0), True),
        ("Configuration", ("apiextensions.crossplane.io/v9", "Composition"), (2, 4), False),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 16), False),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 17, 1), False),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 17, 2), True),
        ("Function", ("meta.pkg.crossplane.io/v1beta1", "Function"), (1, 14), True),
        ("Configuration", CRD, (2, 4), False),
        ("Configuration", OPERATION, (1, 20), False),
        ("Configuration", OPERATION, (2, 0), True),
        ("Configuration", ("v1", "ConfigMap"), (2, 4), False),
        ("Configuration", ("example.org/v1", "Composition"), (2, 4), False),
        ("Provider", CRD, (1, 14), True),
        ("Provider", XRD, (2, 4), False),
        ("Provider", MRD, (1, 20), False),
        ("Provider", MRD, (2, 0, 2), False),
        ("Provider", MRD, (2, 0, 3), True),
        ("Provider", MRD, (2, 0), True),
        ("Provider", MRD, (2, 1), True),
        ("Function", CRD, (2, 2), True),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 17), True),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "CronOperation"), (1, 20), False),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "CronOperation"), (2, 0), True),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "WatchOperation"), (1, 20), False),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "WatchOperation"), (2, 0), True),
        ("Configuration", POLICY, (1, 20), False),
        ("Configuration", POLICY, (2, 0, 2), False),
        ("Configuration", POLICY, (2, 0, 3), True),
        ("Configuration", POLICY, (2, 0, 8), True),
        ("Configuration", POLICY, (2, 1), True),
        ("Configuration", ("meta.pkg.crossplane.io/v1", "Configuration"), (1, 14), True),
        ("Configuration", ("meta.pkg.crossplane.io/v1alpha1", "Configuration"), (1, 14), True),
        ("Configuration", ("apiextensions.crossplane.io/v1", "Composition"), (1, 14), True),
        ("Provider", ("meta.pkg.crossplane.io/v1", "Provider"), (1, 14), True),
        ("Provider", ("meta.pkg.crossplane.io/v1alpha1", "Provider"), (1, 14), True),
        ("Provider", OLD_CRD, (1, 14), True),
        ("Provider", (f"{ADMISSION}/v1", "MutatingWebhookConfiguration"), (1, 14), True),
        ("Provider", (f"{ADMISSION}/v1", "ValidatingWebhookConfiguration"), (1, 14), True),
        ("Function", CRD, (1, 14), True),
        ("Function", OLD_CRD, (1, 14), True),
        ("Function", XRD, (2, 2), False),
    ],
)
def test_kinds_that_crossplanes_linter_admits(
    package: str, member: tuple[str, str], version: tuple[int, ...], *, admitted: bool
) -> None:
    refused = list(kinds.refusals(package, *member, Version(*version), where="file x.yaml"))
    assert [one.where for one in refused] == ([] if admitted else ["file x.yaml"])


def test_a_kind_that_is_not_admitted_is_told_with_those_that_are() -> None:
    (refused,) = kinds.refusals("Function", *XRD, Version(1, 16), where="")
    assert refused.problem == (
        "a Function of Crossplane 1.16 must not hold"
        ' "apiextensions.crossplane.io/v1 CompositeResourceDefinition"'
    )
    assert refused.hint == (
        "it may hold meta.pkg.crossplane.io/v1beta1 Function,"
        " apiextensions.k8s.io/v1 CustomResourceDefinition,"
        " apiextensions.k8s.io/v1beta1 CustomResourceDefinition;"
        " leave other files out with `ignore`"
    )


def test_a_kind_of_a_later_patch_is_told_with_that_patch() -> None:
    (refused,) = kinds.refusals("Configuration", *POLICY, Version(2, 0, 2), where="")
    assert refused.problem == (
        "a Configuration of Crossplane 2.0.2 must not hold"
        ' "apiextensions.crossplane.io/v1alpha1 ManagedResourceActivationPolicy",'
        " which Crossplane 2.0.3 admits first"
    )


@pytest.mark.parametrize(
    ("version", "rules", "digests"),
    [
        ((1, 14), "v1", False),
        ((1, 17), "v1", False),
        ((1, 18), "v1", True),
        ((2, 2), "v1", True),
        ((2, 3), "v3", True),
        ((2, 4), "v3", True),
    ],
)
def test_how_crossplane_reads_the_version_of_a_dependency(
    version: tuple[int, ...], rules: str, *, digests: bool
) -> None:
    target = Target.of(Version(*version), where="")
    assert (target.constraint_rules, target.pins_digests) == (rules, digests)
