"""The unfinished part of a set of faces: pixels that grow, and a file for each chunk of photos that is done."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError
from faceguard.training.face_set import PIXELS, checks_of
from faceguard.training.faces import Face, Failure
from faceguard.training.split import SplitPhoto

_COLUMNS: Final = ("sources", "keys", "people", "digests", "points", "widths", "checks", "vectors")


class Chunk:
    """What became of some photos in a row.

    Args:
        stop: number of the photo after the last one.

    Attributes:
        photos, faces: those that can be used.
        left_out: source, key and reason of the others.
    """

    COPY: ClassVar = "a copy of an earlier photo"

    def __init__(self, stop: int) -> None:
        self.stop = stop
        self.photos: list[SplitPhoto] = []
        self.faces: list[Face] = []
        self.left_out: list[tuple[str, str, str]] = []

    def add(self, photo: SplitPhoto, found: Face | Failure, copy: bool) -> None:
        """One more photo; ``copy`` where an earlier chunk has the same picture."""
        if isinstance(found, Failure):
            self.left_out.append((photo.source, photo.key, found.value))
        elif copy or any(photo.digest == other.digest for other in self.photos):
            self.left_out.append((photo.source, photo.key, self.COPY))
        else:
            self.photos.append(photo)
            self.faces.append(found)


class Chunks:
    """All that is done in a folder. Pixels without a chunk, of a call that was ended, are cut off.

    Args:
        folder: of the set.

    Raises:
        FaceguardError: damaged.
        OSError: cannot be read or written.
    """

    FOLDER: ClassVar = "chunks"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._chunks: list[dict[str, NDArray[Any]]] = []
        (folder / self.FOLDER).mkdir(exist_ok=True)
        for path in sorted((folder / self.FOLDER).glob("*.npz")):
            try:
                with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as chunk:
                    self._chunks.append({name: chunk[name] for name in (*_COLUMNS, "left_out", "stop")})
            except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                raise self._damaged(f"{path.name}: {error}") from error
        self._digests = {str(digest) for chunk in self._chunks for digest in chunk["digests"]}
        for file, shape in PIXELS.values():
            path, size = folder / file, len(self._digests) * int(np.prod(shape))
            path.touch()
            if path.stat().st_size < size:
                raise self._damaged(f"{file} is too short")
            os.truncate(path, size)

    @property
    def done(self) -> int:
        """Photos of the finished chunks."""
        return int(self._chunks[-1]["stop"]) if self._chunks else 0

    def is_copy(self, digest: str) -> bool:
        """Whether a finished chunk has this picture."""
        return digest in self._digests

    def append(self, chunk: Chunk, vectors: NDArray[np.float32]) -> None:
        """Writes one more: its pixels, and when those are safe, its file.

        Args:
            chunk: the photos from ``done`` on.
            vectors: (n, D) embeddings of its faces.
        """
        pixels = {"crops": [face.crop for face in chunk.faces], "photos": [face.photo for face in chunk.faces]}
        for name, (file, _) in PIXELS.items():
            with (self._folder / file).open("ab") as stream:
                for picture in pixels[name]:
                    stream.write(np.ascontiguousarray(picture).data)
                stream.flush()
                os.fsync(stream.fileno())
        n = len(chunk.faces)
        columns: dict[str, Any] = {
            "sources": np.array([photo.source for photo in chunk.photos], np.str_),
            "keys": np.array([photo.key for photo in chunk.photos], np.str_),
            "people": np.array([photo.person or "" for photo in chunk.photos], np.str_),
            "digests": np.array([photo.digest for photo in chunk.photos], np.str_),
            "points": np.array([face.points for face in chunk.faces], np.float32).reshape(n, 5, 2),
            "widths": np.array([face.width for face in chunk.faces], np.float32),
            "checks": np.array([checks_of(face.crop, face.photo) for face in chunk.faces], np.uint32).reshape(n, 2),
            "vectors": vectors,
            "left_out": np.array(chunk.left_out, np.str_).reshape(-1, 3),
            "stop": np.array(chunk.stop),
        }
        data = io.BytesIO()
        np.savez(data, **columns)
        whole(self._folder / self.FOLDER / f"{chunk.stop:010d}.npz", data.getvalue())
        self._chunks.append(columns)
        self._digests.update(photo.digest for photo in chunk.photos)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns of all rows, one after the other; of ``vectors`` those chunks that have rows."""
        filled = [chunk for chunk in self._chunks if len(chunk["digests"])] or self._chunks[:1]
        return {name: np.concatenate([chunk[name] for chunk in filled]) for name in _COLUMNS} if filled else {}

    def left_out(self) -> list[tuple[str, str, str]]:
        """Source, key and reason of every photo that is no row."""
        return [(row[0], row[1], row[2]) for chunk in self._chunks for row in chunk["left_out"].tolist()]

    def _damaged(self, detail: str) -> FaceguardError:
        return FaceguardError(
            f"The unfinished set of faces in {self._folder} is damaged; remove the folder and prepare it again.", detail
        )


def close_gaps(folder: Path, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Moves kept rows of pixels from the end into the gaps.

    The rows that move are not written to, so this can be repeated after a kill; ``tidy`` cuts them off when all that
    tells where they went is written.

    Args:
        folder: of the set.
        keep: (n,) which rows stay.

    Returns:
        (k,) which row lies at each place.
    """
    kept = np.flatnonzero(keep)
    order = np.arange(len(kept))
    gaps = np.flatnonzero(~keep[: len(kept)])
    order[gaps] = kept[kept >= len(kept)]
    for file, shape in PIXELS.values():
        pixels = np.memmap(folder / file, np.uint8, "r+", shape=(len(keep), *shape))
        for gap in gaps:
            pixels[gap] = pixels[order[gap]]
        pixels.flush()
    return order


def tidy(folder: Path, rows: int) -> None:
    """Takes away what a finished set of so many rows does not need."""
    for file, shape in PIXELS.values():
        path, size = folder / file, rows * int(np.prod(shape))
        if path.exists() and path.stat().st_size > size:
            os.truncate(path, size)
    shutil.rmtree(folder / Chunks.FOLDER, ignore_errors=True)


def whole(path: Path, data: bytes) -> None:
    """Writes a file that is there as a whole or not at all.

    Raises:
        OSError: cannot be written.
    """
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
