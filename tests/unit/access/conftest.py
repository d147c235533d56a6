"""Fixtures of the door that is played on paper."""

from dataclasses import replace

import pytest

from tests.unit.access.paper_door import POLICY, Play, gallery_of


@pytest.fixture
def play() -> Play:
    return Play(gallery_of(1, 2, 3))


@pytest.fixture
def make_play():
    def make(*people: int, pins: tuple[int, ...] = (), alike=None, **policy) -> Play:
        return Play(gallery_of(*people, pins=pins, alike=alike), replace(POLICY, **policy))

    return make
