"""A stored photo from a file that may be anything: checked before it is decoded, turned upright, as BGR.

Enrolment photos come from mail, telephones and scanners, so the file is treated as hostile: its kind is read from its
first bytes and not from its name, its size is known before a pixel is decoded, and whatever the decoder thinks of it
ends in a Frame or in one sentence.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceguard.domain.errors import PhotoRefused
from faceguard.domain.face import Frame

MAX_BYTES: Final = 15_000_000
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 20_000
MAX_JPEG_SEGMENTS: Final = 1_000
"""A camera writes some dozens; a hundred thousand keep a decoder busy for minutes."""
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
"""Names that such photos usually have, for file dialogs; ``read_photo`` itself looks at the content."""

_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright (EXIF 2.32, tag 0x0112). ``ImageOps.exif_transpose`` does the same
and also rewrites the EXIF block, which fails on a block with one bad tag although the picture is good."""
_ORIENTATION_TAG: Final = 0x0112
_PAPER: Final = (255, 255, 255)

_OTHER_KINDS: Final = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"PK\x03\x04", "an archive"),
    (b"\x1f\x8b", "an archive"),
)

_warnings_lock = threading.Lock()


def read_photo(path: str | os.PathLike[str], *, clock: Callable[[], int] = time.monotonic_ns) -> Frame:
    """Reads a JPEG, PNG or WebP photo.

    1. Regular files only, opened so that a pipe cannot block; at most 15 MB.
    2. The kind is told from the content; only that decoder is used.
    3. At most 40 megapixels by the header; no animation.
    4. Decoded whole (half a picture is refused), turned upright by its EXIF orientation.
    5. Grey, palette, 16-bit, CMYK become 8-bit BGR; transparency is put on white.

    Returns:
        A Frame with sequence 0, captured at the time of reading. Metadata (places, dates, names) is left behind.

    Raises:
        PhotoRefused: with the reason, for the person who chose the file.
    """
    return decode_photo(read_photo_bytes(path), path, clock=clock)


def read_photo_bytes(path: str | os.PathLike[str]) -> bytes:
    """Step 1 of ``read_photo``: the file as it is.

    Raises:
        PhotoRefused: with the reason.
    """
    return _read_bytes(path, _shown(path))


def decode_photo(data: bytes, path: str | os.PathLike[str], *, clock: Callable[[], int] = time.monotonic_ns) -> Frame:
    """Steps 2 to 5 of ``read_photo``.

    Args:
        data: the file.
        path: what it is called in a refusal.
        clock: monotonic nanoseconds.

    Raises:
        PhotoRefused: with the reason.
    """
    name = _shown(path)
    kind = _kind(data, name)
    if kind == "JPEG" and _jpeg_segments(data) > MAX_JPEG_SEGMENTS:
        raise PhotoRefused(f"{name} is not an ordinary JPEG photo: it is overloaded with metadata; save it anew.")
    # Warnings are part of this process, not of this thread; the lock keeps two photos from mixing up theirs.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        pixels = _decode(data, kind, name)
    pixels.flags.writeable = False
    return Frame(pixels, clock(), 0)


def _shown(path: str | os.PathLike[str]) -> str:
    """The file's own name, in quotes, printable and short enough for a sentence."""
    name = "".join(c if c.isprintable() else "?" for c in os.path.basename(os.fspath(path)))
    return f'"{name if len(name) <= 60 else name[:57] + "..."}"'


def _read_bytes(path: str | os.PathLike[str], name: str) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        # Asked before opening, because opening alone already acts on some devices, and again on what was opened.
        _require_file(os.stat(path).st_mode, name)
        with open(os.open(path, flags), "rb") as file:
            _require_file(os.fstat(file.fileno()).st_mode, name)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PhotoRefused(f"There is no file {name}; check its name and folder.") from None
    except PermissionError:
        raise PhotoRefused(f"{name} may not be read by this account; change its permissions or copy it.") from None
    except (OSError, ValueError) as error:
        raise PhotoRefused(f"{name} cannot be read; copy it to this computer and try again.", str(error)) from error
    if not data:
        raise PhotoRefused(f"{name} is empty; choose another file.")
    if len(data) > MAX_BYTES:
        raise PhotoRefused(f"{name} is larger than 15 MB; save the photo smaller.")
    return data


def _require_file(mode: int, name: str) -> None:
    if stat.S_ISDIR(mode):
        raise PhotoRefused(f"{name} is a folder; choose a photo in it.")
    if not stat.S_ISREG(mode):
        raise PhotoRefused(f"{name} is not a file but a device or pipe; choose a photo.")


def _kind(data: bytes, name: str) -> str:
    """Pillow's name of the format, from the first bytes."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    kind = next((words for magic, words in _OTHER_KINDS if data.lstrip()[: len(magic)] == magic), "")
    if data[4:8] == b"ftyp":
        kind = "a HEIC or AVIF picture or a film"
    raise PhotoRefused(f"{name} is {kind or 'not a photo'}; save the photo as JPEG, PNG or WebP.")


def _jpeg_segments(data: bytes) -> int:
    """Segments before the first scan (ITU-T T.81, B.1.1); stops counting just beyond the limit."""
    at, count = 2, 0
    while count <= MAX_JPEG_SEGMENTS and at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker == 0xDA:
            break
        if marker == 0xFF:
            at += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            at, count = at + 2, count + 1
        else:
            at, count = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big")), count + 1
    return count


def _decode(data: bytes, kind: str, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR, upright."""
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                raise PhotoRefused(f"{name} has {width} x {height} pixels; save the photo with at most 40 megapixels.")
            # A telephone's JPEG may carry a second picture (depth, brightness); that is no animation.
            if kind != "JPEG" and getattr(image, "is_animated", False):
                raise PhotoRefused(f"{name} is an animation; choose a single photo.")
            image.load()
            orientation = _orientation(image)
            picture = _as_rgb(image)
            if orientation in _UPRIGHT:
                picture = picture.transpose(_UPRIGHT[orientation])
            return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
    except PhotoRefused:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PhotoRefused(f"{name} has too many pixels; save it with at most 40 megapixels.", str(error)) from error
    except MemoryError:
        raise PhotoRefused(f"{name} needs more memory than there is; save the photo smaller.") from None
    except Exception as error:
        # Decoders meet broken bytes with OSError, SyntaxError, struct.error, IndexError and more, in no fixed list.
        detail = f"{type(error).__name__}: {error}"
        raise PhotoRefused(f"{name} is damaged or incomplete; copy it again or take another photo.", detail) from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where there is none, a senseless one, or a damaged block."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow clips 16-bit grey to 255 when it converts; the high byte is the picture.
        wide = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip(wide >> 8, 0, 255).astype(np.uint8)).convert("RGB")
    if "A" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (*_PAPER, 255))
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")
