"""Every setting is one row of one table; the check, the admin page and the README follow from it."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from faceguard.domain.errors import SettingsFault

SettingValue = str | int | float | bool | None

MAX_TEXT: Final = 1000
NONE_WORDS: Final = frozenset({"", "none"})
TRUE_WORDS: Final = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS: Final = frozenset({"false", "no", "off", "0"})


class Kind(StrEnum):
    """What a setting holds."""

    TEXT = "text"
    CHOICE = "choice"
    WHOLE = "whole number"
    NUMBER = "number"
    SWITCH = "true or false"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting.

    Attributes:
        key: ``section.name``, as in the file and on the command line.
        kind: what it holds.
        default: used while nothing is stored.
        help: one sentence for the admin page and the README.
        low, high: bounds of a number, both allowed themselves.
        choices: the words allowed for a CHOICE.
        unit: of a number.
        optional: None is allowed too and means what ``help`` says.
        admin_only: changed only with the admin PIN.
        by_program: written by the program itself, shown but not offered for change.

    Raises:
        SettingsFault: the default breaks the row's own bounds.
    """

    key: str
    kind: Kind
    default: SettingValue
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    optional: bool = False
    admin_only: bool = False
    by_program: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.checked(self.default))

    @property
    def bounds(self) -> str:
        """What is allowed, in words."""
        match self.kind:
            case Kind.CHOICE:
                words = ", ".join(self.choices[:-1]) + f" or {self.choices[-1]}"
            case Kind.SWITCH:
                words = "true or false"
            case Kind.TEXT:
                words = f"text of at most {MAX_TEXT} characters"
            case Kind.WHOLE | Kind.NUMBER:
                words = f"a {self.kind} from {self.low:g} to {self.high:g}" + (f" {self.unit}" if self.unit else "")
        return words + (", or none" if self.optional else "")

    def checked(self, value: object) -> SettingValue:
        """The value itself, typed as the row wants it.

        Raises:
            SettingsFault: wrong type, not finite, out of bounds, or no such choice.
        """
        match self.kind, value:
            case _, None if self.optional:
                return None
            case Kind.SWITCH, bool():
                return value
            case _, bool():
                raise self._refusal(value)
            case Kind.WHOLE, int() if self._within(value):
                return value
            case Kind.NUMBER, int() | float() if self._within(value):
                return float(value)
            case Kind.CHOICE, str() if value in self.choices:
                return str(value)
            case Kind.TEXT, str() if len(value) <= MAX_TEXT and not _has_control_characters(value):
                return str(value)
        raise self._refusal(value)

    def parsed(self, text: str) -> SettingValue:
        """What somebody typed, as a value: ``"0.4"`` -> 0.4. A comma is no decimal point here.

        Raises:
            SettingsFault: cannot be read, or not allowed.
        """
        word = text.strip()
        if self.optional and word.lower() in NONE_WORDS:
            return None
        match self.kind:
            case Kind.SWITCH if word.lower() in TRUE_WORDS | FALSE_WORDS:
                return word.lower() in TRUE_WORDS
            case Kind.WHOLE | Kind.NUMBER:
                try:
                    return self.checked(int(word) if self.kind is Kind.WHOLE else float(word))
                except ValueError as error:
                    raise self._refusal(text) from error
            case _:
                return self.checked(word)

    def shown(self, value: SettingValue) -> str:
        """The value as a person types it; ``parsed`` reads it back."""
        if value is None:
            return "none"
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def _within(self, value: float) -> bool:
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return low <= value <= high and math.isfinite(value)

    def _refusal(self, value: object) -> SettingsFault:
        if self.kind is Kind.TEXT and isinstance(value, str):  # may be an address with a password in it
            return SettingsFault(f"The setting {self.key} must be one line of {self.bounds}.")
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return SettingsFault(f"The setting {self.key} must be {self.bounds}, not {shown}.")


