"""The folder of one training run: what it was told, what it learned from, its curves and its weights."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from faceguard.domain.errors import FaceguardError

CONFIG: Final = "config.json"
CURVES: Final = "curves.csv"
REPORT_S = 5.0
"""Seconds between two lines of progress."""


class Run:
    """Remembers one run.

    ``config.json``: the command's options, digests of the data and of the teachers. ``curves.csv``: step, seconds,
    name, value. ``tensorboard/``: the same as scalars, where TensorBoard is installed.

    Args:
        folder: made when it is not there. One with another configuration is refused.
        config: everything that decides the outcome; JSON values.
        say: told a line of progress from time to time.
        report_s: seconds between two lines, else ``REPORT_S``.

    Raises:
        FaceguardError: the folder belongs to a run with another configuration, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        say: Callable[[str], None] = lambda _: None,
        report_s: float | None = None,
    ) -> None:
        self.folder = folder
        self.report_s = REPORT_S if report_s is None else report_s
        self._say = say
        text = json.dumps(config, indent=1, sort_keys=True)
        path = folder / CONFIG
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if path.exists() and json.loads(path.read_text(encoding="utf-8")) != json.loads(text):
                raise FaceguardError(
                    f"The folder {folder} holds a run with other options or other data. Choose another --out, or "
                    f"repeat the command that began it to go on with it."
                )
            path.write_text(text, encoding="utf-8")
            fresh = not (folder / CURVES).exists()
            self._curves = (folder / CURVES).open("a", newline="", encoding="utf-8")
        except (OSError, ValueError) as error:
            raise FaceguardError(f"The run folder {folder} cannot be used.", str(error)) from error
        self._writer = csv.writer(self._curves)
        if fresh:
            self._writer.writerow(["step", "seconds", "name", "value"])
        self._board = _board(folder / "tensorboard")
        self._begun = time.monotonic()

    def report(self, step: int, seconds: float, part: float, speed: float, values: Mapping[str, float]) -> None:
        """One line of progress.

        Args:
            step, seconds: so far, all stretches together.
            part: of the plan that is done, 0 to 1.
            speed: samples a second.
            values: named losses.
        """
        left = seconds * (1 - part) / part if part > 0 else float("nan")
        words = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
        self._say(f"{100 * part:5.1f} %  step {step}  {words}  {speed:.0f} img/s  {left / 60:.1f} min left")
        self._write(step, seconds, {**values, "img_per_s": speed})

    def measured(self, step: int, seconds: float, figures: Mapping[str, float]) -> None:
        """Figures of a measurement."""
        self._say("measured  " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))
        self._write(step, seconds, figures)

    def _write(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.writerow([step, f"{seconds:.1f}", name, f"{value:.6g}"])
            if self._board is not None:
                self._board.add_scalar(name, value, step)
        self._curves.flush()

    def projection(self, matrix: Any, labels: list[str]) -> None:
        """An embedding projection for TensorBoard: (n, D) rows with a label each."""
        if self._board is not None:
            self._board.add_embedding(matrix, metadata=labels)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the files."""
        self._curves.close()
        if self._board is not None:
            self._board.close()


class Follower(Run):
    """The run as the processes see it that train along: they read its folder, and the first one alone writes.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report_s = math.inf

    def report(self, step: int, seconds: float, part: float, speed: float, values: Mapping[str, float]) -> None:
        """Nothing."""

    def measured(self, step: int, seconds: float, figures: Mapping[str, float]) -> None:
        """Nothing."""

    def projection(self, matrix: Any, labels: list[str]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def _board(folder: Path) -> Any:
    """A TensorBoard writer, None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
