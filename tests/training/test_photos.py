"""Folders of people and text lists as sources of training photos."""

from pathlib import PurePosixPath

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.training import photos
from faceguard.training.photos import PhotoFolder, RecordList, is_photo, relative_place, whole_label


def fill(root, *places):
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(place.encode())
    return root


@pytest.fixture
def people(tmp_path):
    return fill(
        tmp_path / "people", "Bob/1.png", "Ann/2.JPG", "Ann/1.jpg", "Ann/late/3.jpg", "Ann/note.txt", ".git/x.jpg"
    )


def test_a_folder_a_person_gives_the_photos_in_order_with_their_people(people):
    found = list(PhotoFolder(people))
    assert [(r.key, r.person) for r in found] == [
        ("Ann/1.jpg", "Ann"),
        ("Ann/2.JPG", "Ann"),
        ("Ann/late/3.jpg", "Ann"),
        ("Bob/1.png", "Bob"),
    ]
    assert len(PhotoFolder(people)) == 4
    assert found[0].load() == b"Ann/1.jpg"


def test_a_source_can_be_gone_through_again(people):
    source = PhotoFolder(people)
    once, again = ([(r.key, r.person, r.load()) for r in source] for _ in range(2))
    assert once == again
    assert source.name == "people"


def test_photos_in_no_folder_are_nobodys(tmp_path):
    assert {r.person for r in PhotoFolder(fill(tmp_path / "all", "1.jpg", "2.jpg"))} == {None}


def test_a_mixture_of_both_is_refused_with_the_loose_photo(people):
    fill(people, "loose.jpg")
    with pytest.raises(FaceguardError, match=r"loose\.jpg first: move those into a folder"):
        PhotoFolder(people)


def test_a_folder_without_photos_or_none_at_all_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FaceguardError, match="holds no photo"):
        PhotoFolder(tmp_path / "empty")
    with pytest.raises(FaceguardError, match="is not there"):
        PhotoFolder(tmp_path / "nowhere")


def test_links_that_lead_out_are_refused_and_links_inside_are_photos(tmp_path, people):
    (people / "Bob" / "2.png").symlink_to(people / "Bob" / "1.png")
    assert len(PhotoFolder(people)) == 5
    outside = fill(tmp_path / "outside", "secret.jpg") / "secret.jpg"
    link = people / "Bob" / "3.jpg"
    link.symlink_to(outside)
    with pytest.raises(FaceguardError, match=r"3\.jpg is a link that leads out"):
        PhotoFolder(people)
    link.unlink()
    (people / "Cy").symlink_to(tmp_path / "outside")
    with pytest.raises(FaceguardError, match="link to a folder"):
        PhotoFolder(people)


def test_a_photo_that_vanished_is_empty_or_is_too_large_is_named(people, monkeypatch):
    records = {r.key: r for r in PhotoFolder(people)}
    (people / "Ann" / "1.jpg").unlink()
    with pytest.raises(FaceguardError, match=r"Ann/1\.jpg cannot be read"):
        records["Ann/1.jpg"].load()
    (people / "Bob" / "1.png").write_bytes(b"")
    with pytest.raises(FaceguardError, match=r"Bob/1\.png is empty"):
        records["Bob/1.png"].load()
    monkeypatch.setattr(photos, "MAX_PHOTO_BYTES", 3)
    with pytest.raises(FaceguardError, match=r"2\.JPG is larger than"):
        records["Ann/2.JPG"].load()


@pytest.mark.parametrize("word", ["a.jpg", "Ann/1.jpg", "./Ann/1.jpg"])
def test_a_path_below_the_root_is_taken(word):
    assert relative_place(word) == PurePosixPath(word)


@pytest.mark.parametrize("word", ["", "/etc/passwd", "../x.jpg", "a/../../x.jpg", "C:/x.jpg", r"..\x.jpg", "a\0.jpg"])
def test_a_path_that_may_lead_out_is_not(word):
    assert relative_place(word) is None


@pytest.mark.parametrize("place", ["__MACOSX/Ann/1.jpg", "Ann/._1.jpg", ".cache/1.jpg", "Ann/1.txt", "Ann/1"])
def test_hidden_files_and_other_kinds_are_no_photos(place):
    assert not is_photo(PurePosixPath(place))


@pytest.mark.parametrize(
    ("value", "label"), [("7", 7), ("7.0", 7), (7.0, 7), ("7.5", None), ("x", None), ("nan", None)]
)
def test_a_label_is_a_whole_number(value, label):
    assert whole_label(value) == label


@pytest.fixture
def listed(tmp_path):
    root = fill(tmp_path / "webface", "0/1.jpg", "0/2.jpg", "7/1.jpg")

    def write(text):
        (root / "train.lst").write_text(text, encoding="utf-8")
        return root / "train.lst"

    return write


def test_a_record_list_gives_path_and_person(listed):
    found = list(RecordList(listed("1\t0/1.jpg\t0\n1\t0/2.jpg\t0\t1.5\t2.5\t3\t4\n\n2\t7/1.jpg\t7.0\n")))
    assert [(r.key, r.person) for r in found] == [
        ("0/1.jpg", "webface:0"),
        ("0/2.jpg", "webface:0"),
        ("7/1.jpg", "webface:7"),
    ]
    assert found[2].load() == b"7/1.jpg"


def test_the_lists_paths_may_start_elsewhere(tmp_path, listed):
    path = tmp_path / "other.lst"
    path.write_text("1\t0/1.jpg\t0\n")
    assert [r.person for r in RecordList(path, tmp_path / "webface")] == ["webface:0"]
    with pytest.raises(FaceguardError, match="paths start from"):
        RecordList(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no photo"),
        ("1\t0/1.jpg\n", "Line 1 .* index <TAB> path <TAB> label"),
        ("1 0/1.jpg 0\n", "Line 1 .* index <TAB> path <TAB> label"),
        ("1\t0/1.jpg\t0\nx\t0/2.jpg\t0\n", "Line 2 .* whole numbers"),
        ("1\t0/1.jpg\tAnn\n", "whole numbers"),
        ("1\t0/1.jpg\t0.5\n", "whole numbers"),
        ("0\t7\t7/1.jpg\n", "MXNet's order"),
        ("1\t/etc/passwd\t0\n", "no path below"),
        ("1\t../webface/0/1.jpg\t0\n", "no path below"),
        ("1\t0/9.jpg\t0\n", r"0/9\.jpg is not there"),
        ("1\t0/1.jpg\t0\n2\t0/1.jpg\t0\n", "Line 2 .* a second time"),
    ],
)
def test_a_bad_list_is_refused_with_its_line(listed, text, said):
    with pytest.raises(FaceguardError, match=said):
        RecordList(listed(text))


def test_a_list_that_is_no_text_not_there_or_links_out_is_refused(tmp_path, listed):
    path = listed("1\t0/3.jpg\t0\n")
    (path.parent / "0" / "3.jpg").symlink_to(fill(tmp_path / "outside", "x.jpg") / "x.jpg")
    with pytest.raises(FaceguardError, match="leads out"):
        RecordList(path)
    (path.parent / "8").symlink_to(tmp_path / "outside")
    path.write_text("1\t8/x.jpg\t0\n")
    with pytest.raises(FaceguardError, match="leads out"):
        RecordList(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FaceguardError, match="cannot be read"):
        RecordList(path)
    with pytest.raises(FaceguardError, match="cannot be read"):
        RecordList(tmp_path / "nowhere.lst")
