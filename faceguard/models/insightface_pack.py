"""What the insightface library knows about a recognition network of its packs.

The files say nothing about how their input is scaled; the library reads it off the graph. It is imported here and
nowhere else at run time, and only while a pack is being installed: it takes half a second and 50 MB.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from faceguard.domain.errors import ModelFault


@dataclass(frozen=True, slots=True)
class Recognition:
    """How a recognition network wants its input.

    Attributes:
        mean, std: of 0..255 values, the same for all channels.
        side: of the square input, in pixels.
    """

    mean: float
    std: float
    side: int


def read_recognition(data: bytes, name: str) -> Recognition:
    """Opens a network with the library, on the processor.

    Args:
        data: the ONNX file, whose digest was compared: the library does not.
        name: of the network, for a sentence to people.

    Raises:
        ModelFault: the library cannot open it, or takes it for something else than a recognition network.
    """
    with tempfile.TemporaryDirectory(prefix="faceguard-") as folder:
        path = Path(folder) / name
        try:
            path.write_bytes(data)
            from insightface.model_zoo import get_model

            model = get_model(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # the library raises whatever comes, AssertionError among it
            raise ModelFault(f"The insightface library cannot open the network {name}.", repr(error)) from error
    if getattr(model, "taskname", None) != "recognition":
        raise ModelFault(f"The insightface library does not take {name} for a recognition network.", repr(model))
    width, height = model.input_size
    if not isinstance(width, int) or width != height:
        raise ModelFault(f"The network {name} takes no square picture of a fixed size.", str(model.input_size))
    return Recognition(float(model.input_mean), float(model.input_std), width)
