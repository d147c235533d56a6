"""The settings on disk: one TOML file that holds only what differs from the defaults.

A damaged file is a fault and never a default: settings that heal themselves lower security without a word.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from faceguard.config.file_lock import sole_writer
from faceguard.config.settings import ROWS, Settings, SettingValue, row_of
from faceguard.domain.errors import SettingsFault

MAX_BYTES: Final = 1_000_000


class SettingsFile:
    """Reads and writes one settings file; comments and order of the file are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Settings:
        """What the file says; a missing file means all defaults.

        Raises:
            SettingsFault: unreadable, not TOML, an unknown key, or a value that is not allowed.
        """
        return self._settings_of(self._document())

    def change(self, key: str, value: object) -> Settings:
        """As ``update``, for one setting whatever the others are."""
        return self.update(lambda _present: {key: value})

    def update(self, changes: Callable[[Settings], Mapping[str, object]]) -> Settings:
        """The only way to write: what differs is asked for, and only that is put into the file as it is now.

        No other writer comes between reading and writing, so another program's changes to other keys stay. The file is
        replaced in one step; after a crash it is the old one or the new one, whole.

        Args:
            changes: keys and values that the present settings are given; text is read the way a person types it.

        Returns:
            All settings, as they are stored now.

        Raises:
            SettingsFault: the file is damaged (it is left alone), a key unknown, a value not allowed, or nothing can be
                written.
        """
        try:
            with sole_writer(self.path):
                document = self._document()
                present = self._settings_of(document)
                wanted = changes(present)
                settings = present.with_values(wanted)
                for key in wanted:
                    _write(document, key, settings[key])
                _replace(self.path, tomlkit.dumps(document).encode())
                return settings
        except TimeoutError as error:
            raise SettingsFault(f"Another program is just changing the settings in {self.path}; try again.") from error
        except OSError as error:
            raise SettingsFault(f"The settings cannot be written to {self.path}: {error.strerror}.") from error

    def _settings_of(self, document: Mapping[str, object]) -> Settings:
        try:
            return Settings(dict(_flat(document)))
        except SettingsFault as fault:
            raise SettingsFault(f"{fault.sentence} (In {self.path}.)", fault.detail) from fault

    def _document(self) -> tomlkit.TOMLDocument:
        try:
            if not self.path.exists():
                return tomlkit.document()
            if not self.path.is_file():
                raise SettingsFault(f"{self.path} is no settings file.")
            if self.path.stat().st_size > MAX_BYTES:
                raise SettingsFault(f"{self.path} is too large for a settings file.")
            return tomlkit.parse(self.path.read_bytes().decode("utf-8"))
        except OSError as error:
            raise SettingsFault(f"The settings in {self.path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise SettingsFault(f"The settings in {self.path} are no readable text.", str(error)) from error
        except (TOMLKitError, ValueError, RecursionError) as error:
            raise SettingsFault(
                f"The settings in {self.path} cannot be understood: {error}. Mend that line, or move the file away "
                "to start again from the defaults."
            ) from error


def _flat(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """``section.name`` and plain value of everything in the file; unknown sections reach the check as they are."""
    for section, content in document.items():
        if not isinstance(content, Mapping):
            row_of(section)
            continue
        for name, value in content.items():
            key = f"{section}.{name}"
            yield row_of(key).key, value.unwrap() if isinstance(value, tomlkit.items.Item) else value


def _write(document: tomlkit.TOMLDocument, key: str, value: SettingValue) -> None:
    """Puts one value where it belongs; a default is not written down."""
    section, _, name = key.partition(".")
    if value != ROWS[key].default:
        if section not in document:
            document[section] = tomlkit.table()
        _put(_table(document, section), name, value)
    elif section in document:
        _table(document, section).pop(name, None)


def _table(document: tomlkit.TOMLDocument, section: str) -> MutableMapping[str, object]:
    table = document[section]
    if not isinstance(table, MutableMapping):
        raise SettingsFault(f"In the settings file {section!r} is no section.")
    return table


def _put(table: MutableMapping[str, object], name: str, value: SettingValue) -> None:
    """Sets a value and keeps the comment at the end of its line."""
    old = table.get(name)
    if isinstance(old, tomlkit.items.Item) and old.unwrap() == value and type(old.unwrap()) is type(value):
        return
    new = tomlkit.item(value)
    if isinstance(old, tomlkit.items.Item):
        new.trivia.comment_ws, new.trivia.comment = old.trivia.comment_ws, old.trivia.comment
    table[name] = new


def _replace(path: Path, content: bytes) -> None:
    """Writes beside the target and renames over it; ``mkstemp`` makes the file 0600."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if os.name == "posix":  # the rename itself is durable only when the folder is
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
