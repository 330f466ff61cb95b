"""What a secret looks like in a text, and whose word it may be by chance."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

SECRET_NAME = re.compile(
    r"(pass_?word|passwd|pwd|passphrase|client_?secret)s?"
    r"[\d_-]*(confirm(ation)?|repeat(ed)?|again|new|old|current|check|verify|plain|raw)?$",
    re.IGNORECASE,
)
HASH = re.compile(
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


def stands_in(password: str, body: str) -> bool:
    """Whether a text may hold the password, plain or as JSON escapes it."""
    return (
        password in body
        or json.dumps(password)[1:-1] in body
        or json.dumps(password, ensure_ascii=False)[1:-1] in body
    )


@lru_cache(maxsize=256)
def is_ordinary(password: str) -> bool:
    """Whether a password may stand in a text by chance: it is short, a number, or plain words."""
    if len(password) < 8 or password.isdigit():
        return True
    letters = re.sub(r"[\s_-]", "", password.lower())
    return letters.isalpha() and len(_ORDINARY.sub("", letters)) < 4


def names(password: str, text: str) -> bool:
    """Whether a text is or holds the password, not as a part of a longer word or an address."""
    if password not in text:
        return False
    if password == text:
        return True
    return not is_ordinary(password) and bool(
        re.search(rf"(?<![^\W_]){re.escape(password)}(?![^\W_]|@)", text)
    )


def echoes(password: str, key: str, value: str) -> bool:
    if not is_ordinary(password):
        return names(password, value)
    if password != value or _OWN_WORD.fullmatch(key):
        return False
    return len(password) >= 4 or key.lower() in _ECHO_KEYS or bool(SECRET_NAME.search(key))


def is_logged(password: str, text: str) -> bool:
    if not is_ordinary(password):
        return names(password, text) or ("=" in text and names(password, unquote_plus(text)))
    labelled = rf"(?:pass(?:word|wd)?|pwd|secret)[\"']?\s?[=:]\s?[\"']?{re.escape(password)}\b"
    return password in text and bool(re.search(labelled, text, re.IGNORECASE))


def stores(password: str, name: str, value: str) -> bool:
    if not is_ordinary(password):
        return names(password, value)
    return password == value and bool(re.search(r"pass|pwd|secret|hash", name, re.IGNORECASE))


@lru_cache(maxsize=256)
def disguises(password: str) -> dict[str, str]:
    """What anybody can turn back into the password, or can look up in a table of guesses."""
    raw = password.encode()
    digests = {
        hashlib.new(name, raw, usedforsecurity=False).hexdigest(): name.upper()
        for name in ("md5", "sha1", "sha256", "sha512")
    }
    return {base64.b64encode(raw).decode(): "Base64", **digests}


def strings(content: object) -> Iterator[str]:
    """Every string inside nested containers."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, bytes):
        yield text_of(content)
    elif isinstance(content, dict):
        for value in content.values():
            yield from strings(value)
    elif isinstance(content, list | tuple | set):
        for value in content:
            yield from strings(value)


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
