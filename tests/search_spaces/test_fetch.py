import dataclasses
import errno
import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import ecnas_writer as w
import numpy as np
import pytest
from bad_server import DATE, BadServer, Fault, Tunnel

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces import fetch as fetching
from fairwatt.search_spaces import sources, stamp
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.download import FetchError, Patience, RemoteFile, download
from fairwatt.search_spaces.fetch import addresses, fetch
from fairwatt.search_spaces.table import open_table

SIZE = 60_000
CONTENT = np.random.default_rng(0).bytes(SIZE)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 60000\n"
PAGE = b"<!DOCTYPE html><html>" + b"sign in " * 10_000
EMBEDDED = sources.EMBEDDED
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FAIRWATT_MIRROR", "REQUESTS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _nothing_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path / "embedded")


@pytest.fixture
def server() -> Iterator[BadServer]:
    with BadServer({"/file": CONTENT, "/mirror": CONTENT}) as server:
        yield server


class Client:
    """A download that notes what it is told, and looks whether the final name is absent or exact at every moment."""

    def __init__(self, path: Path, server: BadServer, *urls: str, read_seconds: float = 20.0) -> None:
        urls = urls or (server.url("/file"),)
        self.wanted = RemoteFile(path, SIZE, hashlib.sha256(CONTENT).hexdigest(), urls)
        self.part = path.with_name(f"{path.name}.part")
        self.lines, self.waits, self.seen = list[str](), list[float](), list[int]()
        self.patience = Patience(20.0, read_seconds, sleep=self.waits.append)
        server.watch = self.look

    def look(self) -> None:
        assert not self.wanted.path.exists() or self.wanted.path.read_bytes() == CONTENT

    def note(self, done: int, size: int) -> None:
        self.look()
        assert size == SIZE
        self.seen.append(done)

    def run(self) -> None:
        try:
            assert download(self.wanted, self.note, self.lines.append, self.patience) == self.wanted.path
            assert self.wanted.path.read_bytes() == CONTENT
            assert not self.part.exists()
            assert not self.part.with_name(f"{self.part.name}.json").exists()
        except FetchError:
            assert not self.wanted.path.exists()
            raise


def asked(server: BadServer) -> list[tuple[str | None, int]]:
    return [(request.range, request.status) for request in server.requests]


def test_what_is_here_is_not_asked_for_again(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "new/f", server)
    client.run()
    assert (client.seen[0], client.seen[-1]) == (0, SIZE)
    assert client.seen == sorted(client.seen)
    client.run()
    assert asked(server) == [(None, 200)]
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert server.requests[0].headers["user-agent"].startswith("fairwatt/")
    assert (client.lines, client.waits) == ([], [])


