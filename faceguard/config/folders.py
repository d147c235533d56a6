"""Where everything that the program keeps lies: one folder, the owner's only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from faceguard.domain.errors import SettingsFault

FOLDER_VARIABLE: Final = "FACEGUARD_HOME"
SETTINGS_FILE: Final = "settings.toml"
DATABASE_FILE: Final = "faceguard.db"


def data_folder(override: Path | str | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """The data folder, made with mode 0700 where it does not exist yet.

    The first of: ``override`` (``--data-dir``), ``FACEGUARD_HOME``, the platform's own place for user data.

    Raises:
        SettingsFault: it is no folder, or nothing can be written into it.
    """
    chosen = override or environment.get(FOLDER_VARIABLE) or platformdirs.user_data_path("faceguard", appauthor=False)
    folder = Path(chosen).expanduser().absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        # Asking for permission proves nothing on network and read-only file systems; writing does.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise SettingsFault(f"The data folder {folder} is a file, not a folder.") from error
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsFault(
            f"The data folder {folder} cannot be used: {why}. Choose another one with --data-dir or {FOLDER_VARIABLE}."
        ) from error
    return folder
