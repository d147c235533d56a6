"""MXNet's RecordIO files, written here byte by byte."""

import struct

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.training.photos import MAX_PHOTO_BYTES
from faceguard.training.record_io import RecordFile

MAGIC = 0xCED7230A


def part(data, kind=0):
    return struct.pack("<II", MAGIC, kind << 29 | len(data)) + data + b"\0" * (-len(data) % 4)


def record(data):
    """As dmlc-core writes it: cut wherever the magic number stands on a multiple of 4."""
    magic, pieces, begin = struct.pack("<I", MAGIC), [], 0
    for place in range(0, len(data) - 3, 4):
        if data[place : place + 4] == magic:
            pieces.append(data[begin:place])
            begin = place + 4
    pieces.append(data[begin:])
    if len(pieces) == 1:
        return part(data)
    kinds = [1, *[2] * (len(pieces) - 2), 3]
    return b"".join(part(piece, kind) for piece, kind in zip(pieces, kinds, strict=True))


def image(label, picture, number=0):
    """An image record; several labels make an array of them."""
    if isinstance(label, tuple):
        return struct.pack("<IfQQ", len(label), 0.0, number, 0) + struct.pack(f"<{len(label)}f", *label) + picture
    return struct.pack("<IfQQ", 0, label, number, 0) + picture


@pytest.fixture
def written(tmp_path):
    folder = tmp_path / "webface"
    folder.mkdir()

    def write(*datas, index=True, tail=b""):
        body, lines = b"", []
        for number, data in enumerate(datas):
            lines.append(f"{number}\t{len(body)}\n")
            body += record(data)
        (folder / "train.rec").write_bytes(body + tail)
        (folder / "train.idx").unlink(missing_ok=True)
        if index:
            (folder / "train.idx").write_text("".join(lines))
        return folder / "train.rec"

    return write


PHOTOS = (image(0.0, b"first"), image(0.0, b"second picture"), image(5.0, b"third"))
# photos are 1 to 3, then one record a person: its first and last photo
INSIGHTFACE = (image((4.0, 6.0), b""), *PHOTOS, image((1.0, 3.0), b""), image((3.0, 4.0), b""))


@pytest.mark.parametrize("index", [True, False])
def test_insightfaces_file_gives_its_photos_and_not_its_header_or_people_records(written, index):
    source = RecordFile(written(*INSIGHTFACE, index=index))
    found = list(source)
    assert [(r.key, r.person) for r in found] == [("1", "webface:0"), ("2", "webface:0"), ("3", "webface:5")]
    assert [r.load() for r in found] == [b"first", b"second picture", b"third"]
    assert len(source) == 3
    assert source.name == "train.rec"


@pytest.mark.parametrize("index", [True, False])
def test_a_plain_file_without_a_header_record_is_read_from_its_first_photo_on(written, index):
    assert [r.key for r in RecordFile(written(*PHOTOS, index=index))] == ["0", "1", "2"]


def test_several_labels_begin_with_the_person(written):
    (found,) = RecordFile(written(image((3.0, 1.0, 0.25), b"picture")))
    assert found.person == "webface:3"
    assert found.load() == b"picture"


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("before", [b"", b"abcd", b"abcdefgh"])
def test_a_picture_that_holds_the_magic_number_comes_back_whole(written, index, before):
    picture = before + struct.pack("<I", MAGIC) * 2 + b"tail!"
    path = written(image(1.0, picture), image(2.0, b"next"), index=index)
    assert path.read_bytes().count(struct.pack("<I", MAGIC)) > 2
    assert [r.load() for r in RecordFile(path)] == [picture, b"next"]


def test_the_index_may_be_in_any_order(written):
    path = written(*PHOTOS)
    lines = path.with_suffix(".idx").read_text().splitlines()
    path.with_suffix(".idx").write_text("\n".join(reversed(lines)))
    assert [r.load() for r in RecordFile(path)] == [b"first", b"second picture", b"third"]


def test_a_file_that_holds_fewer_photos_than_it_says_is_refused(written):
    with pytest.raises(FaceguardError, match="says that it holds 8 photos, and holds 3"):
        RecordFile(written(image((9.0, 11.0), b""), *PHOTOS))


@pytest.mark.parametrize("cut", [4, 5, 9, 30])  # fewer bytes only fill up
@pytest.mark.parametrize("index", [True, False])
def test_a_file_that_was_cut_off_is_refused_or_its_last_photo_is(written, index, cut):
    path = written(*INSIGHTFACE[1:4], index=index)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FaceguardError, match="cut off"):
        list(RecordFile(path))[-1].load()


def test_other_bytes_no_photos_and_no_file_are_refused(tmp_path, written):
    path = written(*PHOTOS, index=False)
    path.write_bytes(b"\x89PNG" + path.read_bytes())
    with pytest.raises(FaceguardError, match="no RecordIO file"):
        RecordFile(path)
    path.write_bytes(b"")
    with pytest.raises(FaceguardError, match="holds no photo"):
        RecordFile(path)
    with pytest.raises(FaceguardError, match="cannot be read"):
        RecordFile(tmp_path / "nowhere.rec")
    with pytest.raises(FaceguardError, match="no person's number"):
        RecordFile(written(image(0.5, b"picture")))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("0 0\n", "Line 1 of the index"),
        ("0\t-4\n", "Line 1 of the index"),
        ("0\t0\n1\tx\n", "Line 2 of the index"),
        ("0\t100000\n", "does not fit"),
        ("0\t2\n", "does not fit"),
        ("0\t0\n0\t4\n", "does not fit"),
        ("0\t4\n", "cut off or no RecordIO"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(written, lines, said):
    path = written(*PHOTOS)
    path.with_suffix(".idx").write_text(lines)
    with pytest.raises(FaceguardError, match=said):
        RecordFile(path)


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<II", MAGIC, MAX_PHOTO_BYTES * 2),  # more than a photo
        struct.pack("<II", MAGIC, 2 << 29 | 4) + b"abcd",  # begins with a middle part
        part(b"abcd", 1) + part(b"abcd", 0),  # a first part, then a whole record
        part(b"short"),  # no room for the header
        part(struct.pack("<IfQQ", 1 << 30, 0.0, 0, 0)),  # a thousand million labels
        part(struct.pack("<IfQQ", 2, 0.0, 0, 0)),  # labels that are not there
    ],
)
@pytest.mark.parametrize("index", [True, False])
def test_a_hostile_record_is_refused_without_reading_on(written, body, index):
    path = written(*PHOTOS)
    path.write_bytes(body)
    path.with_suffix(".idx").write_text("0\t0\n")
    if not index:
        path.with_suffix(".idx").unlink()
    with pytest.raises(FaceguardError, match="cut off or no RecordIO"):
        RecordFile(path)
