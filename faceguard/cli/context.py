"""What every command needs: the data folder, one error exit, one way to print, to tell progress, to ask for a PIN."""

from __future__ import annotations

import getpass
import json
import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import Any, Final

import click

from faceguard.compose import House, open_house
from faceguard.domain.errors import FaceguardError
from faceguard.evaluation.acquisition import Progress

LOG_FILE: Final = "faceguard.log"
LOG_BYTES: Final = 1_000_000
LOGS_KEPT: Final = 3
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Context:
    """Handed to each command as ``context.obj``.

    Args:
        data_dir: ``--data-dir``.
        verbose: log to standard error.
    """

    def __init__(self, data_dir: str | None, *, verbose: bool = False) -> None:
        self._data_dir = data_dir
        self._house: House | None = None
        console = logging.StreamHandler()
        console.setFormatter(logging.Formatter(LOG_FORMAT))
        console.setLevel(logging.INFO if verbose else logging.CRITICAL)
        logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[console])

    def keep_log(self) -> None:
        """Write what happens at the door into a file of the data folder: a kiosk runs for months, unwatched."""
        path = self.house.folder / LOG_FILE
        path.touch(mode=0o600)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8")
        handler.setFormatter(logging.Formatter(LOG_FORMAT))
        handler.setLevel(logging.INFO)
        logging.getLogger().addHandler(handler)
        logging.getLogger("faceguard").setLevel(logging.INFO)

    @property
    def house(self) -> House:
        """The data folder with its settings; opened at first use."""
        if self._house is None:
            self._house = open_house(self._data_dir)
        return self._house


class FaceguardGroup(click.Group):
    """Known faults become one sentence on standard error and exit code 2, never a trace."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except FaceguardError as error:
            logging.getLogger(__name__).info("%s (%s)", error.sentence, error.detail)
            click.echo(f"faceguard: {error.sentence}", err=True)
            context.exit(2)
        except BrokenPipeError:
            context.exit(2)


def as_json(answer: dict[str, Any]) -> None:
    """Print one object on standard output."""
    click.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False))


json_option = click.option("--json", "json_", is_flag=True, help="Print one JSON object on standard output.")


def ask_pin(label: str) -> str:
    """A PIN typed without echo, or one line of standard input when that is no terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{label}: ")
    line = sys.stdin.readline()
    if not line:
        raise click.UsageError(f"{label}: standard input holds no PIN.")
    return line.rstrip("\r\n")


def whole_numbers(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...]:
    """``"1,3,5"`` -> ``(1, 3, 5)``; nothing given is an empty tuple."""
    try:
        numbers = tuple(dict.fromkeys(int(word) for word in value.split(","))) if value else ()
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of whole numbers such as 1,3,5") from None
    if any(number < 1 for number in numbers):
        raise click.BadParameter("the numbers start at 1")
    return numbers


def tell_progress(progress: Progress) -> None:
    """One line on standard error that is written over; where that is no terminal, only the last one."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{progress}", err=True, nl=progress.done == progress.total)
    elif progress.done == progress.total:
        click.echo(str(progress), err=True)
