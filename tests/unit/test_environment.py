"""What stands before the native libraries are loaded, shown in fresh interpreters."""

import os
import subprocess
import sys

import pytest


def in_fresh_interpreter(code, home, project, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "OPENBLAS", "OMP_", "QT_", "XDG_"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split("\n")[:-1]


@pytest.mark.parametrize("asked", [None, "0"])
def test_loading_a_network_leaves_no_telemetry_file_in_an_empty_home(asked, tmp_path, project):
    code = f"""
from pathlib import Path
from faceguard.models.catalogue import Catalogue
from faceguard.pipeline.known_answer import open_checked
open_checked(*Catalogue(Path({str(project / "models")!r}), Path("none")).resolve("detector_s"))
"""
    in_fresh_interpreter(code, tmp_path, project, **({} if asked is None else {"ORT_DISABLE_TELEMETRY": asked}))
    assert list(tmp_path.rglob("*")) == []


def test_any_module_of_the_program_sets_the_environment_first(tmp_path, project):
    code = """
import os, sys, faceguard
print(os.environ["ORT_DISABLE_TELEMETRY"], os.environ["OPENBLAS_NUM_THREADS"], os.environ["OPENCV_LOG_LEVEL"])
print(sorted({"numpy", "cv2", "onnxruntime", "PySide6"} & set(sys.modules)))
"""
    assert in_fresh_interpreter(code, tmp_path, project) == ["1 1 SILENT", "[]"]


def test_threads_that_the_caller_chose_stay(tmp_path, project):
    code = "import faceguard, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert in_fresh_interpreter(code, tmp_path, project, OPENBLAS_NUM_THREADS="4") == ["4"]


@pytest.mark.parametrize("own", [None, "/usr/lib/qt6/plugins"])
def test_opencv_leaves_no_qt_variables_behind(own, tmp_path, project):
    code = """
import os
from faceguard import environment
import cv2
environment.forget_opencv_qt()
print(os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"), os.environ.get("QT_QPA_FONTDIR"))
"""
    variables = {} if own is None else {"QT_QPA_PLATFORM_PLUGIN_PATH": own}
    assert in_fresh_interpreter(code, tmp_path, project, **variables) == [f"{own} None"]


def test_libraries_that_only_an_installation_needs_stay_unimported(tmp_path, project):
    code = f"""
import sys
from pathlib import Path
from faceguard.compose import House
house = House(Path({str(tmp_path)!r}))
assert house.shelf.packs()
print(sorted({{"onnx", "insightface", "torch", "requests"}} & set(sys.modules)))
"""
    assert in_fresh_interpreter(code, tmp_path, project) == ["[]"]
