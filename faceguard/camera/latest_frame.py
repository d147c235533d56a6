"""The mailbox of one between the camera thread and everyone who looks: slow work costs frames, never delay."""

from __future__ import annotations

from threading import Condition

from faceguard.domain.face import Frame


class LatestFrame:
    """Holds the newest frame and nothing else; a frame nobody looked at is replaced, not queued.

    A reader of the mailbox keeps the sequence number of the frame it saw last and asks for a newer one, so any
    number of them may look without taking frames from each other. Safe from all threads.
    """

    def __init__(self) -> None:
        self._newest: Frame | None = None
        self._changed = Condition()

    def put(self, frame: Frame) -> None:
        """Replaces what is there and wakes everybody who waits."""
        with self._changed:
            self._newest = frame
            self._changed.notify_all()

    def clear(self) -> None:
        """Forgets the frame: after a loss no picture of the last person stays on the screen."""
        with self._changed:
            self._newest = None

    def peek(self) -> Frame | None:
        """The newest frame, seen before or not."""
        with self._changed:
            return self._newest

    def take(self, newer_than: int) -> Frame | None:
        """The newest frame if its sequence number is greater than ``newer_than``; returns at once."""
        with self._changed:
            return self._newer(newer_than)

    def wait(self, newer_than: int, timeout_s: float) -> Frame | None:
        """Like ``take``, but waits up to ``timeout_s`` seconds for such a frame."""
        with self._changed:
            self._changed.wait_for(lambda: self._newer(newer_than) is not None, timeout_s)
            return self._newer(newer_than)

    def _newer(self, newer_than: int) -> Frame | None:
        newest = self._newest
        return newest if newest is not None and newest.sequence > newer_than else None
