"""The door output of a door that has none: a grant is shown and recorded, nothing is switched."""

from __future__ import annotations


class NoOutput:
    """Switches nothing; for trials, and for doors where a person at the desk opens."""

    label = "no door output"

    def open(self) -> None:
        """Nothing to open."""

    def pulse(self, duration_ms: int) -> None:
        """Nothing to energise.

        Raises:
            ValueError: the length is not positive.
        """
        if duration_ms <= 0:
            raise ValueError("a pulse has a positive length")

    def close(self) -> None:
        """Nothing to close."""
