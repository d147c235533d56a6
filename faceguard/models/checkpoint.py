"""Reads PyTorch checkpoints of the old format (before the zip one) without PyTorch, and without unpickling.

A checkpoint is a pickle, and unpickling runs whatever code its author put into it. This reader is a stack machine of
its own with the two dozen instructions that a dictionary of tensors needs; there is nothing in it that could look up a
module or call a function. Four names are known to it, as mere words: OrderedDict, _rebuild_tensor_v2, FloatStorage and
LongStorage. Anything else is refused.

The file, see ``torch/serialization.py`` (``_legacy_load``)::

    pickle of a magic number, pickle of the format's version, pickle of the machine's byte order,
    pickle of the object (tensors name their storage, their place in it and their shape),
    pickle of the list of storages, then each storage: number of values (int64), values
"""

from __future__ import annotations

import io
import math
import pickletools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import ModelFault

MAGIC: Final = 0x1950A86A20F9469CFC6C
VERSION: Final = 1001
MAX_AXES: Final = 8


class _Name(Enum):
    """The only names that may be mentioned."""

    DICTIONARY = "collections OrderedDict"
    TENSOR = "torch._utils _rebuild_tensor_v2"
    FLOATS = "torch FloatStorage"
    LONGS = "torch LongStorage"


_DTYPES: Final[dict[_Name, np.dtype[Any]]] = {_Name.FLOATS: np.dtype("<f4"), _Name.LONGS: np.dtype("<i8")}
_MARK: Final = object()


@dataclass(frozen=True, slots=True)
class _Storage:
    """A row of values that follows the pickles."""

    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A part of a storage, in row order."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]


def read_checkpoint(data: bytes, name: str) -> dict[str, NDArray[Any]]:
    """The tensors of a checkpoint by name.

    Args:
        data: the whole file.
        name: what it is called in a sentence to people.

    Returns:
        float32 and int64 arrays, native byte order, own memory.

    Raises:
        ModelFault: it is no checkpoint of this kind, is damaged, or holds anything but tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools decodes texts of damaged files before we can refuse them
            return _read(io.BytesIO(data))
    except (ValueError, TypeError, LookupError, OverflowError, UnicodeError) as error:
        raise ModelFault(
            f"{name} is no checkpoint that can be read: it is damaged, or holds something else than tensors.",
            str(error),
        ) from error


def _read(file: io.BytesIO) -> dict[str, NDArray[Any]]:
    if _Machine(file).run() != MAGIC or _Machine(file).run() != VERSION:
        raise ValueError("not the old checkpoint format")
    system = _Machine(file).run()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("not of a little-endian machine")
    named = _Machine(file).run()
    if not isinstance(named, dict):
        raise ValueError("the checkpoint is no dictionary")
    keys = _Machine(file).run()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("the storages have no names")
    wanted = {t.storage.key: t.storage for t in named.values() if isinstance(t, _Tensor)}
    values = {key: _values(file, wanted[key]) for key in keys}
    if file.read(1):
        raise ValueError("something follows the last storage")
    return dict(_tensors(named, values))


def _values(file: io.BytesIO, storage: _Storage) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little", signed=True)
    size = storage.count * storage.dtype.itemsize
    data = file.read(size)
    if count != storage.count or len(data) != size:
        raise ValueError(f"storage {storage.key} is incomplete")
    return np.frombuffer(data, storage.dtype)


def _tensors(named: dict[Any, Any], values: dict[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, tensor in named.items():
        if not isinstance(tensor, _Tensor):
            raise ValueError(f"{name} is no tensor")
        storage = values[tensor.storage.key]
        end = tensor.offset + math.prod(tensor.shape)
        if end > storage.size:
            raise ValueError(f"{name} reaches beyond its storage")
        part = storage[tensor.offset : end].reshape(tensor.shape)
        yield name, part.astype(part.dtype.newbyteorder("="))


class _Machine:
    """Reads one pickle as plain values and tensors; ValueError at everything else."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value of the pickle; the file stands behind it then."""
        for opcode, argument, _ in pickletools.genops(self._file):
            if opcode.name == "STOP":
                break
            self._step(opcode.name, argument)
        (value,) = self._stack
        return value

    def _step(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO":
                pass
            case "MARK":
                self._stack.append(_MARK)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                self._stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE":
                self._stack.append(argument)
            case "EMPTY_TUPLE":
                self._stack.append(())
            case "EMPTY_LIST":
                self._stack.append([])
            case "EMPTY_DICT":
                self._stack.append({})
            case "TUPLE":
                self._stack.append(_tuple(self._pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self._stack.append(_tuple([self._pop() for _ in range(int(name[-1]))][::-1]))
            case "APPENDS":
                items = self._pop_to_mark()
                self._top(list).extend(items)
            case "SETITEM":
                value, key = self._pop(), self._pop()
                self._top(dict).update(_named([key], [value]))
            case "SETITEMS":
                items = self._pop_to_mark()
                self._top(dict).update(_named(items[::2], items[1::2]))
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._stack[-1]
            case "BINGET" | "LONG_BINGET":
                self._stack.append(self._memo[argument])
            case "GLOBAL":
                self._stack.append(_Name(argument))
            case "BINPERSID":
                self._stack.append(_storage(self._pop()))
            case "REDUCE":
                arguments, called = self._pop(), self._pop()
                self._stack.append(_made(called, arguments))
            case "BUILD":
                self._pop()  # attributes of a dictionary: PyTorch keeps the versions of its layers there
                self._top(dict)
            case _:
                raise ValueError(f"the instruction {name} is not allowed")

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("a value is missing")
        return value

    def _pop_to_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _top(self, kind: type[Any]) -> Any:
        if type(self._stack[-1]) is not kind:
            raise ValueError(f"a {kind.__name__} is expected")
        return self._stack[-1]


def _tuple(values: list[Any]) -> tuple[Any, ...]:
    # nested deeper, or in themselves, values could keep a comparison busy for ever
    if any(isinstance(item, tuple) for value in values if isinstance(value, tuple) for item in value):
        raise ValueError("too deeply nested")
    return tuple(values)


def _named(keys: list[Any], values: list[Any]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("a key is no text")
    return dict(zip(keys, values, strict=True))


def _storage(description: Any) -> _Storage:
    word, kind, key, _device, count, view = description
    known = word == "storage" and isinstance(kind, _Name) and kind in _DTYPES and view is None
    if not known or not isinstance(key, str) or not _is_count(count):
        raise ValueError("a storage is described wrongly")
    return _Storage(key, _DTYPES[kind], count)


def _made(called: Any, arguments: Any) -> Any:
    """What the two known functions would have made."""
    if called is _Name.DICTIONARY and arguments == ():
        return {}
    if called is not _Name.TENSOR:
        raise ValueError("only dictionaries and tensors are made")
    storage, offset, shape, strides, _gradient, hooks = arguments
    if not isinstance(storage, _Storage) or hooks != {} or not _is_count(offset):
        raise ValueError("a tensor is described wrongly")
    if not isinstance(shape, tuple) or not isinstance(strides, tuple) or not len(shape) == len(strides) <= MAX_AXES:
        raise ValueError("a tensor has a wrong shape")
    if not all(map(_is_count, (*shape, *strides))):
        raise ValueError("a tensor has a wrong shape")
    rows = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    if any(s != r for n, s, r in zip(shape, strides, rows, strict=True) if n > 1):
        raise ValueError("a tensor does not lie in row order")
    return _Tensor(storage, offset, tuple(shape))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
