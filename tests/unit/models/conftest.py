"""A server on this machine that hands out files, whole or in part, and misbehaves on demand."""

import hashlib
import re
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from faceguard.models.packs import PackFile


class Server(ThreadingHTTPServer):
    """``files`` by name; what it was asked is in ``asked`` as (name, first byte wanted).

    Attributes:
        break_after: send so many bytes of an answer, then hang up.
        ignore_range: answer with the whole file whatever was asked for.
        wrong_range: announce another part than was asked for.
        hide_length: do not say how long the answer is.
        status: answer every request with this instead.
        redirect: send everybody there.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []
        self.break_after = self.status = self.redirect = None
        self.ignore_range = self.wrong_range = self.hide_length = False

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, name = self.server, self.path.rpartition("/")[2]
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted else 0
        server.asked.append((name, begin))
        if server.redirect is not None:
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        data = server.files.get(name)
        if server.status or data is None:
            self.send_error(server.status or 404)
            return
        if wanted and begin >= len(data) and not server.ignore_range:
            self.send_error(416)
            return
        if server.ignore_range:
            begin = 0
        self.send_response(206 if begin else 200)
        if begin:
            shown = begin + 1 if server.wrong_range else begin
            self.send_header("Content-Range", f"bytes {shown}-{len(data) - 1}/{len(data)}")
        if not server.hide_length:
            self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        end = len(data) if server.break_after is None else begin + server.break_after
        self.wfile.write(data[begin:end])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_local(server):
    """Opens the https addresses of a pack at the local server, with neither TLS nor proxies."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def open_url(request):
        assert request.full_url.startswith("https://files.example/")
        request.full_url = request.full_url.replace("https://files.example", server.address)
        return opener.open(request, timeout=5)

    return open_url


@pytest.fixture
def offered(server):
    """Puts a file onto the server; gives what a pack says about it."""

    def offer(name, data, *, served=None):
        server.files[name] = data if served is None else served
        return PackFile(name, hashlib.sha256(data).hexdigest(), len(data), f"https://files.example/{name}")

    return offer
