"""Zips of photos: read without unpacking, and refused where they may do harm."""

import multiprocessing
import pickle
import stat
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.training import photo_zip
from faceguard.training.photo_zip import PhotoZip


@pytest.fixture
def zipped(tmp_path):
    def write(*entries, compression=zipfile.ZIP_STORED):
        path = tmp_path / "photos.zip"
        with zipfile.ZipFile(path, "w", compression) as file:
            for entry in entries:
                name, data = entry if isinstance(entry, tuple) else (entry, entry.encode())
                file.writestr(name, data)
        return path

    return write


def test_a_folder_a_person_gives_people_whatever_lies_around_them(zipped):
    found = list(PhotoZip(zipped("lfw/all/Bob/1.jpg", "lfw/all/Ann/1.png", "__MACOSX/x.jpg", "lfw/readme.txt")))
    assert [(r.key, r.person) for r in found] == [("lfw/all/Ann/1.png", "Ann"), ("lfw/all/Bob/1.jpg", "Bob")]
    assert found[1].load() == b"lfw/all/Bob/1.jpg"
    assert [r.person for r in PhotoZip(zipped("Bob/1.jpg", "Ann/1.jpg"))] == ["Ann", "Bob"]


@pytest.mark.parametrize("entries", [("celeba/1.jpg", "celeba/2.jpg"), ("1.jpg", "2.jpg")])
def test_photos_in_one_folder_or_none_are_nobodys(zipped, entries):
    source = PhotoZip(zipped(*entries))
    assert [r.person for r in source] == [None, None]
    assert len(source) == 2
    assert source.name == "photos.zip"


def test_entries_of_folders_are_passed_over(zipped):
    assert [r.person for r in PhotoZip(zipped(("./", b""), ("Ann/", b""), "Ann/1.jpg", "./Bob/1.jpg"))] == [
        "Ann",
        "Bob",
    ]


def test_a_mixture_of_both_is_refused(zipped):
    with pytest.raises(FaceguardError, match="move those into a folder"):
        PhotoZip(zipped("Ann/1.jpg", "2.jpg"))


@pytest.mark.parametrize("name", ["../x.jpg", "/etc/x.jpg", "Ann/../../x.jpg", "C:/x.jpg", r"..\x.jpg"])
def test_a_path_that_leads_out_is_refused(zipped, name):
    with pytest.raises(FaceguardError, match="no path below"):
        PhotoZip(zipped("Ann/1.jpg", name))


def test_a_link_is_refused(zipped):
    link = zipfile.ZipInfo("Ann/2.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(FaceguardError, match="is a link"):
        PhotoZip(zipped("Ann/1.jpg", (link, b"/etc/passwd")))


def test_a_bomb_is_refused_by_its_expansion_its_total_and_its_single_photo(zipped, monkeypatch):
    bomb = zipped(("Ann/1.jpg", b"\0" * 5_000_000), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(FaceguardError, match="more than 100 times its size"):
        PhotoZip(bomb)
    large = zipped(("Ann/1.jpg", b"x" * 3000), ("Bob/1.jpg", b"x" * 3000))
    with pytest.raises(FaceguardError, match=r"more than the 0\.0 allowed"):
        PhotoZip(large, max_total_bytes=5000)
    monkeypatch.setattr(photo_zip, "MAX_PHOTO_BYTES", 2000)
    with pytest.raises(FaceguardError, match=r"Ann/1\.jpg in .* is larger than"):
        PhotoZip(large)


def test_a_zip_that_is_none_is_empty_cut_off_or_encrypted_is_refused(tmp_path, zipped):
    path = zipped("Ann/1.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FaceguardError, match="no readable zip"):
        PhotoZip(path)
    with pytest.raises(FaceguardError, match="no readable zip"):
        PhotoZip(tmp_path / "nowhere.zip")
    with pytest.raises(FaceguardError, match="holds no photo"):
        PhotoZip(zipped("readme.txt"))
    flagged = bytearray(whole)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[whole.index(signature) + place] |= 1
    path.write_bytes(flagged)
    with pytest.raises(FaceguardError, match="encrypted"):
        PhotoZip(path)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_one_name_twice_is_refused(zipped):
    with pytest.raises(FaceguardError, match=r"holds Ann/1\.jpg twice"):
        PhotoZip(zipped("Ann/1.jpg", "Ann/1.jpg"))


def test_a_damaged_photo_is_named_when_it_is_read(zipped):
    path = zipped("Ann/1.jpg", "Bob/1.jpg")
    path.write_bytes(path.read_bytes().replace(b"\0\0Ann/1.jpgAnn/1.jpg", b"\0\0Ann/1.jpgAnn/2.jpg"))
    one, other = PhotoZip(path)
    with pytest.raises(FaceguardError, match=r"Ann/1\.jpg in .* cannot be unpacked"):
        one.load()
    assert other.load() == b"Bob/1.jpg"


def test_threads_other_processes_and_a_closed_file_read_the_right_photos(zipped):
    names = [f"P{i % 5}/{i:03}.jpg" for i in range(60)]
    source = PhotoZip(zipped(*names))
    records = list(source)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda r: r.load().decode(), records)) == [r.key for r in records]
    source.close()
    assert records[3].load().decode() == records[3].key
    assert pickle.loads(pickle.dumps(records[5])).load().decode() == records[5].key
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_load, records[:3]) == [r.key for r in records[:3]]


def _load(record):
    return record.load().decode()


@pytest.mark.shared
def test_the_shared_zips_have_photos_of_nobody(shared):
    source = PhotoZip(shared / "data" / "celeba10k.zip")
    assert len(source) == 10_000
    first = next(iter(source))
    assert first.person is None
    assert first.load().startswith(b"\xff\xd8")
