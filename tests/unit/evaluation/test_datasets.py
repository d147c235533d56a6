"""Lists of pairs and folders of people, good and bad."""

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.datasets import read_identity_folder, read_pairs, read_photo_tree

HEAD = "image_a,image_b,same\n"


@pytest.fixture
def root(tmp_path):
    for name in ("Ann/1.jpg", "Ann/2.JPG", "Ann/note.txt", "Bob/1.png", "Cy/readme.md", ".hidden/1.jpg"):
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "people"


def written(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_photo_of_the_list_is_there_once(tmp_path, root):
    pairs = read_pairs(written(tmp_path, HEAD + "Ann/1.jpg,Ann/2.JPG,1\nAnn/1.jpg,Bob/1.png,0\n\n"), root)
    assert [p.name for p in pairs.photos] == ["1.jpg", "2.JPG", "1.png"]
    assert (pairs.first, pairs.second, pairs.same) == ((0, 0), (1, 2), (True, False))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must begin with the line"),
        ("a,b,c\n", "must begin with the line"),
        (HEAD + "Ann/1.jpg,Bob/1.png\n", "Line 2"),
        (HEAD + "Ann/1.jpg,Ann/2.JPG,1\nAnn/1.jpg,Bob/1.png,maybe\n", "Line 3"),
        (HEAD + "/etc/passwd,Ann/1.jpg,1\n", "no relative path"),
        (HEAD + "../x.jpg,Ann/1.jpg,1\n", "no relative path"),
        (HEAD + "Ann/1.jpg,Ann/2.JPG,1\n", "of different persons"),
        (HEAD + "Ann/1.jpg,Ann/9.jpg,1\nAnn/1.jpg,Bob/1.png,0\n", "1 of 3 photos"),
        (HEAD + '"Ann/1.jpg,Ann/2.JPG,1\n', "no valid CSV"),
    ],
)
def test_a_bad_list_is_refused_with_its_place(tmp_path, root, text, said):
    with pytest.raises(FaceguardError, match=said):
        read_pairs(written(tmp_path, text), root)


def test_a_list_that_is_no_text_or_not_there_is_refused(tmp_path, root):
    path = tmp_path / "pairs.csv"
    with pytest.raises(FaceguardError, match="cannot be read"):
        read_pairs(path, root)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FaceguardError, match="cannot be read"):
        read_pairs(path, root)
    with pytest.raises(FaceguardError, match="is not there"):
        read_pairs(written(tmp_path, HEAD), tmp_path / "nowhere")


def test_a_folder_a_person_and_nothing_else_counts(root):
    found = read_identity_folder(root, {".jpg", ".png"})
    assert found.people == ("Ann", "Bob")
    assert [p.name for p in found.photos] == ["1.jpg", "2.JPG", "1.png"]
    assert found.person == (0, 0, 1)


def test_a_limit_takes_the_first_people(root):
    (root / "Bob" / "2.png").write_bytes(b"")
    (root / "Di").mkdir()
    (root / "Di" / "1.jpg").write_bytes(b"")
    assert read_identity_folder(root, {".jpg", ".png"}, limit=2).people == ("Ann", "Bob")


def test_a_folder_without_pairs_is_refused(tmp_path, root):
    (root / "Ann" / "2.JPG").unlink()
    with pytest.raises(FaceguardError, match="one folder a person"):
        read_identity_folder(root, {".jpg", ".png"})
    with pytest.raises(FaceguardError, match="cannot be read"):
        read_identity_folder(tmp_path / "nowhere", {".jpg"})


@pytest.fixture
def tree(tmp_path):
    for place in ("b/2.JPG", "a.png", "b/c/1.jpg", "b/.hidden.jpg", ".git/3.png", "notes.txt", "d.webp"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    return tmp_path


def test_a_tree_gives_all_its_photos_by_name(tree):
    found = read_photo_tree(tree, (".jpg", ".png", ".webp"))
    assert [str(path.relative_to(tree)) for path in found] == ["a.png", "b/2.JPG", "b/c/1.jpg", "d.webp"]


def test_a_part_of_a_tree_is_spread_over_the_whole(tree):
    found = read_photo_tree(tree, (".jpg", ".png", ".webp"), 2)
    assert [path.name for path in found] == ["a.png", "1.jpg"]
    assert len(read_photo_tree(tree, (".jpg", ".png", ".webp"), 9)) == 4


def test_a_tree_without_photos_is_refused(tree):
    with pytest.raises(FaceguardError, match="no photos"):
        read_photo_tree(tree, (".bmp",))
    with pytest.raises(FaceguardError, match="not there"):
        read_photo_tree(tree / "nowhere", (".jpg",))
