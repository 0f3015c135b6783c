"""The marks by which a later pass knows what an earlier one added."""

from __future__ import annotations

PART_OF = "app.kubernetes.io/part-of"
OWNER = "crossplane-devcache"
"""The value of the part-of label. No object without it is ever replaced."""

COMPONENT = "app.kubernetes.io/component"
PAYLOAD = "payload"
"""The value of the component label of what is beside a release, and so never replaced in one."""

KINDS = frozenset(
    ("ConfigMap", "ImageConfig", "DeploymentRuntimeConfig", "Configuration", "Provider", "Function")
)
"""The kinds of the objects that are added."""

CHECKSUM = "crossplane-devcache/checksum"
"""The pod annotation that rolls the pod when a package changes; it marks the Deployment, too."""

SIZE_LIMIT = "crossplane-devcache/size-limit"
"""The ConfigMap's annotation with the cache's sizeLimit before it was raised."""
