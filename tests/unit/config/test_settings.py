"""The settings table: one row a setting, and a refusal that says what is allowed."""

from __future__ import annotations

import math

import pytest

from faceguard.config.settings import ROWS, TABLE, Kind, SettingRow, Settings, markdown_table, row_of
from faceguard.domain.errors import SettingsFault


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.key)
def test_every_row_is_complete_and_its_default_survives_typing(row):
    section, dot, name = row.key.partition(".")
    assert section.isidentifier()
    assert dot
    assert name.isidentifier()
    assert row.help.endswith(".")
    assert row.checked(row.default) == row.default
    assert row.parsed(row.shown(row.default)) == row.default
    if row.kind in {Kind.WHOLE, Kind.NUMBER}:
        assert math.isfinite(row.low)
        assert row.low < row.high
        for bound in (row.low, row.high):
            assert row.checked(type(bound)(bound)) == bound
        for outside in (row.low - 1, row.high + 1, math.nan, math.inf, -math.inf, 10**400):
            with pytest.raises(SettingsFault, match=r"from .* to "):
                row.checked(outside)
    if row.kind is Kind.CHOICE:
        assert set(row.choices) > {row.default}


def test_keys_are_unique():
    assert len(ROWS) == len(TABLE)


@pytest.mark.parametrize(
    "key",
    [
        "door.output", "door.serial_port", "door.serial_channel", "door.pulse_ms", "models.provider", "models.threads",
        "models.encoder", "models.detector", "models.pad", "models.quality", "access.tau", "access.tau_encoder",
        "access.tau_pair", "access.margin", "liveness.policy", "liveness.pin_after_face",
    ],
)  # fmt: skip
def test_what_decides_who_gets_in_is_for_the_admin(key):
    assert row_of(key).admin_only


def test_every_quality_limit_is_for_the_admin():
    limits = [row for row in TABLE if row.key.startswith("quality.")]
    assert len(limits) == 14
    assert all(row.admin_only and not row.optional for row in limits)


@pytest.mark.parametrize("text", ["0,4", "", "0", "-1", "nan", "inf", "1e9", "0.4 0.5", "abc", "4.01"])
def test_bad_tau_is_refused_with_the_bounds(text):
    if text == "":
        assert Settings().with_value("access.tau", text)["access.tau"] is None
        return
    with pytest.raises(SettingsFault, match=r"access\.tau must be a number from 0\.01 to 4, or none"):
        Settings().with_value("access.tau", text)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("access.tau", " 0.4 ", 0.4),
        ("access.tau", "none", None),
        ("access.cooldown_ms", "500", 500),
        ("camera.fps", "30", 30.0),
        ("window.mirror", "off", False),
        ("window.mirror", "TRUE", True),
        ("liveness.policy", "strict", "strict"),
        ("door.name", "Lab 3", "Lab 3"),
    ],
)
def test_typed_text_becomes_a_value(key, text, value):
    changed = Settings().with_value(key, text)[key]
    assert changed == value
    assert type(changed) is type(value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("access.cooldown_ms", 500.5), ("access.cooldown_ms", True), ("access.cooldown_ms", "500.5"),
        ("camera.fps", True), ("window.mirror", 1), ("liveness.policy", "Off"), ("liveness.policy", "none"),
        ("door.name", "two\nlines"), ("door.name", "x" * 1001), ("door.name", "\ud800"), ("door.name", 3),
        ("camera.width", None), ("access.tau", [0.4]),
    ],
)  # fmt: skip
def test_value_of_the_wrong_kind_is_refused(key, value):
    with pytest.raises(SettingsFault, match=key):
        Settings().with_value(key, value)


def test_unknown_key_names_the_nearest():
    with pytest.raises(SettingsFault, match=r"nearest one is access\.cooldown_ms"):
        Settings().with_value("access.cool_down", 1)
    with pytest.raises(SettingsFault, match="nearest one is"):
        Settings()["x"]
    with pytest.raises(SettingsFault, match=r"access\.tau\."):
        Settings({"acces.tau": 1.0})


def test_settings_are_replaced_and_never_edited():
    before = Settings()
    after = before.with_value("access.zone", 0.5)
    assert before.number("access.zone") == 0.8
    assert after.number("access.zone") == 0.5
    assert after.changed() == {"access.zone": 0.5}
    assert before != after
    assert after == Settings({"access.zone": 0.5})
    assert hash(after) == hash(Settings({"access.zone": 0.5}))
    assert set(before) == set(ROWS)


def test_typed_readers_refuse_another_type():
    settings = Settings()
    assert settings.text("door.name") == "Main entrance"
    assert settings.whole("door.pulse_ms") == 4000
    assert settings.number("camera.fps") == 25.0
    assert settings.number_or_none("access.tau") is None
    assert settings.switch("window.mirror") is True
    for reader, key in [
        (settings.text, "camera.fps"),
        (settings.whole, "camera.fps"),
        (settings.number, "access.tau"),
        (settings.number_or_none, "door.name"),
        (settings.number_or_none, "window.mirror"),
        (settings.switch, "door.pulse_ms"),
    ]:
        with pytest.raises(TypeError):
            reader(key)


def test_section_gives_names_without_prefix():
    assert Settings().section("window") == {"theme": "system", "mirror": True}
    with pytest.raises(SettingsFault):
        Settings().section("windows")


def test_password_of_a_camera_address_stays_out_of_repr_and_refusals():
    settings = Settings().with_value("camera.source", "rtsp://user:secret@host/1")
    assert "secret" not in repr(settings)
    assert "camera.source" in repr(settings)
    with pytest.raises(SettingsFault) as refusal:
        settings.with_value("camera.source", "rtsp://user:secret@host/\n1")
    assert "secret" not in str(refusal.value)


def test_row_with_impossible_default_cannot_be_made():
    with pytest.raises(SettingsFault):
        SettingRow("a.b", Kind.NUMBER, 2.0, "Help.", low=0, high=1)


def test_readme_table_has_one_line_a_row():
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(TABLE)
    for row, line in zip(TABLE, lines[2:], strict=True):
        assert line.startswith(f"| `{row.key}` |")
        assert row.help in line
        assert line.count("|") == 6
