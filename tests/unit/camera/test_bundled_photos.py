"""The photographs that installed libraries bring."""

import pytest

from faceguard.camera import bundled_photos
from faceguard.camera.bundled_photos import NAMES, SCENERY, PhotosMissing, bundled_photo, bundled_scenery


def test_eight_people_are_there_and_only_the_astronaut_is_public_domain():
    photos = [bundled_photo(name) for name in NAMES]
    assert len(photos) == 8
    assert [p.name for p in photos if p.public_domain] == ["astronaut"]
    assert all(p.pixels.ndim == 3 and not p.pixels.flags.writeable for p in photos)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "small portrait"])
def test_the_face_nearest_the_centre_is_the_largest_of_the_crop(name, shipped):
    from faceguard.domain.face import Frame

    photo = bundled_photo(name)
    faces = [f for f in shipped.detector.detect(Frame(photo.pixels, 0, 1)) if f.score > 0.8]
    largest = max(faces, key=lambda f: f.box.area)
    assert all(f is largest or f.box.area < 0.6 * largest.box.area for f in faces)


def test_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="astronaut"):
        bundled_photo("nobody")


def test_missing_library_is_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(bundled_photos, "find_spec", lambda package: None)
    with pytest.raises(PhotosMissing, match=r"skimage.*install faceguard"):
        bundled_photo("astronaut")


def test_library_that_no_longer_brings_the_picture_is_one_clear_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled_photos, "_folder", lambda package: tmp_path)
    with pytest.raises(PhotosMissing):
        bundled_photo("group 1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "astronaut.png").write_bytes(b"no picture")
    with pytest.raises(PhotosMissing):
        bundled_photo("astronaut")


def test_scenery_comes_with_the_library_and_no_two_pictures_are_the_same():
    pictures = [bundled_scenery(name) for name in SCENERY]
    assert len(pictures) == 15
    assert all(p.ndim == 3 and min(p.shape[:2]) >= 160 and not p.flags.writeable for p in pictures)
    assert len({p.tobytes() for p in pictures}) == 15


def test_scenery_that_is_not_there_is_one_clear_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="brick"):
        bundled_scenery("nowhere")
    monkeypatch.setattr(bundled_photos, "_folder", lambda package: tmp_path)
    with pytest.raises(PhotosMissing, match=r"skimage.*install faceguard"):
        bundled_scenery("brick")
