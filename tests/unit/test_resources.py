"""The bundled files are found in a checkout, in a wheel and in a frozen build."""

import sys

from faceguard import resources


def test_checkout_has_them_at_its_top(project):
    assert resources.bundled("models") == project / "models"


def test_wheel_has_them_inside_the_package(monkeypatch, tmp_path):
    package = tmp_path / "site-packages" / "faceguard"
    inside = package / "_bundled" / "models"
    inside.mkdir(parents=True)
    (tmp_path / "site-packages" / "models").mkdir()  # of somebody else
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    assert resources.bundled("models") == inside


def test_frozen_build_has_them_where_it_was_unpacked(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.bundled("models") == tmp_path / "models"
