"""Which Crossplane version has which layout, and which kinds a package may hold there."""

from __future__ import annotations

import pytest

from postrender.cache import layouts
from postrender.errors import DevcacheError


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("v2.4.0", (2, 4)),
        ("2.4.0", (2, 4)),
        ("1.20", (1, 20)),
        ("v2.4.0-rc.1", (2, 4)),
        ("v1.20.1-up.1", (1, 20)),
        ("v2.3.0+build.5", (2, 3)),
        ("latest", None),
        ("v2", None),
        ("2.4.x", None),
        ("", None),
        ("v2.4.0\n", None),
        ("\u0662.\u0664", None),
        (f"2.{'4' * 5000}", None),
    ],
)
def test_the_line_of_a_version(version: str, line: layouts.Line | None) -> None:
    assert layouts.line_of(version) == line


def test_a_version_that_somebody_gave_must_be_one() -> None:
    assert layouts.require_line("v2.4.0", where="--crossplane") == (2, 4)
    with pytest.raises(DevcacheError) as refused:
        layouts.require_line("main", where="--crossplane")
    assert str(refused.value) == (
        '--crossplane: is not a version: "main"\nhint: use e.g. 2.4.0 or 1.20'
    )


@pytest.mark.parametrize(
    ("line", "cache_root", "keyed_by", "policy", "function"),
    [
        ((1, 14), "/cache", "path", "Never", "v1beta1"),
        ((1, 16), "/cache", "path", "Never", "v1beta1"),
        ((1, 17), "/cache", "path", "Never", "v1"),
        ((1, 19), "/cache", "path", "Never", "v1"),
        ((1, 20), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 0), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 1), "/cache/xpkg", "path", "Never", "v1"),
        ((2, 2), "/cache/xpkg", "digest", "IfNotPresent", "v1"),
        ((2, 4), "/cache/xpkg", "digest", "IfNotPresent", "v1"),
    ],
)
def test_each_line_has_its_layout(
    line: layouts.Line, cache_root: str, keyed_by: str, policy: str, function: str
) -> None:
    layout = layouts.layout_of(line, where="")
    assert (layout.cache_root, layout.keyed_by) == (cache_root, keyed_by)
    assert (layout.pull_policy, layout.function_version) == (policy, function)


@pytest.mark.parametrize("line", [(1, 13), (1, 21), (2, 5), (3, 0), (0, 1)])
def test_a_line_out_of_the_table_is_refused_with_its_range(line: layouts.Line) -> None:
    with pytest.raises(DevcacheError, match=r"supported lines 1\.14 to 2\.4") as refused:
        layouts.layout_of(line, where="Deployment x", hint="try another")
    assert (refused.value.where, refused.value.hint) == ("Deployment x", "try another")


def test_a_refused_line_has_no_hint_but_that_of_who_asked() -> None:
    with pytest.raises(DevcacheError) as refused:
        layouts.layout_of((3, 0), where="")
    assert refused.value.hint == ""


XRD = ("apiextensions.crossplane.io/v1", "CompositeResourceDefinition")
XRD_2 = ("apiextensions.crossplane.io/v2", "CompositeResourceDefinition")
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
OLD_CRD = ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition")
ADMISSION = "admissionregistration.k8s.io"
POLICY = ("apiextensions.crossplane.io/v1alpha1", "ManagedResourceActivationPolicy")
OPERATION = ("ops.crossplane.io/v1alpha1", "Operation")
MRD = ("apiextensions.crossplane.io/v1alpha1", "ManagedResourceDefinition")


@pytest.mark.parametrize(
    ("package", "member", "line", "admitted"),
    [
        ("Configuration", XRD, (1, 14), True),
        ("Configuration", XRD_2, (1, 20), False),
        ("Configuration", XRD_2, (2, 0), True),
        ("Configuration", ("apiextensions.crossplane.io/v9", "Composition"), (2, 4), False),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 16), False),
        ("Function", ("meta.pkg.crossplane.io/v1beta1", "Function"), (1, 14), True),
        ("Configuration", CRD, (2, 4), False),
        ("Configuration", OPERATION, (1, 20), False),
        ("Configuration", OPERATION, (2, 0), True),
        ("Configuration", ("v1", "ConfigMap"), (2, 4), False),
        ("Configuration", ("example.org/v1", "Composition"), (2, 4), False),
        ("Provider", CRD, (1, 14), True),
        ("Provider", XRD, (2, 4), False),
        ("Provider", MRD, (2, 0), False),
        ("Provider", MRD, (2, 1), True),
        ("Function", CRD, (2, 2), True),
        ("Function", ("meta.pkg.crossplane.io/v1", "Function"), (1, 17), True),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "CronOperation"), (1, 20), False),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "CronOperation"), (2, 0), True),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "WatchOperation"), (1, 20), False),
        ("Configuration", ("ops.crossplane.io/v1alpha1", "WatchOperation"), (2, 0), True),
        ("Configuration", POLICY, (2, 0), False),
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
    package: str, member: tuple[str, str], line: layouts.Line, *, admitted: bool
) -> None:
    refused = list(layouts.refused_kind(package, *member, line, where="file x.yaml"))
    assert [one.where for one in refused] == ([] if admitted else ["file x.yaml"])


def test_a_kind_that_is_not_admitted_is_told_with_those_that_are() -> None:
    (refused,) = layouts.refused_kind("Function", *XRD, (1, 16), where="")
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


@pytest.mark.parametrize(
    ("line", "rules", "digests"),
    [
        ((1, 14), "v1", False),
        ((1, 17), "v1", False),
        ((1, 18), "v1", True),
        ((2, 2), "v1", True),
        ((2, 3), "v3", True),
        ((2, 4), "v3", True),
    ],
)
def test_how_a_line_reads_the_version_of_a_dependency(
    line: layouts.Line, rules: str, *, digests: bool
) -> None:
    assert layouts.semver(line) == rules
    assert layouts.pins_digests(line) is digests
