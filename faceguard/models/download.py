"""Brings pinned files to this machine: from a folder, or over https, and never another file than the pinned one."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, Protocol
from urllib.parse import urlsplit

from faceguard import __version__
from faceguard.domain.errors import ModelFault
from faceguard.models.packs import PackFile, PinnedFile

MIRROR_VARIABLE: Final = "FACEGUARD_MODEL_MIRROR"
TIMEOUT_S: Final = 20.0
"""Without a byte for so long a download breaks off."""
CHUNK_BYTES: Final = 1 << 16
SPARE_BYTES: Final = 64 << 20
"""Of the disk, left free for the door's own data."""
PART: Final = ".part"
"""Ending of a file that is not whole yet."""

Progress = Callable[[int], None]
"""Told how many bytes of the file are there."""


class Response(Protocol):
    """What is read of an answer: ``http.client.HTTPResponse``."""

    status: int
    headers: Any

    def read(self, amount: int, /) -> bytes:
        """At most so many bytes; fewer only at the end."""

    def close(self) -> None:
        """Let the connection go."""


OpenUrl = Callable[[urllib.request.Request], Response]


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to an address that anybody on the way could read or change."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The next request, if it is https too."""
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("the server sends us to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_https(request: urllib.request.Request) -> Response:
    """Opens an address, https on the whole way.

    Raises:
        OSError: as ``urllib`` does; ``URLError`` for an address that is not https.
    """
    if request.type != "https":
        raise urllib.error.URLError("the address is not https")
    answer: Response = urllib.request.build_opener(_HttpsOnly).open(request, timeout=TIMEOUT_S)
    return answer


class Unreachable(ModelFault):
    """A file could not be downloaded; it can be copied by hand."""


class Downloads:
    """Where downloaded files lie until they are installed.

    Args:
        folder: inside the data folder; need not exist yet. A file that somebody copied here is taken as it is.
        mirror: a folder that is looked into before anything is downloaded; None for none.
        open_url: opens an address.
    """

    def __init__(self, folder: Path, mirror: Path | None = None, open_url: OpenUrl = open_https) -> None:
        self.folder = folder
        self.mirror = mirror
        self._open_url = open_url

    def here(self, file: PinnedFile) -> Path | None:
        """Where a file of this name lies already, None when it has to be downloaded."""
        places = [self.folder / file.name] + ([] if self.mirror is None else [self.mirror / file.name])
        return next((place for place in places if place.is_file()), None)

    def fetch(self, file: PackFile, progress: Progress, cancelled: Callable[[], bool]) -> Path:
        """The file, downloaded if need be; what is there of an earlier attempt is not downloaded again.

        1. In the folder, then in the mirror, a file of this name must be the pinned one.
        2. Else the missing bytes are asked for and appended to ``NAME.part``.
        3. When size and SHA-256 are the pinned ones, the file gets its name; else the part is deleted.

        Args:
            file: which.
            progress: told again and again.
            cancelled: asked again and again; the part is kept.

        Returns:
            The file's place; its bytes were compared.

        Raises:
            Unreachable: the server cannot be reached, has no such file, or broke off.
            ModelFault: the file is another one, it was cancelled, or the disk is full.
        """
        found = self.here(file)
        if found is not None:
            try:
                size, digest = found.stat().st_size, _digest(found, cancelled)
            except OSError as error:
                raise ModelFault(f"The file {found} cannot be read.", str(error)) from error
            if (size, digest) != (file.size_bytes, file.sha256):
                raise ModelFault(
                    f"The file {found} is not the one that was published: its SHA-256 should be {file.sha256}. "
                    "Delete it or put the right one in its place.",
                    f"{size} bytes, SHA-256 {digest}",
                )
            progress(file.size_bytes)
            return found
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._download(file, progress, cancelled)
        except OSError as error:
            raise ModelFault(f"The file {file.name} cannot be stored in {self.folder}.", str(error)) from error

    def forget(self, file: PinnedFile) -> None:
        """The file is not needed any more; the mirror keeps its own."""
        for name in (file.name, file.name + PART):
            (self.folder / name).unlink(missing_ok=True)

    def _download(self, file: PackFile, progress: Progress, cancelled: Callable[[], bool]) -> Path:
        part, whole = self.folder / (file.name + PART), self.folder / file.name
        resumed = part.exists() and part.stat().st_size > 0
        self._complete(file, part, progress, cancelled)
        digest = _digest(part, cancelled)
        if digest != file.sha256 and resumed:  # the first bytes may have been of another file
            part.unlink()
            self._complete(file, part, progress, cancelled)
            digest = _digest(part, cancelled)
        if digest != file.sha256:
            part.unlink()
            raise ModelFault(
                f"What {urlsplit(file.address).hostname} sent is not the file {file.name} that was published: "
                "it was deleted. Try again later.",
                f"SHA-256 {digest}, expected {file.sha256}",
            )
        part.replace(whole)
        return whole

    def _complete(self, file: PackFile, part: Path, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Appends what is missing until the part has the file's size."""
        have = part.stat().st_size if part.exists() else 0
        if have > file.size_bytes:
            part.unlink()
            have = 0
        progress(have)
        if have == file.size_bytes:
            return
        free = shutil.disk_usage(self.folder).free
        if free < file.size_bytes - have + SPARE_BYTES:
            raise ModelFault(f"There is no room for {file.name} ({file.size_bytes / 1e6:.1f} MB) in {self.folder}.")
        answer, begin = self._ask(file, have)
        try:
            with part.open("r+b" if begin else "wb") as out:
                out.seek(begin)
                self._copy(file, answer, out, begin, progress, cancelled)
        finally:
            answer.close()

    def _ask(self, file: PackFile, have: int) -> tuple[Response, int]:
        """The server's answer, and the byte it begins with: a server may ignore that only a part is wanted."""
        host = urlsplit(file.address).hostname
        headers = {"User-Agent": f"faceguard/{__version__}", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        try:
            answer = self._open_url(urllib.request.Request(file.address, headers=headers))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                    return self._ask(file, 0)
            raise Unreachable(f"{host} does not hand out {file.name} (HTTP {error.code}).") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{host} cannot be reached.", str(error)) from error
        begin = 0
        if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
            begin = have
            if not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
                answer.close()
                raise Unreachable(f"{host} sends another part of {file.name} than was asked for.")
        length = str(answer.headers.get("Content-Length", ""))
        if length.isdecimal() and begin + int(length) != file.size_bytes:
            answer.close()
            raise Unreachable(
                f"What {host} offers as {file.name} has {begin + int(length)} bytes, not {file.size_bytes}."
            )
        return answer, begin

    def _copy(
        self,
        file: PackFile,
        answer: Response,
        out: IO[bytes],
        done: int,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        host = urlsplit(file.address).hostname
        while done < file.size_bytes:
            require_going_on(cancelled)
            try:
                chunk = answer.read(min(CHUNK_BYTES, file.size_bytes - done))
            except (OSError, http.client.HTTPException) as error:
                raise _broken(host, file, done) from error
            if not chunk:
                raise _broken(host, file, done)
            out.write(chunk)
            done += len(chunk)
            progress(done)
        out.truncate()


def require_going_on(cancelled: Callable[[], bool]) -> None:
    """Raises ``ModelFault`` once somebody has cancelled."""
    if cancelled():
        raise ModelFault("Cancelled. What was downloaded so far is kept for the next time.")


def _broken(host: str | None, file: PackFile, done: int) -> Unreachable:
    return Unreachable(
        f"The connection to {host} broke off after {done / 1e6:.1f} of {file.size_bytes / 1e6:.1f} MB of {file.name}; "
        "the next attempt goes on from there."
    )


def _digest(path: Path, cancelled: Callable[[], bool]) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as data:
        while chunk := data.read(1 << 20):
            require_going_on(cancelled)
            hashed.update(chunk)
    return hashed.hexdigest()
