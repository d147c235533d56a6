"""Whatever is handed to the program: one clear sentence, nothing is lost, and the door stays shut."""

import json
import shutil
import sqlite3
import threading

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.reader import BackOff
from faceguard.cli import faceguard
from faceguard.compose import House
from faceguard.config.folders import DATABASE_FILE, SETTINGS_FILE
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import Frame
from faceguard.headless import watch
from faceguard.resources import bundled


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def call(folder):
    def invoke(*words, typed=None):
        answer = CliRunner().invoke(faceguard, ["--data-dir", str(folder), *map(str, words)], input=typed)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer

    return invoke


@pytest.fixture
def portrait(tmp_path):
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), bundled_photo("astronaut").pixels)
    return path


@pytest.fixture
def enrolled(call, portrait):
    assert call("enrol", portrait, "--name", "Eileen Collins", "--consent", "paper").exit_code == 0


def one_sentence(answer):
    """What standard error says: one line that begins with the program's name and ends like a sentence."""
    assert answer.exit_code == 2, answer.output
    (line,) = answer.stderr.strip().splitlines()
    assert line.startswith("faceguard: "), line
    assert "Traceback" not in line
    assert line.rstrip(")").endswith("."), line
    return line


def people(folder):
    with sqlite3.connect(folder / DATABASE_FILE) as connection:
        names = [row[0] for row in connection.execute("select name from subjects")]
    connection.close()
    return names


# photos


def noise(width, height):
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


def truncated(path):
    cv2.imwrite(str(path.with_suffix(".png")), bundled_photo("astronaut").pixels)
    data = path.with_suffix(".png").read_bytes()
    path.write_bytes(data[: len(data) // 2])


def huge(path):
    Image.new("L", (9_000, 9_000)).save(path)


def animated(path):
    pictures = [Image.fromarray(noise(64, 64)) for _ in range(3)]
    pictures[0].save(path.with_suffix(".webp"), save_all=True, append_images=pictures[1:])
    path.with_suffix(".webp").rename(path)


BAD_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("This is a letter."),
    "random bytes": lambda path: path.write_bytes(bytes(range(256)) * 64),
    "truncated": truncated,
    "huge": huge,
    "animated": animated,
    "a folder": lambda path: path.mkdir(),
    "a pdf": lambda path: path.write_bytes(b"%PDF-1.7\n" + b"x" * 500),
    "too large": lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(16_000_000)),
    "no face": lambda path: path.write_bytes(cv2.imencode(".png", np.full((300, 300, 3), 128, np.uint8))[1].tobytes()),
    "a blurred wall": lambda path: path.write_bytes(
        cv2.imencode(".png", cv2.GaussianBlur(noise(400, 300), (0, 0), 12))[1].tobytes()
    ),
    "missing": lambda path: None,
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_photo_of_a_face_is_refused_and_nobody_is_lost(call, folder, tmp_path, enrolled, kind):
    path = tmp_path / "photo.jpg"
    BAD_FILES[kind](path)
    for words in (
        ("enrol", path, "--name", "Nobody", "--consent", "paper"),
        ("identify", path),
        ("verify", path, path),
    ):
        one_sentence(call(*words))
    assert people(folder) == ["Eileen Collins"]


def test_a_photo_of_several_people_asks_which_one(call, folder, tmp_path):
    path = tmp_path / "two.png"
    left, right = (cv2.resize(bundled_photo(name).pixels, (250, 400)) for name in ("group 3", "group 4"))
    cv2.imwrite(str(path), np.hstack([left, right]))
    assert "several faces" in one_sentence(call("enrol", path, "--name", "Robin", "--consent", "paper"))
    chosen = call("enrol", path, "--name", "Robin", "--consent", "paper", "--face", "1")
    assert chosen.exit_code == 0, chosen.output
    one_sentence(call("enrol", path, "--name", "Nobody", "--consent", "paper", "--face", "9"))
    assert people(folder) == ["Robin"]


@pytest.mark.parametrize("name", ["", "   ", "\x00", "a\x07b", "x" * 500])
def test_a_name_that_is_none_is_refused(call, portrait, name):
    one_sentence(call("enrol", portrait, "--name", name, "--consent", "paper"))


# the data folder


def test_a_corrupt_database_is_named_and_left_as_it_is(call, folder, portrait, enrolled):
    path = folder / DATABASE_FILE
    path.write_bytes(b"not a database at all " * 400)
    before = path.read_bytes()
    for words in (("identify", portrait), ("gallery", "list"), ("run", "--headless", "--source", portrait)):
        assert DATABASE_FILE in one_sentence(call(*words))
    assert path.read_bytes() == before


def test_a_database_of_a_newer_program_is_left_alone(call, folder, portrait, enrolled):
    with House(folder).database() as database, database.writing() as connection:
        connection.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('faceguard', 'm9999', 'now')"
        )
    assert "newer faceguard" in one_sentence(call("gallery", "list"))
    assert "newer faceguard" in one_sentence(call("run", "--headless", "--source", portrait))
    assert people(folder) == ["Eileen Collins"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[access]\ntua = 1.1\n", "access.tua"),
        ("[access]\ntau = 7\n", "access.tau"),
        ("[camera]\nfps = 'many'\n", "camera.fps"),
        ("[access\n", "cannot be understood"),
        ("access = 3\n", "access"),
        ("\x00", SETTINGS_FILE),
    ],
)
def test_a_settings_file_with_a_mistake_is_named_and_the_door_does_not_open(
    call, folder, portrait, enrolled, text, said
):
    (folder / SETTINGS_FILE).write_text(text)
    for words in (("identify", portrait), ("settings", "get"), ("run", "--headless", "--source", portrait)):
        assert said in one_sentence(call(*words))
    assert (folder / SETTINGS_FILE).read_text() == text
    assert people(folder) == ["Eileen Collins"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("camera.fpss", "3"), ("camera.fps", "3000"), ("camera.fps", "nan"), ("window.theme", "pink"), ("", "1")],
)
def test_a_setting_that_cannot_be_is_refused(call, key, value):
    one_sentence(call("settings", "set", key, value))


