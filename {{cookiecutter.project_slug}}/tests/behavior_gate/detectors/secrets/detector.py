"""Follows a submitted password through a request, and looks for password hashes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ... import rules
from ...asgi import Observer, endpoint_of, here, is_websocket, sends_at, subscribe, unsubscribe
from ...core import Detector, Phase, Request
from ...rules import Rule
from . import fields
from .forms import SHORTEST_HASH, digest_of, echoes, has_hash, is_ordinary, names, readings, text_of
from .keys import Keys
from .records import RecordWatch
from .spans import SpanWatch
from .stored import StatementWatch
from .streams import StreamWatch
from .tracebacks import messages
from .written import LogJudge

#: So much of a body is looked at, in bytes.
_LIMIT = 1_000_000

#: What holds no text.
_MEDIA = re.compile(r"image/(?!svg)|audio/|video/|font/|application/(octet|zip|gzip|pdf|x-tar)")


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
        #: The passwords of a test, which a later request may let out.
        self._submitted: set[str] = set()
        self._keys = Keys(self.gate)
        self._judge_log = judge = LogJudge(self.gate, self._keys)
        self._streams = StreamWatch(self.gate, judge)
        self._records = RecordWatch(self.gate, judge)
        self._watches = (
            self._keys,
            self._records,
            self._streams,
            SpanWatch(self.gate, judge),
            StatementWatch(self.gate),
        )
        for watch in self._watches:
            watch.install()
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        unsubscribe(self)
        for watch in self._watches:
            watch.uninstall()

    def begin(self, phase: Phase) -> None:
        if phase.when == "setup":
            self._submitted.clear()
            self._keys.look_around()
        self._records.begin()
        self._streams.watch()

    # What comes in

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        # The environment and the streams are what the test has made of them.
        self._keys.look_around()
        self._streams.watch()
        headers = {name.lower(): value for name, value in scope.get("headers", ())}
        traffic = Traffic(headers.get(b"content-type", b"").decode("latin-1").lower())
        if not _MEDIA.match(traffic.content_type):
            traffic.received = bytearray()
        self._traffic[request] = traffic
        request.passwords |= self._submitted
        query = scope.get("query_string", b"")
        if query:
            self._learn(request, fields.pairs(query))
        self._learn(request, fields.of_headers(headers))
        request.tokens |= fields.tokens(headers)

    def request_body(self, request: Request, chunk: bytes, more: bool) -> None:
        traffic = self._traffic.get(request)
        if traffic is None or traffic.received is None:
            return
        traffic.received += chunk[: _LIMIT - len(traffic.received)]
        if more and len(traffic.received) < _LIMIT:
            return
        body, traffic.received = bytes(traffic.received), None
        if request.passwords or fields.SECRET_NAME_IN_BODY.search(body):
            self._learn(request, fields.fields_of(body, traffic.content_type))

    def message_received(self, request: Request, data: bytes) -> None:
        if request.passwords or fields.SECRET_NAME_IN_BODY.search(data):
            self._learn(request, fields.fields_of(data[:_LIMIT], ""))

    def _learn(self, request: Request, submitted: Iterable[tuple[str, str, str]]) -> None:
        passwords, values = fields.sort(submitted)
        open_values = self._traffic[request].open_values
        open_values |= values
        request.passwords |= passwords
        no_secrets = {
            password
            for password in request.passwords
            if not password or any(names(password, value) for value in open_values)
        }
        request.passwords -= no_secrets
        self._submitted -= no_secrets
        # A short one counts only in the answer to whom has sent it.
        self._submitted |= {word for word in request.passwords if not is_ordinary(word)}

    # What goes out

    def response_started(self, request: Request, headers: Iterable[tuple[bytes, bytes]]) -> None:
        traffic = self._traffic.get(request)
        if traffic is None:
            return
        traffic.sent = bytearray()
        for name, raw in headers:
            header, value = name.decode("latin-1").lower(), raw.decode("latin-1")
            if header == "content-type" and _MEDIA.match(value):
                traffic.sent = None
            elif header == "content-encoding":
                traffic.encoding = value.lower()
            self._judge(request, f"the header `{header}`", [("", "", value)], value)

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        traffic = self._traffic.get(request)
        if traffic is None or traffic.sent is None:
            return
        traffic.sent += chunk[: _LIMIT - len(traffic.sent)]
        if not more or len(traffic.sent) >= _LIMIT:
            body, traffic.sent = bytes(traffic.sent), None
            self._judge_body(request, _decoded(body, traffic.encoding))

    def message_sent(self, request: Request, data: bytes) -> None:
        self._judge_body(request, text_of(data[:_LIMIT]), "a message")

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        traffic = self._traffic.pop(request, None)
        if traffic is not None and traffic.sent:
            self._judge_body(request, _decoded(bytes(traffic.sent), traffic.encoding))
        where = error and self.gate.locate_traceback(error.__traceback__)
        if isinstance(error, Exception) and where and self.gate.origin_of(where) != "test":
            # No server runs here, which would log it with its traceback.
            self._judge_log.judge(
                "let an error out, to be logged with", messages(error), where=where
            )

    def _judge_body(self, request: Request, body: str, place: str = "the body") -> None:
        self._judge(request, place, fields.leaves(body) if request.passwords else [], body)

    def _judge(
        self, request: Request, place: str, leaves: list[tuple[str, str, str]], text: str
    ) -> None:
        texts = readings(text, SHORTEST_HASH)
        if has_hash(texts) or any(digest_of(password, text) for password in request.passwords):
            self._report(rules.HASH_IN_RESPONSE, request, "a password hash", place)
        if self._keys.among(texts):
            self._report(rules.KEY_LET_OUT, request, "a key of the application", place)
        for password in request.passwords:
            for path, key, value in leaves:
                if echoes(password, key, value):
                    found = f"`{path}`" if path else place
                    self._report(
                        rules.PASSWORD_IN_RESPONSE, request, "the submitted password", found
                    )
                    break

    def _report(self, rule: Rule, request: Request, what: str, place: str) -> None:
        sent = "sent" if is_websocket(request) else f"returned {request.status} with"
        self.gate.report(
            rule,
            what=f"{request} {sent} {what} in {place}",
            where=(is_websocket(request) and sends_at(self.gate))
            or endpoint_of(self.gate, request)
            or here(self.gate),
        )


def _decoded(body: bytes, encoding: str) -> str:
    if encoding in ("gzip", "deflate"):
        try:
            body = zlib.decompressobj(47).decompress(body, _LIMIT)
        except zlib.error:
            return ""
    return text_of(body)
