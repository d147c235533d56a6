"""What every door output can do."""

from __future__ import annotations

from typing import Final, Protocol

LONGEST_PULSE_MS: Final = 60_000
"""A door that stays unlocked longer is a mistake in the settings."""


class DoorOutput(Protocol):
    """Something that lets a person in for a moment and rests locked otherwise.

    The output controls entry only: without power, after a fault and after the program's end it is de-energised.
    A failing output is reported and never changes a decision.
    """

    @property
    def label(self) -> str:
        """Words for the status strip."""
        ...

    def open(self) -> None:
        """Makes the output ready and de-energises it.

        Raises:
            DoorFault: not there, busy, or does not answer.
        """
        ...

    def pulse(self, duration_ms: int) -> None:
        """Energises for ``duration_ms`` milliseconds; returns at once. A second pulse restarts the same fixed length.

        Opens the output anew when it was lost.

        Raises:
            DoorFault: the output could not be energised; it is, or is being, de-energised.
            ValueError: the length is not 1 to 60000.
        """
        ...

    def close(self) -> None:
        """De-energises and lets the device go; may be called twice, and before ``open``."""
        ...


def checked_duration(duration_ms: int) -> int:
    """The length itself.

    Raises:
        ValueError: not 1 to 60000.
    """
    if not 1 <= duration_ms <= LONGEST_PULSE_MS:
        raise ValueError(f"a pulse lasts 1 to {LONGEST_PULSE_MS} ms, not {duration_ms}")
    return duration_ms