def test_a_damaged_file_is_fetched_again(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    client.wanted.path.write_bytes(CONTENT[:-1] + b"?")
    client.run()
    assert asked(server) == [(None, 200)]


@pytest.mark.slow
def test_cut_at_a_hundred_places_and_resumed(tmp_path: Path, server: BadServer) -> None:
    places = np.random.default_rng(1).integers(0, SIZE, size=100).tolist()
    for number, place in enumerate(places):
        client = Client(tmp_path / str(number) / "f", server)
        server.faults, server.requests = [Fault(cut=place)], []
        client.run()
        first = 0 if place < 1024 else place  # the first 1,024 bytes are judged before any is kept
        assert asked(server) == [(None, 200), (f"bytes={first}-", 206) if first else (None, 200)]
        assert client.waits == [1]


def test_cut_many_times_in_one_download(tmp_path: Path, server: BadServer) -> None:
    """Each piece is added to the earlier ones, under the mark of the version; patience is renewed by progress."""
    client, sizes = Client(tmp_path / "f", server), np.random.default_rng(2).integers(2_000, 4_000, size=12).tolist()
    server.faults = [Fault(cut=size, chunked=size % 2 == 0) for size in sizes]
    client.run()
    starts = np.cumsum(sizes).tolist()
    assert asked(server) == [(None, 200), *((f"bytes={start}-", 206) for start in starts)]
    assert {request.headers.get("if-range") for request in server.requests[1:]} == {'"one"'}
    assert client.waits == [1] * 12


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    server.faults = [Fault(cut=20_000), *[Fault(status=503)] * 4]
    with pytest.raises(FetchError) as error:
        client.run()
    assert str(error.value) == (
        f"f could not be fetched: 127.0.0.1:{server.port} answers 503 Service Unavailable (5 times); 20,000 bytes are "
        f"kept for the next time; try again later, or get it elsewhere (60,000 bytes, sha256 {client.wanted.sha256}) "
        "and type: fairwatt data import f"
    )
    assert client.waits == [1, 2, 4, 8]
    server.requests = []
    client.run()
    assert asked(server) == [("bytes=20000-", 206)]


CHANGED = Fault(headers={"Content-Range": f"bytes 19999-{SIZE - 1}/{SIZE}"})


@pytest.mark.parametrize(
    ("faults", "statuses", "waits"),
    [
        ([Fault(cut=20_000), Fault(ignore_range=True)], [200, 200], [1]),
        ([Fault(cut=20_000), CHANGED], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(headers={"Content-Range": None})], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(headers={"Content-Range": f"bytes 20000-29999/{SIZE}"})], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(headers={"ETag": '"two"'})], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(body=CONTENT[:15_000])], [200, 416, 200], [1]),
        ([Fault(cut=20_000), Fault(longer=9)], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(corrupt=5)], [200, 206, 200], [1]),
        ([Fault(corrupt=5, cut=20_000)], [200, 206, 200], [1]),
        ([Fault(cut=20_000), Fault(body=PAGE, ignore_range=True, status=500)], [200, 500, 206], [1, 2]),
        ([Fault(status=500)], [500, 200], [1]),
        ([Fault(status=503, headers={"Retry-After": "7"})], [503, 200], [7]),
        ([Fault(status=429, headers={"Retry-After": "0"})], [429, 200], []),
        ([Fault(status=429, headers={"Retry-After": "soon"})], [429, 200], [1]),
        (
            [Fault(status=429, headers={"Date": DATE, "Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT"})],
            [429, 200],
            [30],
        ),
        ([Fault(status=429), Fault(status=502), Fault(cut=0)], [429, 502, 200, 200], [1, 2, 4]),
        ([Fault(headers={"Content-Length": None})], [200], []),
        ([Fault(headers={"Content-Length": None}, cut=20_000)], [200, 206], [1]),
        ([Fault(cut=20_000), Fault(headers={"Content-Length": str(SIZE)})], [200, 206], [1]),
        ([Fault(raw=b"")], [0, 200], [1]),
    ],
)
def test_faults_that_are_overcome(
    tmp_path: Path, server: BadServer, faults: list[Fault], statuses: list[int], waits: list[float]
) -> None:
    client = Client(tmp_path / "f", server)
    server.faults = faults
    client.run()
    assert [request.status for request in server.requests] == statuses
    assert client.waits == waits


@pytest.mark.parametrize("etag", ['"two"', 'W/"one"', None])
def test_a_file_that_changed_meanwhile_is_never_glued(tmp_path: Path, server: BadServer, etag: str | None) -> None:
    client = Client(tmp_path / "f", server)
    server.faults = [Fault(body=bytes(SIZE), cut=20_000)]
    server.etag = '"one"' if etag == '"two"' else etag
    server.modified = None if etag is None else DATE

    def change() -> None:
        server.etag = etag

    client.patience = dataclasses.replace(client.patience, sleep=lambda seconds: change())
    client.run()
    assert [request.status for request in server.requests] == [200, 200]
    assert all(not request.headers.get("if-range", "").startswith("W/") for request in server.requests)


