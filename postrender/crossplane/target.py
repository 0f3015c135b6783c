"""The version of Crossplane that packages are for, and the rules that depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.crossplane import kinds, layouts, ranges, references, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.crossplane.constraints import Rules
    from postrender.crossplane.layouts import Layout
    from postrender.crossplane.references import Reference
    from postrender.crossplane.versions import Version
    from postrender.errors import DevcacheError


class Target(NamedTuple):
    """A version of Crossplane, with the layout of its cache.

    Attributes:
        version: The version.
        layout: The layout of its package cache.
    """

    version: Version
    layout: Layout

    @classmethod
    def of(cls, version: Version, *, where: str, override: str = "--crossplane") -> Target:
        """Return the target of a version.

        Args:
            version: The version.
            where: The place that names it, for error messages.
            override: The setting by which the user names another version.

        Raises:
            DevcacheError: The version is not supported.
        """
        return cls(version, layouts.layout_of(version, where=where, override=override))

    @classmethod
    def parse(cls, text: str, *, where: str) -> Target:
        """Return the target of a version that the user names, e.g. `2.4.2` or `1.20`.

        Raises:
            DevcacheError: The text is not a version, or the version is not supported.
        """
        return cls.of(versions.require(text, where=where), where=where)

    @classmethod
    def of_all_layouts(cls) -> list[Target]:
        """Return a target for each layout: the newest version that has it."""
        return [cls(versions.Version(*layout.last), layout) for layout in layouts.LAYOUTS]

    @property
    def uses_image_configs(self) -> bool:
        """Whether an ImageConfig resolves a tag to a digest, which names the file in the cache.

        It does since 2.2. In older versions the path in `spec.package` names the file, and new
        content changes no object.
        """
        return self.layout.keyed_by == "digest"

    @property
    def reads_mounted_files(self) -> bool:
        """Whether each file of the cache can be a mount, whose path must not have a colon.

        It can since 2.2. In older versions a file has the name of a reference, with its colon.
        """
        return self.layout.keyed_by == "digest"

    @property
    def verifies_cached_packages(self) -> bool:
        """Whether Crossplane can wait for the signature of a package that is in its cache.

        From 1.18 to 2.1, a revision waits for its condition Verified (v2.1.3
        internal/controller/pkg/revision/reconciler.go, Reconcile). Since 2.2, Crossplane verifies
        only what it pulls (crossplane-runtime v2.4.0 pkg/xpkg/client.go, Get).
        """
        return (1, 18) <= self.version < (2, 2)

    @property
    def pulls_images(self) -> bool:
        """Whether kubelet may pull the image of a runtime, whose pod has the same pull policy."""
        return self.layout.pull_policy != "Never"

    @property
    def constraint_rules(self) -> Rules:
        """The rules by which this Crossplane reads the constraint of a `dependsOn`.

        Its go.mod requires Masterminds/semver 1.5.0 up to 2.2, 3.4.0 in 2.3, and 3.5.0 in 2.4.
        """
        if self.version >= (2, 4):
            return "v3.5"
        return "v3" if self.version >= (2, 3) else "v1"

    def reads_range(self, text: str) -> bool:
        """Return whether this Crossplane can read a range of versions."""
        return ranges.is_range(text, (self.constraint_rules,))

    @property
    def pins_digests(self) -> bool:
        """Whether a `dependsOn` may name a digest in place of a constraint.

        It may since 1.18 (v1.18.0 internal/controller/pkg/revision/dependency.go, Resolve).
        """
        return self.version >= (1, 18)

    @property
    def reads_explicit_dependencies(self) -> bool:
        """Whether a `dependsOn` may name `apiVersion`, `kind` and `package`.

        It may since 1.19 (v1.19.0 internal/controller/pkg/revision/dependency.go, Resolve). Older
        versions ignore these fields, and read an empty source.
        """
        return self.version >= (1, 19)

    def admits(self, reference: Reference) -> bool:
        """Return whether the API of this Crossplane admits a reference in `spec.package`."""
        return reference.is_qualified or not self.layout.qualified

    def runtime_image(self, reference: Reference, named: str) -> str:
        """Return the image of the pod of a Provider or Function, if no runtime config names one.

        Up to 1.20, the image that the meta object names replaces `spec.package`; Crossplane 2 has
        no such field. From 1.15 to 1.20, an image without a registry gets that of `--registry`,
        whose default changed in 1.20. See v1.20.13 internal/controller/pkg/revision:
        runtime_provider.go, getProviderImage; runtime_function.go, getFunctionImage.

        Args:
            reference: The package's `spec.package`.
            named: The image that its meta object names, or "".
        """
        image = named if named and self.version < (2, 0) else reference.text
        if (1, 15) <= self.version < (2, 0) and not references.has_registry(image):
            registry = "xpkg.crossplane.io" if self.version >= (1, 20) else "xpkg.upbound.io"
            return f"{registry}/{image}"
        return image

    def needs_image_config(self, reference: Reference) -> bool:
        """Return whether a package needs an ImageConfig that resolves its tag to a digest."""
        return self.uses_image_configs and not reference.digest

    def cache_key(self, reference: Reference, digest: str) -> str:
        """Return the file that Crossplane reads for a package, relative to the cache root.

        Args:
            reference: The package's `spec.package`.
            digest: The digest that it resolves to, `sha256:` and 64 hexadecimal digits.
        """
        if self.uses_image_configs:
            return references.digest_key(reference.source, digest)
        return references.path_key(reference.text)

    def cache_file(self, reference: Reference, digest: str) -> str:
        """Return the path of that file in the container; see `cache_key`."""
        return f"{self.layout.cache_root}/{self.cache_key(reference, digest)}"

    def package_version(self, kind: str) -> str:
        """Return the API version of package objects of a kind, e.g. `v1`."""
        return self.layout.function_version if kind == "Function" else "v1"

    def refused_object(
        self, package_kind: str, api_version: str, kind: str, *, where: str
    ) -> Iterator[DevcacheError]:
        """Yield the refusal of an object that a package must not hold; see `kinds.refusals`."""
        yield from kinds.refusals(package_kind, api_version, kind, self.version, where=where)
