"""Real photographs that come with installed libraries: the people of the demonstration.

insightface brings a group picture of six people and a small grey portrait, scikit-image the portrait of an astronaut
(NASA, public domain). scikit-image also brings pictures without people, in which no detector ought to find a face. All
are found without importing either library, read in memory, and never copied anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.photo_file import read_photo
from faceguard.domain.errors import FaceguardError, PhotoRefused


class PhotosMissing(FaceguardError):
    """The libraries that bring the photographs are not installed as expected."""


@dataclass(frozen=True, slots=True, eq=False)
class BundledPhoto:
    """A photograph of one person.

    Attributes:
        name: of the picture and the place in it, e.g. ``group 2``; nobody is called by name.
        pixels: (H, W, 3) uint8 BGR, read-only; one face, the other people of the picture are cut off.
        origin: library and file.
        public_domain: may be shown outside the program, on screenshots in a document for instance.
    """

    name: str
    pixels: NDArray[np.uint8]
    origin: str
    public_domain: bool


_Crop = tuple[int, int, int, int]
_ASTRONAUT: Final = ("skimage", "data/astronaut.png", (512, 512))
_GROUP: Final = ("insightface", "data/images/t1.jpg", (886, 1280))
_SMALL: Final = ("insightface", "data/images/Tom_Hanks_54745.png", (112, 112))
_PHOTOS: Final[dict[str, tuple[tuple[str, str, tuple[int, int]], _Crop]]] = {
    # Left, top, right, bottom: as much of the person as keeps the neighbours' faces out. From left to right.
    "astronaut": (_ASTRONAUT, (0, 0, 512, 512)),
    "group 1": (_GROUP, (0, 150, 250, 640)),
    "group 2": (_GROUP, (190, 70, 445, 480)),
    "group 3": (_GROUP, (385, 180, 690, 640)),
    "group 4": (_GROUP, (655, 240, 900, 640)),
    "group 5": (_GROUP, (852, 0, 1110, 500)),
    "group 6": (_GROUP, (1045, 170, 1280, 650)),
    "small portrait": (_SMALL, (0, 0, 112, 112)),
}

NAMES: Final = tuple(_PHOTOS)
"""Photographs there are; eight people in all. ``group 5`` looks far to the side and ``small portrait`` is tiny."""


SCENERY: Final = {
    "brick": "brick.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "moon": "moon.png",
    "page": "page.png",
    "text": "text.png",
    "clock": "clock_motion.png",
    "cat": "chelsea.png",
    "rocket": "rocket.jpg",
    "galaxies": "hubble_deep_field.jpg",
    "tissue": "ihc.png",
    "colour wheel": "color.png",
    "horse": "horse.png",
}
"""Pictures without a human face that come inside scikit-image, so nothing is downloaded; by what they show. The coins
bear worn heads and the cat has a face, but neither is one that a door should see."""


def bundled_scenery(name: str) -> NDArray[np.uint8]:
    """One of ``SCENERY``, (H, W, 3) uint8 BGR, read-only.

    Raises:
        PhotosMissing: scikit-image is not installed, or no longer brings this picture.
        ValueError: no such name.
    """
    if name not in SCENERY:
        raise ValueError(f"no bundled scenery is called {name!r}; there are {', '.join(SCENERY)}")
    try:
        # OpenCV would say on standard error what it thinks of the colour profiles of some of them
        return read_photo(_folder("skimage") / "data" / SCENERY[name]).pixels
    except PhotoRefused as error:
        raise _missing("skimage", error.sentence) from error


def bundled_photo(name: str) -> BundledPhoto:
    """One of ``NAMES``.

    Raises:
        PhotosMissing: the library is not installed, or no longer brings this picture.
        ValueError: no such name.
    """
    if name not in _PHOTOS:
        raise ValueError(f"no bundled photo is called {name!r}; there are {', '.join(NAMES)}")
    (package, relative, size), (left, top, right, bottom) = _PHOTOS[name]
    path = _folder(package) / relative
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise _missing(package, str(error)) from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None or picture.shape[:2] != size:
        raise _missing(package, f"{path} is not the expected picture of {size[1]} x {size[0]} pixels")
    pixels = np.ascontiguousarray(picture[top:bottom, left:right])
    pixels.flags.writeable = False
    return BundledPhoto(name, np.asarray(pixels, np.uint8), f"{package}: {relative}", package == "skimage")


def _folder(package: str) -> Path:
    """Where a library is installed; it is not imported."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError) as error:
        raise _missing(package, str(error)) from error
    if spec is None or not spec.submodule_search_locations:
        raise _missing(package, "not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _missing(package: str, detail: str) -> PhotosMissing:
    return PhotosMissing(
        f"The pictures that the program needs come with the Python package {package}, and they are not there; "
        f"install faceguard anew.",
        detail,
    )
