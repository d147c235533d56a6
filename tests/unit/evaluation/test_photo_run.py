"""A measurement goes on where it was interrupted, and what was known is not made again."""

import threading

import numpy as np
import pytest

from faceguard.domain.errors import FaceguardError, ModelFault, PhotoRefused
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.acquisition import Sample
from faceguard.evaluation.embedding_cache import EmbeddingCache
from faceguard.evaluation.photo_run import PhotoFile, Stages, Stopped, ahead, embed_photos

ENCODER = EncoderId("paper", "0" * 12, "plain")


class Networks:
    """Photos are numbers; 7 has no face, 13 is no photo, and what was encoded is remembered."""

    def __init__(self, stop_at=None):
        self.encoded = []
        self.found = []
        self.stop_at = stop_at
        self.stages = Stages(self.decode, self.find, self.encode)

    def decode(self, data, name):
        if data == b"13":
            raise PhotoRefused(f'"{name}" is damaged.')
        return int(data)

    def find(self, number):
        self.found.append(number)
        if number == 7:
            raise PhotoRefused("No face was found in this photo; use another one.")
        return number

    def encode(self, number):
        if number == self.stop_at:
            raise KeyboardInterrupt
        self.encoded.append(number)
        vector = np.random.default_rng(number).normal(size=4)
        return Sample(Embedding.normalised(vector, ENCODER), number % 2 == 0, quality={"blurred": float(number)})


def photos(count):
    return [PhotoFile(f"{number}.jpg", lambda number=number: str(number).encode()) for number in range(count)]


def cache(tmp_path):
    return EmbeddingCache(tmp_path, {"code": "1"}, ENCODER, 4)


def test_photos_keep_their_order_and_failures_their_place():
    networks, told = Networks(), []
    found = embed_photos(photos(20), networks.stages, None, told.append)
    assert networks.encoded == [n for n in range(20) if n not in (7, 13)]
    assert np.flatnonzero(~found.present).tolist() == [7, 13]
    assert found.failures == {"No face was found in this photo": 1, '"13.jpg" is damaged.': 1}
    assert [q.get("blurred") for q in found.quality][5:9] == [5.0, 6.0, None, 8.0]
    assert found.refused_by_quality == 8
    assert found.from_cache == 0
    assert (told[-1].done, told[-1].total) == (20, 20)


def test_a_second_run_encodes_nothing_and_finds_the_same(tmp_path):
    with cache(tmp_path) as kept:
        first = embed_photos(photos(20), Networks().stages, kept)
    networks = Networks()
    with cache(tmp_path) as kept:
        second = embed_photos(photos(20), networks.stages, kept)
    assert networks.encoded == networks.found == []
    assert second.from_cache == 19  # the file that is no photo is looked at again
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert (first.failures, first.refused_by_quality) == (second.failures, second.refused_by_quality)
    assert second.encoder_seconds == 0.0


def test_no_name_of_a_photo_is_kept(tmp_path):
    with cache(tmp_path) as kept:
        embed_photos(photos(20), Networks().stages, kept)
    assert b".jpg" not in kept.path.read_bytes()


def test_after_ctrl_c_the_next_run_goes_on(tmp_path):
    with cache(tmp_path) as kept, pytest.raises(Stopped) as stopped:
        embed_photos(photos(20), Networks(stop_at=12).stages, kept)
    assert (stopped.value.done, stopped.value.total) == (12, 20)
    networks = Networks()
    with cache(tmp_path) as kept:
        found = embed_photos(photos(20), networks.stages, kept)
    assert networks.encoded == [12, 14, 15, 16, 17, 18, 19]
    assert found.from_cache == 12
    assert not any(t.name.startswith("photos-ahead") for t in threading.enumerate())


def test_a_photo_under_another_name_is_known(tmp_path):
    with cache(tmp_path) as kept:
        embed_photos(photos(2), Networks().stages, kept)
        networks = Networks()
        embed_photos([PhotoFile("copy.jpg", lambda: b"1")], networks.stages, kept)
    assert networks.encoded == []


def test_a_network_that_fails_ends_the_measurement():
    def fail(_found):
        raise ModelFault("The network failed.")

    with pytest.raises(ModelFault):
        embed_photos(photos(3), Stages(lambda data, _: data, lambda photo: photo, fail))


def test_a_set_without_any_face_is_refused():
    with pytest.raises(FaceguardError, match="None of the 1 photos"):
        embed_photos([PhotoFile("7.jpg", lambda: b"7")], Networks().stages)


def test_the_thread_ahead_waits_for_whoever_takes():
    begun = []
    results = ahead(lambda n: begun.append(n) or n, range(100), depth=3)
    assert next(results) == 0
    results.close()
    assert max(begun) <= 4
