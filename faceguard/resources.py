"""Finds the files that come with the program: ``models/`` and ``assets/``."""

from __future__ import annotations

import sys
from pathlib import Path


def bundled(folder: str) -> Path:
    """The folder ``models`` or ``assets`` of this installation.

    Looked for, in this order: beside the unpacked frozen build, inside the installed package (where the wheel
    puts it), and at the top of a checkout.

    Args:
        folder: its name.

    Returns:
        The folder's path. When it is nowhere, the place in the checkout: whoever reads from it then says which
        file is missing.
    """
    package = Path(__file__).resolve().parent
    checkout = package.parent / folder
    places = [package / "_bundled" / folder, checkout]
    unpacked = getattr(sys, "_MEIPASS", None)
    if unpacked is not None:
        places.insert(0, Path(unpacked) / folder)
    return next((place for place in places if place.is_dir()), checkout)