def test_a_data_folder_that_is_a_file_has_one_sentence(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    answer = CliRunner().invoke(faceguard, ["--data-dir", str(path / "below"), "gallery", "list"])
    one_sentence(answer)


# networks


@pytest.fixture
def own_models(tmp_path, monkeypatch):
    """The bundled networks in a folder that a test may spoil."""
    copy = tmp_path / "models"
    shutil.copytree(bundled("models"), copy)
    monkeypatch.setattr("faceguard.compose.bundled", lambda name: copy if name == "models" else bundled(name))
    return copy


def altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


SPOILED = {
    "missing": lambda folder: (folder / "encoder_s.onnx").unlink(),
    "one bit altered": lambda folder: altered(folder / "encoder_s.onnx"),
    "detector altered": lambda folder: altered(folder / "detector_s.onnx"),
    "empty": lambda folder: (folder / "encoder_s.onnx").write_bytes(b""),
    "cards missing": lambda folder: (folder / "cards.toml").unlink(),
    "cards broken": lambda folder: (folder / "cards.toml").write_text("[[encoder]\n"),
    "networks exchanged": lambda folder: shutil.copy(folder / "detector_s.onnx", folder / "encoder_s.onnx"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_network_that_is_not_the_one_on_its_card_is_never_used(call, folder, portrait, enrolled, own_models, kind):
    SPOILED[kind](own_models)
    for words in (("identify", portrait), ("run", "--headless", "--json", "--source", portrait)):
        one_sentence(call(*words))
    assert people(folder) == ["Eileen Collins"]


def test_a_network_of_another_shape_than_its_card_says_is_refused(call, folder, portrait, enrolled, own_models):
    cards = own_models / "cards.toml"
    text = cards.read_text()
    assert "length = 128" in text
    cards.write_text(text.replace("length = 128", "length = 64").replace("128]", "64]"))
    one_sentence(call("identify", portrait))
    one_sentence(call("run", "--headless", "--source", portrait))


# cameras


@pytest.mark.parametrize("source", ["no/such/folder", "ftp://camera/1", ""])
def test_a_camera_that_means_nothing_has_one_sentence(call, source):
    one_sentence(call("run", "--headless", "--json", "--source", source))


def test_a_folder_without_pictures_has_one_sentence(call, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no JPEG, PNG or WebP" in one_sentence(call("run", "--headless", "--source", tmp_path / "empty"))


def test_a_broken_picture_in_a_recording_ends_it_with_one_sentence(call, tmp_path, portrait):
    (tmp_path / "frames").mkdir()
    shutil.copy(portrait, tmp_path / "frames" / "1.png")
    (tmp_path / "frames" / "2.png").write_bytes(b"no picture")
    one_sentence(call("run", "--headless", "--source", tmp_path / "frames"))


class Unplugged:
    """A camera that gives a few pictures, is then pulled out, and ends the test once somebody was told of it."""

    label = "the camera"
    simulated = False

    def __init__(self, house, pixels, said):
        self._house = house
        self._pixels = pixels
        self._said = said
        self.opened = 0
        self._sequence = 0

    def open(self):
        self.opened += 1
        if self.opened > 1 and not self._said:
            raise CameraFault("The camera is unplugged; plug it in.")

    def read(self):
        self._sequence += 1
        if self.opened > 1:
            return None
        if self._sequence > 4:
            raise CameraFault("The camera was unplugged.")
        moved = np.roll(self._pixels, self._sequence, axis=1)
        return Frame(moved, self._house.clock(), self._sequence)

    def close(self):
        pass


def test_a_camera_that_is_unplugged_puts_the_door_out_of_service(call, folder, enrolled, monkeypatch):
    house = House(folder)
    said = []
    camera = Unplugged(house, bundled_photo("astronaut").pixels, said)
    monkeypatch.setattr(house, "open_source", lambda *_, **__: camera)
    monkeypatch.setattr("faceguard.camera.reader.BackOff", lambda: BackOff(0.05, 0.05))
    before = threading.active_count()
    watch(house, None, None, lambda event, notice: said.append(event), recording=False)
    assert threading.active_count() == before
    assert {event.decision for event in said} == {"fault"}
    assert "unplugged" in said[0].detail
    assert people(folder) == ["Eileen Collins"]
    assert call("gallery", "list", "--json").exit_code == 0
    assert json.loads(call("gallery", "list", "--json").stdout)["people"][0]["ready"] is True
