"""Damaged rows that are left out, so that one of them does not take everything else away: said once in the log."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class LeftOut:
    """Remembers which rows were spoken of."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, row: str, why: object) -> None:
        """A row is left out.

        Args:
            row: which one, e.g. ``live check 7``.
            why: what is wrong with it.
        """
        if row not in self._said:
            self._said.add(row)
            log.warning("%s is damaged and left out: %s", row, why)
