"""Where the data lies."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from faceguard.config.folders import data_folder
from faceguard.domain.errors import SettingsFault


def test_option_comes_before_variable_before_platform(tmp_path, monkeypatch):
    environment = {"FACEGUARD_HOME": str(tmp_path / "variable")}
    assert data_folder(tmp_path / "option", environment) == tmp_path / "option"
    assert data_folder(None, environment) == tmp_path / "variable"
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "platform")
    assert data_folder(None, {}) == tmp_path / "platform"


def test_new_folder_is_private_and_empty(tmp_path):
    folder = data_folder(str(tmp_path / "deep" / "data"), {})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == []
    assert data_folder(folder, {}) == folder


def test_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "data").write_text("x")
    with pytest.raises(SettingsFault, match="is a file"):
        data_folder(tmp_path / "data", {})
    with pytest.raises(SettingsFault, match=r"cannot be used|is a file"):
        data_folder(tmp_path / "data" / "below", {})


def test_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(SettingsFault, match="cannot be used: Permission denied"):
        data_folder(tmp_path, {})


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_read_only_file_system_is_refused():
    with pytest.raises(SettingsFault, match="cannot be used"):
        data_folder("/proc/faceguard", {})
