"""A submitted password in a response, a log record or a table, and a password hash let out."""

from __future__ import annotations

import base64
import binascii
import builtins
import hashlib
import json
import logging
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from importlib.util import find_spec
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from .. import rules
from ..asgi import (
    Observer,
    endpoint_of,
    here,
    subscribe,
    unsubscribe,
)
from ..core import Detector, Request, current_request
from ..errors import chain
from ..patches import Patches
from ..sql import classify, targets

#: So much of a body is looked at, in bytes.
_LIMIT = 1_000_000

_SECRET_NAME = re.compile(
    r"(pass_?word|passwd|pwd|passphrase|client_?secret)s?"
    r"[\d_-]*(confirm(ation)?|repeat(ed)?|again|new|old|current|check|verify|plain|raw)?$",
    re.IGNORECASE,
)
#: A ticket, a working directory, the code of a door: a secret only beside whose it is.
_DOUBTFUL_NAME = re.compile(r"pass|pwd|pass_?code", re.IGNORECASE)
_LOGIN_NAME = re.compile(r"(user|login|account|nick)(_?name)?", re.IGNORECASE)
#: Somebody who logs in has it, and somebody who orders.
_CONTACT_NAME = re.compile(r"e?[_-]?mail(_?address)?|phone(_?number)?", re.IGNORECASE)
#: "Three-day ski pass", "/srv/app".
_LABEL = re.compile(r".*[\s-]pass(es)?\b|pass(es)?\s|[/~.]|[a-z]:[\\/]", re.IGNORECASE)
#: "season", "three-day".
_KIND = re.compile(r"[a-z]+|[a-z0-9]+(-[a-z0-9]+)+")
#: A second field for the same password: no secret by its name, and yet not an open value.
_REPETITION = re.compile(r"(confirm(ation)?|repeat(ed)?|verif(y|ication)|re_?typed?)$", re.I)
_SECRET_NAME_IN_BODY = re.compile(rb"pass|pwd|secret", re.IGNORECASE)
_PART = re.compile(
    rb'name="([^"\r\n]*)"((?:\r\n[^\r\n]+)*|;[^\r\n]*)\r\n\r\n(.*?)\r\n--', re.DOTALL
)
_HASH = re.compile(
    r"\$argon2(?:id|i|d)\$v=|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{22}|\$pbkdf2(?:-\w+)?\$\d+\$"
    r"|pbkdf2_sha\d+\$\d+\$|\$scrypt\$|scrypt:\d+:\d+:\d+\$|\$[56]\$(?:rounds=\d+\$)?[./\w]{1,16}\$[./\w]{43}"
)
#: Words of which error messages and field names are made; a password of these alone proves little.
_ORDINARY = re.compile(
    r"pass(word|wd|phrase|code)?|pwd|secret|wrong|invalid|valid|incorrect|correct|bad|good|new|old"
    r"|current|confirm|user(name)?|admin|root|test|login|log|sign|email|mail|name|token|too|short"
    r"|long|weak|strong|string|value|input|field|required|missing|not|is|the|my|a|an|some|any|of"
)
#: Fields of an error body that hold words of the application, not of the client.
_OWN_WORD = re.compile(
    r"loc|type|code|msg|messages?|errors?|title|details?|kind|reason|(error_)?description|param"
    r"|field|instance|status|scope|token_type",
    re.IGNORECASE,
)
_ECHO_KEYS = frozenset(("input", "value", "received", "body"))
_TEXTS = ("text/", "application/json", "application/x-www-form", "application/xml")
_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


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
        self._patches = Patches(self.gate.blind, "secrets")
        self._watch_log()
        self._patches.replace(builtins, "print", self._print)
        self._watch_statements()
        subscribe(self.gate, self)

    def uninstall(self) -> None:
        unsubscribe(self)
        self._patches.restore()
        if self._listens:
            from sqlalchemy import event
            from sqlalchemy.engine import Engine

            event.remove(Engine, "after_cursor_execute", self._executed)

    # What comes in

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in scope.get("headers", ())}
        traffic = Traffic(headers.get(b"content-type", b"").decode("latin-1").lower())
        if "json" in traffic.content_type or "form" in traffic.content_type:
            traffic.received = bytearray()
        self._traffic[request] = traffic
        query = scope.get("query_string", b"")
        if query:
            self._learn(request, _pairs(query))
        self._learn(request, _credentials(headers.get(b"authorization", b"")))

    def request_body(self, request: Request, chunk: bytes, more: bool) -> None:
        traffic = self._traffic.get(request)
        if traffic is None or traffic.received is None:
            return
        traffic.received += chunk[: _LIMIT - len(traffic.received)]
        if more and len(traffic.received) < _LIMIT:
            return
        body, traffic.received = bytes(traffic.received), None
        if _SECRET_NAME_IN_BODY.search(body):
            self._learn(request, _fields(body, traffic.content_type))

    def _learn(self, request: Request, fields: Iterable[tuple[str, str, str]]) -> None:
        open_values = self._traffic[request].open_values
        fields = list(fields)
        logins = {_parent(path) for path, name, _ in fields if _LOGIN_NAME.fullmatch(name)}
        contacts = {_parent(path) for path, name, _ in fields if _CONTACT_NAME.fullmatch(name)}
        for path, name, value in fields:
            if _DOUBTFUL_NAME.fullmatch(name):
                is_secret = not _LABEL.match(value) and (
                    _parent(path) in logins
                    or (_parent(path) in contacts and not _KIND.fullmatch(value))
                )
            else:
                is_secret = bool(_SECRET_NAME.search(name))
            if is_secret:
                request.passwords.add(value)
            elif not _REPETITION.match(name):
                open_values.add(value)
        request.passwords -= {
            password
            for password in request.passwords
            if not password or any(_names(password, value) for value in open_values)
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
                    if _is_ordinary(password)
                    else _names(password, value) or _names(password, plain)
                ):
                    self._report_echo(request, f"the header `{header}`")
            if _HASH.search(value):
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
        if _HASH.search(body):
            self._report_hash(request, "the body")
        if not request.passwords:
            return
        if not any(_stands_in(password, body) for password in request.passwords):
            return
        leaves = _leaves(body)
        for password in request.passwords:
            for path, key, value in leaves:
                if _echoes(password, key, value):
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

    # What is logged

    def _watch_log(self) -> None:
        def wrap(original: Callable[..., None]) -> Callable[..., None]:
            @wraps(original)
            def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
                original(logger, record)
                request = current_request.get()
                # Looked at last, so that a filter may have redacted it. What SQLAlchemy echoes is
                # a developer's switch, and is judged where it is stored.
                if request is not None and not record.name.startswith("sqlalchemy."):
                    self._judge_record(request, record)

            return call_handlers

        self._patches.replace(logging.Logger, "callHandlers", wrap)
        self._patches.replace(logging.Logger, "isEnabledFor", self._is_enabled)

    def _is_enabled(self, original: Callable[..., bool]) -> Callable[..., bool]:
        # A test runs at another level than production, where the same line is written down.
        @wraps(original)
        def is_enabled(logger: logging.Logger, level: int) -> bool:
            enabled = original(logger, level)
            request, frame = current_request.get(), sys._getframe(1)
            if not enabled and request is not None and request.passwords:
                by = frame.f_back
                if _is_of_logging(frame) and by and self.gate.origin(by.f_code) == "application":
                    record = _unwritten(logger, level, frame.f_locals)
                    if record is not None:
                        self._judge_record(request, record)
            return enabled

        return is_enabled

    def _print(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def print_(*values: Any, **options: Any) -> None:
            original(*values, **options)
            request, file = current_request.get(), options.get("file")
            if request is None or file not in (None, sys.stdout, sys.stderr):
                return
            text = " ".join(map(str, values)) if request.passwords else ""
            if any(_is_logged(password, text) for password in request.passwords):
                self._report_log(request, "printed the submitted password")

        return print_

    def _judge_record(self, request: Request, record: logging.LogRecord) -> None:
        extra = [value for key, value in vars(record).items() if key not in _RECORD_FIELDS]
        values = list(_strings([record.args, extra]))
        errors = chain(record.exc_info[1]) if record.exc_info else ()
        texts = [_message(record), *map(str, errors), *values]
        for password in request.passwords:
            if password in values or any(_is_logged(password, text) for text in texts):
                self._report_log(request, f"logged the submitted password {_logger(record)}")
        if any(_HASH.search(text) for text in texts):
            self._report_log(request, f"logged a password hash {_logger(record)}")

    def _report_log(self, request: Request, what: str) -> None:
        self.gate.report(
            rules.SECRET_IN_LOG,
            what=f"{request.method} {request.path} {what}",
            where=here(self.gate) or endpoint_of(self.gate, request),
        )

    # What is stored

    def _watch_statements(self) -> None:
        self._listens = find_spec("sqlalchemy") is not None
        if self._listens:
            from sqlalchemy import event
            from sqlalchemy.engine import Engine

            event.listen(Engine, "after_cursor_execute", self._executed)

    def _executed(
        self, _: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        request = current_request.get()
        if request is None or not request.passwords or classify(statement) != "write":
            return
        # The database may hash by itself.
        if "crypt(" in statement:
            return
        for password in request.passwords:
            if not _is_ordinary(password) and _names(password, statement):
                self._report_stored(request, statement, "")
            for name, value in _parameters(context, parameters):
                if _stores(password, name, value):
                    self._report_stored(request, statement, name)
                elif value in _disguises(password):
                    disguise = f"as its {_disguises(password)[value]}"
                    self._report_stored(request, statement, name, disguise)

    def _report_stored(
        self, request: Request, statement: str, name: str, how: str = "as it is"
    ) -> None:
        written = targets(statement)
        places = [f"`{name}`"] if name else []
        places += [f"table {written[0].table}"] if written else []
        self.gate.report(
            rules.PASSWORD_STORED,
            what=f"{request.method} {request.path} stored the submitted password {how}"
            + (f" in {' of '.join(places)}" if places else ""),
            where=here(self.gate) or endpoint_of(self.gate, request),
        )


def _fields(body: bytes, content_type: str) -> Iterator[tuple[str, str, str]]:
    """Path, name and value of each string in a JSON or form body."""
    if "json" in content_type:
        try:
            content = json.loads(body)
        except ValueError:
            return
        yield from _walk(content, "", "")
    elif "multipart" in content_type:
        for name, _, value in _PART.findall(body):
            if len(value) < 1000:
                yield _text(name), _text(name), _text(value)
    else:
        yield from _pairs(body)


def _pairs(query: bytes) -> Iterator[tuple[str, str, str]]:
    for name, value in parse_qsl(_text(query), keep_blank_values=True):
        yield name, name, value


def _credentials(authorization: bytes) -> Iterator[tuple[str, str, str]]:
    """The name and password of HTTP Basic."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() == b"basic":
        with suppress(binascii.Error):
            name, _, password = _text(binascii.a2b_base64(encoded)).partition(":")
            yield "username", "username", name
            yield "password", "password", password


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _walk(content: object, path: str, key: str) -> Iterator[tuple[str, str, str]]:
    """Path, nearest key and value of each string in JSON."""
    if isinstance(content, str):
        yield path, key, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _walk(value, f"{path}.{name}" if path else name, name)
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield from _walk(value, f"{path}[{position}]", key)


def _leaves(body: str) -> list[tuple[str, str, str]]:
    try:
        return list(_walk(json.loads(body), "", ""))
    except (ValueError, RecursionError):
        return [("", "", body)]


def _stands_in(password: str, body: str) -> bool:
    """Whether a text may hold the password, plain or as JSON escapes it."""
    return (
        password in body
        or json.dumps(password)[1:-1] in body
        or json.dumps(password, ensure_ascii=False)[1:-1] in body
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _decoded(body: bytes, encoding: str) -> str:
    if encoding in ("gzip", "deflate"):
        try:
            body = zlib.decompressobj(47).decompress(body, _LIMIT)
        except zlib.error:
            return ""
    return _text(body)


@lru_cache(maxsize=256)
def _is_ordinary(password: str) -> bool:
    """Whether a password may stand in a text by chance: it is short, a number, or plain words."""
    if len(password) < 8 or password.isdigit():
        return True
    letters = re.sub(r"[\s_-]", "", password.lower())
    return letters.isalpha() and len(_ORDINARY.sub("", letters)) < 4


def _names(password: str, text: str) -> bool:
    """Whether a text is or holds the password, not as a part of a longer word or an address."""
    if password not in text:
        return False
    if password == text:
        return True
    return not _is_ordinary(password) and bool(
        re.search(rf"(?<![^\W_]){re.escape(password)}(?![^\W_]|@)", text)
    )


def _echoes(password: str, key: str, value: str) -> bool:
    if not _is_ordinary(password):
        return _names(password, value)
    if password != value or _OWN_WORD.fullmatch(key):
        return False
    return len(password) >= 4 or key.lower() in _ECHO_KEYS or bool(_SECRET_NAME.search(key))


def _is_logged(password: str, text: str) -> bool:
    if not _is_ordinary(password):
        return _names(password, text) or ("=" in text and _names(password, unquote_plus(text)))
    labelled = rf"(?:pass(?:word|wd)?|pwd|secret)[\"']?\s?[=:]\s?[\"']?{re.escape(password)}\b"
    return password in text and bool(re.search(labelled, text, re.IGNORECASE))


def _stores(password: str, name: str, value: str) -> bool:
    if not _is_ordinary(password):
        return _names(password, value)
    return password == value and bool(re.search(r"pass|pwd|secret|hash", name, re.IGNORECASE))


@lru_cache(maxsize=256)
def _disguises(password: str) -> dict[str, str]:
    """What anybody can turn back into the password, or can look up in a table of guesses."""
    raw = password.encode()
    digests = {
        hashlib.new(name, raw, usedforsecurity=False).hexdigest(): name.upper()
        for name in ("md5", "sha1", "sha256", "sha512")
    }
    return {base64.b64encode(raw).decode(): "Base64", **digests}


def _parameters(context: Any, parameters: Any) -> Iterator[tuple[str, str]]:
    """Name, if known, and text of each parameter of one execution, or of many."""
    rows = getattr(context, "compiled_parameters", None) or (
        parameters if isinstance(parameters, list) else [parameters]
    )
    for row in rows:
        named = row.items() if isinstance(row, dict) else (("", value) for value in row or ())
        for name, value in named:
            for text in _strings(value):
                yield name, text


def _strings(content: object) -> Iterator[str]:
    """Every string inside nested containers."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, bytes):
        yield _text(content)
    elif isinstance(content, dict):
        for value in content.values():
            yield from _strings(value)
    elif isinstance(content, list | tuple | set):
        for value in content:
            yield from _strings(value)


def _is_of_logging(frame: FrameType) -> bool:
    return frame.f_code.co_filename == logging.Logger.info.__code__.co_filename


def _unwritten(
    logger: logging.Logger, level: int, call: Mapping[str, Any]
) -> logging.LogRecord | None:
    """The record that a call would have made, as the filters would have left it."""
    message, arguments = call.get("msg"), call.get("args", ())
    record = logging.LogRecord(logger.name, level, "", 0, message, arguments, None)
    vars(record).update(call.get("kwargs", {}).get("extra") or {})
    filters: list[logging.Filterer] = [logger]
    above: logging.Logger | None = logger
    while above is not None:
        filters += above.handlers
        above = above.parent if above.propagate else None
    for each in filters:
        kept: Any = each.filter(record)
        if not kept:
            return None
        # Since Python 3.12 a filter may put another record in its place.
        record = kept if isinstance(kept, logging.LogRecord) else record
    return record


def _logger(record: logging.LogRecord) -> str:
    return f"(logger `{record.name}`, {record.levelname})"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)
