"""A verified network: bytes in, an onnxruntime session out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from faceguard.domain.card import ColourOrder, Layout, ModelCard, TensorSpec
from faceguard.domain.errors import ModelFault

AUTO: Final = "auto"
CPU: Final = "CPUExecutionProvider"
GPU_PROVIDERS: Final = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "MIGraphXExecutionProvider",
    "DmlExecutionProvider",
)
"""What ``auto`` tries before the processor, in this order."""

_SUFFIX: Final = "ExecutionProvider"
_OPTIONS: Final[dict[str, dict[str, str]]] = {
    # TF32 rounds products to 10 bits of mantissa, which moves embeddings and known answers by about 1e-3.
    "CUDAExecutionProvider": {"use_tf32": "0"},
}
_DTYPES: Final = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_FATAL_ONLY: Final = 4
"""onnxruntime's log level: what fails is told in the program's own sentences, not on stderr."""

_NO_SUCH_FOLDER: Final = "/nonexistent/faceguard-allows-no-external-data"
"""Where onnxruntime may look for weights outside the verified bytes: nowhere."""

onnxruntime.set_default_logger_severity(_FATAL_ONLY)


def short_name(provider: str) -> str:
    """``CUDAExecutionProvider`` -> ``cuda``: how people, settings and the status strip call a provider."""
    return provider.removesuffix(_SUFFIX).lower()


def available_providers() -> tuple[str, ...]:
    """Short names of the providers that the installed runtime was built with, best first.

    A provider may be built in and still find no device; only a session's own answer says what is in use.
    """
    return tuple(short_name(p) for p in onnxruntime.get_available_providers())


class OnnxModel:
    """A network whose file, inputs and outputs are what its card says.

    1. The SHA-256 of the very bytes that are handed to onnxruntime is compared with the card's. Weights outside of
       these bytes (ONNX "external data") are refused.
    2. A session is made with a bounded number of threads that do not spin while they wait: spinning threads cost
       38 % of a core at 10 frames a second and delay the window.
    3. The provider in use is read back from the session, for onnxruntime falls back to the processor in silence.
    4. Names, shapes and element types of all inputs and outputs are compared with the card's.

    One model may be used from one thread at a time or from several.

    Args:
        card: of the network.
        data: the whole ONNX file.
        provider: ``auto`` (a GPU when one is really there), or a provider that has to be used, by its short or
            full name.
        threads: intra-op threads.

    Raises:
        ModelFault: another file than the card's, another shape, or the demanded provider is not there.
    """

    def __init__(self, card: ModelCard, data: bytes, provider: str = AUTO, threads: int = 1) -> None:
        if hashlib.sha256(data).hexdigest() != card.sha256:
            raise ModelFault(
                f"The network file {card.file} is not the one on its card: it was altered or is incomplete.",
                f"size {len(data)}, expected {card.size_bytes}; SHA-256 {hashlib.sha256(data).hexdigest()}",
            )
        self.card = card
        self._session = _open_session(card, data, provider, threads)
        self.provider = short_name(self._session.get_providers()[0])
        """Short name of the provider in use, as the session itself reports it."""
        _require_same(card, "input", card.inputs, self._session.get_inputs())
        _require_same(card, "output", card.outputs, self._session.get_outputs())
        self._input = card.inputs[0]
        self._output_names = [o.name for o in card.outputs]

    def run(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """All outputs for a batch of pictures.

        1. Colours are put into the card's order, scaled to ``(x - mean) / std`` and laid out as the card says.
        2. The session runs, one picture at a time when the network's batch axis is fixed to 1.
        3. Fixed axes of the outputs are checked.

        Args:
            pictures: (N, H, W, 3) uint8, BGR, N >= 1.

        Returns:
            The outputs in the card's order, float32, first axis N.

        Raises:
            ModelFault: the network fails or answers with another shape.
        """
        batch = self._tensor(pictures)
        if self._input.batch == 1 and len(batch) > 1:
            answers = [self._run_once(batch[i : i + 1]) for i in range(len(batch))]
            return tuple(np.concatenate(parts) for parts in zip(*answers, strict=True))
        return self._run_once(batch)

    def _tensor(self, pictures: NDArray[np.uint8]) -> NDArray[Any]:
        card = self.card
        if card.colour_order is ColourOrder.RGB:
            pictures = pictures[..., ::-1]
        if self._input.dtype == "uint8":
            values: NDArray[Any] = pictures
        else:
            values = pictures.astype(np.float32)
            if any(card.mean):
                values -= np.array(card.mean, np.float32)
            if card.std != (1.0, 1.0, 1.0):
                values /= np.array(card.std, np.float32)
        if card.layout is Layout.NCHW:
            values = values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(values, dtype=self._input.dtype)

    def _run_once(self, batch: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        try:
            outputs = self._session.run(self._output_names, {self._input.name: batch})
        except Exception as error:  # onnxruntime's exceptions share no base class but Exception
            raise ModelFault(f"The network {self.card.id} failed.", str(error)) from error
        for spec, output in zip(self.card.outputs, outputs, strict=True):
            if not _fits(spec.shape, output.shape):
                raise ModelFault(
                    f"The network {self.card.id} answers with another shape than its card says.",
                    f"{spec.name}: {output.shape}, expected {spec.shape}",
                )
        return tuple(np.asarray(output, dtype=np.float32) for output in outputs)


def _open_session(card: ModelCard, data: bytes, provider: str, threads: int) -> onnxruntime.InferenceSession:
    """A session on the wanted provider; see ``OnnxModel``."""
    built_in = onnxruntime.get_available_providers()
    if any(p in GPU_PROVIDERS for p in built_in) and hasattr(onnxruntime, "preload_dlls"):
        # Finds the CUDA libraries that were installed as Python packages; without them the loader looks in vain.
        onnxruntime.preload_dlls()
    if provider.strip().lower() == AUTO:
        for name in GPU_PROVIDERS:
            if name in built_in:
                try:
                    session = _session(card, data, name, threads)
                except ModelFault:
                    continue
                if session.get_providers()[0] == name:
                    return session
        return _session(card, data, CPU, threads)

    wanted = next((p for p in built_in if provider.strip().lower() in (short_name(p), p.lower())), None)
    if wanted is None:
        raise ModelFault(
            f"The execution provider '{provider}' was demanded but is not installed; "
            f"there are: {', '.join(short_name(p) for p in built_in)}. Set models.provider to auto or to one of them."
        )
    session = _session(card, data, wanted, threads)
    in_use = session.get_providers()[0]
    if in_use != wanted:
        raise ModelFault(
            f"The execution provider '{provider}' was demanded but found no device or driver; "
            f"set models.provider to auto or cpu, or repair the driver.",
            f"onnxruntime fell back to {in_use}",
        )
    return session


def _session(card: ModelCard, data: bytes, provider: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NO_SUCH_FOLDER)
    providers: list[Any] = [(provider, _OPTIONS.get(provider, {}))]
    if provider != CPU:
        providers.append(CPU)  # some operators exist on the processor only
    try:
        return onnxruntime.InferenceSession(data, sess_options=options, providers=providers)
    except Exception as error:  # onnxruntime's exceptions share no base class but Exception
        raise ModelFault(
            f"The network file {card.file} cannot be loaded: it is no complete ONNX network that this runtime knows.",
            str(error),
        ) from error


def _require_same(card: ModelCard, kind: str, specs: Sequence[TensorSpec], found: Sequence[Any]) -> None:
    """Raises ``ModelFault`` unless the file's tensors are the card's."""
    expected = {s.name: s for s in specs}
    present = {f.name: f for f in found}
    if expected.keys() != present.keys():
        raise ModelFault(
            f"The network {card.id} does not fit its card: its {kind}s are {', '.join(sorted(present))}, "
            f"not {', '.join(sorted(expected))}."
        )
    for name, spec in expected.items():
        shape, dtype = tuple(present[name].shape), _DTYPES.get(present[name].type, present[name].type)
        if dtype != spec.dtype or not _fits(spec.shape, shape):
            raise ModelFault(
                f"The network {card.id} does not fit its card: its {kind} {name} is {dtype} {_words(shape)}, "
                f"not {spec.dtype} {_words(spec.shape)}."
            )


def _words(shape: Sequence[int | str | None]) -> str:
    return "x".join(str(axis) for axis in shape)


def _fits(expected: Sequence[int | str], found: Sequence[int | str | None]) -> bool:
    """Same number of axes; a fixed axis of the card is the same or free in the file; a free one takes any size."""
    if len(expected) != len(found):
        return False
    return all(isinstance(e, str) or not isinstance(f, int) or e == f for e, f in zip(expected, found, strict=True))
