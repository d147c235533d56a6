"""Which source lies at a path."""

import struct
import zipfile

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.training.photo_zip import PhotoZip
from faceguard.training.photos import PhotoFolder, RecordList
from faceguard.training.record_io import RecordFile
from faceguard.training.sources import open_photos


def test_a_source_is_told_by_what_lies_there(tmp_path):
    photo = tmp_path / "people" / "Ann" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"x")
    (tmp_path / "list.lst").write_text("1\tpeople/Ann/1.jpg\t0\n")
    with zipfile.ZipFile(tmp_path / "some.ZIP", "w") as file:
        file.write(photo, "1.jpg")
    (tmp_path / "webface").mkdir()
    record = struct.pack("<IIIfQQ", 0xCED7230A, 24 + 4, 0, 7.0, 0, 0) + b"jpeg"
    (tmp_path / "webface" / "train.rec").write_bytes(record)
    for place, kind in (
        ("people", PhotoFolder),
        ("list.lst", RecordList),
        ("some.ZIP", PhotoZip),
        ("webface", RecordFile),
        ("webface/train.rec", RecordFile),
    ):
        assert isinstance(open_photos(tmp_path / place), kind)


def test_another_kind_of_file_or_none_is_refused(tmp_path):
    (tmp_path / "photos.tar").write_bytes(b"x")
    with pytest.raises(FaceguardError, match="is no source of photos"):
        open_photos(tmp_path / "photos.tar")
    with pytest.raises(FaceguardError, match="There are no photos at"):
        open_photos(tmp_path / "nowhere")
