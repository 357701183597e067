"""The only module that knows the HTTP client library.

One request in, one whole answer out: no redirects, no cookies, no retries. Failures come out as what they
mean for a write: ``Unreachable`` (no byte of it was sent) or ``OutcomeUnknown`` (anything later).
"""

from __future__ import annotations

import ssl
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from assistctl.errors import OutcomeUnknown, UsageFault
from assistctl.model.clock import Clock

from .message import Answer, AnswerTooLarge, Handler, Request, Unreachable
from .sockets import BoundedBackend, Connections, Deadline
from .urls import is_loopback

MAX_BODY = 64 * 1024 * 1024
"""Bytes of one answer after decoding; a small compressed body can unfold to gigabytes."""
_MAX_ERROR_BODY = 64 * 1024
_UNFOLDED = 64 * 1024
"""Bytes that are unfolded at once."""
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
_KEEP_SECONDS = 1.0
"""An idle connection may have been cut unseen, which would make a create's outcome unknown: after this
long a new one is opened."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Client:
    """One pool of connections, shared by all threads."""

    def __init__(
        self, transport: httpx.BaseTransport, deadline: Deadline, connections: Connections | None = None
    ) -> None:
        # The bare transport: the library's own client parses a redirect's address even to not follow it.
        self._transport = transport
        self._deadline = deadline
        self._connections = connections or Connections()

    def send(self, request: Request, seconds: float) -> Answer:
        """See :class:`~assistctl.providers.message.Sender`."""
        self._deadline.start(seconds)
        with _translated():
            response = self._transport.handle_request(self._prepared(request))
            try:
                body = self._body(response)
            except (OutcomeUnknown, httpx.RequestError, zlib.error):
                if response.is_success:
                    raise
                body = b""  # the status alone says what became of the request
            finally:
                _leave(response)
        return Answer(response.status_code, dict(response.headers), body)

    def abandon(self) -> None:
        """See :class:`~assistctl.providers.message.Sender`. A server inside this process is not cut."""
        self._connections.cut()

    def close(self) -> None:
        """Closes all connections."""
        self._transport.close()

    def _prepared(self, request: Request) -> httpx.Request:
        # Built by hand: the library's own client would add its headers and the cookies of earlier answers.
        cap = self._deadline.cap
        timeouts = {name: cap(_SILENCE_SECONDS) for name in ("read", "write", "pool")}
        return httpx.Request(
            request.method,
            request.url,
            headers={**request.headers, "Accept-Encoding": "identity"},
            content=request.body or None,
            extensions={"timeout": {**timeouts, "connect": cap(_CONNECT_SECONDS)}},
        )

    def _body(self, response: httpx.Response) -> bytes:
        failed = response.status_code >= 400
        limit = _MAX_ERROR_BODY if failed else MAX_BODY
        if not failed and _declared_length(response) > limit:
            raise _too_large()
        body = bytearray()
        for piece in _decoded(response):
            body += piece
            if len(body) > limit:
                if failed:
                    break  # of an error's text the beginning is enough
                raise _too_large()
            if self._deadline.left() <= 0:
                raise OutcomeUnknown("the answer did not arrive in time")
        return bytes(body)


def network_client(base_url: str, clock: Clock) -> Client:
    """A client for a remote behind a socket.

    Proxy and certificate file come from the environment (``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``)
    and from nowhere else; loopback http uses neither. Raises ``UsageFault`` when they are unusable.
    """
    deadline, connections = Deadline(clock), Connections()
    local = is_loopback(base_url)
    plain = base_url.startswith("http://")
    try:
        return Client(
            # An empty context loads no certificates: quick, and any TLS through it would fail closed.
            _SocketTransport(
                deadline,
                connections,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                if plain
                else httpx.create_ssl_context(trust_env=True),
                proxy=None if local else _environment_proxy(base_url),
            ),
            deadline,
            connections,
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise UsageFault(
            f"the network settings of the environment are unusable: {error}",
            undone="no request was sent",
            next="check SSL_CERT_FILE and HTTPS_PROXY",
        ) from None


def handler_client(handler: Handler, clock: Clock) -> Client:
    """A client for a server inside this process: no socket, no port."""
    return Client(_HandlerTransport(handler), Deadline(clock))


class _SocketTransport(httpx.HTTPTransport):
    def __init__(
        self, deadline: Deadline, connections: Connections, verify: ssl.SSLContext, proxy: str | None
    ) -> None:
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=64, keepalive_expiry=_KEEP_SECONDS
        )
        super().__init__(verify=verify, proxy=proxy, trust_env=False, limits=limits)
        # The library offers no public way to bound a whole request; a raw-socket test watches over this.
        inner = self._pool._network_backend  # noqa: SLF001
        self._pool._network_backend = BoundedBackend(inner, deadline, connections)  # noqa: SLF001


class _HandlerTransport(httpx.BaseTransport):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Calls the server as a function."""
        query = dict(request.url.params)
        status, headers, body = self._handler(
            request.method, request.url.path, query, dict(request.headers), request.read()
        )
        return httpx.Response(status, headers=dict(headers), stream=httpx.ByteStream(body))


@contextmanager
def _translated() -> Iterator[None]:
    # The library's text about a refused header would quote the header: only the kinds below tell their text.
    try:
        yield
    except _NOT_SENT as error:
        raise Unreachable(_reason(error), again=not _certificate_refused(error)) from None
    except httpx.LocalProtocolError:
        raise OutcomeUnknown("the request or its answer does not fit HTTP") from None
    except httpx.TimeoutException as error:
        raise OutcomeUnknown(f"no complete answer in time ({type(error).__name__})") from None
    except httpx.RequestError as error:
        raise OutcomeUnknown(f"the connection broke: {_reason(error)}") from None
    except zlib.error:
        raise OutcomeUnknown("the answer's compression is damaged") from None


def _reason(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__


def _certificate_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body in small pieces, however much a compressed one unfolds to."""
    stream = response.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise OutcomeUnknown("the answer has no readable body")
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        # Not iter_raw: it would give the connection back to the pool before _leave can close it.
        yield from stream
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise OutcomeUnknown("the answer is compressed although that was not asked for")
    inflate = zlib.decompressobj(wbits=47)  # gzip or zlib, by its own header
    for piece in stream:
        rest = piece
        while rest and not inflate.eof:
            yield inflate.decompress(rest, _UNFOLDED)
            rest = inflate.unconsumed_tail
    if not inflate.eof:
        raise OutcomeUnknown("the answer is cut off")


def _leave(response: httpx.Response) -> None:
    """Gives the connection back, except after a 5xx: some servers reset the next request on it."""
    connection = response.extensions.get("network_stream")
    if response.status_code >= 500 and connection is not None:
        with suppress(OSError):
            connection.close()
    response.close()


def _declared_length(response: httpx.Response) -> int:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _too_large() -> AnswerTooLarge:
    return AnswerTooLarge(f"the answer is larger than {MAX_BODY // 1024 // 1024} MiB")


def _environment_proxy(base_url: str) -> str | None:
    """The proxy that the environment names for https; the system's own settings are not asked."""
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get("https") or proxies.get("all")
    host = httpx.URL(base_url).netloc.decode("ascii")
    if not proxy or urllib.request.proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
