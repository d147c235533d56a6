"""A database in a temporary folder, embeddings, a cheap hasher and a clock to turn by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from argon2 import PasswordHasher

from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.store.database import Database
from faceguard.store.gallery_store import GalleryStore

ENCODER = EncoderId("small", "0123456789ab", "arc112-bgr")
OTHER = EncoderId("other", "ba9876543210", "arc112-bgr")
LENGTH = 128
MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Clock:
    """Seconds since the machine was started."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def embedding_of(seed: int, encoder_id: EncoderId = ENCODER, length: int = LENGTH) -> Embedding:
    return Embedding.normalised(np.random.default_rng(seed).standard_normal(length), encoder_id)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "faceguard.db"


@pytest.fixture
def database(path):
    with Database(path, busy_ms=50) as database:
        yield database


@pytest.fixture
def gallery_store(database):
    return GalleryStore(database, clock=lambda: MOMENT)


@pytest.fixture
def enrol(gallery_store):
    def enrol(name="Ada", seed=1, **more):
        embedding = more.pop("embedding", None) or embedding_of(seed)
        return gallery_store.add_subject_with_template(
            name, ConsentMeans.PAPER, MOMENT, embedding, TemplateSource.PHOTO, **more
        )

    return enrol


@pytest.fixture
def embedding():
    return embedding_of


@pytest.fixture
def cheap_hasher():
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def encoder():
    return ENCODER


@pytest.fixture
def other_encoder():
    return OTHER
