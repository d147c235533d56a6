"""A folder of faces that were found and cut once, for all trainings to come.

``crops.bin`` and ``photos.bin`` hold the pixels, row after row; ``table.npz`` what belongs to each row; ``split.json``
who is trained on and who is measured on; ``left_out.csv`` the photos that are not among the rows, and why.
``faces.json`` is written last: without it the folder is unfinished.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError
from faceguard.training.faces import CROP_SIDE, PHOTO_SIDE

FORMAT: Final = 1
FINISHED: Final = "faces.json"
TABLE: Final = "table.npz"
SPLIT: Final = "split.json"
PIXELS: Final = {
    "crops": ("crops.bin", (CROP_SIDE, CROP_SIDE, 3)),
    "photos": ("photos.bin", (PHOTO_SIDE, PHOTO_SIDE, 3)),
}
"""File and shape of a row."""
_LOOKED_AT: Final = 64
"""Rows whose pixels are checked when a set is opened, evenly spread; all would be gigabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """Faces to train and to measure on; N rows.

    Attributes:
        folder: where it lies.
        crops: (N, 160, 160, 3) uint8 BGR, upright: the ArcFace template of 112 pixels with 24 around it; read-only.
        photos: (N, 200, 200, 3) uint8 BGR, the whole photo padded to a square; read-only.
        points: (N, 5, 2) float32, in the order of ``LANDMARK_NAMES``, in pixels of ``photos`` counted from the edge.
        widths: (N,) float32, of the face's box, in pixels of ``photos``.
        people: (N,) str, whose face; empty where nobody says.
        sources, keys: (N,) str, where each photo came from.
        digests: (N,) str, SHA-256 of the encoded photo.
        train: (N,) bool; False is the development part, which is never trained on.
        digest: SHA-256 of the training part, as in ``split.json``.
    """

    folder: Path
    crops: NDArray[np.uint8]
    photos: NDArray[np.uint8]
    points: NDArray[np.float32]
    widths: NDArray[np.float32]
    people: NDArray[np.str_]
    sources: NDArray[np.str_]
    keys: NDArray[np.str_]
    digests: NDArray[np.str_]
    train: NDArray[np.bool_]
    digest: str

    def __len__(self) -> int:
        return len(self.train)

    @classmethod
    def open(cls, folder: Path) -> FaceSet:
        """The set in a folder; pixels stay on the disk until they are asked for.

        The table is checked as a whole, the pixels by their number and by 64 rows of them.

        Raises:
            FaceguardError: no finished set, of another format, or damaged.
        """
        answer = read_finished(folder)
        try:
            data = (folder / TABLE).read_bytes()
            if hashlib.sha256(data).hexdigest() != answer["table"]:
                raise _damaged(folder, f"{TABLE} has another digest")
            with np.load(io.BytesIO(data), allow_pickle=False) as table:
                columns = dict(table)
            checks = columns.pop("checks")
            pixels: dict[str, Any] = {
                name: np.memmap(folder / file, np.uint8, "r", shape=(len(checks), *shape))
                for name, (file, shape) in PIXELS.items()
            }
            opened = cls(folder=folder, **pixels, **columns, digest=str(answer["prepared"]["train_digest"]))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise _damaged(folder, str(error)) from error
        for row in np.unique(np.linspace(0, len(checks) - 1, _LOOKED_AT).astype(int)):
            if tuple(checks[row]) != checks_of(opened.crops[row], opened.photos[row]):
                raise _damaged(folder, f"the pixels of row {row} have another check sum")
        return opened


def read_finished(folder: Path) -> dict[str, Any]:
    """What ``faces.json`` says.

    Raises:
        FaceguardError: not there, unreadable or of another format.
    """
    path = folder / FINISHED
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
        found = answer["format"]
    except FileNotFoundError as error:
        raise FaceguardError(
            f"The folder {folder} holds no finished set of faces: prepare the photos, or repeat the command that began."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, str(error)) from error
    if found != FORMAT:
        raise FaceguardError(f"The set of faces in {folder} has format {found}, this program reads {FORMAT}.")
    return dict(answer)


def checks_of(crop: NDArray[np.uint8], photo: NDArray[np.uint8]) -> tuple[int, int]:
    """CRC-32 of the pixels of a row: crop and photo."""
    return zlib.crc32(np.ascontiguousarray(crop).data), zlib.crc32(np.ascontiguousarray(photo).data)


def _damaged(folder: Path, detail: str) -> FaceguardError:
    return FaceguardError(f"The set of faces in {folder} is damaged; remove the folder and prepare it again.", detail)
