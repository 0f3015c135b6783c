"""Facts about our chart, for commands that read its values, but not its rendered manifests."""

from __future__ import annotations

CROSSPLANE = "2.4.2"
"""The version of the upstream Crossplane chart in our chart."""

SIZE_LIMIT = "20Mi"
"""The sizeLimit of the package cache, in every upstream chart since 1.12."""

MANIFESTS = 4096
"""A bound in bytes of the gzip of the upstream chart's manifests; 1.14 to 2.4 take 3.3 KB."""
