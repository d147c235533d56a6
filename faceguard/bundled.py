"""Where the files lie that travel with the program: networks, fonts, icons."""

from __future__ import annotations

from pathlib import Path


def bundled(folder: str) -> Path:
    """The folder ``models`` or ``assets``: inside the package in a wheel or frozen build, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_bundled" / folder
    return inside if inside.is_dir() else package.parent / folder
