"""What gives no embedding is counted."""

from pathlib import Path

import numpy as np
import pytest

from faceguard.domain.errors import FaceguardError, ModelFault, PhotoRefused
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.acquisition import Sample, acquire, counted

ENCODER = EncoderId("paper", "0" * 12, "plain")


def examine(path: Path) -> Sample:
    if path.name.startswith("none"):
        raise PhotoRefused("No face was found in this photo; use another one.")
    if path.name.startswith("broken"):
        raise PhotoRefused(f"The photo ({path.name}) cannot be read.")
    vector = np.eye(4)[int(path.stem) % 4]
    return Sample(Embedding.normalised(vector, ENCODER), acceptable=path.name != "2.jpg", asked=path.name == "3.jpg")


def test_failures_keep_their_place_and_are_counted_by_reason():
    told = []
    photos = [Path(n) for n in ("1.jpg", "none1.jpg", "2.jpg", "none2.jpg", "broken.jpg", "3.jpg")]
    found = acquire(photos, examine, told.append)
    assert found.present.tolist() == [True, False, True, False, False, True]
    assert found.failed == 3
    assert found.failures == {"No face was found in this photo": 2, "The photo": 1}
    assert (found.refused_by_quality, found.asked) == (1, 1)
    assert found.matrix.shape == (6, 4)
    assert not found.matrix[~found.present].any()
    assert told[-1].done == told[-1].total == 6


def test_progress_is_told_about_once_a_second():
    now = iter(np.arange(0.0, 100.0, 0.4))
    told = []
    acquire([Path(f"{i}.jpg") for i in range(10)], examine, told.append, clock=lambda: float(next(now)))
    assert [p.done for p in told] == [3, 6, 9, 10]
    assert str(told[0]) == "3 of 10 photos, 2 img/s, 3 s left"


def test_a_set_without_any_face_is_refused():
    with pytest.raises(FaceguardError, match="None of the 2 photos"):
        acquire([Path("none1.jpg"), Path("none2.jpg")], examine)


def test_a_network_that_fails_ends_the_measurement():
    def fail(_path):
        raise ModelFault("The network failed.")

    with pytest.raises(ModelFault):
        acquire([Path("1.jpg")], fail)


def test_whatever_is_counted_is_told_by_its_name():
    told = []
    assert list(counted("abc", told.append, what="letters")) == ["a", "b", "c"]
    assert str(told[-1]).startswith("3 of 3 letters")
    assert list(counted([], told.append)) == []
