"""What our chart brings, for commands that see its values but not what Helm renders of them."""

from __future__ import annotations

CROSSPLANE = "2.4.2"
"""The version of the upstream chart."""

SIZE_LIMIT = "20Mi"
"""The sizeLimit of the package cache, in every upstream chart since 1.12."""

MANIFESTS = 4096
"""Bytes of gzip that the upstream charts' own manifests take at most; 1.14 to 2.4 take 3.3 KB."""
