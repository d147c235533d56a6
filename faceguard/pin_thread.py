"""PINs are checked beside the recognition: argon2id takes its time, and the face must be watched meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from faceguard.store.credentials import Credentials, PinCheck
from faceguard.store.database import Database

PinAnswer = tuple[int | None, PinCheck]


class PinThread:
    """One thread with its own database connection, made at its first use.

    Args:
        open_database: opens the connection, in the thread.
    """

    def __init__(self, open_database: Callable[[], Database]) -> None:
        self._open_database = open_database
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pin")
        self._database: Database | None = None
        self._credentials: Credentials | None = None

    def verify_any(self, subject_ids: Sequence[int], pin: str) -> Future[PinAnswer]:
        """Whose PIN this is, if anybody's; the future holds ``StoreFault`` when it could not be checked."""
        return self._executor.submit(self._verify, tuple(subject_ids), pin)

    def close(self) -> None:
        """Finish the running check and let the database go."""
        self._executor.submit(self._leave)
        self._executor.shutdown(wait=True)

    def _verify(self, subject_ids: tuple[int, ...], pin: str) -> PinAnswer:
        if self._credentials is None:
            self._database = self._open_database()
            self._credentials = Credentials(self._database)
        return self._credentials.verify_any(subject_ids, pin)

    def _leave(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = self._credentials = None
