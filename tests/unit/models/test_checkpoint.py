"""Checkpoints are read as data: every tensor of a true one, and never a line of anybody's code."""

import collections
import contextlib
import io
import pickle
import struct

import numpy as np
import pytest

from faceguard.domain.errors import ModelFault
from faceguard.models.checkpoint import MAGIC, VERSION, read_checkpoint

SYSTEM = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"int": 4}}


class Tensor:
    """Pickles as PyTorch's tensors do; the names are written by hand, for PyTorch is not there."""

    def __init__(self, key, values, *, offset=0, shape=None, strides=None, count=None):
        self.values = np.asarray(values)
        self.kind = b"ctorch\nFloatStorage\n" if self.values.dtype == np.float32 else b"ctorch\nLongStorage\n"
        self.key, self.offset = key, offset
        self.shape = self.values.shape if shape is None else shape
        rows = [int(np.prod(self.shape[i + 1 :])) for i in range(len(self.shape))]
        self.strides = rows if strides is None else strides
        self.count = self.values.size if count is None else count

    def opcodes(self):
        def number(value):
            return b"J" + struct.pack("<i", value)

        def text(value):
            return b"X" + struct.pack("<I", len(value)) + value.encode()

        def row(values):
            return b"(" + b"".join(number(v) for v in values) + b"t"

        storage = b"(" + text("storage") + self.kind + text(self.key) + text("cpu") + number(self.count) + b"NtQ"
        arguments = storage + number(self.offset) + row(self.shape) + row(self.strides)
        return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"\x89ccollections\nOrderedDict\n)RtR"


def named(entries):
    """Opcodes of an OrderedDict of tensors or of raw opcodes."""
    body = b"".join(
        b"X" + struct.pack("<I", len(name)) + name.encode() + (item.opcodes() if isinstance(item, Tensor) else item)
        for name, item in entries.items()
    )
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + body + b"u."


def checkpoint(entries, *, object_pickle=None, tail=b"", system=SYSTEM):
    tensors = [item for item in entries.values() if isinstance(item, Tensor)]
    stored = {t.key: t for t in tensors}
    file = io.BytesIO()
    for value in (MAGIC, VERSION, system):
        file.write(pickle.dumps(value, protocol=2))
    file.write(named(entries) if object_pickle is None else object_pickle)
    file.write(pickle.dumps(list(stored), protocol=2))
    for tensor in stored.values():
        file.write(struct.pack("<q", tensor.values.size) + tensor.values.tobytes())
    return file.getvalue() + tail


WEIGHT = Tensor("1", np.arange(6, dtype=np.float32).reshape(2, 3))


def test_tensors_come_back_by_name_with_shape_and_type():
    steps = Tensor("2", np.array(7, np.int64), shape=())
    part = Tensor("1", WEIGHT.values, offset=3, shape=(3,))
    found = read_checkpoint(checkpoint({"w": WEIGHT, "steps": steps, "part": part}), "net.pth")
    assert list(found) == ["w", "steps", "part"]
    np.testing.assert_array_equal(found["w"], WEIGHT.values)
    assert found["w"].dtype == np.float32
    assert (found["steps"].dtype, found["steps"].shape, int(found["steps"])) == (np.int64, (), 7)
    np.testing.assert_array_equal(found["part"], [3, 4, 5])


def refused(data):
    with pytest.raises(ModelFault, match="no checkpoint that can be read") as caught:
        read_checkpoint(data, "net.pth")
    return caught.value


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_malicious_pickle_runs_no_code(tmp_path, protocol):
    canary = tmp_path / "canary"

    class Malice:
        def __reduce__(self):
            return exec, (f"open({str(canary)!r}, 'w').close()",)

    evil = pickle.dumps(collections.OrderedDict(w=Malice()), protocol=protocol)
    pickle.loads(evil)
    assert canary.exists()  # the pickle is a loaded one: whoever unpickles it runs its code
    canary.unlink()
    refused(checkpoint({}, object_pickle=evil))
    refused(evil)
    refused(checkpoint({}, system=Malice()))
    assert not canary.exists()


@pytest.mark.parametrize(
    "opcodes",
    [
        b"cbuiltins\neval\n",
        b"cposix\nsystem\n",
        b"ctorch._utils\n_rebuild_parameter\n",
        b"ctorch\nHalfStorage\n",
        b"ccollections\nOrderedDict\nctorch._utils\n_rebuild_tensor_v2\n\x85R",
        b"(ccollections\nOrderedDict\no",
        b"ccollections\nOrderedDict\n)\x81",
        b"\x8c\x05posix\x8c\x06system\x93",
        b"Vtext\nQ",
        b"Pname\n",
        b"ctorch\nFloatStorage\n}b",
        b"]",
        b"K\x01",
    ],
    ids=[
        "eval", "system", "another function of torch", "another storage", "arguments of a dictionary", "an instance",
        "__new__", "a name from the stack", "a text for a storage", "a storage by text", "attributes of a name",
        "a list", "a number",
    ],
)  # fmt: skip
def test_anything_but_tensors_is_refused(opcodes):
    refused(checkpoint({"w": opcodes}))


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("1", WEIGHT.values, shape=(2, 4)),
        Tensor("1", WEIGHT.values, offset=1),
        Tensor("1", WEIGHT.values, offset=-1),
        Tensor("1", WEIGHT.values, strides=(1, 2)),
        Tensor("1", WEIGHT.values, strides=(3,)),
        Tensor("1", WEIGHT.values, count=7),
        Tensor("1", WEIGHT.values, count=2**31 - 1),
        Tensor("1", WEIGHT.values, shape=(1,) * 9),
    ],
    ids=["beyond", "offset", "negative", "columns", "axes", "longer", "huge", "nine axes"],
)
def test_a_tensor_that_does_not_fit_its_storage_is_refused(tensor):
    refused(checkpoint({"w": tensor}))


def test_damage_anywhere_is_one_sentence_never_a_crash():
    good = checkpoint({"w": WEIGHT, "v": Tensor("2", np.ones(3, np.float32))})
    read_checkpoint(good, "net.pth")
    for end in range(len(good)):
        refused(good[:end])
    refused(good + b"\0")
    random = np.random.default_rng(5)
    for _ in range(3000):
        altered = bytearray(good)
        for place in random.integers(0, len(good), random.integers(1, 4)):
            altered[place] = random.integers(0, 256)
        with contextlib.suppress(ModelFault):
            read_checkpoint(bytes(altered), "net.pth")


def test_values_that_hold_each_other_over_and_over_cost_nothing():
    doubled = b")q\x00" + b"".join(
        b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(200)
    )
    refused(checkpoint({"w": doubled}))
    refused(checkpoint({"w": b"]q\x00(h\x00e"}))


def test_the_zip_format_and_a_foreign_byte_order_are_refused():
    refused(b"PK\x03\x04" + b"\0" * 100)
    refused(checkpoint({"w": WEIGHT}, system={**SYSTEM, "little_endian": False}))
    refused(b"")
