"""The DevCache document: its fields, and the messages for mistakes in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.manifests import emit, nodes

HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"


def load(spec: str) -> devcache.DevCache:
    return devcache.load(f"{HEAD}spec: {spec}\n", where="values")


def test_an_empty_spec_has_every_default() -> None:
    config = load("{}")
    assert config == devcache.DevCache()
    assert config.copier.image == "docker.io/library/busybox:1.37.0"


def test_every_field_is_read() -> None:
    config = load(
        """
  packages:
    bb: {path: ./b.xpkg, install: false, package: "x.io/a/b:v1"}
    aa:
      path: a
      ignore: ["docs/*"]
      runtimeImage: x.io/a/run:v1
      runtimeResources: {limits: {memory: 2Gi}}
      spec: {revisionHistoryLimit: 1, revisionActivationPolicy: "Manual"}
  cache:
    readOnly: {mountPath: /ro}
    readWrite: {volume: own-cache, sizeLimit: 64Mi}
  copier:
    image: {repository: x.io/busybox, tag: "1.36", pullPolicy: Never}
    resources: {limits: {memory: 1Gi}}
    securityContext: {runAsUser: null}
  payload: apart
  live: true
  releaseRevision: "7"
  offline: true
  allowUnhealthy: true
  limits: {release: false}
  argocd: true
  crossplaneVersion: "2.4.0"
