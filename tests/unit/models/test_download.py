"""Downloads: resumed, cut off, altered, refused; whatever happens, nothing wrong ever has the file's name."""

import shutil
import urllib.error
import urllib.request

import numpy as np
import pytest

from faceguard.domain.errors import ModelFault
from faceguard.models.download import CHUNK_BYTES, Downloads, Unreachable, open_https

DATA = np.random.default_rng(1).bytes(5 * CHUNK_BYTES + 17)


@pytest.fixture
def downloads(tmp_path, open_local):
    return Downloads(tmp_path / "data" / "downloads", tmp_path / "mirror", open_local)


@pytest.fixture
def fetch(downloads):
    def fetch(file, *, told=None, cancelled=lambda: False):
        return downloads.fetch(file, (told if told is not None else []).append, cancelled)

    return fetch


def part_of(downloads, file):
    return downloads.folder / f"{file.name}.part"


def lying(downloads):
    return sorted(p.name for p in downloads.folder.rglob("*")) if downloads.folder.exists() else []


def test_a_file_is_downloaded_and_its_progress_told(downloads, fetch, offered):
    file, told = offered("net.onnx", DATA), []
    path = fetch(file, told=told)
    assert path.read_bytes() == DATA
    assert path.parent == downloads.folder
    assert (told[0], told[-1]) == (0, len(DATA))
    assert told == sorted(told)
    assert len(told) >= 6
    assert lying(downloads) == ["net.onnx"]


