"""Embeddings of photos that were evaluated before, so that a measurement can go on and be repeated.

One text file for each way of making embeddings, one line a photo. Each line begins with a digest of its own text, and
lines are only ever appended: whatever a crash or a full disk leaves behind is noticed, dropped and made anew. A photo
is known by the digest of its file, whatever it is called; no picture, no name and no path is kept.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.template import Embedding, EncoderId
from faceguard.evaluation.acquisition import Sample

FORMAT: Final = 1
SUFFIX: Final = ".embeddings"
_CHECK: Final = 16
"""Hex digits before each line: 64 bits."""


class EmbeddingCache:
    """Answers of earlier runs.

    Args:
        folder: where the files lie; made, for its owner only, where it is not there.
        made_by: everything that decides an embedding beside the photo: networks, settings, code. Another value, another
            file.
        encoder_id: of the embeddings.
        length: D, values of an embedding.

    Attributes:
        path: the file.
        damaged: lines that were dropped while it was opened.

    Raises:
        FaceguardError: the folder or the file cannot be used.
    """

    def __init__(self, folder: Path, made_by: Mapping[str, str], encoder_id: EncoderId, length: int) -> None:
        self._encoder_id = encoder_id
        self._length = length
        self._header = {"format": FORMAT, "encoder": str(encoder_id), "length": length, "made_by": dict(made_by)}
        name = hashlib.sha256(json.dumps(self._header, sort_keys=True).encode()).hexdigest()[:16]
        self.path = folder / f"{encoder_id.model_id}-{name}{SUFFIX}"
        self.damaged = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._known = self._load()
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise FaceguardError(
                f"The embeddings of earlier runs in {folder} cannot be used: {error.strerror or error}. Name another "
                "folder with --cache, or do without with --no-cache."
            ) from error

    def __enter__(self) -> EmbeddingCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, photo: str) -> Sample | PhotoRefused | None:
        """What is known of a photo.

        Args:
            photo: hex digits of the SHA-256 of its file.
        """
        return self._known.get(photo)

    def put(self, photo: str, outcome: Sample | PhotoRefused) -> None:
        """Keeps an answer, on disk when this returns.

        Raises:
            FaceguardError: it cannot be written.
        """
        line = _line({"photo": photo, **_as_json(outcome)})
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            raise FaceguardError(f"{self.path} cannot be written: {error.strerror or error}; make room.") from error
        if written != len(line):  # the rest is noticed as a damaged line at the next opening
            raise FaceguardError(f"{self.path} cannot be written: the disk is full; make room.")
        self._known[photo] = outcome

    def close(self) -> None:
        """Nothing can be put any more."""
        os.close(self._fd)

    def _load(self) -> dict[str, Sample | PhotoRefused]:
        """All sound lines; where one is not, or there is no file, a new file takes the place at once."""
        known: dict[str, Sample | PhotoRefused] = {}
        lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
        sound = bool(lines) and _read(lines[0]) == self._header
        self.damaged = 0 if sound or not lines else 1
        for line in lines[1:]:
            entry = _read(line)
            answer = None if entry is None or not sound else self._answer(entry)
            if entry is None or answer is None:
                self.damaged += 1
            else:
                known[str(entry["photo"])] = answer
        if self.damaged or not lines:
            self._write_anew(known)
        return known

    def _answer(self, entry: Mapping[str, Any]) -> Sample | PhotoRefused | None:
        """None where the line is no answer of this file's encoder."""
        try:
            if "refused" in entry:
                return PhotoRefused(str(entry["refused"]))
            values = np.frombuffer(base64.b64decode(entry["values"], validate=True), "<f4")
            if values.size != self._length:
                return None
            quality = {str(key): float(value) for key, value in entry["quality"].items()}
            embedding = Embedding(values, self._encoder_id)
            return Sample(embedding, bool(entry["acceptable"]), bool(entry["asked"]), quality)
        except (KeyError, ValueError, TypeError, AttributeError):
            return None

    def _write_anew(self, known: Mapping[str, Sample | PhotoRefused]) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".part")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_line(self._header))
                file.writelines(_line({"photo": photo, **_as_json(outcome)}) for photo, outcome in known.items())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def stored_caches(folder: Path) -> tuple[Path, ...]:
    """The files of a cache folder, whatever made them, by name; none where it is not there."""
    return tuple(sorted(folder.glob(f"*{SUFFIX}")))


def _as_json(outcome: Sample | PhotoRefused) -> dict[str, Any]:
    if isinstance(outcome, PhotoRefused):
        return {"refused": outcome.sentence}
    return {
        "values": base64.b64encode(outcome.embedding.values.astype("<f4").tobytes()).decode(),
        "acceptable": outcome.acceptable,
        "asked": outcome.asked,
        "quality": dict(outcome.quality),
    }


def _line(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:_CHECK].encode() + b" " + text + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    """The object of one whole, unchanged line; else None."""
    check, _, text = line.partition(b" ")
    text = text[:-1] if text.endswith(b"\n") else b""
    if not text or hashlib.sha256(text).hexdigest()[:_CHECK].encode() != check:
        return None
    entry = json.loads(text)  # its digest is right: this program wrote it
    return entry if isinstance(entry, dict) else None