"""
    )
    assert [package.name for package in config.packages] == ["aa", "bb"]
    a, b = config.packages
    assert a.settings
    assert (a.path, a.ignore, a.settings.runtime_image, a.install) == (
        "a",
        ("docs/*",),
        "x.io/a/run:v1",
        True,
    )
    assert a.settings.runtime_resources == {"limits": {"memory": "2Gi"}}
    assert a.reference.text == "xpkg.devcache.local/aa:v0.0.0"
    assert a.settings.spec == {"revisionHistoryLimit": 1, "revisionActivationPolicy": "Manual"}
    assert (b.path, b.reference.text, b.install) == ("./b.xpkg", "x.io/a/b:v1", False)
    assert config.argocd
    assert (config.mount_path, config.cache_volume, config.size_limit) == (
        "/ro",
        "own-cache",
        "64Mi",
    )
    assert (config.copier.image, config.copier.pull_policy) == ("x.io/busybox:1.36", "Never")
    assert config.copier.resources == {"limits": {"memory": "1Gi"}}
    assert config.copier.security_context == {"runAsUser": None}
    assert (config.offline, config.allow_unhealthy) == (True, True)
    assert (config.limit_release, config.crossplane_version) == (
        False,
        "2.4.0",
    )
    assert config.payload_apart
    assert (config.live, config.release_revision) == (True, "7")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("{packages: {a: null}}", id="null-removes-a-package"),
        pytest.param("{packages: null, cache: null, copier: {image: null}}", id="null-blocks"),
        pytest.param(
            "{payload: null, live: null, offline: null, limits: {release: null},"
            " allowUnhealthy: null,"
            " crossplaneVersion: null}",
            id="fields",
        ),
        pytest.param("", id="no-spec"),
    ],
)
def test_null_is_the_default_as_in_helm(spec: str) -> None:
    assert load(spec) == devcache.DevCache()


@pytest.mark.parametrize(
    ("tag", "image"),
    [
        ("1.37.0", "docker.io/library/busybox:1.37.0"),
        (f"sha256:{'0' * 64}", f"docker.io/library/busybox@sha256:{'0' * 64}"),
        ("", "docker.io/library/busybox"),
    ],
)
def test_the_copiers_image(tag: str, image: str) -> None:
    assert load(f'{{copier: {{image: {{tag: "{tag}"}}}}}}').copier.image == image


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            "{package: {}}",
            'spec has an unknown key "package".*did you mean packages',
            id="unknown-key",
        ),
        pytest.param(
            "{zzz: 1}",
            'unknown key "zzz"\nhint: known keys: allowUnhealthy, argocd',
            id="unknown-key-without-a-similar-one",
        ),
        pytest.param(
            "{packages: {a: {path: x, instal: true}}}",
            'spec.packages.a has an unknown key "instal".*did you mean install',
            id="unknown-key-of-a-package",
        ),
        pytest.param(
            "{cache: {readWrite: {sizelimit: x}}}",
            "did you mean sizeLimit",
            id="unknown-key-in-another-case",
        ),
        pytest.param("[]", "spec is not a mapping", id="spec-is-a-list"),
        pytest.param(
            "{packages: {A: {path: x}}}", '"A" is not a DNS-1123 label', id="upper-case-name"
        ),
        pytest.param(
            "{packages: {a.b: {path: x}}}", '"a.b" is not a DNS-1123 label', id="dotted-name"
        ),
        pytest.param(
            f"{{packages: {{{'a' * 64}: {{path: x}}}}}}", "DNS-1123 label", id="long-name"
        ),
        pytest.param("{packages: {a: {}}}", "spec.packages.a.path is missing", id="no-path"),
        pytest.param(
            "{packages: {a: {path: 7}}}", "path is not a string.*quotes", id="number-path"
        ),
        pytest.param(
            '{packages: {a: {path: "x\\0y"}}}', "path has a null character", id="nul-in-path"
        ),
        pytest.param(
            "{packages: {a: text}}", "spec.packages.a is not a mapping", id="a-text-package"
        ),
        pytest.param(
            "{packages: {ab: {path: x, ignore: y}}}",
            "ignore is not a list of strings",
            id="ignore-is-a-string",
        ),
        pytest.param(
            "{packages: {ab: {path: x, ignore: [1]}}}",
            "not a list of strings",
            id="ignore-has-a-number",
        ),
        pytest.param(
            "{payload: appart}",
            "spec.payload is not one of release, apart.*did you mean apart",
            id="unknown-payload",
        ),
        pytest.param("{payload: true}", "spec.payload is not a string", id="payload-is-a-flag"),
        pytest.param('{live: "yes"}', "spec.live is neither true nor false", id="live-is-a-word"),
        pytest.param(
            "{releaseRevision: a/b}",
            "releaseRevision is not 1 to 32 letters",
            id="release-revision-is-no-tag",
        ),
        pytest.param(
            "{packages: {ab: {path: x, install: 1}}}", "neither true nor false", id="install"
        ),
        pytest.param(
            '{packages: {a: {path: x, package: "x.io/a b:v1"}}}',
            "package has blanks or control characters",
            id="blank-in-reference",
        ),
        pytest.param(
            '{packages: {a: {path: x, package: "x.io/a\\u2028b:v1"}}}',
            "package has blanks or control characters\nhint: remove them$",
            id="line-separator-in-reference",
        ),
        pytest.param(
            '{packages: {a: {path: x, package: "x.io/A/b:v1"}}}',
            r"spec.packages.a.package: not a package reference",
            id="reference-that-does-not-parse",
        ),
        pytest.param(
            "{packages: {a: {path: x, spec: {package: y}}}}",
            "spec.package cannot be set here.*spec.packages.a.package",
            id="spec-sets-package",
        ),
        pytest.param(
            "{packages: {a: {path: x, spec: {packagePullPolicy: Always}}}}",
            "packagePullPolicy cannot be set here",
            id="spec-sets-pull-policy",
        ),
        pytest.param(
            "{cache: {readOnly: {mountPath: ro}}}", "not an absolute path", id="relative-mount-path"
        ),
        pytest.param(
            "{cache: {readOnly: {mountPath: /}}}", "not an absolute path", id="mount-root"
        ),
        pytest.param(
            "{cache: {readOnly: {mountPath: /a/../b}}}", "not an absolute path", id="climbs"
        ),
        pytest.param("{cache: {readWrite: {volume: A}}}", "not the name of a volume", id="volume"),
        pytest.param(
            "{cache: {readWrite: {sizeLimit: big}}}", "sizeLimit is not a quantity", id="size"
        ),
        pytest.param(
            "{copier: {image: {tag: 1.37}}}", "tag is not a string.*quotes", id="float-tag"
        ),
        pytest.param(
            "{copier: {image: {pullPolicy: always}}}",
            "not one of IfNotPresent, Always, Never.*did you mean Always",
            id="pull-policy",
        ),
        pytest.param(
            "{copier: {resources: []}}",
            "spec.copier.resources is not a mapping",
            id="resources-is-a-list",
        ),
        pytest.param(
            "{crossplaneVersion: main}", "crossplaneVersion is not a version", id="version"
        ),
        pytest.param(
            f"{{crossplaneVersion: '{'9' * 5000}.4'}}",
            "crossplaneVersion is not a version",
            id="endless-version",
        ),
        pytest.param(
            f"{{cache: {{readWrite: {{sizeLimit: '{'9' * 5000}'}}}}}}",
            "sizeLimit is not a quantity",
            id="endless-size",
        ),
        pytest.param(
            "{crossplaneVersion: 2.4}", "crossplaneVersion is not a string", id="float-version"
        ),
        pytest.param(
            "{lively: true}", 'unknown key "lively"', id="an-unknown-key-at-the-top-of-spec"
        ),
        pytest.param("{a: &a {b: 1}, c: *a}", "uses a YAML alias", id="alias"),
        pytest.param("{{}: 1}", "a key that is not a string", id="a-mapping-as-a-key"),
        pytest.param(
            "{offline: true, offline: false}", 'repeats the key "offline" on line 4', id="twice"
        ),
        pytest.param(
            "{packages: {a: {path: x}}}", "package is missing.*two characters", id="1-letter"
        ),
    ],
)
def test_mistakes_are_refused_with_their_place(spec: str, message: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        load(spec)
    assert re.search(message, str(refused.value), re.DOTALL)
    assert refused.value.where.startswith("values")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="a-list"),
        pytest.param("kind: DevCache\napiVersion: crossplane-devcache/v9\n", id="another-version"),
        pytest.param("kind: ConfigMap\napiVersion: v1\n", id="another-kind"),
        pytest.param(f"{HEAD}---\n{HEAD}", id="two-documents"),
        pytest.param(f"{HEAD}speck: {{}}\n", id="an-unknown-key-at-the-top"),
        pytest.param("a: [", id="no-yaml"),
        pytest.param("a: \x01", id="a-control-character"),
    ],
)
def test_other_documents_are_refused(text: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        devcache.load(text, where="devcache.yaml")
    assert refused.value.where.startswith("devcache.yaml")


@given(st.text() | st.text(alphabet="{}[]:,- \n&*!|>'\"#%@\\abspeckind").map(lambda t: HEAD + t))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        devcache.load(text, where="x")
    except DevcacheError as error:
        assert error.problem  # noqa: PT017  # either outcome is right


SCALARS = st.sampled_from(
    [
        *("~", "true", "no", "0", "-1", "0755", "0b_", "1e3", "1e999", ".inf", "1:30", "=", "<<"),
        *("!!int x", "!!bool x", "!!float x", "!!null x", "!!binary x", "!own x", "&a x", "*a"),
        *("[]", "{}", "[x]", "{x: y}", "x", "''", "'20Mi'", "'1e99'", "/x", "x.io/a/b:v1", "2.4.0"),
        *('"\\u2028"', '"\\e"', "9" * 5000),
    ]
)

PATHS = st.sampled_from(
    [
        *("packages.p.path", "packages.p.ignore", "packages.p.package", "packages.p.install"),
        *("packages.p.runtimeImage", "packages.p.runtimeResources", "packages.p.spec"),
        *("packages.p.spec.package", "packages.p", "packages", "packages.own", "packages.p.other"),
        *("cache", "cache.readOnly", "cache.readOnly.mountPath", "cache.readWrite.volume"),
        *(
            "cache.readWrite.sizeLimit",
            "copier.image",
            "copier.image.repository",
            "copier.image.tag",
        ),
        *("copier.image.pullPolicy", "copier.resources", "copier.securityContext", "offline"),
        "allowUnhealthy",
        *("limits.release", "limits", "crossplaneVersion", "live", "argocd"),
    ]
)


def nested(fields: dict[str, str]) -> str:
    """Return a flow mapping with these scalars at their dotted paths."""
    inner: dict[str, dict[str, str]] = {}
    parts: list[str] = []
    for path, scalar in fields.items():
        first, dot, rest = path.partition(".")
        if dot:
            inner.setdefault(first, {})[rest] = scalar
        else:
            parts.append(f"{first}: {scalar}")
    parts += [f"{key}: {nested(under)}" for key, under in inner.items()]
    return f"{{{', '.join(parts)}}}"


@given(st.dictionaries(PATHS, SCALARS, max_size=4))
def test_any_value_is_read_or_refused(fields: dict[str, str]) -> None:
    """A value that is read can be written into the manifests and read again."""
    try:
        config = load(nested({"packages.p.path": "x"} | fields))
    except DevcacheError as error:
        assert error.where.startswith("values")  # noqa: PT017  # either outcome is right
        return
    specs = {package.name: package.settings.spec for package in config.packages if package.settings}
    values: dict[str, nodes.Plain] = {
        "mount": config.mount_path,
        "image": config.copier.image,
        "resources": config.copier.resources,
        "context": config.copier.security_context,
        "packages": [
            {"spec": specs[package.name], "ref": package.reference.text}
            for package in config.packages
        ],
    }
    assert nodes.plain(emit.block(values), where="") == values
