"""The facts about the upstream chart, compared with the chart."""

from __future__ import annotations

import zlib

import yaml

from postrender.release import chart
from tests.shared.paths import GOLDEN, ROOT


def test_the_constants_agree_with_the_chart() -> None:
    described = yaml.safe_load((ROOT / "charts/crossplane-devcache/Chart.yaml").read_text())
    assert described["dependencies"][0]["version"] == chart.CROSSPLANE
    rendered = [path.read_bytes() for path in sorted(GOLDEN.glob("*/input-*.yaml"))]
    assert len(rendered) > 30
    assert max(len(zlib.compress(manifests, 9)) for manifests in rendered) <= chart.MANIFESTS
    assert f"sizeLimit: {chart.SIZE_LIMIT}".encode() in rendered[0]
