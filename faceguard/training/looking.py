"""Looks at the photos of sources by their number, in this process or in several."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Final

import cv2

from faceguard.domain.errors import FaceguardError
from faceguard.training.faces import Detect, Face, Failure, face_in
from faceguard.training.photos import PhotoRecord, PhotoSource
from faceguard.training.processes import end_with_parent

Look = Callable[[range], Iterator[tuple[str, Face | Failure]]]
"""Numbers of photos, all sources one after the other -> SHA-256 of each and what was found on it."""

_AT_ONCE: Final = 4
"""Photos that are handed to a process together."""

_own: tuple[list[PhotoRecord], Detect] | None = None
"""Of a worker process: what it looks at, and with what."""


@contextmanager
def looking(sources: Sequence[PhotoSource], detect: Detect, workers: int) -> Iterator[Look]:
    """Answers in the order of the numbers.

    Args:
        sources: gone through here, and again in each process.
        detect: finds the faces; where it cannot be pickled everything is done in this process.
        workers: processes.

    Raises:
        FaceguardError: a process was ended from outside.
    """
    if workers > 1 and _can_be_sent(sources, detect):
        fresh = multiprocessing.get_context("spawn")  # a copy of this process would copy the locks of its threads
        pool = ProcessPoolExecutor(workers, fresh, _begin, (list(sources), detect))
        try:
            yield lambda numbers: pool.map(_look, numbers, chunksize=_AT_ONCE)
        except BrokenProcessPool as error:
            raise FaceguardError(
                "A process that looked at photos was ended from outside, perhaps for want of memory: repeat the "
                "command with fewer of them; it goes on where it was.",
                str(error),
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        records = [record for source in sources for record in source]
        yield lambda numbers: map(partial(_look_at, detect), records[numbers.start : numbers.stop])


def _look_at(detect: Detect, record: PhotoRecord) -> tuple[str, Face | Failure]:
    try:
        data = record.load()
    except FaceguardError:
        return "", Failure.UNREADABLE
    return hashlib.sha256(data).hexdigest(), face_in(data, detect)


def _begin(sources: Sequence[PhotoSource], detect: Detect) -> None:
    """In a new process."""
    global _own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process answers Ctrl-C for all
    end_with_parent()
    cv2.setNumThreads(1)
    _own = [record for source in sources for record in source], detect


def _look(number: int) -> tuple[str, Face | Failure]:
    if _own is None:
        raise RuntimeError("the process was not begun")
    records, detect = _own
    return _look_at(detect, records[number])


def _can_be_sent(sources: Sequence[PhotoSource], detect: Detect) -> bool:
    try:
        pickle.dumps((list(sources), detect))
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
    return True