def test_the_date_will_do_where_there_is_no_etag(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    server.etag, server.faults = None, [Fault(cut=20_000)]
    client.run()
    assert server.requests[1].headers["if-range"] == DATE
    assert asked(server) == [(None, 200), ("bytes=20000-", 206)]


def test_a_stall_is_waited_out_once_and_resumed(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server, read_seconds=0.3)
    server.faults = [Fault(stall=20_000)]
    client.run()
    assert asked(server)[1] == ("bytes=20000-", 206)
    assert client.lines[0] == f"127.0.0.1:{server.port} sends nothing for 0.3 s; trying again in 1 s"


REDIRECTED = {"Location": "/file"}
REFUSED = {
    "answers 404 Not Found": Fault(status=404),
    "answers 410 Gone": Fault(status=410),
    "answers 403 Forbidden": Fault(status=403),
    "answers 204 No Content": Fault(status=204, body=b""),
    "sends a part, though the whole was asked for": Fault(status=206),
    "a Git LFS pointer, not the data; fetch the file that it stands for: 60000 bytes, sha256 aaaa": Fault(body=POINTER),
    "a web page (HTML), not the data": Fault(body=PAGE),
    "sends a web page (HTML)": Fault(body=PAGE[:SIZE]),
    "sends a file of 59,999 bytes, not of 60,000": Fault(body=CONTENT[:-1]),
    "sends a file of 60,001 bytes, not of 60,000": Fault(headers={"Content-Length": str(SIZE + 1)}),
    "sends more than 60,000 bytes": Fault(longer=1, chunked=True),
    "sends a file of the right size and another sha256": Fault(corrupt=777),
    "in the encoding 'gzip', though none was asked for": Fault(headers={"Content-Encoding": "gzip"}),
    "asks to wait for 3,600 s": Fault(status=429, headers={"Retry-After": "3600"}),
    "redirects to example.org without https": Fault(status=302, headers={"Location": "http://example.org/file"}),
    "redirects to an address without a host without https": Fault(status=302, headers={"Location": "file:///f"}),
    "cannot be asked: Invalid IPv6 URL": Fault(status=302, headers={"Location": "http://[bad"}),
    "cannot be asked: ": Fault(status=302, headers={"Location": f"https://{'a' * 70}.com/file"}),
}


@pytest.mark.parametrize(("reason", "fault"), REFUSED.items(), ids=REFUSED)
def test_faults_that_lead_to_the_next_mirror(tmp_path: Path, server: BadServer, reason: str, fault: Fault) -> None:
    client = Client(tmp_path / "f", server, server.url("/file"), server.url("/mirror"))
    server.faults = [fault]
    client.run()
    assert [request.path for request in server.requests] == ["/file", "/mirror"]
    assert reason in client.lines[-1]
    assert client.waits == []
    alone = Client(tmp_path / "g", server)
    server.faults = [fault]
    with pytest.raises(FetchError, match=r"^g could not be fetched: ") as error:
        alone.run()
    assert reason in str(error.value)
    assert f"(60,000 bytes, sha256 {client.wanted.sha256})" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_page_of_the_network_does_not_cost_what_is_here(tmp_path: Path, server: BadServer) -> None:
    """A sign-in page in place of the file, in the middle of a download: the part is kept, and is of use."""
    client = Client(tmp_path / "f", server)
    server.faults = [Fault(cut=30_000), Fault(body=PAGE, ignore_range=True)]
    with pytest.raises(FetchError, match=r"a web page \(HTML\).*30,000 bytes are kept for the next time"):
        client.run()
    client.run()
    assert asked(server)[-1] == ("bytes=30000-", 206)


def test_the_address_that_has_begun_is_asked_first(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server, server.url("/file"), server.url("/mirror"))
    server.faults = [Fault(status=404), Fault(cut=20_000), *[Fault(status=500)] * 4]
    with pytest.raises(FetchError):
        client.run()
    server.requests = []
    client.run()
    assert [(request.path, request.range) for request in server.requests] == [("/mirror", "bytes=20000-")]
    server.requests, server.faults = [], [Fault(cut=20_000), *[Fault(status=500)] * 4]
    other = Client(tmp_path / "g", server, server.url("/file"), server.url("/mirror"))
    other.run()  # bytes of one address are not completed by another's
    assert [(request.path, request.range) for request in server.requests][-1] == ("/mirror", None)


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"url": 1}', b"\xff", b"null"])
def test_a_part_of_unknown_origin_is_begun_again(tmp_path: Path, server: BadServer, note: bytes) -> None:
    client = Client(tmp_path / "f", server)
    client.part.write_bytes(bytes(20_000))
    client.part.with_name("f.part.json").write_bytes(note)
    client.run()
    assert asked(server) == [(None, 200)]


