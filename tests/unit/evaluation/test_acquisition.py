"""What gives no embedding is counted."""

from pathlib import Path

import numpy as np

from faceguard.domain.errors import PhotoRefused
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.acquisition import Sample, counted, gather

ENCODER = EncoderId("paper", "0" * 12, "plain")


def examine(path: Path) -> Sample | PhotoRefused:
    if path.name.startswith("none"):
        return PhotoRefused("No face was found in this photo; use another one.")
    if path.name.startswith("broken"):
        return PhotoRefused(f"The photo ({path.name}) cannot be read.")
    vector = np.eye(4)[int(path.stem) % 4]
    return Sample(Embedding.normalised(vector, ENCODER), acceptable=path.name != "2.jpg", asked=path.name == "3.jpg")


def test_failures_keep_their_place_and_are_counted_by_reason():
    photos = [Path(n) for n in ("1.jpg", "none1.jpg", "2.jpg", "none2.jpg", "broken.jpg", "3.jpg")]
    found = gather(map(examine, photos))
    assert found.present.tolist() == [True, False, True, False, False, True]
    assert found.failed == 3
    assert found.failures == {"No face was found in this photo": 2, "The photo": 1}
    assert (found.refused_by_quality, found.asked) == (1, 1)
    assert found.matrix.shape == (6, 4)
    assert not found.matrix[~found.present].any()


def test_progress_is_told_about_once_a_second():
    now = iter(np.arange(0.0, 100.0, 0.4))
    told = []
    assert list(counted(range(10), told.append, clock=lambda: float(next(now)))) == list(range(10))
    assert [p.done for p in told] == [3, 6, 9, 10]
    assert str(told[0]) == "3 of 10 photos, 2 img/s, 3 s left"


def test_whatever_is_counted_is_told_by_its_name():
    told = []
    assert list(counted("abc", told.append, what="letters")) == ["a", "b", "c"]
    assert str(told[-1]).startswith("3 of 3 letters")
    assert list(counted([], told.append)) == []
