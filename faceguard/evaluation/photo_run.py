"""Many photos through the networks: one thread reads and finds faces ahead, while the encoder works here."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from faceguard.domain.errors import PhotoRefused
from faceguard.evaluation.acquisition import Acquired, Progress, Sample, counted, gather
from faceguard.evaluation.embedding_cache import EmbeddingCache

AHEAD: Final = 8
"""Photos that wait for the encoder at most: enough to keep it busy, little enough to hold in memory."""

_Photo = TypeVar("_Photo")
_Found = TypeVar("_Found")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photo of a data set.

    Attributes:
        name: by which a report names it, for example its path below the data set's folder.
        read: its bytes; raises ``PhotoRefused``.
    """

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Stages(Generic[_Photo, _Found]):
    """How a photo becomes an embedding. The first two are called in another thread than the last.

    Attributes:
        decode: bytes and name -> the photo; raises ``PhotoRefused``.
        find: the photo -> its face, aligned and assessed; raises ``PhotoRefused``.
        encode: the face -> f(x); raises ``PhotoRefused``.
    """

    decode: Callable[[bytes, str], _Photo]
    find: Callable[[_Photo], _Found]
    encode: Callable[[_Found], Sample]


class Stopped(KeyboardInterrupt):
    """Somebody pressed Ctrl-C.

    Attributes:
        done, total: photos.
    """

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done = done
        self.total = total


@dataclass(frozen=True, slots=True)
class _Looked(Generic[_Found]):
    """A photo before the encoder: an answer is there already, or a face to encode.

    Attributes:
        answer: None while it has to be encoded.
        found: to encode.
        digest: of the file; empty where the answer is not to be kept.
        known: the answer is an earlier run's.
    """

    answer: Sample | PhotoRefused | None
    found: _Found | None = None
    digest: str = ""
    known: bool = False


def embed_photos(
    photos: Sequence[PhotoFile],
    stages: Stages[_Photo, _Found],
    cache: EmbeddingCache | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Acquired:
    """Embed each photo once, or take its embedding from an earlier run.

    Photos without a usable face are kept in the cache as well; files that cannot be read are not.

    Args:
        photos: of the data set.
        stages: what is done to them.
        cache: of earlier runs; None does without.
        report: told about once a second, and at the end.
        clock: seconds.

    Raises:
        NoFaces: not one of the photos could be used.
        FaceguardError: the cache cannot be written.
        Stopped: Ctrl-C; what was embedded until then is in the cache.
    """
    begun = clock()
    done = from_cache = 0
    encoding = 0.0

    def look(photo: PhotoFile) -> _Looked[_Found]:
        digest = ""
        try:
            data = photo.read()
            name = hashlib.sha256(data).hexdigest()
            known = None if cache is None else cache.get(name)
            if known is not None:
                return _Looked(known, known=True)
            picture = stages.decode(data, photo.name)
            digest = name  # refusals from here on say nothing of the file's name, and are kept
            return _Looked(None, stages.find(picture), digest)
        except PhotoRefused as error:
            return _Looked(error, digest=digest)

    def outcomes() -> Iterator[Sample | PhotoRefused]:
        nonlocal done, from_cache, encoding
        for _, looked in zip(counted(photos, report, clock), ahead(look, photos), strict=True):
            answer = looked.answer
            if looked.found is not None:
                since = clock()
                try:
                    answer = stages.encode(looked.found)
                except PhotoRefused as error:
                    answer = error
                encoding += clock() - since
            assert answer is not None
            if cache is not None and looked.digest:
                cache.put(looked.digest, answer)
            from_cache += looked.known
            done += 1
            yield answer

    try:
        found = gather(outcomes())
    except KeyboardInterrupt as error:
        raise Stopped(done, len(photos)) from error
    return replace(found, seconds=clock() - begun, from_cache=from_cache, encoder_seconds=encoding)


def ahead(work: Callable[[_Item], _Result], items: Iterable[_Item], depth: int = AHEAD) -> Iterator[_Result]:
    """``work`` of each item, in order, done in one other thread that is at most ``depth`` items ahead.

    What ``work`` raises is raised here. Whoever stops early waits for the one item in work.
    """
    with ThreadPoolExecutor(1, "photos-ahead") as pool:
        waiting: deque[Future[_Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
