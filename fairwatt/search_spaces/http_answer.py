"""What one address answers over HTTP, told apart: the file, the rest of it, not now, or never.

Asked are https addresses, whose certificates are always checked, and plain http of this very machine. Redirects are
followed as long as they stay so. Proxies (HTTPS_PROXY, NO_PROXY) and certificate bundles (REQUESTS_CA_BUNDLE) of the
environment are honoured by requests.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from requests import Response, Session

HOPS = 10
"""Redirects that are followed."""
_CHUNK = 1 << 16
_LOCAL = ("localhost", "127.0.0.1")
_COME_BACK = (408, 425, 429)
_DIGITS = re.compile(r"[0-9]{1,15}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


class RefusedError(Exception):
    """This address does not give the file: try the next one."""


class BrokenError(Exception):
    """This address may give it yet. wait: seconds that it asks for; None: the usual."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class ChangedError(BrokenError):
    """This address has another version of the file than the one that was begun: begin again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; beginning again", wait=0)


@dataclass(frozen=True)
class Answer:
    """A body that has not been read yet.

    resumed: whether it begins at the byte that was asked for; else at the first. mark: the server's name for this
    version, empty where it gives none. length: its bytes, None where the server does not say. pieces: the body as it
    arrives, undecoded; raises BrokenError.
    """

    resumed: bool
    mark: str
    length: int | None
    pieces: Iterator[bytes]


@contextmanager
def ask(
    session: "Session", url: str, offset: int, mark: str, size: int, timeout: tuple[float, float]
) -> Iterator[Answer]:
    """Ask for a file of `size` bytes, from byte `offset` on if it is still the version `mark`.

    timeout: seconds for the connection, and between two pieces. Raises RefusedError, BrokenError, ChangedError.
    """
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-", "If-Range": mark} if offset else {})
    with _without_redirects(session, url, headers, timeout) as response:
        resumed = _resumed(response, offset, mark, size)
        length = response.headers.get("Content-Length", "")
        known = int(length) if _DIGITS.fullmatch(length) else None
        yield Answer(resumed, _mark(response), known, _pieces(response, timeout[1]))


def is_allowed(url: str) -> bool:
    """Whether the address is one that may be asked: https, or plain http of this machine."""
    return _is_https(url) or _is_local(url)


def public(url: str) -> str:
    """The address without a user's name and password, which belong neither on a screen nor on a disk."""
    parts = _split(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def host(url: str) -> str:
    """The server that an address names, for messages."""
    return _split(public(url)).netloc or "an address without a host"


def _without_redirects(
    session: "Session", url: str, headers: dict[str, str], timeout: tuple[float, float]
) -> "Response":
    from requests import exceptions
    from urllib3.exceptions import HTTPError, NameResolutionError

    local = _is_local(url)
    for _ in range(HOPS + 1):
        try:
            response = session.get(url, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
        except exceptions.SSLError as error:
            raise RefusedError(f"has a certificate that is not accepted: {_cause(error)}") from None
        except exceptions.ProxyError as error:
            raise BrokenError(f"is not reached through the proxy of the environment: {_cause(error)}") from None
        except exceptions.ConnectTimeout:
            raise BrokenError(f"gives no answer in {timeout[0]:g} s") from None
        except exceptions.Timeout:
            raise BrokenError(f"gives no answer in {timeout[1]:g} s") from None
        except (exceptions.ConnectionError, exceptions.ChunkedEncodingError) as error:
            if isinstance(getattr(error.args[0], "reason", None), NameResolutionError):  # to wait would not help
                raise RefusedError(f"is not found: {_cause(error)}") from None
            raise BrokenError(f"gives no answer: {_cause(error)}") from None
        except (exceptions.RequestException, HTTPError, ValueError) as error:  # the last two: of a redirect's address
            raise RefusedError(f"cannot be asked: {_cause(error)}") from None
        if response.next is None:
            return response
        response.close()
        url = response.next.url or ""
        if not (_is_https(url) or (local and _is_local(url))):
            raise RefusedError(f"redirects to {host(url)} without https")
    raise RefusedError(f"redirects more than {HOPS} times")


def _resumed(response: "Response", offset: int, mark: str, size: int) -> bool:
    """False for the whole file, True for the very rest of the very version; raises for everything else."""
    code = response.status_code
    if code in _COME_BACK or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BrokenError(f"answers {_status(code)}", _retry_after(response))
    if code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
        raise ChangedError("has no such range, so its file is another")
    if code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise RefusedError(f"answers {_status(code)}")
    if (coding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
        raise RefusedError(f"sends it in the encoding {coding[:20]!r}, though none was asked for")
    if code == HTTPStatus.OK:
        return False
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not offset:
        raise RefusedError("sends a part, though the whole was asked for")
    if not found or tuple(map(int, found.groups())) != (offset, size - 1, size):
        raise ChangedError("sends another range than was asked for")
    if _mark(response) not in ("", mark):
        raise ChangedError("sends the rest of another version")
    return True


def _pieces(response: "Response", stall_seconds: float) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        while piece := response.raw.read1(_CHUNK, decode_content=False):  # read loses what came just before a break
            yield piece
    except ReadTimeoutError:
        raise BrokenError(f"sends nothing for {stall_seconds:g} s") from None
    except HTTPError as error:
        raise BrokenError(f"broke the connection: {_cause(error)}") from None


def _mark(response: "Response") -> str:
    """A strong ETag or, where there is no ETag, the date (RFC 9110, 13.1.5: what If-Range may be asked with)."""
    etag: str | None = response.headers.get("ETag")
    if etag is None:
        return str(response.headers.get("Last-Modified", ""))
    return "" if etag.startswith("W/") else etag


def _retry_after(response: "Response") -> float | None:
    """Seconds that the server asks to wait; a date counts from the server's own clock."""
    text = response.headers.get("Retry-After", "")
    if _DIGITS.fullmatch(text):
        return float(text)
    with suppress(ValueError, TypeError):
        now, then = (parsedate_to_datetime(date) for date in (response.headers.get("Date", ""), text))
        return max(0.0, (then - now).total_seconds())
    return None


def _status(code: int) -> str:
    with suppress(ValueError):
        return f"{code} {HTTPStatus(code).phrase}"  # not the server's own words: they go to a terminal
    return str(code)


def _cause(error: BaseException) -> str:
    """What is at the bottom of a library's nested errors, in a few words."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    return "".join(char if char.isprintable() else " " for char in str(text))[:200] or type(error).__name__


def _is_https(url: str) -> bool:
    return _split(url).scheme == "https" and bool(_split(url).hostname)


def _is_local(url: str) -> bool:
    return _split(url).scheme == "http" and _split(url).hostname in _LOCAL


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # of brackets that do not match
        return urlsplit("")
