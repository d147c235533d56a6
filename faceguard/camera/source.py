"""What every source of frames can do, be it a device, a recording or a simulation."""

from __future__ import annotations

from typing import Protocol

from faceguard.domain.face import Frame


class FrameSource(Protocol):
    """Frames one after the other; opened, read and closed by one thread, the reader's."""

    @property
    def label(self) -> str:
        """Words for the status strip; a password in a URL is never among them."""
        ...

    @property
    def simulated(self) -> bool:
        """The pictures are rendered, and every place that shows them says so."""
        ...

    def open(self) -> None:
        """Makes the source ready; called again after a loss.

        Raises:
            CameraFault: not there, busy, or not readable.
        """
        ...

    def read(self) -> Frame | None:
        """The next frame, as soon as the source's own pace has it ready; None at the end of a recording.

        Sequence numbers go on counting over a re-opening: a newer frame always has a greater number.

        Raises:
            CameraFault: lost on the way; only a new ``open`` may bring it back.
        """
        ...

    def close(self) -> None:
        """Lets the device go; may be called twice, and before ``open``."""
        ...
