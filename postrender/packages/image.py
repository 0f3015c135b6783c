"""An image in a file or folder: its config and layers, its digest, and its runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import layers
from postrender.packages.imagedigest import sha256
from postrender.packages.package import Runtime

if TYPE_CHECKING:
    from postrender.packages.budget import Budget
    from postrender.packages.layers import Layer
    from postrender.packages.package import Form


class Image(NamedTuple):
    """An image; valid while its files are open."""

    form: Form

    digest: str
    """The digest, `sha256:<hex>`, of the image in a registry after a push, or "" if unknown."""

    config_content: bytes
    """The image config."""

    config: object
    """The parsed JSON of the image config."""

    layers: tuple[Layer, ...]
    """The layers, the lowest one first."""

    package_layers: int
    """The number of layers of package content if no layer is annotated; these are the highest."""

    where: str
    """The file or folder, for error messages."""

    budget: Budget
    """The rest of the budget of the package."""

    @property
    def size(self) -> int:
        """The size of all layers in bytes, as stored."""
        return sum(layer.file.size for layer in self.layers)

    def package_yaml(self) -> tuple[Layer, bytes]:
        """Return the package.yaml of the image, and the layer that holds it.

        Raises:
            DevcacheError: There is none, or a layer is damaged or exceeds a limit.
        """
        return layers.package_yaml(self.layers, self.budget, where=self.where)

    def runtime(self, package_layer: Layer) -> Runtime | None:
        """Return the runtime in the image: its layers without package content, if any.

        Args:
            package_layer: The layer with the package.yaml.
        """
        others = self.layers
        if not any(layer.annotation for layer in others):
            others = others[: len(others) - self.package_layers]
        runtime_layers = [
            layer
            for layer in others
            if not layer.annotation and layer.digest != package_layer.digest
        ]
        if not runtime_layers:
            return None
        config = self.config if isinstance(self.config, dict) else {}
        inner = config.get("config")
        settings = inner if isinstance(inner, dict) else {}
        platform = (config.get(field) for field in ("os", "architecture", "variant"))
        return Runtime(
            digest=sha256(self.config_content),
            platform="/".join(part for part in platform if isinstance(part, str) and part),
            entrypoint=_words(settings.get("Entrypoint")),
            command=_words(settings.get("Cmd")),
            layers=len(runtime_layers),
            size=sum(layer.file.size for layer in runtime_layers),
        )


def not_one_image(count: int, where: str, hint: str) -> DevcacheError:
    """Return the refusal of a file with no image, or with several images."""
    problem = f"has {count} images, but a package has exactly one"
    return DevcacheError(problem, where=where, hint=hint)


def _words(value: object) -> tuple[str, ...]:
    words = value if isinstance(value, list) else []
    return tuple(word for word in words if isinstance(word, str))
