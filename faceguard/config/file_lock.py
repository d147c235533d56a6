"""One writer at a time, whichever process or thread it is: the lock of an empty file beside the one that is written.

The lock file stays where it is: to delete it would let a second writer in through a new one. The system lets go of the
lock when its holder ends, however it ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

WAIT_S: Final = 5.0
"""A write takes milliseconds; whoever holds the lock for so long hangs."""
RETRY_S: Final = 0.01

if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def sole_writer(path: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Be the only one who writes ``path``, for the length of the block.

    Args:
        path: what is written; the lock is ``.NAME.lock`` beside it.
        wait_s: for how long another writer is waited for.

    Raises:
        TimeoutError: another writer does not let go.
        OSError: the folder takes no lock file.
    """
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, wait_s)
        yield
    finally:
        os.close(handle)  # lets go of the lock


def _wait(handle: int, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            return _try(handle)
        except (BlockingIOError, PermissionError) as error:  # the second is what Windows says
            if time.monotonic() >= until:
                raise TimeoutError("another program has held it for too long") from error
        time.sleep(RETRY_S)
