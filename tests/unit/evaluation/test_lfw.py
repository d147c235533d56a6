"""LFW's list of pairs."""

import math

import pytest

from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.error_rates import accuracy, accuracy_by_fold
from faceguard.evaluation.lfw import read_lfw_pairs

LIST = """2\t2
Ann\t1\t2
Bo_Li\t2\t12
Ann\t1\tBo_Li\t2
Ann\t2\tBo_Li\t12
Ann\t1\t2
Ann\t1\t2
Bo_Li\t2\tAnn\t1
Bo_Li\t12\tAnn\t1
"""


@pytest.fixture
def root(tmp_path):
    for name in ("Ann/Ann_0001", "Ann/Ann_0002", "Bo_Li/Bo_Li_0002", "Bo_Li/Bo_Li_0012"):
        path = tmp_path / f"{name}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def read(root, text):
    path = root / "pairs.txt"
    path.write_text(text)
    return read_lfw_pairs(path, root)


def test_folds_follow_each_other_with_the_pairs_of_one_person_first(root):
    found = read(root, LIST)
    names = [photo.relative_to(root).as_posix() for photo in found.photos]
    assert names == ["Ann/Ann_0001.jpg", "Ann/Ann_0002.jpg", "Bo_Li/Bo_Li_0002.jpg", "Bo_Li/Bo_Li_0012.jpg"]
    assert found.same == (True, True, False, False) * 2
    assert found.fold == (0,) * 4 + (1,) * 4
    assert list(zip(found.first, found.second, strict=True))[:4] == [(0, 1), (2, 3), (0, 2), (1, 3)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("2\t2\n", "2\t3\n", 1), "announces 2 folds of 3"),
        (lambda text: text.replace("2\t2\n", "1\t4\n", 1), "at least 2"),
        (lambda text: text.replace("2\t2\n", "Ann\t1\t2\n", 1), "must begin"),
        (lambda text: "", "must begin"),
        (lambda text: text.replace("Ann\t1\t2", "Ann\t1\tBo_Li\t2", 1), "Line 2 .* one name and two numbers"),
        (lambda text: text.replace("Ann\t1\tBo_Li", "Ann\t1", 1), "Line 4 .* twice"),
        (lambda text: text.replace("Ann", "../Ann"), "Line 2"),
        (lambda text: text.replace("Ann\t1", "Ann\tone"), "Line 2"),
        (lambda text: text.replace("Bo_Li\t12", "Bo_Li\t13"), "1 of 5 photos .*/Bo_Li_0013.jpg"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(root, change, words):
    with pytest.raises(FaceguardError, match=words):
        read(root, change(LIST))


def test_a_failed_pair_is_wrong_whatever_the_threshold():
    fold = [0] * 5 + [1] * 5
    found = accuracy_by_fold([0.5] * 9 + [math.inf], [2.0] * 9 + [-math.inf], fold, fold)
    assert found.folds == (1.0, 0.8)
    everything_failed = accuracy_by_fold([math.inf] * 10, [-math.inf] * 10, fold, fold)
    assert everything_failed.mean == 0.0


def test_the_threshold_of_a_fold_never_saw_its_pairs():
    genuine, impostor = [0.5, 0.6, 1.5, 1.6], [1.0, 1.1, 2.0, 2.1]
    found = accuracy_by_fold(genuine, impostor, [0, 0, 1, 1], [0, 0, 1, 1])
    assert found.taus == (1.6, 0.6)
    assert found.folds == (0.5, 0.5)


def test_pairs_in_turn_are_the_folds_of_a_list_without_folds():
    genuine, impostor = [i / 20 for i in range(20)], [0.5 + i / 20 for i in range(30)]
    turn = accuracy_by_fold(genuine, impostor, [i % 10 for i in range(20)], [i % 10 for i in range(30)])
    assert accuracy(genuine, impostor) == turn


def test_one_fold_is_none():
    with pytest.raises(ValueError, match="two folds"):
        accuracy_by_fold([1.0], [2.0], [0], [0])
