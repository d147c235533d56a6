"""Command line: ``faceguard``, or ``python -m faceguard``; importing the package has set the process up already."""

import signal
import sys
from types import FrameType

from faceguard.cli import faceguard


def main() -> None:
    """Run the command line; a termination signal ends it the orderly way, which locks the door."""
    signal.signal(signal.SIGTERM, _terminated)
    faceguard()


def _terminated(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
