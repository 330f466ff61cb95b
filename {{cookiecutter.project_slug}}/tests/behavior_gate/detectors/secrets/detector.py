"""Follows a submitted password through a request, and looks for password hashes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from ... import rules
from ...asgi import Observer, endpoint_of, here, subscribe, unsubscribe
from ...core import Detector, Request
from . import fields
from .forms import HASH, echoes, is_ordinary, names, stands_in, text_of
from .log import LogWatch
from .stored import StatementWatch

#: So much of a body is looked at, in bytes.
_LIMIT = 1_000_000

_TEXTS = ("text/", "application/json", "application/x-www-form", "application/xml")


@dataclass(slots=True)
class Traffic:
    """What a request has sent and been answered, as far as it is looked at."""

    content_type: str = ""
    received: bytearray | None = None
    encoding: str = ""
    sent: bytearray | None = None
    #: Everything submitted that is no password, since a value given twice is no secret.
    open_values: set[str] = field(default_factory=set)


class SecretsDetector(Detector, Observer):
    """Follows the passwords that clients submit, and looks for password hashes."""

    name = "secrets"

    def install(self) -> None:
        self._traffic: dict[Request, Traffic] = {}
        self._log = LogWatch(self.gate)
        self._log.install()
        self._statements = StatementWatch(self.gate)
        self._statements.install()
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        unsubscribe(self)
        self._statements.uninstall()
        self._log.uninstall()

    # What comes in

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in scope.get("headers", ())}
        traffic = Traffic(headers.get(b"content-type", b"").decode("latin-1").lower())
        if "json" in traffic.content_type or "form" in traffic.content_type:
            traffic.received = bytearray()
        self._traffic[request] = traffic
        query = scope.get("query_string", b"")
        if query:
            self._learn(request, fields.pairs(query))
        self._learn(request, fields.credentials(headers.get(b"authorization", b"")))

    def request_body(self, request: Request, chunk: bytes, more: bool) -> None:
        traffic = self._traffic.get(request)
        if traffic is None or traffic.received is None:
            return
        traffic.received += chunk[: _LIMIT - len(traffic.received)]
        if more and len(traffic.received) < _LIMIT:
            return
        body, traffic.received = bytes(traffic.received), None
        if fields.SECRET_NAME_IN_BODY.search(body):
            self._learn(request, fields.fields_of(body, traffic.content_type))

    def _learn(self, request: Request, submitted: Iterable[tuple[str, str, str]]) -> None:
        passwords, values = fields.sort(submitted)
        open_values = self._traffic[request].open_values
        open_values |= values
        request.passwords |= passwords
        request.passwords -= {
            password
            for password in request.passwords
            if not password or any(names(password, value) for value in open_values)
        }

    # What goes out

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        traffic = self._traffic.get(request)
        if traffic is None:
            return
        for name, raw in headers:
            value = raw.decode("latin-1")
            header = name.decode("latin-1").lower()
            if header == "content-type" and (
                value.lower().startswith(_TEXTS) or "json" in value.lower()
            ):
                traffic.sent = bytearray()
            elif header == "content-encoding":
                traffic.encoding = value.lower()
            plain = unquote_plus(value)
            for password in request.passwords:
                if (
                    password in (value, plain)
                    if is_ordinary(password)
                    else names(password, value) or names(password, plain)
                ):
                    self._report_echo(request, f"the header `{header}`")
            if HASH.search(value):
                self._report_hash(request, f"the header `{header}`")

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        traffic = self._traffic.get(request)
        if traffic is None or traffic.sent is None:
            return
        traffic.sent += chunk[: _LIMIT - len(traffic.sent)]
        if not more or len(traffic.sent) >= _LIMIT:
            body, traffic.sent = bytes(traffic.sent), None
            self._judge_body(request, _decoded(body, traffic.encoding))

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        traffic = self._traffic.pop(request, None)
        if traffic is not None and traffic.sent:
            self._judge_body(request, _decoded(bytes(traffic.sent), traffic.encoding))

    def _judge_body(self, request: Request, body: str) -> None:
        if HASH.search(body):
            self._report_hash(request, "the body")
        if not request.passwords:
            return
        if not any(stands_in(password, body) for password in request.passwords):
            return
        leaves = fields.leaves(body)
        for password in request.passwords:
            for path, key, value in leaves:
                if echoes(password, key, value):
                    self._report_echo(request, f"`{path}`" if path else "the body")
                    break

    def _report_echo(self, request: Request, place: str) -> None:
        self.gate.report(
            rules.PASSWORD_IN_RESPONSE,
            what=f"{request.method} {request.path} answered {request.status} with the submitted"
            f" password in {place}",
            where=endpoint_of(self.gate, request) or here(self.gate),
        )

    def _report_hash(self, request: Request, place: str) -> None:
        self.gate.report(
            rules.HASH_IN_RESPONSE,
            what=f"{request.method} {request.path} answered {request.status} with a password hash"
            f" in {place}",
            where=endpoint_of(self.gate, request) or here(self.gate),
        )


def _decoded(body: bytes, encoding: str) -> str:
    if encoding in ("gzip", "deflate"):
        try:
            body = zlib.decompressobj(47).decompress(body, _LIMIT)
        except zlib.error:
            return ""
    return text_of(body)
