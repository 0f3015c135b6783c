"""The files under examples/ agree with each other."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def read(name: str) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    document: dict[str, dict[str, dict[str, dict[str, str]]]] = yaml.safe_load(
        (ROOT / name).read_text()
    )
    return document


def test_the_config_holds_what_the_values_hold() -> None:
    assert read("examples/devcache.yaml")["spec"] == read("examples/values.yaml")["devcache"]


def test_each_path_is_there_from_the_root_of_the_checkout() -> None:
    packages = read("examples/values.yaml")["devcache"]["packages"]
    assert all((ROOT / package["path"]).exists() for package in packages.values())
