"""Learned comparisons on the disk: exact, whole, and refused when anything about them is wrong."""

import hashlib
import re

import numpy as np
import pytest

from faceguard.domain.card import OperatingPoint
from faceguard.domain.errors import ModelFault
from faceguard.domain.head_card import HeadCard
from faceguard.domain.impostor import ImpostorModel, TailCheck
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.domain.template import EncoderId
from faceguard.models.heads import Heads, read_head, write_head

ENCODER = EncoderId("enc", "0123456789ab", "arcface-rgb-mirror-abcdef")
MODEL = ImpostorModel(
    ((2.2, 0.9), (2.0, 0.01)),
    0.02,
    -0.1,
    ((0.01, 0.7),),
    90,
    180,
    4005,
    "a test",
    (TailCheck(0.01, 0.9, 1.1, 40),),
)


def card(head_id="tiny", bias=12.5, **measured):
    weights = -np.random.default_rng(1).random(8) / 3
    return HeadCard(
        id=head_id, head=SimilarityHead(HeadKind.CHI_SQUARE, ENCODER, weights, bias), origin="a test", **measured
    )


def points():
    return tuple(
        OperatingPoint(fmr, Threshold(tau), 0.9, 100, 100_000, "a test") for fmr, tau in ((1e-2, 2.1), (1e-4, 1.9))
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.head.toml"
    write_head(path, card(operating_points=points(), rated_size=100, impostor=MODEL))
    return path


def sealed(body):
    return f'sha256 = "{hashlib.sha256(body).hexdigest()}"\n'.encode() + body


def body_of(file):
    return file.read_bytes().split(b"\n", 1)[1]


def test_what_is_written_is_read_to_the_last_bit(file):
    first, again = card(operating_points=points(), rated_size=100, impostor=MODEL), read_head(file)
    assert np.array_equal(again.head.weights, first.head.weights)
    assert (again.head.bias, again.head.kind, again.head.encoder_id) == (12.5, HeadKind.CHI_SQUARE, ENCODER)
    assert again.head.digest == first.head.digest
    assert again.tau_owner == first.tau_owner == f"{ENCODER}/tiny@{first.head.digest}"
    assert (again.operating_points, again.rated_size, again.impostor) == (points(), 100, MODEL)
    assert again.default_tau == Threshold(1.9)


def test_what_it_belongs_to_is_no_encoder_that_exists(file):
    owner = read_head(file).tau_owner
    assert str(EncoderId.parse(owner)) == owner  # a stored calibration may carry it
    assert EncoderId.parse(owner) != ENCODER


def test_one_that_was_not_measured_has_no_tau(tmp_path):
    write_head(tmp_path / "x.head.toml", card())
    found = read_head(tmp_path / "x.head.toml")
    assert (found.default_tau, found.rated_size, found.impostor) == (None, None, None)


@pytest.mark.parametrize("place", [0, 20, 90, 200, -2])
def test_one_changed_byte_is_noticed(file, place):
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelFault, match=r"altered or damaged|no checksum"):
        read_head(file)


@pytest.mark.parametrize("left", [0, 40, 300])
def test_a_file_that_was_cut_off_is_noticed(file, left):
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(ModelFault, match="tiny"):
        read_head(file)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (rb"bias = 12.5", b"bias = nan", "finite bias"),
        (rb"bias = 12.5", b"bias = 80.5", "bias lies between"),
        (rb"bias = 12.5", b'bias = "12.5"', "number is expected"),
        (rb"weights = \[", b"weights = [-inf, ", "finite weights"),
        (rb"weights = \[", b"weights = [0.5, ", "never speaks for one person"),
        (rb'kind = "chi-square"', b'kind = "cosine"', "cosine"),
        (rb'encoder = ".*?"', b'encoder = "nobody"', "not an encoder id"),
        (rb"format = 1", b"format = 2", "format"),
        (rb"rated_size = 100", b"rated_size = -1", "rated_size"),
        (rb"tau = 2.1", b"tau = 1.0", "smaller FMR"),
        (rb"bias = 12.5\n", b"", "'bias' is missing"),
        (rb"bias = 12.5", b"bias = 12.5\nbonus = 1", "'bonus' is not known"),
        (rb'id = "tiny"', b'id = "../tiny"', "an id has"),
        (rb"bias = 12.5", b"bias = \xff", "cannot be used"),
    ],
)
def test_one_with_a_right_checksum_and_wrong_contents_is_refused(file, was, becomes, said):
    body, count = re.subn(was, lambda _: becomes, body_of(file), count=1)
    assert count == 1
    file.write_bytes(sealed(body))
    with pytest.raises(ModelFault, match=said):
        read_head(file)


def test_missing_unreadable_and_huge_files_are_told_apart(tmp_path):
    with pytest.raises(ModelFault, match="missing"):
        read_head(tmp_path / "none.head.toml")
    with pytest.raises(ModelFault, match="cannot be read"):
        read_head(tmp_path)
    (tmp_path / "huge.head.toml").write_bytes(b" " * (1 << 20) + b"  ")
    with pytest.raises(ModelFault, match="too large"):
        read_head(tmp_path / "huge.head.toml")
    with pytest.raises(ModelFault, match="cannot be written"):
        write_head(tmp_path / "nowhere" / "x.head.toml", card())


def test_the_folder_lists_adds_and_removes(tmp_path, file):
    heads = Heads(tmp_path / "models")
    assert heads.entries() == ()
    with pytest.raises(ModelFault, match="there are: none"):
        heads.card("tiny")
    assert heads.add(file).id == "tiny"
    assert [entry.id for entry in heads.entries()] == ["tiny"]
    assert heads.card("tiny").tau_owner == read_head(file).tau_owner
    with pytest.raises(ModelFault, match="already"):
        heads.add(file)
    heads.remove("tiny")
    assert heads.entries() == ()
    assert list((tmp_path / "models").iterdir()) == []
    with pytest.raises(ModelFault, match="no learned comparison"):
        heads.remove("../tiny")


def test_a_broken_one_is_listed_with_its_fault_and_cannot_be_used(tmp_path, file):
    heads = Heads(tmp_path)
    file.rename(tmp_path / "other.head.toml")
    (tmp_path / "empty.head.toml").touch()
    assert {entry.id: entry.card for entry in heads.entries()} == {"other": None, "empty": None}
    with pytest.raises(ModelFault, match=r"'other' cannot be used: .* holds the comparison 'tiny'"):
        heads.card("other")
