"""Faces found and cut once: known answers, resuming, the split, near duplicates, damage."""

import csv
import hashlib
import json
import shutil
import threading
import zlib

import cv2
import numpy as np
import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.pipeline.aligner import DegenerateLandmarks, similarity
from faceguard.training import faces, prepare
from faceguard.training.face_set import FaceSet
from faceguard.training.faces import (
    Failure,
    FoundFace,
    aligned,
    averaged_points,
    face_in,
    main_face,
    squared,
)
from faceguard.training.photos import PhotoFolder, PhotoRecord
from faceguard.training.prepare import Prepared
from faceguard.training.split import Split, in_development

TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
COLOURS = ((255, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 255))
"""Eyes blue, nose green, mouth red: which eye is the right one shows in where it lies, as with a face."""


def five(centre=(60.0, 55.0), scale=0.8, degrees=0.0):
    """Where the five points of a painted face are, from the picture's edge."""
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (TEMPLATE - TEMPLATE.mean(axis=0)) @ turn.T + centre


def painted(points, width=120, height=100, seed=0):
    """(H, W, 3) uint8 BGR: five discs on dark blocks that are another picture's for each seed."""
    blocks = np.random.default_rng(seed).integers(0, 90, (height // 10 + 1, width // 10 + 1, 1), np.uint8)
    grey = np.repeat(np.repeat(blocks, 10, axis=0), 10, axis=1)[:height, :width]
    picture = np.ascontiguousarray(np.repeat(grey, 3, axis=2))
    for (x, y), colour in zip(points, COLOURS, strict=True):
        # OpenCV's pixel 0 has its centre half a pixel from the edge
        centre = round((x - 0.5) * 16), round((y - 0.5) * 16)
        cv2.circle(picture, centre, 4 * 16, colour, -1, cv2.LINE_AA, 4)
    return picture


class Painted:
    """A detector that sees the discs, with an error of its own for each picture; it can break at one of its calls."""

    def __init__(self, error=0.0, breaks_at=None):
        self.error, self.breaks_at, self.calls = error, breaks_at, 0

    def __call__(self, picture):
        self.calls += 1
        if self.calls == self.breaks_at:
            raise KeyboardInterrupt
        blue, green, red = (picture[..., c].astype(int) - picture[..., (c + 1) % 3] > 100 for c in range(3))
        groups = [self.discs(mask, n) for mask, n in ((blue, 2), (green, 1), (red, 2))]
        if any(group is None for group in groups):
            return []
        points = np.concatenate(groups)
        points += np.random.default_rng(zlib.crc32(picture.data)).normal(0, self.error, points.shape)
        (left, top), (right, bottom) = points.min(axis=0) - 12, points.max(axis=0) + 12
        return [FoundFace(points, (left, top, right, bottom), 0.9)]

    @staticmethod
    def discs(mask, n):
        found, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        if found <= n:
            return None
        greatest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:n]
        return centres[sorted(greatest, key=lambda i: centres[i][0])] + 0.5


class Named:
    """A source of one photo with this name."""

    def __init__(self, name, key):
        self.name, self._key = name, key

    def __len__(self):
        return 1

    def __iter__(self):
        yield PhotoRecord(self._key, None, bytes)


def png(picture):
    return cv2.imencode(".png", picture)[1].tobytes()


def folder_of(root, people, each=2, first=0):
    """A source of painted people."""
    for p, person in enumerate(people):
        (root / person).mkdir(parents=True)
        for i in range(each):
            picture = painted(five((58.0 + i, 54.0), 0.75 + 0.02 * p), seed=first + 100 * p + i)
            (root / person / f"{i}.png").write_bytes(png(picture))
    return root


def held(fraction, names=40):
    """Names that the split puts into the development part, and names that it does not."""
    all_names = [f"P{i}" for i in range(names)]
    return [n for n in all_names if in_development(n, fraction)], [
        n for n in all_names if not in_development(n, fraction)
    ]


@pytest.fixture
def people(tmp_path):
    development, training = held(0.5)
    return PhotoFolder(folder_of(tmp_path / "people", [*development[:2], *training[:4]]))


def embed(crops):
    """Unit rows from the blocks behind the face."""
    assert crops.shape[1:] == (112, 112, 3)
    assert crops.dtype == np.uint8
    small = np.stack([cv2.resize(c, (16, 16), interpolation=cv2.INTER_AREA)[..., 1] for c in crops])
    rows = np.minimum(small, 90).reshape(len(crops), -1).astype(float)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.mark.parametrize(
    ("scale", "degrees"), [(0.8, 0.0), (0.7, 30.0), (2.5, -20.0)], ids=["plain", "turned", "large"]
)
def test_alignment_brings_the_points_onto_the_template_with_room_around(scale, degrees):
    points = five((150.0, 140.0), scale, degrees)
    crop = aligned(painted(points, 300, 280), points)
    assert crop.shape == (160, 160, 3)
    found = Painted()(crop)[0].points
    # the aligner takes edge for centre: half a pixel of the picture, and half a pixel of the crop back
    turn = (similarity(points, TEMPLATE)[:, :2] @ [0.5, 0.5]) - 0.5
    np.testing.assert_allclose(found, TEMPLATE + 24 - turn, atol=0.35)


def test_points_are_aligned_as_the_program_aligns_them():
    chance = np.random.default_rng(1)
    for _ in range(50):
        points = five((50, 50), 1.0, chance.uniform(-40, 40)) + chance.normal(0, 4, (5, 2))
        np.testing.assert_allclose(faces._similarity(points, TEMPLATE), similarity(points, TEMPLATE))
    for bad in (np.zeros((5, 2)), np.column_stack([np.arange(5.0) * 9, np.zeros(5)])):
        with pytest.raises(DegenerateLandmarks):
            similarity(bad, TEMPLATE)
        assert aligned(painted(five()), bad) is None


@pytest.mark.parametrize(("width", "height"), [(120, 100), (90, 130), (200, 200), (333, 250)])
def test_a_point_of_the_photo_lies_in_the_square_where_shift_and_scale_say(width, height):
    points = five((width / 2 + 3, height / 2 - 2))
    square, shift, scale = squared(painted(points, width, height))
    assert square.shape == (200, 200, 3)
    np.testing.assert_allclose(Painted()(square)[0].points, (points + shift) * scale, atol=0.3)


def test_what_the_square_adds_is_the_mirrored_photo():
    picture = np.arange(100 * 200 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    square, _, scale = squared(picture)
    assert scale == 1.0
    np.testing.assert_array_equal(square[50:150], picture)
    np.testing.assert_array_equal(square[49], picture[1])


def test_views_undo_mirror_shift_and_scale():
    points = five((61.3, 54.6), 0.9, 12.0)
    picture = painted(points)
    averaged = averaged_points(picture, Painted()(picture)[0], Painted(), np.random.default_rng(0))
    np.testing.assert_allclose(averaged, points, atol=0.2)


def test_averaging_the_views_takes_the_detectors_error_away():
    single, mean = [], []
    for seed in range(20):
        points = five((60.0, 55.0), 0.9)
        picture, detect = painted(points, seed=seed), Painted(error=1.5)
        first = detect(picture)[0]
        averaged = averaged_points(picture, first, detect, np.random.default_rng(seed))
        single.append(first.points - points)
        mean.append(averaged - points)
    assert np.std(single) == pytest.approx(1.5, abs=0.2)
    assert np.std(mean) < 0.45 * np.std(single)


def test_a_face_that_too_few_views_find_again_is_none():
    picture = painted(five())
    first = Painted()(picture)[0]
    for views, usable in ((4, True), (3, False)):
        detect, calls = Painted(), iter(range(8))
        found = averaged_points(
            picture,
            first,
            lambda p, n=views, d=detect, c=calls: d(p) if next(c) < n else [],
            np.random.default_rng(0),
        )
        assert (found is not None) == usable
    aside = FoundFace(first.points + 200, (300.0, 200.0, 340.0, 260.0), 0.9)
    assert averaged_points(picture, aside, Painted(), np.random.default_rng(0)) is None


def test_the_main_face_is_large_sure_and_near_the_centre():
    def at(x, y, side, score):
        return FoundFace(five((x, y)), (x - side / 2, y - side / 2, x + side / 2, y + side / 2), score)

    middle = at(50, 50, 40, 0.9)
    assert main_face([at(50, 50, 20, 0.99), middle], 100, 100) is middle
    assert main_face([at(50, 50, 42, 0.4), middle], 100, 100) is middle
    assert main_face([at(95, 90, 50, 0.9), middle], 100, 100) is middle
    assert main_face([], 100, 100) is None


def test_a_photo_gives_the_same_face_whenever_it_is_looked_at():
    data = png(painted(five(degrees=5)))
    one, other = (face_in(data, Painted(error=1.0)) for _ in range(2))
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.crop, other.crop)
    assert one.points.dtype == np.float32


def test_photos_without_a_usable_face_say_why():
    assert face_in(b"no picture", Painted()) is Failure.UNREADABLE
    assert face_in(png(np.zeros((40, 40, 3), np.uint8)), Painted()) is Failure.NO_FACE
    line = np.column_stack([np.linspace(10, 90, 5), np.full(5, 30.0)])
    flat = face_in(png(painted(five())), lambda p: [FoundFace(line, (0, 0, 100, 60), 0.9)])
    assert flat is Failure.UNSTEADY  # a detector whose answer does not move with the picture
    assert face_in(png(painted(line)), Painted()) is Failure.NO_SHAPE


def test_what_a_detector_may_not_tell_is_a_mistake():
    box = (0.0, 0.0, 9.0, 9.0)
    for points, area, score in (
        (np.zeros((4, 2)), box, 0.5),
        (np.full((5, 2), np.nan), box, 0.5),
        (five(), (5.0, 0.0, 5.0, 9.0), 0.5),
        (five(), box, 1.5),
    ):
        with pytest.raises(ValueError, match=r"needed|area"):
            FoundFace(points, area, score)


def test_a_set_holds_what_was_found(people, tmp_path):
    told = []
    prepared = prepare.prepare(
        [people], Painted(), tmp_path / "set", fractions={"people": 0.5}, report=lambda *n: told.append(n)
    )
    assert told == [(i, 12) for i in range(1, 13)]
    found = FaceSet.open(tmp_path / "set")
    assert len(found) == 12
    assert found.crops.shape == (12, 160, 160, 3)
    assert found.photos.shape == (12, 200, 200, 3)
    assert not found.crops.flags.writeable
    assert [a.dtype for a in (found.crops, found.points, found.widths, found.train)] == [
        np.uint8,
        np.float32,
        np.float32,
        np.bool_,
    ]
    records = list(people)
    assert found.keys.tolist() == [r.key for r in records]
    assert found.people.tolist() == [r.person for r in records]
    assert set(found.sources) == {"people"}
    assert found.digests.tolist() == [hashlib.sha256(r.load()).hexdigest() for r in records]
    assert found.train.tolist() == [not in_development(r.person, 0.5) for r in records]
    for row in range(12):
        np.testing.assert_allclose(Painted()(found.photos[row])[0].points, found.points[row], atol=0.5)
        face = Painted()(cv2.imdecode(np.frombuffer(records[row].load(), np.uint8), 1))[0]
        assert found.widths[row] == pytest.approx((face.box[2] - face.box[0]) * 200 / 120, rel=1e-6)
    split = json.loads((tmp_path / "set" / "split.json").read_text())
    assert split["fractions"] == {"people": 0.5}
    assert found.digest == split["train"]["digest"] == prepared.train_digest
    assert prepared == Prepared(12, 6, 8, 4, None, 0, {}, found.digest, split["development"]["digest"])
    assert not (tmp_path / "set" / "chunks").exists()


def test_failures_and_copies_are_counted_and_listed(people, tmp_path):
    root = tmp_path / "people"
    development, training = held(0.5)
    (root / training[0] / "bad.jpg").write_bytes(b"no picture")
    (root / training[0] / "empty.jpg").write_bytes(b"")
    (root / training[1] / "dark.png").write_bytes(png(np.zeros((50, 50, 3), np.uint8)))
    shutil.copy(root / training[0] / "0.png", root / training[0] / "again.png")
    shutil.copy(root / development[0] / "0.png", root / training[3] / "z.png")
    source = PhotoFolder(root)
    prepared = prepare.prepare([source], Painted(), tmp_path / "set", fractions={"people": 0.5})
    assert prepared.failures == {Failure.UNREADABLE: 2, Failure.NO_FACE: 1}
    assert prepared.copies == 2
    assert prepared.photos == 17 == prepared.train + prepared.development + 2 + 3
    assert len(FaceSet.open(tmp_path / "set")) == 12
    with (tmp_path / "set" / "left_out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["key"] for row in rows if row["reason"] == Failure.UNREADABLE} == {
        f"{training[0]}/bad.jpg",
        f"{training[0]}/empty.jpg",
    }
    assert len(rows) == 5


@pytest.mark.parametrize("call", [1, 5, 40, 100], ids=str)
def test_an_interrupted_preparation_goes_on_and_ends_the_same(people, tmp_path, monkeypatch, call):
    monkeypatch.setattr(prepare, "CHUNK", 5)
    whole = Painted(error=0.5)
    options = {"fractions": {"people": 0.5}, "embed": embed, "duplicates": 0.01}
    expected = prepare.prepare([people], whole, tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare([people], Painted(error=0.5, breaks_at=call), tmp_path / "set", **options)
    with pytest.raises(FaceguardError, match="holds no finished set"):
        FaceSet.open(tmp_path / "set")
    with (tmp_path / "set" / "crops.bin").open("ab") as file:
        file.write(b"half a row")  # of a call that was killed while it wrote
    rest, told = Painted(error=0.5), []
    assert prepare.prepare([people], rest, tmp_path / "set", **options, report=lambda *n: told.append(n)) == expected
    assert content(tmp_path / "set") == content(tmp_path / "whole")
    assert whole.calls == 12 * 9
    assert call + rest.calls <= whole.calls + 5 * 9
    assert told[-1] == (12, 12)


def test_a_finished_set_is_answered_without_looking_again(people, tmp_path):
    options = {"fractions": {"people": 0.5}, "made_with": {"detector": "aa"}}
    first = prepare.prepare([people], Painted(), tmp_path / "set", **options)
    assert prepare.prepare([people], Painted(breaks_at=1), tmp_path / "set", **options) == first


def test_a_folder_of_other_photos_or_options_is_refused_by_name(people, tmp_path):
    options = {"fractions": {"people": 0.5}, "made_with": {"detector": "aa"}}
    prepare.prepare([people], Painted(), tmp_path / "set", **options)
    for other, word in (
        ({"fractions": {"people": 0.4}}, "fractions"),
        ({"made_with": {"detector": "bb"}}, "made with"),
        ({"embed": embed}, "embedded, duplicates"),
    ):
        with pytest.raises(FaceguardError, match=f"begun with other {word}"):
            prepare.prepare([people], Painted(), tmp_path / "set", **(options | other))
    folder_of(tmp_path / "people", ["Zoe"])
    with pytest.raises(FaceguardError, match="begun with other sources, photos"):
        prepare.prepare([PhotoFolder(tmp_path / "people")], Painted(), tmp_path / "set", **options)


def test_an_unfinished_set_may_still_be_split_in_another_way(people, tmp_path):
    """Detection takes hours; a part that stays empty must not cost them."""
    with pytest.raises(FaceguardError, match="training part has no photo"):
        prepare.prepare([people], Painted(), tmp_path / "set", fractions={"people": 1.0})
    done = prepare.prepare([people], Painted(breaks_at=1), tmp_path / "set", fractions={"people": 0.5})
    assert done.development == 4


def test_each_source_is_split_by_its_own_fraction(people, tmp_path):
    for name in ("reserved", "nameless"):
        (tmp_path / name).mkdir()
        for i in range(5):
            (tmp_path / name / f"{i}.png").write_bytes(png(painted(five(), seed=7000 + 10 * ord(name[0]) + i)))
    sources = [people, PhotoFolder(tmp_path / "reserved"), PhotoFolder(tmp_path / "nameless")]
    fractions = {"people": 0.5, "reserved": 1.0, "nameless": 0.0}
    prepared = prepare.prepare(sources, Painted(), tmp_path / "set", fractions=fractions)
    found = FaceSet.open(tmp_path / "set")
    assert not found.train[found.sources == "reserved"].any()
    assert found.train[found.sources == "nameless"].all()
    assert (found.people[found.sources != "people"] == "").all()
    assert (prepared.people, prepared.train, prepared.development) == (6, 13, 9)


def test_near_duplicates_of_the_development_part_leave_the_training_part(people, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "CHUNK", 4)
    root = tmp_path / "nameless"
    root.mkdir()
    development, training = held(0.5)
    for name, person in (("0", development[0]), ("4", development[1]), ("5", training[0])):
        picture = cv2.imread(str(tmp_path / "people" / person / "0.png"))
        picture[0, 0] = 77  # other bytes, the same picture
        (root / f"{name}.png").write_bytes(png(picture))
    for i in (1, 2, 3, 6):
        (root / f"{i}.png").write_bytes(png(painted(five(), seed=5000 + i)))
    nameless = PhotoFolder(root)
    options = {"fractions": {"nameless": 0.0, "people": 0.5}, "embed": embed, "duplicates": 0.01}
    prepared = prepare.prepare([nameless, people], Painted(), tmp_path / "set", **options)
    assert prepared.near_duplicates == {"nameless": 2}
    assert (prepared.train, prepared.development) == (5 + 8, 4)
    found = FaceSet.open(tmp_path / "set")
    assert len(found) == 17
    assert {k for k, s in zip(found.keys, found.sources, strict=True) if s == "nameless"} == {
        f"{i}.png" for i in (1, 2, 3, 5, 6)
    }
    # rows that moved into the gaps brought everything along
    by_place = {(s.name, r.key): r for s in (nameless, people) for r in s}
    for row in range(17):
        record = by_place[found.sources[row], found.keys[row]]
        face = face_in(record.load(), Painted())
        assert found.digests[row] == hashlib.sha256(record.load()).hexdigest()
        np.testing.assert_array_equal(found.crops[row], face.crop)
        np.testing.assert_array_equal(found.photos[row], face.photo)
        np.testing.assert_array_equal(found.points[row], face.points)
    assert (tmp_path / "set" / "crops.bin").stat().st_size == 17 * 160 * 160 * 3
    assert found.digest == json.loads((tmp_path / "set" / "split.json").read_text())["train"]["digest"]


def test_a_kill_while_the_rows_move_is_made_good(people, tmp_path, monkeypatch):
    root = tmp_path / "nameless"
    root.mkdir()
    picture = cv2.imread(str(tmp_path / "people" / held(0.5)[0][0] / "0.png"))
    picture[0, 0] = 77
    (root / "0.png").write_bytes(png(picture))
    sources = [PhotoFolder(root), people]
    options = {"fractions": {"nameless": 0.0, "people": 0.5}, "embed": embed, "duplicates": 0.01}
    expected = prepare.prepare(sources, Painted(), tmp_path / "whole", **options)

    def killed(*_):
        raise KeyboardInterrupt

    for name in ("split.json", "faces.json", "tidy"):
        with monkeypatch.context() as patch:
            if name == "split.json":
                patch.setattr(Split, "write", killed)
            elif name == "faces.json":
                patch.setattr(prepare, "asdict", killed)
            else:
                patch.setattr(prepare, "tidy", killed)
            with pytest.raises(KeyboardInterrupt):
                prepare.prepare(sources, Painted(), tmp_path / name, **options)
        assert prepare.prepare(sources, Painted(), tmp_path / name, **options) == expected
        assert content(tmp_path / name) == content(tmp_path / "whole")
        FaceSet.open(tmp_path / name)


def test_several_processes_find_the_same(people, tmp_path):
    options = {"fractions": {"people": 0.5}}
    prepare.prepare([people], Painted(0.5), tmp_path / "one", **options)
    detect = Painted(0.5)
    prepare.prepare([people], detect, tmp_path / "two", **options, workers=2)
    assert detect.calls == 0
    assert content(tmp_path / "two") == content(tmp_path / "one")


def test_a_detector_that_cannot_be_sent_to_processes_works_in_this_one(people, tmp_path):
    detect = Painted()
    detect.lock = threading.Lock()
    prepare.prepare([people], detect, tmp_path / "set", fractions={"people": 0.5}, workers=2)
    assert detect.calls == 12 * 9


def test_what_cannot_end_well_is_refused_before_any_work(people, tmp_path):
    blind = Painted(breaks_at=1)

    def refused(sources, match, **options):
        with pytest.raises(FaceguardError, match=match):
            prepare.prepare(sources, blind, tmp_path / "set", **({"fractions": {"people": 0.5}} | options))

    refused([people, people], "Two sources have the name people")
    refused([people], "no fraction", fractions={})
    refused([people], "fraction for other, which is none of the sources", fractions={"people": 0.5, "other": 0.1})
    refused([people], "fraction of people .* is 2", fractions={"people": 2.0})
    refused([people], "distance is from 0 to 4", duplicates=5.0)
    refused([Named("people", "no utf\udce9.jpg")], r"cannot be written down; rename")
    person = held(0.5)[0][0]
    more = PhotoFolder(folder_of(tmp_path / "more", [person], first=9000))
    refused([people, more], f"{person} is in the training part and", fractions={"people": 0.5, "more": 0.0})
    assert not (tmp_path / "set").exists()


def test_no_usable_photo_at_all_is_said_with_the_reasons(tmp_path):
    (tmp_path / "dark").mkdir()
    (tmp_path / "dark" / "1.png").write_bytes(png(np.zeros((50, 50, 3), np.uint8)))
    (tmp_path / "dark" / "2.png").write_bytes(b"x")
    with pytest.raises(FaceguardError, match=r"None of the 2 photos can be used: no face was found \(1\), the picture"):
        prepare.prepare([PhotoFolder(tmp_path / "dark")], Painted(), tmp_path / "set", fractions={"dark": 0.0})


def test_an_encoder_that_answers_nonsense_is_a_mistake(people, tmp_path):
    for answer in (lambda c: np.ones((len(c), 8)), lambda c: np.eye(8)[:1]):
        with pytest.raises(ValueError, match="a row of unit length for each crop"):
            prepare.prepare([people], Painted(), tmp_path / "set", fractions={"people": 0.5}, embed=answer)


def test_a_damaged_or_unfinished_set_is_refused(people, tmp_path):
    folder = tmp_path / "set"
    prepare.prepare([people], Painted(), folder, fractions={"people": 0.5})
    saved = content(folder)

    def refused(match):
        with pytest.raises(FaceguardError, match=match):
            FaceSet.open(folder)
        for name, data in saved.items():
            (folder / name).write_bytes(data)

    FaceSet.open(folder)
    (folder / "faces.json").unlink()
    refused("holds no finished set of faces")
    (folder / "faces.json").write_text("{")
    refused("is damaged; remove the folder")
    (folder / "faces.json").write_text(json.dumps({**json.loads(saved["faces.json"]), "format": 9}))
    refused("has format 9, this program reads 1")
    (folder / "faces.json").write_text('{"format": 1}')
    with pytest.raises(FaceguardError, match="is damaged"):
        prepare.prepare([people], Painted(), folder, fractions={"people": 0.5})
    refused("is damaged")
    (folder / "table.npz").write_bytes(saved["table.npz"][:-9])
    refused("is damaged")
    (folder / "crops.bin").write_bytes(saved["crops.bin"][:-1])
    refused("is damaged")
    (folder / "photos.bin").unlink()
    refused("is damaged")
    (folder / "photos.bin").write_bytes(bytes(len(saved["photos.bin"])))
    refused("is damaged")
    FaceSet.open(folder)
    with pytest.raises(FaceguardError, match="holds no finished set of faces"):
        FaceSet.open(tmp_path / "nowhere")


def test_an_unfinished_set_that_is_damaged_is_refused(people, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "CHUNK", 3)
    options = {"fractions": {"people": 0.5}}
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare([people], Painted(breaks_at=70), tmp_path / "set", **options)
    chunk = sorted((tmp_path / "set" / "chunks").glob("*.npz"))[0]
    data = chunk.read_bytes()
    for file, bad in ((chunk, data[:100]), (tmp_path / "set" / "crops.bin", b""), (tmp_path / "set/config.json", b"[")):
        kept = file.read_bytes()
        file.write_bytes(bad)
        with pytest.raises(FaceguardError, match="is damaged; remove the folder"):
            prepare.prepare([people], Painted(), tmp_path / "set", **options)
        file.write_bytes(kept)
    prepare.prepare([people], Painted(), tmp_path / "set", **options)


def test_a_folder_that_cannot_be_written_is_said(people, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FaceguardError, match="cannot be written"):
        prepare.prepare([people], Painted(), tmp_path / "file" / "set", fractions={"people": 0.5})


@pytest.mark.shared
def test_real_photos_with_the_bundled_networks(shared, shipped, tmp_path):
    from faceguard.domain.face import Frame

    def detect(pixels):
        found = shipped.detector.detect_in_photo(Frame(np.ascontiguousarray(pixels), 0, 0))
        return [
            FoundFace(f.landmarks.points, (f.box.left, f.box.top, f.box.right, f.box.bottom), f.score) for f in found
        ]

    def vectors(crops):
        rows = shipped.encoder.mean_vectors(crops)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    names = sorted(p for p in (shared / "data" / "lfw_dev").iterdir() if len(list(p.iterdir())) > 1)[:6]
    for person in names:
        shutil.copytree(person, tmp_path / "lfw" / person.name)
    source = PhotoFolder(tmp_path / "lfw")
    prepared = prepare.prepare([source], detect, tmp_path / "set", fractions={"lfw": 0.4}, embed=vectors)
    assert prepared.photos == len(source)
    assert not prepared.failures
    assert prepared.people == 6
    assert prepared.near_duplicates == {}
    found = FaceSet.open(tmp_path / "set")
    rows = vectors(found.crops[:, 24:136, 24:136])
    same = found.people[:, None] == found.people[None]
    alike = rows @ rows.T
    assert alike[same & ~np.eye(len(rows), dtype=bool)].mean() > 0.4
    assert alike[~same].mean() < 0.2
    crops = detect_points(detect, found)
    assert np.median(np.abs(crops - (TEMPLATE + 24))) < 2.0


def detect_points(detect, found):
    """(N, 5, 2) where the detector sees the points of the crops."""
    return np.stack([main_face(detect(crop), 160, 160).points for crop in found.crops])
