"""The kinds that a package may contain in each Crossplane version."""

from __future__ import annotations

import pytest

from postrender.crossplane import kinds
from postrender.crossplane.versions import Version

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
    package: str,
    member: tuple[str, str],
    version: tuple[int, int] | tuple[int, int, int],
    *,
    admitted: bool,
) -> None:
    errors = list(kinds.refusals(package, *member, Version(*version), where="file x.yaml"))
    assert [error.where for error in errors] == ([] if admitted else ["file x.yaml"])


def test_the_refusal_of_a_kind_lists_the_admitted_kinds() -> None:
    (error,) = kinds.refusals("Function", *XRD, Version(1, 16), where="")
    assert "Function of Crossplane 1.16" in error.problem
    assert '"apiextensions.crossplane.io/v1 CompositeResourceDefinition"' in error.problem
    for kind in (
        "meta.pkg.crossplane.io/v1beta1 Function",
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition",
    ):
        assert kind in error.hint
    assert "meta.pkg.crossplane.io/v1 Function" not in error.hint


def test_the_refusal_of_a_later_kind_names_the_patch_that_admits_it() -> None:
    (error,) = kinds.refusals("Configuration", *POLICY, Version(2, 0, 2), where="")
    assert "Configuration of Crossplane 2.0.2" in error.problem
    assert '"apiextensions.crossplane.io/v1alpha1 ManagedResourceActivationPolicy"' in error.problem
    assert "2.0.3" in error.problem


@pytest.mark.parametrize(
    ("api_version", "kind", "is_foreign"),
    [
        pytest.param("v1", "Secret", True, id="another-kind"),
        pytest.param("pkg.crossplane.io/v1", "Provider", True, id="a-package-object"),
        pytest.param("apiextensions.crossplane.io/v9", "X", False, id="the-group"),
        pytest.param("v1", "Composition", False, id="the-kind"),
        pytest.param("meta.pkg.crossplane.io/v1", "Provider", False, id="a-meta-object"),
    ],
)
def test_an_object_of_a_group_or_kind_of_packages_is_not_foreign(
    api_version: str, kind: str, *, is_foreign: bool
) -> None:
    assert kinds.is_foreign(api_version, kind) == is_foreign
