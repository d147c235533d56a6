"""Photos from files that may be anything."""

import io
import os
import random
import struct
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from faceguard.camera.photo_file import MAX_BYTES, read_photo
from faceguard.domain.errors import PhotoRefused
from faceguard.domain.face import Frame

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def four_corners():
    """24 x 16 pixels: red and green above, blue and white below, so that every turn is seen."""
    pixels = np.empty((16, 24, 3), np.uint8)
    pixels[:8, :12], pixels[:8, 12:], pixels[8:, :12], pixels[8:, 12:] = RED, GREEN, BLUE, WHITE
    return Image.fromarray(pixels)


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def jpeg(**options):
    return encoded(four_corners(), "JPEG", quality=100, subsampling=0, **options)


@pytest.fixture
def photo(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(data, name="photo.jpg"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def corners(frame):
    """Colours (R, G, B) at the four corners, clockwise from the upper left."""
    pixels = frame.pixels
    return [tuple(int(v) for v in pixels[y, x, ::-1]) for y, x in ((2, 2), (2, -3), (-3, -3), (-3, 2))]


def near(one, other, tolerance=6):
    return all(abs(a - b) <= tolerance for pair in zip(one, other, strict=True) for a, b in zip(*pair, strict=True))


def png_header(width, height, depth=8, colour=2):
    """A PNG whose header promises more than its few bytes hold."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def with_segments(count, body=b"x", marker=b"\xff\xee"):
    """A JPEG with so many extra segments."""
    data = jpeg()
    return data[:2] + (marker + struct.pack(">H", len(body) + 2) + body) * count + data[2:]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})],
    ids=["jpeg", "png", "webp"],
)
def test_a_photo_becomes_a_bgr_frame(photo, kind, options):
    frame = read_photo(photo(encoded(four_corners(), kind, **options), "any.name"), clock=lambda: 42)
    assert (frame.width, frame.height, frame.captured_ns, frame.sequence) == (24, 16, 42, 0)
    assert frame.pixels.dtype == np.uint8
    assert not frame.pixels.flags.writeable
    assert near(corners(frame), [RED, GREEN, WHITE, BLUE])


TURNED = {
    1: [RED, GREEN, WHITE, BLUE],
    2: [GREEN, RED, BLUE, WHITE],
    3: [WHITE, BLUE, RED, GREEN],
    4: [BLUE, WHITE, GREEN, RED],
    5: [RED, BLUE, WHITE, GREEN],
    6: [BLUE, RED, GREEN, WHITE],
    7: [WHITE, GREEN, RED, BLUE],
    8: [GREEN, WHITE, BLUE, RED],
    0: [RED, GREEN, WHITE, BLUE],
    99: [RED, GREEN, WHITE, BLUE],
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", TURNED, ids=lambda o: f"orientation {o}")
def test_exif_orientation_is_honoured_and_a_senseless_one_ignored(photo, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "PNG": {}, "WEBP": {"lossless": True}}[kind]
    frame = read_photo(photo(encoded(four_corners(), kind, exif=exif, **options)))
    assert near(corners(frame), TURNED[orientation])
    assert (frame.width, frame.height) == ((16, 24) if orientation in (5, 6, 7, 8) else (24, 16))


@pytest.mark.parametrize(
    "block",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 500],
    ids=["empty", "far offset", "noise"],
)
def test_a_damaged_exif_block_does_not_spoil_a_good_photo(photo, block):
    assert near(corners(read_photo(photo(with_segments(1, block, b"\xff\xe1")))), TURNED[1])


def grey_16_bit():
    ramp = np.array([[0, 20000, 40000, 65535]], np.uint16).repeat(4, axis=0)
    return Image.fromarray(ramp)


def clear_palette():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 200, 30, 0, 0, 250])
    image.putpixel((0, 0), 1)
    return encoded(image, "PNG", transparency=0)


@pytest.mark.parametrize(
    ("data", "at_corner", "beside"),
    [
        (encoded(grey_16_bit(), "PNG"), (0, 0, 0), (78, 78, 78)),
        (encoded(Image.new("L", (4, 4), 77), "PNG"), (77, 77, 77), (77, 77, 77)),
        (encoded(Image.new("L", (4, 4), 77), "JPEG"), (77, 77, 77), (77, 77, 77)),
        (encoded(Image.new("1", (4, 4), 1), "PNG"), WHITE, WHITE),
        (encoded(Image.new("LA", (4, 4), (77, 0)), "PNG"), WHITE, WHITE),
        (encoded(Image.new("RGBA", (4, 4), (200, 0, 0, 128)), "PNG"), (227, 127, 127), (227, 127, 127)),
        (encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "WEBP", lossless=True), WHITE, WHITE),
        (clear_palette(), (0, 0, 250), WHITE),
        (encoded(Image.new("CMYK", (4, 4), (255, 0, 0, 0)), "JPEG", quality=100), (0, 255, 255), (0, 255, 255)),
        (encoded(Image.new("CMYK", (4, 4), (0, 0, 0, 255)), "JPEG", quality=100), (0, 0, 0), (0, 0, 0)),
    ],
    ids=[
        "16-bit grey",
        "grey png",
        "grey jpeg",
        "one bit",
        "grey+alpha",
        "half clear",
        "clear webp",
        "palette+alpha",
        "cmyk cyan",
        "cmyk black",
    ],
)
def test_every_way_to_store_colour_becomes_8_bit_colour(photo, data, at_corner, beside):
    pixels = read_photo(photo(data)).pixels
    assert near([pixels[0, 0, ::-1].tolist(), pixels[0, 1, ::-1].tolist()], [at_corner, beside], 2)


def test_16_bit_colour_keeps_its_high_byte(photo):
    row = b"\0" + struct.pack(">HHH", 0xC8FF, 0x0100, 0x6400) * 4
    body = png_header(4, 4, depth=16)
    good = zlib.compress(row * 4)
    chunk = struct.pack(">I", len(good)) + b"IDAT" + good + struct.pack(">I", zlib.crc32(b"IDAT" + good))
    start = body.index(b"IDAT") - 4
    data = body[:start] + chunk + body[body.index(b"IEND") - 4 :]
    assert read_photo(photo(data)).pixels[0, 0, ::-1].tolist() == [200, 1, 100]


def test_a_telephone_jpeg_with_a_second_picture_is_no_animation(photo):
    second = Image.new("RGB", (8, 8))
    frame = read_photo(photo(encoded(four_corners(), "MPO", save_all=True, append_images=[second], quality=100)))
    assert frame.width == 24


def animation(kind):
    pictures = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=100)


REFUSED = {
    "animated webp": (animation("WEBP"), "is an animation"),
    "animated png": (animation("PNG"), "is an animation"),
    "gif": (animation("GIF"), "is a GIF picture; save the photo as JPEG, PNG or WebP"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "is an SVG drawing"),
    "svg after xml": (b"\n<?xml version='1.0'?><svg/>", "is an XML document"),
    "pdf": (b"%PDF-1.7\n", "is a PDF document"),
    "eps": (b"%!PS-Adobe-3.0 EPSF", "is a PostScript document"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "is a HEIC or AVIF picture or a film"),
    "tiff": (encoded(four_corners(), "TIFF"), "is a TIFF picture"),
    "bmp": (encoded(four_corners(), "BMP"), "is a BMP picture"),
    "gzip": (b"\x1f\x8b\x08" + b"\0" * 50, "is an archive"),
    "text": (b"hello", "is not a photo"),
    "empty": (b"", "is empty"),
    "jpeg start only": (b"\xff\xd8\xff", "is damaged or incomplete"),
    "jpeg cut in half": (jpeg()[: len(jpeg()) // 2], "is damaged or incomplete"),
    "jpeg cut at its end": (jpeg()[:-40], "is damaged or incomplete"),
    "png cut": (encoded(four_corners(), "PNG")[:60], "is damaged or incomplete"),
    "webp cut": (encoded(four_corners(), "WEBP")[:60], "is damaged or incomplete"),
    "png bomb of one bit": (png_header(50_000, 50_000, 1, 0), "pixels"),
    "png just too large": (
        png_header(8_000, 5_001),
        "has 8000 x 5001 pixels; save the photo with at most 40 megapixels",
    ),
    "png of 100 megapixels": (png_header(10_000, 10_000), "pixels"),
    "png too long": (png_header(20_001, 1), "has 20001 x 1 pixels"),
    "png without size": (png_header(0, 0), "is damaged or incomplete"),
    "png promising more than it holds": (png_header(3_000, 3_000), "is damaged or incomplete"),
    "jpeg of 100000 segments": (with_segments(100_000), "is overloaded with metadata"),
    "jpeg of 90000 exif segments": (
        with_segments(90_000, b"Exif\0\0" + b"x" * 150, b"\xff\xe1"),
        "is overloaded with metadata",
    ),
    "over 15 MB": (b"\xff\xd8\xff" + b"\0" * MAX_BYTES, "is larger than 15 MB"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_usable_photo_is_refused_with_one_sentence(photo, data, reason):
    began = time.perf_counter()
    with pytest.raises(PhotoRefused) as refused:
        read_photo(photo(data))
    assert reason in refused.value.sentence
    assert refused.value.sentence.startswith('"photo.jpg"')
    assert refused.value.sentence.count("\n") == 0
    assert time.perf_counter() - began < 5, "a refusal must not keep the program busy"


def test_a_text_bomb_in_a_png_is_refused(photo):
    body = b"key\0\0" + zlib.compress(b"x" * 20_000_000)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = encoded(four_corners(), "PNG")
    with pytest.raises(PhotoRefused):
        read_photo(photo(data[:33] + chunk + data[33:]))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(PhotoRefused, match=r'There is no file "nobody\.jpg"'):
        read_photo(tmp_path / "nobody.jpg")


def test_a_folder_is_said(tmp_path):
    with pytest.raises(PhotoRefused, match="is a folder"):
        read_photo(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in the file system")
def test_a_pipe_nobody_writes_to_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "photo.jpg")
    with pytest.raises(PhotoRefused, match="device or pipe"):
        read_photo(tmp_path / "photo.jpg")


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused_behind_a_link_too(tmp_path, device):
    link = tmp_path / "photo.jpg"
    link.symlink_to(device)
    with pytest.raises(PhotoRefused, match="device or pipe"):
        read_photo(link)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_photo_is_followed_and_a_link_to_itself_refused(photo, tmp_path):
    link = tmp_path / "link.jpg"
    link.symlink_to(photo(jpeg()))
    assert read_photo(link).width == 24
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    with pytest.raises(PhotoRefused, match="cannot be read"):
        read_photo(loop)


def test_a_file_without_permission_is_said(photo, monkeypatch):
    def forbidden(path, flags):
        raise PermissionError(13, "Permission denied", path)

    path = photo(jpeg())
    monkeypatch.setattr(os, "open", forbidden)  # root may read everything, so a real file would prove nothing
    with pytest.raises(PhotoRefused, match="may not be read by this account"):
        read_photo(path)


@pytest.mark.parametrize(
    "name", ["a\nb.jpg", "x" * 200 + ".jpg", "<b>Jo</b>\x1b[31m.jpg"], ids=["line break", "long", "escape codes"]
)
def test_a_hostile_file_name_stays_one_short_printable_sentence(tmp_path, name):
    with pytest.raises(PhotoRefused) as refused:
        read_photo(tmp_path / name)
    assert refused.value.sentence.isprintable()
    assert len(refused.value.sentence) < 140


def test_a_name_with_a_zero_byte_is_refused():
    with pytest.raises(PhotoRefused):
        read_photo("a\0b.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_flipped_bytes_give_a_frame_or_a_refusal_and_nothing_else(photo, kind):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    seed = encoded(four_corners(), kind, exif=exif)
    dice = random.Random(4)
    outcomes = {"frame": 0, "refused": 0}
    for _ in range(250):
        data = bytearray(seed)
        for _ in range(dice.choice((1, 1, 2, 8))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if dice.random() < 0.2:
            del data[dice.randrange(len(data)) :]
        try:
            outcomes["frame"] += isinstance(read_photo(photo(bytes(data))), Frame)
        except PhotoRefused:
            outcomes["refused"] += 1
    assert sum(outcomes.values()) == 250
    assert outcomes["refused"] > 0
