"""Which source of photos lies at a path."""

from __future__ import annotations

from pathlib import Path

from faceguard.domain.errors import FaceguardError
from faceguard.training.photo_zip import PhotoZip
from faceguard.training.photos import PhotoFolder, PhotoSource, RecordList
from faceguard.training.record_io import RecordFile


def open_photos(path: Path) -> PhotoSource:
    """The source at this place, by what lies there.

    A folder with ``train.rec`` in it is InsightFace's, every other folder is one of people or of photos; files are told
    apart by ``.zip``, ``.lst`` and ``.rec``.

    Raises:
        FaceguardError: nothing there, another kind of file, or what the source itself finds wrong.
    """
    if path.is_dir():
        return RecordFile(path / "train.rec") if (path / "train.rec").is_file() else PhotoFolder(path)
    if not path.is_file():
        raise FaceguardError(f"There are no photos at {path}: name a folder, a .zip, a .lst or a .rec file.")
    match path.suffix.lower():
        case ".zip":
            return PhotoZip(path)
        case ".lst":
            return RecordList(path)
        case ".rec":
            return RecordFile(path)
    raise FaceguardError(f"{path} is no source of photos: name a folder, a .zip, a .lst or a .rec file.")