def test_a_file_that_is_there_is_not_downloaded_again(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    assert fetch(file) == fetch(file)
    assert len(server.asked) == 1


def test_a_broken_download_goes_on_where_it_ended(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    server.break_after = 100_000
    with pytest.raises(Unreachable, match=r"broke off after 0\.1 of 0\.3 MB of net\.onnx"):
        fetch(file)
    assert part_of(downloads, file).stat().st_size == 100_000
    assert lying(downloads) == ["net.onnx.part"]
    server.break_after = None
    told = []
    assert fetch(file, told=told).read_bytes() == DATA
    assert server.asked == [("net.onnx", 0), ("net.onnx", 100_000)]
    assert told[0] == 100_000


def test_a_server_that_knows_no_parts_starts_anew(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    downloads.folder.mkdir(parents=True)
    part_of(downloads, file).write_bytes(DATA[:1000])
    server.ignore_range = True
    assert fetch(file).read_bytes() == DATA


def test_a_part_of_another_file_is_thrown_away_and_the_whole_asked_for(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    downloads.folder.mkdir(parents=True)
    part_of(downloads, file).write_bytes(b"x" * 1000)
    assert fetch(file).read_bytes() == DATA
    assert server.asked == [("net.onnx", 1000), ("net.onnx", 0)]


@pytest.mark.parametrize("length", [len(DATA), len(DATA) + 5], ids=["as long", "longer"])
def test_a_part_as_long_as_the_file_or_longer_is_no_end(downloads, fetch, offered, length):
    file = offered("net.onnx", DATA)
    downloads.folder.mkdir(parents=True)
    part_of(downloads, file).write_bytes(b"x" * length)
    assert fetch(file).read_bytes() == DATA


def test_another_part_than_was_asked_for_is_not_appended(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    downloads.folder.mkdir(parents=True)
    part_of(downloads, file).write_bytes(DATA[:1000])
    server.wrong_range = True
    with pytest.raises(Unreachable, match="another part"):
        fetch(file)
    assert part_of(downloads, file).read_bytes() == DATA[:1000]


def test_altered_bytes_are_deleted_and_never_get_the_name(downloads, fetch, offered):
    altered = bytearray(DATA)
    altered[70_000] ^= 1
    file = offered("net.onnx", DATA, served=bytes(altered))
    with pytest.raises(ModelFault, match=r"is not the file net\.onnx that was published"):
        fetch(file)
    assert lying(downloads) == []


@pytest.mark.parametrize("served", [DATA + b"more", DATA[:-9]], ids=["longer", "shorter"])
def test_a_file_of_another_length_is_refused_before_a_byte_is_stored(downloads, fetch, offered, served):
    file = offered("net.onnx", DATA, served=served)
    with pytest.raises(Unreachable, match=f"has {len(served)} bytes, not {len(DATA)}"):
        fetch(file)
    assert lying(downloads) == []


def test_an_endless_answer_is_cut_at_the_files_size(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA, served=DATA + b"more" * 1_000_000)
    server.hide_length = True
    assert fetch(file).read_bytes() == DATA


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_a_refusal_of_the_server_is_said(downloads, fetch, offered, server, status):
    server.status = status
    with pytest.raises(Unreachable, match=rf"does not hand out net\.onnx \(HTTP {status}\)"):
        fetch(offered("net.onnx", DATA))
    assert lying(downloads) == []


def test_without_a_connection_it_is_said_which_host(tmp_path, offered):
    def unplugged(request):
        raise urllib.error.URLError(OSError("Network is unreachable"))

    with pytest.raises(Unreachable, match=r"files\.example cannot be reached"):
        Downloads(tmp_path, None, unplugged).fetch(offered("net.onnx", DATA), print, lambda: False)


def test_cancelling_keeps_the_part(downloads, fetch, offered):
    file, told = offered("net.onnx", DATA), []
    with pytest.raises(ModelFault, match="Cancelled"):
        fetch(file, told=told, cancelled=lambda: bool(told) and told[-1] > 0)
    assert part_of(downloads, file).read_bytes() == DATA[:CHUNK_BYTES]
    assert fetch(file).read_bytes() == DATA


def test_the_mirror_is_tried_first_and_left_as_it_is(downloads, fetch, offered, server):
    file = offered("net.onnx", DATA)
    downloads.mirror.mkdir()
    (downloads.mirror / "net.onnx").write_bytes(DATA)
    assert fetch(file) == downloads.mirror / "net.onnx"
    downloads.forget(file)
    assert (downloads.mirror / "net.onnx").read_bytes() == DATA
    assert server.asked == []
    assert lying(downloads) == []


@pytest.mark.parametrize("where", ["mirror", "folder"])
def test_a_wrong_copy_is_named_and_not_used(downloads, fetch, offered, server, where):
    file, folder = offered("net.onnx", DATA), getattr(downloads, where)
    folder.mkdir(parents=True)
    (folder / "net.onnx").write_bytes(DATA[:-1] + b"\0")
    with pytest.raises(ModelFault, match="is not the one that was published") as caught:
        fetch(file)
    assert file.sha256 in caught.value.sentence
    assert str(folder) in caught.value.sentence
    assert server.asked == []


def test_a_full_disk_is_said_before_the_download(downloads, fetch, offered, server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(ModelFault, match=r"There is no room for net\.onnx"):
        fetch(offered("net.onnx", DATA))
    assert server.asked == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path, fetch, offered):
    (tmp_path / "data").write_text("a file where the data folder should be")
    with pytest.raises(ModelFault, match="cannot be stored"):
        fetch(offered("net.onnx", DATA))


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/net.onnx", "file:///etc/hostname", "ftp://127.0.0.1/net.onnx"])
def test_only_https_is_opened(address):
    with pytest.raises(urllib.error.URLError, match="not https"):
        open_https(urllib.request.Request(address))


def test_a_redirection_away_from_https_is_not_followed(server, monkeypatch):
    import faceguard.models.download as download

    server.redirect = f"{server.address}/elsewhere"
    server.files["elsewhere"] = DATA
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), download._HttpsOnly)
    with pytest.raises(urllib.error.URLError, match="not https"):
        opener.open(f"{server.address}/net.onnx", timeout=5)
    assert [name for name, _ in server.asked] == ["net.onnx"]