def _has_control_characters(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


def _text(key: str, default: str, help: str, *, admin: bool = False, by_program: bool = False) -> SettingRow:
    return SettingRow(key, Kind.TEXT, default, help, admin_only=admin, by_program=by_program)


def _choice(key: str, choices: str, help: str, *, admin: bool = False) -> SettingRow:
    """A choice of words; the first one is the default."""
    words = tuple(choices.split("|"))
    return SettingRow(key, Kind.CHOICE, words[0], help, choices=words, admin_only=admin)


def _whole(
    key: str, default: int, low: int, high: int, help: str, *, unit: str = "", admin: bool = False
) -> SettingRow:
    return SettingRow(key, Kind.WHOLE, default, help, low=low, high=high, unit=unit, admin_only=admin)


def _number(
    key: str, default: float | None, low: float, high: float, help: str, *, unit: str = "", admin: bool = False
) -> SettingRow:
    """A number; without a default it may stay unset."""
    return SettingRow(
        key, Kind.NUMBER, default, help, low=low, high=high, unit=unit, optional=default is None, admin_only=admin
    )


def _switch(key: str, default: bool, help: str, *, admin: bool = False) -> SettingRow:
    return SettingRow(key, Kind.SWITCH, default, help, admin_only=admin)


TABLE: Final[tuple[SettingRow, ...]] = (
    _text("door.name", "Main entrance", "Name of the door, shown while it waits."),
    _choice("door.output", "none|serial", "What opens the door: nothing, or a USB serial relay board.", admin=True),
    _text("door.serial_port", "", "Port of the relay board, for example /dev/ttyUSB0 or COM3.", admin=True),
    _whole("door.serial_channel", 1, 1, 8, "Which relay of the board opens the door.", admin=True),
    _whole("door.pulse_ms", 4000, 200, 15000, "How long the relay is energised by one grant.", unit="ms", admin=True),
    _switch(
        "door.shadow",
        False,
        "Decide, record and show what the door would do, and open nothing (with a permanent banner).",
        admin=True,
    ),
    _text("door.phone", "", "Whom to call while the door is out of service; empty shows no number."),
    _text(
        "camera.source", "0", "Camera number or path, stream address, video file, or folder of pictures.", admin=True
    ),
    _whole("camera.width", 640, 160, 3840, "Picture width asked of the camera.", unit="px"),
    _whole("camera.height", 480, 120, 2160, "Picture height asked of the camera.", unit="px"),
    _number("camera.fps", 25.0, 1, 120, "Pictures a second asked of the camera.", unit="1/s"),
    _whole("camera.stall_ms", 1000, 200, 10000, "Without a picture for so long the door is out of service.", unit="ms"),
    _text(
        "models.provider", "auto", "Where networks run: auto, cpu, cuda, or a name known to onnxruntime.", admin=True
    ),
    _whole(
        "models.threads", 1, 1, 16, "Processor threads of each network; more than one is seldom faster.", admin=True
    ),
    _text("models.encoder", "", "Card id of the encoder; empty uses the bundled one.", admin=True),
    _text("models.detector", "", "Card id of the face detector; empty uses the bundled one.", admin=True),
    _text("models.landmarks", "", "Card id of the landmark network; empty uses the bundled one.", admin=True),
    _text(
        "models.pad",
        "",
        "Card ids of liveness networks, separated by commas; installing a pack adds its own; empty uses none.",
        admin=True,
    ),
    _text(
        "models.quality",
        "",
        "Card id of a network that also judges whether a picture is good enough; empty uses none.",
        admin=True,
    ),
    _text(
        "models.comparison",
        "",
        "Id of a learned comparison (faceguard models comparison); empty compares by squared distance.",
        admin=True,
    ),
    _number(
        "access.tau",
        None,
        0.01,
        4,
        "Greatest distance d that counts as the same person in a search; none uses the encoder's measured one.",
        admin=True,
    ),
    _text(
        "access.tau_encoder",
        "",
        "Encoder to which access.tau and access.tau_pair belong; with any other encoder they do not count.",
        admin=True,
        by_program=True,
    ),
    _number(
        "access.tau_pair",
        None,
        0.01,
        4,
        "Greatest distance d when PIN or badge names the person; none uses the encoder's measured one.",
        admin=True,
    ),
    _number(
        "access.margin",
        0.1,
        0,
        1,
        "How much farther than the nearest person the next one must be; less asks for the PIN.",
        admin=True,
    ),
    _whole("access.cooldown_ms", 3000, 500, 60000, "Pause after a grant before the next attempt begins.", unit="ms"),
    _number("access.zone", 0.8, 0.3, 1, "Share of the picture's width and height in which a face counts."),
    _choice(
        "liveness.policy",
        "standard|strict|off",
        "standard asks for a turn of the head where needed, strict always, off never (with a permanent banner).",
        admin=True,
    ),
    _switch("liveness.pin_after_face", True, "Ask for the PIN where the camera alone cannot prove a head.", admin=True),
    _number("quality.min_eye_px", 24, 8, 400, "Least distance between the eyes in the picture.", unit="px", admin=True),
    _number(
        "quality.min_visible", 0.9, 0.5, 1, "Least share of the face's oval that lies inside the picture.", admin=True
    ),
    _number("quality.max_yaw_deg", 38, 5, 60, "Greatest turn of the head to a side.", unit="deg", admin=True),
    _number("quality.max_pitch_deg", 20, 5, 60, "Greatest nod of the head up or down.", unit="deg", admin=True),
    _number("quality.max_roll_deg", 25, 5, 60, "Greatest tilt of the line between the eyes.", unit="deg", admin=True),
    _number(
        "quality.min_eye_contrast",
        0.03,
        0,
        0.2,
        "Least spread of grey along the flattest row through the eyes, as a share of the face's range.",
        admin=True,
    ),
    _number(
        "quality.min_mouth_contrast",
        0.1,
        0,
        0.3,
        "Least spread of grey around the mouth, as a share of the face's range.",
        admin=True,
    ),
    _number(
        "quality.min_mouth_row",
        0.02,
        0,
        0.1,
        "Least spread of grey along the flat rows around the mouth, as a share of the face's range.",
        admin=True,
    ),
    _number(
        "quality.max_mask_colour",
        33,
        5,
        255,
        "Greatest difference in colour between the lower face and cheeks and nose; beyond it a mask is assumed.",
        unit="grey levels",
        admin=True,
    ),
    _number(
        "quality.min_brightness",
        62,
        0,
        200,
        "Least brightness of the face's light parts; below it the face is too dark.",
        unit="grey levels",
        admin=True,
    ),
    _number(
        "quality.max_brightness",
        190,
        50,
        255,
        "Greatest brightness of the face's dark parts; above it the face is too bright.",
        unit="grey levels",
        admin=True,
    ),
    _number("quality.max_burnt_out", 0.08, 0, 1, "Greatest share of the face that is burnt out to white.", admin=True),
    _number(
        "quality.max_uneven",
        0.42,
        0.05,
        1,
        "Greatest difference of the light on the two sides of the face over their sum.",
        admin=True,
    ),
    _number(
        "quality.min_sharpness",
        0.15,
        0,
        0.3,
        "Least share of the gradients that a further blur takes away; below it the face is blurred.",
        admin=True,
    ),
    _switch("privacy.show_names", True, "Say the person's name at the door on a grant."),
    _switch(
        "privacy.label_events",
        False,
        "Let the desk say of an event that it was a visitor or a member of staff; kept are the event's number, the "
        "person's number and the time, no picture and no vector, until it is taken back or the person is removed.",
        admin=True,
    ),
    _choice("window.theme", "system|light|dark", "Colours of the window."),
    _switch("window.mirror", True, "Show the camera picture as a mirror does; recognition is not affected."),
)
"""The table. README and admin page are made from it."""

ROWS: Final[Mapping[str, SettingRow]] = MappingProxyType({row.key: row for row in TABLE})
"""The table by key."""


def row_of(key: str) -> SettingRow:
    """The row of a key.

    Raises:
        SettingsFault: there is no such setting; the sentence names the nearest one.
    """
    try:
        return ROWS[key]
    except KeyError:
        near = difflib.get_close_matches(key, ROWS, n=1, cutoff=0.0)
        raise SettingsFault(f"There is no setting {key[:60]!r}; the nearest one is {near[0]}.") from None


class Settings(Mapping[str, SettingValue]):
    """All settings at one moment; never edited, replaced by ``with_value``.

    ``settings["access.tau"]`` gives any value; the typed readers ``text``, ``whole``, ``number``,
    ``number_or_none`` and ``switch`` give one of the type that the row's kind promises.

    Raises:
        SettingsFault: a key is unknown or a value is not allowed.
    """

    __slots__ = ("_values",)

    def __init__(self, changed: Mapping[str, object] | None = None) -> None:
        values = {row.key: row.default for row in TABLE}
        for key, value in (changed or {}).items():
            values[key] = row_of(key).checked(value)
        self._values: Mapping[str, SettingValue] = MappingProxyType(values)

    def __getitem__(self, key: str) -> SettingValue:
        return self._values[row_of(key).key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        # Values stay out: a camera's address may carry its password.
        return f"Settings(changed: {', '.join(self.changed()) or 'nothing'})"

    def text(self, key: str) -> str:
        """Value of a TEXT or CHOICE row."""
        value = self[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is no text")
        return value

    def listed(self, key: str) -> tuple[str, ...]:
        """The words of a TEXT row that holds several, separated by commas."""
        return tuple(word.strip() for word in self.text(key).split(",") if word.strip())

    def whole(self, key: str) -> int:
        """Value of a WHOLE row."""
        value = self[key]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{key} is no whole number")
        return value

    def number(self, key: str) -> float:
        """Value of a WHOLE or NUMBER row that is always set."""
        value = self.number_or_none(key)
        if value is None:
            raise TypeError(f"{key} may be unset")
        return value

    def number_or_none(self, key: str) -> float | None:
        """Value of a WHOLE or NUMBER row, None while unset."""
        value = self[key]
        if isinstance(value, bool | str):
            raise TypeError(f"{key} is no number")
        return value

    def switch(self, key: str) -> bool:
        """Value of a SWITCH row."""
        value = self[key]
        if not isinstance(value, bool):
            raise TypeError(f"{key} is no switch")
        return value

    def section(self, name: str) -> dict[str, SettingValue]:
        """All values of ``name.*`` without the prefix, for example the quality limits.

        Raises:
            SettingsFault: there is no such section.
        """
        values = {key.partition(".")[2]: value for key, value in self.items() if key.startswith(f"{name}.")}
        if not values:
            raise SettingsFault(f"There is no section {name!r} among the settings.")
        return values

    def changed(self) -> dict[str, SettingValue]:
        """Only what differs from the defaults."""
        return {key: value for key, value in self._values.items() if value != ROWS[key].default}

    def with_value(self, key: str, value: object) -> Settings:
        """The same settings but for one; text is read the way a person types it.

        Raises:
            SettingsFault: unknown key, or a value that is not allowed.
        """
        return self.with_values({key: value})

    def with_values(self, changes: Mapping[str, object]) -> Settings:
        """The same for several settings at once."""
        parsed = {k: row_of(k).parsed(v) if isinstance(v, str) else v for k, v in changes.items()}
        return Settings({**self._values, **parsed})


def markdown_table() -> str:
    """The table as the README prints it."""
    lines = ["| setting | default | allowed | who | what it does |", "|---|---|---|---|---|"]
    for row in TABLE:
        who = "program" if row.by_program else "admin" if row.admin_only else "anyone"
        default = f"`{row.shown(row.default)}`" if row.default != "" else "(empty)"
        lines.append(f"| `{row.key}` | {default} | {row.bounds} | {who} | {row.help} |")
    return "\n".join(lines) + "\n"
