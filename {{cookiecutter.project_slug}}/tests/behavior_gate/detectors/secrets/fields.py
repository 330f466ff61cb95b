"""What a client submits, field by field, and which of it is a password."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

from .forms import SECRET_NAME, text_of

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
_TOKEN_NAME = re.compile(r"(api|auth|access)[_-]?key|token|jwt", re.IGNORECASE)
_SESSION_COOKIE = re.compile(rf"{_TOKEN_NAME.pattern}|session|^(.*[_-])?sid$", re.IGNORECASE)
SECRET_NAME_IN_BODY = re.compile(rb"pass|pwd|secret", re.IGNORECASE)
_PART = re.compile(
    rb'name="([^"\r\n]*)"((?:\r\n[^\r\n]+)*|;[^\r\n]*)\r\n\r\n(.*?)\r\n--', re.DOTALL
)


def fields_of(body: bytes, content_type: str) -> Iterator[tuple[str, str, str]]:
    """Path, name and value of each string in a JSON or form body."""
    # Starlette's `request.json()` does not ask for the type.
    if "json" in content_type or ("form" not in content_type and body.lstrip()[:1] in b"{["):
        try:
            content = json.loads(body)
        except ValueError:
            return
        yield from _walk(content, "", "")
    elif "multipart" in content_type:
        for name, _, value in _PART.findall(body):
            if len(value) < 1000:
                yield text_of(name), text_of(name), text_of(value)
    else:
        yield from pairs(body)


def pairs(query: bytes) -> Iterator[tuple[str, str, str]]:
    for name, value in parse_qsl(text_of(query), keep_blank_values=True):
        yield name, name, value


def of_headers(headers: Mapping[bytes, bytes]) -> Iterator[tuple[str, str, str]]:
    """The name and password of HTTP Basic, and headers named like a password."""
    for key, value in headers.items():
        name = text_of(key).replace("-", "_")
        if SECRET_NAME.search(name):
            yield name, name, text_of(value)
    scheme, _, encoded = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"basic":
        with suppress(binascii.Error):
            name, _, password = text_of(binascii.a2b_base64(encoded)).partition(":")
            yield "username", "username", name
            yield "password", "password", password


def tokens(headers: Mapping[bytes, bytes]) -> set[str]:
    """What lets the client in, as long as a password: bearer tokens, API keys, session cookies."""
    found = set()
    for key, raw in headers.items():
        name, value = text_of(key), text_of(raw)
        if name == "authorization":
            scheme, _, token = value.partition(" ")
            found |= {token} if scheme.lower() != "basic" else set()
        elif name == "cookie":
            cookies = (cookie.strip().partition("=") for cookie in value.split(";"))
            found |= {text for cookie, _, text in cookies if _SESSION_COOKIE.search(cookie)}
        elif _TOKEN_NAME.search(name):
            found.add(value)
    return {token for token in found if _is_token(token)}


def _is_token(text: str) -> bool:
    return len(text) >= 16 and bool(re.search(r"\d", text)) and not re.search(r"\s", text)


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


def leaves(body: str) -> list[tuple[str, str, str]]:
    try:
        return list(_walk(json.loads(body), "", ""))
    except (ValueError, RecursionError):
        return [("", "", body)]


def sort(fields: Iterable[tuple[str, str, str]]) -> tuple[set[str], set[str]]:
    """Return the passwords among some fields, and the values that are none."""
    passwords, open_values = set(), set()
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
            is_secret = bool(SECRET_NAME.search(name))
        if is_secret:
            passwords.add(value)
        elif not _REPETITION.match(name):
            open_values.add(value)
    return passwords, open_values