def test_a_part_that_was_whole_is_only_renamed(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    client.part.write_bytes(CONTENT)
    client.run()
    assert asked(server) == []
    longer = Client(tmp_path / "g", server)
    longer.part.write_bytes(CONTENT + b"?")
    note = {"url": server.url("/file"), "mark": '"one"'}
    longer.part.with_name("g.part.json").write_text(json.dumps(note), encoding="utf-8")
    longer.run()
    assert asked(server) == [(None, 200)]


def test_redirects_are_followed_with_the_range(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server, server.url("/mirror"))
    away = Fault(status=302, headers=REDIRECTED)
    server.faults = [away, Fault(cut=20_000), away]
    client.run()
    assert [(request.path, request.range) for request in server.requests] == [
        ("/mirror", None),
        ("/file", None),
        ("/mirror", "bytes=20000-"),
        ("/file", "bytes=20000-"),
    ]
    round_about = Client(tmp_path / "g", server)
    server.faults = [away] * 30
    with pytest.raises(FetchError, match=r"redirects more than 10 times"):
        round_about.run()


@pytest.mark.slow
def test_never_a_wrong_byte_whatever_the_faults(tmp_path: Path, server: BadServer) -> None:
    rng = np.random.default_rng(3)
    kinds = [
        lambda: Fault(cut=int(rng.integers(SIZE))),
        lambda: Fault(cut=int(rng.integers(SIZE)), chunked=True),
        lambda: Fault(corrupt=int(rng.integers(SIZE)), cut=int(rng.integers(SIZE))),
        lambda: Fault(corrupt=int(rng.integers(SIZE))),
        lambda: Fault(ignore_range=True, cut=int(rng.integers(SIZE))),
        lambda: Fault(longer=int(rng.integers(3)), chunked=True),
        lambda: Fault(body=bytes(SIZE), cut=int(rng.integers(SIZE)), headers={"ETag": '"other"'}),
        lambda: Fault(headers={"Content-Range": f"bytes {rng.integers(SIZE)}-{SIZE - 1}/{SIZE}"}),
        lambda: Fault(status=int(rng.choice([404, 429, 500]))),
        lambda: Fault(body=POINTER),
        Fault,
    ]
    fetched = 0
    for number in range(100):
        client = Client(tmp_path / str(number) / "f", server, server.url("/file"), server.url("/mirror"))
        server.faults = [kinds[kind]() for kind in rng.integers(len(kinds), size=rng.integers(1, 12))]
        try:
            client.run()
            fetched += 1
        except FetchError:
            server.faults = []
            client.run()
    assert 50 < fetched < 100


CHILD = """
import resource, sys
from pathlib import Path
from fairwatt.search_spaces.download import FetchError, RemoteFile, download
path, url, size, sha256, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    download(RemoteFile(Path(path), int(size), sha256, [url]), lambda done, size: print(done, flush=True))
except FetchError as error:
    print(error)
"""


def child(client: Client, limit: int = 0) -> "subprocess.Popen[str]":
    arguments = (client.wanted.path, client.wanted.urls[0], SIZE, client.wanted.sha256, limit)
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_killed_and_started_again(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    for place in (15_000, 35_000, 50_000):
        here = client.part.stat().st_size if client.part.exists() else 0
        server.faults = [Fault(stall=place - here)]
        with child(client) as process:
            assert process.stdout
            while (line := process.stdout.readline()) and int(line) < place:
                pass
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not client.wanted.path.exists()
        assert client.part.stat().st_size <= place
    server.faults = []
    client.run()
    assert [request.status for request in server.requests] == [200, 206, 206, 206]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_is_said_and_the_part_is_kept(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    with child(client, limit=20_000) as process:
        out, _ = process.communicate()
    assert out.splitlines()[-1] == (
        f"{client.wanted.path}: cannot be written: {os.strerror(errno.EFBIG)}; what arrived is kept: make room for "
        "60,000 bytes, or set FAIRWATT_CACHE to another folder, and try again"
    )
    assert client.part.read_bytes() == CONTENT[:20_000]
    client.run()
    assert asked(server)[-1] == ("bytes=20000-", 206)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_no_space_left(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server)
    client.part.symlink_to("/dev/full")
    with pytest.raises(FetchError, match=r"No space left on device; what arrived is kept: make room for 60,000 bytes"):
        client.run()


def test_a_folder_that_cannot_be(tmp_path: Path, server: BadServer) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchError, match=r"file: cannot be written: .*make it writable, or set FAIRWATT_CACHE"):
        Client(tmp_path / "file/f", server).run()


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
def test_a_second_process_is_kept_away(tmp_path: Path, server: BadServer) -> None:
    first, refused = Client(tmp_path / "f", server), list[str]()

    def second(done: int, size: int) -> None:
        with pytest.raises(FetchError) as error:
            download(first.wanted)
        refused.append(str(error.value))

    download(first.wanted, second)
    assert set(refused) == {"f is being fetched by another process; wait for it, or stop it"}
    first.run()
    assert asked(server) == [(None, 200)]


def test_only_https_and_this_machine_are_asked(tmp_path: Path, server: BadServer) -> None:
    for url in ("http://example.org/f", "ftp://localhost/f", "file:///f", "f", "http://[", "http://localhost@a.org/f"):
        with pytest.raises(FetchError, match=r"expected an address that begins with https://"):
            Client(tmp_path / "f", server, url).run()
    with pytest.raises(FetchError, match=r"^'https?://example.org/f': expected") as error:
        Client(tmp_path / "f", server, "http://user:secret@example.org/f").run()
    assert "secret" not in str(error.value)


def test_nobody_answers(tmp_path: Path, server: BadServer) -> None:
    with BadServer({}) as gone:
        url = gone.url("/f")
    with pytest.raises(
        FetchError, match=rf"127.0.0.1:{gone.port} gives no answer: Connection refused \(5 times\); try"
    ):
        Client(tmp_path / "f", server, url).run()


def test_a_server_cannot_write_on_the_terminal(tmp_path: Path, server: BadServer) -> None:
    server.faults = [Fault(raw=b"\x1b[2Jno http\r\n\r\n")] * 5
    with pytest.raises(FetchError, match=r"gives no answer: .*no http") as error:
        Client(tmp_path / "f", server).run()
    assert str(error.value).isprintable()


def test_a_name_that_is_not_found_is_not_waited_for(
    tmp_path: Path, server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    client = Client(tmp_path / "f", server, "https://nobody.invalid/f")
    with pytest.raises(FetchError, match=r"nobody.invalid is not found: "):
        client.run()
    assert client.waits == []


def test_a_password_is_written_nowhere(tmp_path: Path, server: BadServer) -> None:
    client = Client(tmp_path / "f", server, server.url("/file").replace("//", "//me:secret@"))
    server.faults = [Fault(cut=20_000), Fault(status=404)]
    with pytest.raises(FetchError) as error:
        client.run()
    note = client.part.with_name("f.part.json").read_text(encoding="utf-8")
    assert "secret" not in " ".join([note, str(error.value), *client.lines])
    client.run()
    assert asked(server)[-1] == ("bytes=20000-", 206)


def test_the_proxy_of_the_environment_is_used(
    tmp_path: Path, server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(tmp_path / "f", server, "http://localhost:9/far")
    server.files["http://localhost:9/far"] = CONTENT
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    client.run()
    assert [request.path for request in server.requests] == ["http://localhost:9/far"]
    monkeypatch.setenv("HTTPS_PROXY", server.url(""))
    with pytest.raises(FetchError, match=r"is not reached through the proxy of the environment: .*501"):
        Client(tmp_path / "g", server, "https://localhost:9/far").run()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for 127.0.0.1 that nobody has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run([openssl, *command.split(), *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[BadServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with BadServer({"/file": CONTENT}, context) as server:
        yield server


def test_https_through_a_proxy_and_never_less(
    tmp_path: Path, server: BadServer, secure: BadServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        FetchError, match=r"has a certificate that is not accepted: self-signed certificate; try again later"
    ):
        Client(tmp_path / "f", secure).run()
    assert secure.requests == []
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Tunnel() as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        secure.faults = [Fault(cut=20_000)]
        Client(tmp_path / "f", secure).run()
        assert tunnel.targets == [f"127.0.0.1:{secure.port}"] * 2
    monkeypatch.delenv("HTTPS_PROXY")
    secure.faults = [Fault(status=302, headers={"Location": server.url("/file")})]
    with pytest.raises(FetchError, match=rf"redirects to 127.0.0.1:{server.port} without https"):
        Client(tmp_path / "g", secure).run()
    assert asked(server) == []


@pytest.fixture
def published(tmp_path: Path, server: BadServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a table in the catalogue whose file is small, and on the server."""
    content = w.write(tmp_path / "published", w.payload(), w.payload(epochs=12)).read_bytes()
    source = dataclasses.replace(
        SOURCES["ec-nas-7v"],
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=2,
        urls=(server.url("/nothing"), server.url("/published")),
    )
    monkeypatch.setitem(SOURCES, source.name, source)
    server.files["/published"] = content
    return source.name


def test_a_table_is_fetched_once(published: str, server: BadServer, tmp_path: Path) -> None:
    lines, bars, rows = list[str](), list[tuple[int, int]](), list[tuple[int, int]]()
    path = fetch(published, lambda *at: bars.append(at), import_progress=lambda *at: rows.append(at), say=lines.append)
    assert path == tmp_path / "cache/ec-nas-7v.arrow"
    assert open_table(path).rows == 2
    size = SOURCES[published].bytes
    assert bars[-1] == rows[-1] == (size, size)
    assert lines == [f"127.0.0.1:{server.port} answers 404 Not Found"]
    assert fetch(published, say=lines.append) == path
    assert lines[1:] == [f"the table 'ec-nas-7v' is here and sound: {path}"]
    assert [request.status for request in server.requests] == [404, 200]


def test_a_damaged_table_is_made_again_and_a_damaged_file_fetched_again(
    published: str, server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "SMALL_BYTES", 0)  # a note says that it was verified: fetching does not believe it
    path, lines = fetch(published), list[str]()
    fetch(published)
    sound, times = path.read_bytes(), path.stat()
    name = open_table(path).column("hash")[0].encode()
    path.write_bytes(sound.replace(name, name[::-1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fetch(published, say=lines.append) == path
    assert path.read_bytes() == sound
    assert lines[0].endswith("making it again")
    assert "with the right sha256" in lines[1]
    assert len(server.requests) == 2
    file = fetch(published, import_it=False)
    assert file == fetching.downloads_dir() / "energy_7V9E_surrogate.tfrecord"
    file.write_bytes(b"")
    path.unlink()
    assert fetch(published) == path
    assert len(server.requests) == 4


def test_the_mirror_of_an_institute_is_asked_first(
    published: str, server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/nas/energy_7V9E_surrogate.tfrecord"] = server.files["/published"]
    monkeypatch.setenv("FAIRWATT_MIRROR", server.url("/nas/"))
    fetch(published, import_it=False)
    assert [request.path for request in server.requests] == ["/nas/energy_7V9E_surrogate.tfrecord"]
    monkeypatch.setenv("FAIRWATT_MIRROR", "http://nas.example.org/")
    with pytest.raises(UserError, match=r"^FAIRWATT_MIRROR = 'http://nas.example.org/': expected .* https://"):
        fetch("ec-nas-4v")


def test_names_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "EMBEDDED", EMBEDDED)
    with pytest.raises(UnknownNameError, match="did you mean 'ec-nas-7v'"):
        fetch("ecnas-7v")
    with pytest.raises(FetchError, match="the table 'digits-cells-4v' has no published file; leave --file-only out"):
        fetch("digits-cells-4v", import_it=False)
    with pytest.raises(
        FetchError, match=r"'ec-nas-5v-partial' cannot be fetched: ecnas_linscale.parquet has no public"
    ):
        fetch("ec-nas-5v-partial")


def test_every_public_source_has_an_address_and_a_name_of_its_own() -> None:
    names = [source.filename for source in SOURCES.values()]
    assert len(set(names)) == len(names)
    for source in SOURCES.values():
        assert bool(addresses(source)) == source.public
        assert all(url.startswith("https://") for url in source.urls)
        assert len(source.sha256) == 64


def test_a_genuine_file_by_way_of_a_mirror(shared: Path, server: BadServer, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES["ec-nas-4v@rtx3060"]
    server.files[f"/{source.filename}"] = (shared / "ecnas/official/hardware" / source.filename).read_bytes()
    server.faults = [Fault(cut=100_000)]
    monkeypatch.setenv("FAIRWATT_MIRROR", server.url(""))
    path = fetch(source.name, patience=Patience(sleep=lambda seconds: None))
    assert open_table(path).rows == source.rows
    assert asked(server) == [(None, 200), ("bytes=100000-", 206)]
