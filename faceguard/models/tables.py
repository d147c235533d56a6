"""Frozen values from TOML tables: a key for each attribute, and no key that is not known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


def build(kind: type[_T], table: Any, readers: Mapping[str, Callable[[Any], Any]]) -> _T:
    """An instance of a dataclass from a table with the same keys; ValueError names the first wrong key."""
    if not isinstance(table, Mapping):
        raise ValueError(f"a table is expected, not {table!r}")
    known = {f.name: f for f in dataclasses.fields(kind) if f.init}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise ValueError(f"the key '{key}' is not known")
    for key, entry in known.items():
        required = entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
        if required and key not in table:
            raise ValueError(f"the key '{key}' is missing")
    values = {}
    for key in known:
        if key in table:
            try:
                values[key] = readers.get(key, as_is)(table[key])
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                raise ValueError(f"'{key}': {error}") from error
    return kind(**values)


def as_is(value: Any) -> Any:
    """Any value, unread."""
    return value


def text_of(value: Any) -> str:
    """A text, else ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"a text is expected, not {value!r}")
    return value


def number_of(value: Any) -> float:
    """A number, whole or not, else ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a number is expected, not {value!r}")
    return float(value)


def list_of(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of lists whose items ``read`` reads."""

    def read_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"a list is expected, not {value!r}")
        return tuple(read(item) for item in value)

    return read_list
