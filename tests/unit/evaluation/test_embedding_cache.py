"""What is known of a photo comes back as it was, and nothing that was damaged does."""

import hashlib
import json
import os
import stat

import numpy as np
import pytest

from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.acquisition import Sample
from faceguard.evaluation.embedding_cache import EmbeddingCache, stored_caches

ENCODER = EncoderId("paper", "0" * 12, "plain")
MADE_BY = {"detector": "abc", "code": "1"}


def digest(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def sample(number):
    vector = np.random.default_rng(number).normal(size=8)
    return Sample(Embedding.normalised(vector, ENCODER), number % 2 == 0, number % 3 == 0, {"blurred": 0.1 * number})


def opened(folder, made_by=MADE_BY, encoder=ENCODER, length=8):
    return EmbeddingCache(folder, made_by, encoder, length)


@pytest.fixture
def filled(tmp_path):
    """The file of a cache with five samples and a refusal."""
    with opened(tmp_path / "cache") as cache:
        for number in range(5):
            cache.put(digest(number), sample(number))
        cache.put(digest("none"), PhotoRefused("No face was found in this photo; use another one."))
    return cache.path


def same(found, number):
    wanted = sample(number)
    np.testing.assert_array_equal(found.embedding.values, wanted.embedding.values)
    assert found.embedding.encoder_id == ENCODER
    return (found.acceptable, found.asked, found.quality) == (wanted.acceptable, wanted.asked, wanted.quality)


def test_an_embedding_comes_back_to_the_bit(filled):
    with opened(filled.parent) as cache:
        assert len(cache) == 6
        assert cache.damaged == 0
        assert all(same(cache.get(digest(number)), number) for number in range(5))
        assert cache.get(digest("none")).sentence.startswith("No face was found")
        assert cache.get(digest("another")) is None


@pytest.mark.parametrize(
    "other",
    [
        {"made_by": {"detector": "abd", "code": "1"}},
        {"encoder": EncoderId("paper", "0" * 12, "mirror")},
        {"encoder": EncoderId("paper", "1" * 12, "plain")},
        {"length": 9},
    ],
)
def test_another_way_of_making_embeddings_knows_nothing(filled, other):
    with opened(filled.parent, **other) as cache:
        assert len(cache) == 0
        assert cache.path != filled
    assert len(stored_caches(filled.parent)) == 2


def test_a_line_that_was_cut_off_is_made_anew(filled):
    filled.write_bytes(filled.read_bytes()[:-20])
    with opened(filled.parent) as cache:
        assert cache.damaged == 1
        assert cache.get(digest("none")) is None
        assert same(cache.get(digest(4)), 4)
        cache.put(digest("none"), PhotoRefused("No face."))
    with opened(filled.parent) as cache:
        assert (len(cache), cache.damaged) == (6, 0)


def test_whatever_byte_is_changed_no_answer_is_wrong(filled):
    whole = filled.read_bytes()
    chance = np.random.default_rng(4)
    for place in chance.integers(len(whole), size=60):
        changed = bytearray(whole)
        changed[place] ^= int(chance.integers(1, 256))
        filled.write_bytes(bytes(changed))
        with opened(filled.parent) as cache:
            assert cache.damaged >= 1
            answers = [cache.get(digest(number)) for number in range(5)]
        assert all(answer is None or same(answer, number) for number, answer in enumerate(answers))


def test_a_sound_line_that_holds_no_embedding_is_dropped(filled):
    """Nothing but a bug writes one; a wrong length and a vector that is no unit vector stay out all the same."""
    text = json.dumps({"photo": digest(9), "values": "AAAA", "acceptable": True, "asked": False, "quality": {}})
    line = hashlib.sha256(text.encode()).hexdigest()[:16].encode() + b" " + text.encode() + b"\n"
    filled.write_bytes(filled.read_bytes() + line)
    with opened(filled.parent) as cache:
        assert cache.damaged == 1
        assert cache.get(digest(9)) is None
        assert len(cache) == 6


def test_an_empty_or_foreign_file_begins_anew(filled):
    for content in (b"", b"something else\n" * 3, b"\0" * 1000):
        filled.write_bytes(content)
        with opened(filled.parent) as cache:
            assert len(cache) == 0
            assert bool(cache.damaged) == bool(content)
            cache.put(digest(1), sample(1))
        with opened(filled.parent) as cache:
            assert (len(cache), cache.damaged) == (1, 0)


def test_the_files_are_the_owners_only_and_hold_no_name(filled):
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600
    assert stat.S_IMODE(filled.parent.stat().st_mode) == 0o700
    assert os.listdir(filled.parent) == [filled.name]


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FaceguardError, match="--cache"):
        opened(tmp_path / "file" / "cache")
