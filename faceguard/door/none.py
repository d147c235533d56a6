"""The door output of a door that has none: a grant is shown and recorded, nothing is switched."""

from __future__ import annotations

from faceguard.door.output import checked_duration


class NoOutput:
    """Switches nothing; for trials, and for doors where a person at the desk opens."""

    label = "no door output"

    def open(self) -> None:
        """Nothing to open."""

    def pulse(self, duration_ms: int) -> None:
        """Nothing to energise.

        Raises:
            ValueError: the length is not 1 to 60000.
        """
        checked_duration(duration_ms)

    def close(self) -> None:
        """Nothing to close."""
