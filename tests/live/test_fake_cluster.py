"""Tests of the cluster of the other tests: cache keys of Crossplane, and server-side apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shared.api_server import ApiServer, Request, mapping, text, value
from tests.shared.cache_keys import PARSED, Row
from tests.shared.fake_cluster import digest_key, path_key

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain

CONFIG_MAP = ("configmaps", "a")


@pytest.mark.parametrize("row", PARSED, ids=[row["package"] for row in PARSED])
def test_the_cache_keys_are_those_of_crossplane(row: Row) -> None:
    assert path_key(row["package"]) == row["path_key"]
    if row["strict_ok"]:
        assert digest_key(row["package"], row["digest"]) == row["digest_key"]


def test_an_apply_removes_only_the_fields_that_its_manager_applied() -> None:
    server = ApiServer()
    server.apply(CONFIG_MAP, {"data": {"a": "1", "b": "1"}}, "helm")
    server.apply(CONFIG_MAP, {"data": {"b": "1", "c": "1"}}, "push")
    server.apply(CONFIG_MAP, {"data": {"d": "1"}}, "helm")
    assert mapping(server.objects[CONFIG_MAP], "data") == {"b": "1", "c": "1", "d": "1"}


def test_an_apply_without_force_conflicts_with_another_manager() -> None:
    server = ApiServer()
    server.apply(CONFIG_MAP, {"data": {"a": "1"}}, "helm")
    query = {"fieldManager": "push"}
    request = Request("apply", *CONFIG_MAP, "", query, {"data": {"a": "2"}})
    assert server.answer(request)[0] == 409
    assert server.answer(request._replace(query={**query, "force": "true"}))[0] == 200
    assert text(server.objects[CONFIG_MAP], "data", "a") == "2"


def test_another_resource_version_is_a_conflict() -> None:
    server = ApiServer()
    server.apply(CONFIG_MAP, {"data": {"a": "1"}}, "helm")
    before = text(server.objects[CONFIG_MAP], "metadata", "resourceVersion")
    patch = Request("patch", *CONFIG_MAP, "", {}, {"metadata": {"resourceVersion": before}})
    assert [server.answer(patch)[0] for _ in range(2)] == [200, 409]


def test_a_merge_patch_removes_null_and_leaves_the_status() -> None:
    server = ApiServer()
    server.apply(CONFIG_MAP, {"data": {"a": "1", "b": "1"}}, "helm")
    body: dict[str, Plain] = {"data": {"a": None}, "status": {"phase": "Running"}}
    server.answer(Request("patch", *CONFIG_MAP, "", {}, body))
    assert value(server.objects[CONFIG_MAP], "data") == {"b": "1"}
    assert value(server.objects[CONFIG_MAP], "status") is None
    server.answer(Request("patch", *CONFIG_MAP, "status", {}, body))
    assert value(server.objects[CONFIG_MAP], "status", "phase") == "Running"
