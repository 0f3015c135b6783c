"""Opens the image of a package: in a tar archive, or in an OCI layout in a folder.

The files are read as streams and nothing is extracted. A layer is unpacked only if it may contain
package.yaml, so a large runtime costs one sha256 and no memory.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from postrender.packages import disk, dockerarchive, files, ocilayout
from postrender.packages.budget import Budget
from postrender.packages.forms import LAYOUT_MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.packages.image import Image


@contextmanager
def open_image(path: Path, budget: Budget, *, is_folder: bool = False) -> Iterator[Image]:
    """Open the image at `path`, and close its files at the end of the context.

    Like the crossplane CLI, it reads an archive through its manifest.json if there is one. `docker
    save` and buildx write archives that are also an OCI layout.

    Args:
        path: An archive, or the folder of an OCI layout.
        budget: The budget of the package.
        is_folder: Whether `path` is a folder.

    Yields:
        The image.

    Raises:
        DevcacheError: The path cannot be read, does not hold exactly one image, is damaged, or
            exceeds a limit.
    """
    if is_folder:
        with files.open_folder(path) as layout:
            yield ocilayout.image(layout, budget, "OCI layout")
        return
    with files.open_archive(path, budget) as archive:
        if archive.has(dockerarchive.MANIFEST) or not archive.has(LAYOUT_MARKER):
            yield dockerarchive.image(archive, budget)
        else:
            yield ocilayout.image(archive, budget, "OCI archive")


def read_again(path: Path, digest: str, *, is_folder: bool = False) -> bytes:
    """Return the package.yaml of an image that was read before, with this digest.

    Raises:
        DevcacheError: As for `open_image`, or the image has another digest now.
    """
    with open_image(path, Budget(), is_folder=is_folder) as image:
        if image.digest == digest:
            _, package_yaml = image.package_yaml()
            return package_yaml
    raise disk.changed(path)
