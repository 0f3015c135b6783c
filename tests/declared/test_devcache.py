"""The DevCache document: what it may say, and how mistakes are told."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.manifests import emit, nodes

HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"


def load(spec: str) -> devcache.DevCache:
    return devcache.load(f"{HEAD}spec: {spec}\n", where="values")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0755", 493),
        ("1_000", 1000),
        ("0x1f", 31),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("'1e3'", "1e3"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        (".inf", ".inf"),
        ("yes", True),
        ("~", None),
        ("0x_", "0x_"),
        ("!!int word", "word"),
        ("1e999", "1e999"),
        (f"1{'0' * 5000}", f"1{'0' * 5000}"),
    ],
)
def test_values_are_what_helm_reads(written: str, value: object) -> None:
    assert nodes.plain(f"x: {written}\n", where="") == {"x": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b, c\nd: e\n", "expected ',' or ']'"),
        ("a: b\nc\n", "could not find expected ':'"),
        ("a: b\n---\nc: d\n", "holds more than one document"),
        ("a: *secret\n", "found undefined alias$"),
        ("a: 'secret\n", "found unexpected end of stream"),
    ],
)
def test_yaml_errors_are_told_without_content(text: str, message: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        nodes.plain(text, where="")
    assert re.search(message, refused.value.problem)
    assert "secret" not in refused.value.problem


@pytest.mark.parametrize("loader", [yaml.SafeLoader, nodes.LOADER])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(r'a: "\UFFFFFFFF"', id="beyond Unicode"),
        pytest.param(r'a: "\uD800"', id="half of a surrogate pair"),
        pytest.param(r'"\uDFFF": a', id="the other half, in a key"),
    ],
)
def test_an_impossible_character_is_refused_with_and_without_libyaml(
    monkeypatch: pytest.MonkeyPatch, loader: object, text: str
) -> None:
    monkeypatch.setattr(nodes, "LOADER", loader)
    with pytest.raises(DevcacheError, match="is not valid YAML"):
        nodes.plain(text, where="")


def test_an_empty_spec_has_every_default() -> None:
    found = load("{}")
    assert found == devcache.DevCache()
    assert found.copier.image == "docker.io/library/busybox:1.37.0"


def test_every_field_arrives() -> None:
    found = load(
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
  limits: {release: false}
  crossplaneVersion: "2.4.0"
"""
    )
    assert [one.name for one in found.packages] == ["aa", "bb"]
    a, b = found.packages
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
    assert (found.mount_path, found.cache_volume, found.size_limit) == ("/ro", "own-cache", "64Mi")
    assert (found.copier.image, found.copier.pull_policy) == ("x.io/busybox:1.36", "Never")
    assert found.copier.resources == {"limits": {"memory": "1Gi"}}
    assert found.copier.security_context == {"runAsUser": None}
    assert (found.offline, found.limit_release, found.crossplane_version) == (True, False, "2.4.0")
    assert found.payload_apart
    assert (found.live, found.release_revision) == (True, "7")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("{packages: {a: null}}", id="null-removes-a-package"),
        pytest.param("{packages: null, cache: null, copier: {image: null}}", id="null-blocks"),
        pytest.param(
            "{payload: null, live: null, offline: null, limits: {release: null},"
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
            "{package: {}}", 'spec has an unknown key "package".*did you mean packages', id="1"
        ),
        pytest.param("{zzz: 1}", 'unknown key "zzz"\nhint: known keys: cache, copier', id="2"),
        pytest.param(
            "{packages: {a: {path: x, instal: true}}}",
            'spec.packages.a has an unknown key "instal".*did you mean install',
            id="3",
        ),
        pytest.param("{cache: {readWrite: {sizelimit: x}}}", "did you mean sizeLimit", id="4"),
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
        pytest.param('{packages: {a: {path: "x\\0y"}}}', "path is missing", id="nul-in-path"),
        pytest.param(
            "{packages: {a: text}}", "spec.packages.a is not a mapping", id="a-text-package"
        ),
        pytest.param(
            "{packages: {ab: {path: x, ignore: y}}}", "ignore is not a list of strings", id="ig"
        ),
        pytest.param(
            "{packages: {ab: {path: x, ignore: [1]}}}", "not a list of strings", id="ig-number"
        ),
        pytest.param(
            "{payload: appart}", 'spec.payload is not one of release, apart: "appart"', id="where"
        ),
        pytest.param("{payload: true}", "spec.payload is not a string", id="payload-is-a-flag"),
        pytest.param('{live: "yes"}', "spec.live is neither true nor false", id="live-is-a-word"),
        pytest.param(
            "{releaseRevision: a/b}",
            "releaseRevision is not 1 to 32 letters",
            id="no-tag",
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
            r"control characters: \"x.io/a\\u2028b:v1\"",
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
            "{cache: {readOnly: {mountPath: ro}}}", "not an absolute path", id="mount-rel"
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
            'not one of IfNotPresent, Always, Never: "always"',
            id="pull-policy",
        ),
        pytest.param(
            "{copier: {resources: []}}", "spec.copier.resources is not a mapping", id="res"
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
        pytest.param("{lively: true}", 'unknown key "lively"', id="a-key-of-no-release"),
        pytest.param("{a: &a {b: 1}, c: *a}", "uses a YAML alias", id="alias"),
        pytest.param("{{}: 1}", "a key that is no string", id="a-mapping-as-a-key"),
        pytest.param(
            "{offline: true, offline: false}", '"offline" a second time on line 4', id="twice"
        ),
        pytest.param(
            "{packages: {a: {path: x}}}", "package is missing.*two characters", id="1-letter"
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(spec: str, message: str) -> None:
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
def test_what_is_no_devcache_document_is_refused(text: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        devcache.load(text, where="devcache.yaml")
    assert refused.value.where.startswith("devcache.yaml")


@given(st.text() | st.text(alphabet="{}[]:,- \n&*!|>'\"#%@\\abspeckind").map(lambda t: HEAD + t))
def test_no_text_brings_another_error(text: str) -> None:
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
        *("limits.release", "limits", "crossplaneVersion", "live"),
    ]
)


def nested(fields: dict[str, str]) -> str:
    """Return a flow mapping that has these scalars at these dotted paths."""
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
def test_any_value_anywhere_is_taken_or_refused(fields: dict[str, str]) -> None:
    """And what is taken can be written into the manifests, and is the same when read again."""
    try:
        found = load(nested({"packages.p.path": "x"} | fields))
    except DevcacheError as error:
        assert error.where.startswith("values")  # noqa: PT017  # either outcome is right
        return
    specs = {one.name: one.settings.spec for one in found.packages if one.settings}
    taken: dict[str, nodes.Plain] = {
        "mount": found.mount_path,
        "image": found.copier.image,
        "resources": found.copier.resources,
        "context": found.copier.security_context,
        "packages": [
            {"spec": specs[one.name], "ref": one.reference.text} for one in found.packages
        ],
    }
    assert nodes.plain(emit.block(taken), where="") == taken
