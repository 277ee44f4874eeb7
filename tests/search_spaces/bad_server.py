"""A web server on this machine that does everything wrong that it is told to, one fault a request.

    with BadServer({"/file": content}) as server:
        server.faults = [Fault(cut=100), Fault(status=429, headers={"Retry-After": "7"})]
        requests.get(server.url("/file"))

When the faults are used up it is a good server: ETag, Last-Modified, Range, If-Range. It never sleeps: to stall is to
send nothing until the server is closed.
"""

import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer; with nothing set it is right.

    cut: bytes of the body after which the connection is closed. stall: bytes after which nothing comes any more.
    corrupt: byte of the body with a flipped bit. longer: bytes too many, of a file that is longer. body: sent in place
    of the file. raw: sent in place of everything. headers: added, or with None left out. ignore_range: 200 and the
    whole, whatever was asked for.
    chunked: without the length, in chunks.
    """

    status: int | None = None
    cut: int | None = None
    stall: int | None = None
    corrupt: int | None = None
    longer: int = 0
    body: bytes | None = None
    raw: bytes | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    ignore_range: bool = False
    chunked: bool = False


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    status: int = 0

    @property
    def range(self) -> str | None:
        return self.headers.get("range")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what this server is for."""


class BadServer:
    """Serves `files` by path. `requests`: what was asked. `watch`: called at each request, before it is answered."""

    def __init__(self, files: dict[str, bytes], tls: ssl.SSLContext | None = None) -> None:
        self.files, self.faults, self.requests = files, list[Fault](), list[Request]()
        self.etag: str | None = '"one"'
        self.modified: str | None = DATE
        self.watch: Callable[[], None] = lambda: None
        self._closing = threading.Event()
        outer = self

        class Handler(_Handler):
            server_of_faults = outer

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> "BadServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for_the_end(self) -> None:
        self._closing.wait()


class Tunnel:
    """A proxy for https: connects to whatever it is asked for. `targets`: "host:port" of each CONNECT."""

    def __init__(self) -> None:
        self.targets = list[str]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                outer.targets.append(self.path)
                host, port = self.path.split(":")
                with socket.create_connection((host, int(port))) as far:
                    self.send_response_only(200)
                    self.end_headers()
                    ends = {self.connection: far, far: self.connection}
                    while data := (end := select.select(list(ends), [], [])[0][0]).recv(1 << 16):
                        ends[end].sendall(data)
                self.close_connection = True

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> "Tunnel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_faults: BadServer

    def do_GET(self) -> None:
        owner = self.server_of_faults
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()})
        owner.requests.append(request)
        owner.watch()
        fault = owner.faults.pop(0) if owner.faults else Fault()
        if fault.raw is not None:
            self.wfile.write(fault.raw)
            self.close_connection = True
            return
        content = owner.files.get(self.path)
        if content is None:
            request.status = 404
            self._send(Fault(), 404, {}, b"<html>no such file</html>")
            return
        if fault.body is not None:
            content = fault.body
        content += bytes(fault.longer)
        status, headers, start = 200, self._marks(), 0
        wanted = self.headers.get("Range")
        fits = self.headers.get("If-Range") in (None, headers.get("ETag"), headers.get("Last-Modified"))
        if wanted and fits and not fault.ignore_range:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                request.status = 416
                self._send(Fault(), 416, {"Content-Range": f"bytes */{len(content)}"}, b"")
                return
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = bytearray(content[start:])
        if fault.corrupt is not None and body:
            body[fault.corrupt % len(body)] ^= 1
        request.status = fault.status or status
        self._send(fault, request.status, headers, bytes(body))

    def _marks(self) -> dict[str, str]:
        marks = {"ETag": self.server_of_faults.etag, "Last-Modified": self.server_of_faults.modified}
        return {name: value for name, value in marks.items() if value is not None}

    def _send(self, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
        length = {} if fault.chunked else {"Content-Length": str(len(body))}
        sent: dict[str, str | None] = {**headers, **length, **fault.headers}
        if fault.chunked:
            sent["Transfer-Encoding"] = "chunked"
        if fault != Fault():
            sent["Connection"] = "close"  # said, so that the client does not ask again on it
        self.send_response_only(status)
        for name, value in sent.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        end = min(len(body), *(at for at in (fault.cut, fault.stall, len(body)) if at is not None))
        try:
            self._write(body[:end], fault.chunked)
            if fault.stall is not None:
                self.server_of_faults.wait_for_the_end()
            elif fault.chunked and end == len(body):
                self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the other side has gone
            pass
        if fault != Fault():
            self.close_connection = True

    def _write(self, body: bytes, chunked: bool) -> None:
        if not chunked:
            self.wfile.write(body)
            return
        for place in range(0, len(body), 1000):
            piece = body[place : place + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen of the tests."""
