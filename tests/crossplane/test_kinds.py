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
