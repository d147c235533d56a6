"""Processes that train together hold the same weights, write one folder, and end together."""

import multiprocessing

import pytest

torch = pytest.importorskip("torch")

from faceguard.domain.errors import FaceguardError
from faceguard.training import together
from faceguard.training.loop import device_of
from faceguard.training.run import CURVES
from tests.training import line

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def nobody_is_left():
    yield
    assert multiprocessing.active_children() == []


def held(folder, number):
    return torch.load(folder.with_name(f"{folder.name}-{number}.pt"), weights_only=True)


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_two_processes_hold_one_network_and_go_on_when_one_was_killed(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with pytest.raises(FaceguardError, match="ended from outside"):
        together.train_together(2, CPU, line.train, [cut], 1)
    assert not list(tmp_path.glob("cut-*"))
    together.train_together(2, CPU, line.train, [cut, whole], None)
    first, second = held(whole, 0), held(whole, 1)
    assert same(first["plain"], second["plain"])
    assert same(first["averaged"], second["averaged"])
    assert not set(first["seen"]) & set(second["seen"])  # batches of its own
    for number in (0, 1):
        after = held(cut, number)
        assert after["seen"] == held(whole, number)["seen"][-4:]  # those that would have come
        assert same(after["averaged"], first["averaged"])
    kept = torch.load(whole / "averaged.pt", weights_only=True)
    assert set(kept) == set(line.Line().state_dict())
    assert same(kept, first["averaged"])
    rows = [row.split(",")[2] for row in (whole / CURVES).read_text().splitlines()]
    assert rows.count("loss") == 2  # the first and the last step, told by one
    assert rows.count("score") == 1


def test_what_one_process_finds_wrong_is_said_and_ends_all():
    with pytest.raises(FaceguardError, match=r"^This cannot be trained\.$"):
        together.train_together(2, CPU, line.refuse)


def test_alone_everything_is_done_here():
    told = []
    together.train_together(1, CPU, lambda *what: told.append(what), "a")
    assert told == [("a", CPU)]
    tensor = torch.tensor([1.0, 2.0])
    together.average_([tensor])
    together.copy_first_([tensor])
    assert tensor.tolist() == [1.0, 2.0]
    assert (together.number(), together.count(), together.first()) == (0, 1, True)
    assert together.agree(1.5, True) == [1.5, True]
    assert together.gather("x") == ["x"]


@pytest.mark.skipif(torch.cuda.device_count() > 1, reason="there are several GPUs")
def test_gpus_that_are_not_there_are_said():
    for name in ("auto", "cuda", "cuda:1"):
        with pytest.raises(FaceguardError, match="2 GPUs were demanded"):
            device_of(name, 2)
    assert device_of("cpu", 2).type == "cpu"
