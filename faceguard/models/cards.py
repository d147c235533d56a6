"""Reads model cards from TOML.

A card file holds tables named after the task, one for each network::

    [[encoder]]
    id = "encoder_s"
    file = "encoder_s.onnx"
    ...
    [[encoder.operating_points]]
    fmr = 1e-4
    ...

Keys are the attributes of the cards in ``domain/card.py``; what has no default there must be present here, and a
key that is not known there is an error, for a misspelt threshold must not be a silent default.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from faceguard.domain.card import (
    AnyCard,
    ColourOrder,
    DetectorCard,
    EncoderCard,
    KnownAnswer,
    Layout,
    MeasuredRate,
    ModelTask,
    OperatingPoint,
    PadCard,
    TensorSpec,
)
from faceguard.domain.errors import ModelFault
from faceguard.domain.score import Threshold

CARD_FILE: Final = "cards.toml"
"""Name of the card file beside the bundled networks."""

_T = TypeVar("_T")
_CARD_TYPES: Final[Mapping[ModelTask, type[AnyCard]]] = {
    ModelTask.DETECTOR: DetectorCard,
    ModelTask.ENCODER: EncoderCard,
    ModelTask.PAD: PadCard,
}


def read_cards(path: Path) -> tuple[AnyCard, ...]:
    """All cards of one file, in its order.

    Raises:
        ModelFault: the file cannot be read, is no TOML, or a card in it is not valid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelFault(f"The model cards {path} are missing.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFault(f"The model cards {path} cannot be read.", str(error)) from error
    return parse_cards(text, path.name)


def parse_cards(text: str, name: str) -> tuple[AnyCard, ...]:
    """Cards of a TOML text.

    Args:
        text: the TOML.
        name: what it is called in a sentence to people.

    Raises:
        ModelFault: no TOML, or a card in it is not valid.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelFault(f"The model cards {name} are not valid TOML: {error}.") from error
    cards: list[AnyCard] = []
    for task, tables in document.items():
        if task not in {t.value for t in ModelTask} or not isinstance(tables, list):
            raise ModelFault(f"{name}: '{task}' is no kind of card; there are [[detector]], [[encoder]] and [[pad]].")
        cards += [_card(_CARD_TYPES[ModelTask(task)], table, name) for table in tables]
    ids = [card.id for card in cards]
    for card_id in ids:
        if ids.count(card_id) > 1:
            raise ModelFault(f"{name} holds two cards with the id '{card_id}'.")
    return tuple(cards)


def _card(card_type: type[AnyCard], table: Any, name: str) -> AnyCard:
    label = f"{name}, card '{table.get('id', '?')}'" if isinstance(table, Mapping) else name
    try:
        return _build(card_type, table, _CARD_READERS)
    except (ValueError, TypeError) as error:
        raise ModelFault(f"{label}: {error}.") from error


def _build(kind: type[_T], table: Any, readers: Mapping[str, Callable[[Any], Any]]) -> _T:
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
                values[key] = readers.get(key, _as_is)(table[key])
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(f"'{key}': {error}") from error
    return kind(**values)


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is expected, not {value!r}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a number is expected, not {value!r}")
    return float(value)


def _list_of(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"a list is expected, not {value!r}")
        return tuple(read(item) for item in value)

    return read_list


def _tensor(table: Any) -> TensorSpec:
    return _build(TensorSpec, table, {"name": _text, "shape": _list_of(_as_is), "dtype": _text})


def _rate(table: Any) -> MeasuredRate:
    return _build(MeasuredRate, table, {"name": _text, "value": _number, "data_set": _text})


def _point(table: Any) -> OperatingPoint:
    readers = {"fmr": _number, "tau": lambda v: Threshold(_number(v)), "tpr": _number, "data_set": _text}
    return _build(OperatingPoint, table, readers)


def _answer(table: Any) -> KnownAnswer:
    return _build(KnownAnswer, table, {"values": _list_of(_number), "tolerance": _number})


_CARD_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "id": _text,
    "file": _text,
    "sha256": _text,
    "inputs": _list_of(_tensor),
    "outputs": _list_of(_tensor),
    "colour_order": lambda v: ColourOrder(_text(v)),
    "layout": lambda v: Layout(_text(v)),
    "mean": _list_of(_number),
    "std": _list_of(_number),
    "licence": _text,
    "origin": _text,
    "rates": _list_of(_rate),
    "known_answer": _answer,
    "score_threshold": _number,
    "nms_threshold": _number,
    "strides": _list_of(_as_is),
    "template": _text,
    "template_points": _list_of(_list_of(_number)),
    "operating_points": _list_of(_point),
    "default_fmr": _number,
    "crop_scale": _number,
    "classes": _list_of(_text),
    "bona_fide": _text,
    "accept_threshold": _number,
    "attack_threshold": _number,
}
