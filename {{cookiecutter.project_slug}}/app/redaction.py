"""Keeps secrets out of the logs, in whatever form they come."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"


class Shown(str):
    """A text that is logged as it is, whatever is in it."""

    __slots__ = ()


SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|authorization|cookie|credential|(?:api|private)[_-]?key",
    re.IGNORECASE,
)

# Most texts are a word, a path or an id, which no pattern but that of tokens can match.
_PLAIN = re.compile(r"(?!.*eyJ)[\w./{}-]*")

# The lengths are limited, so that a long text takes no longer than its length.
_PATTERNS: list[tuple[re.Pattern[str], str]] = [
    # Hashes of passwords, by their prefix in the modular crypt format.
    (re.compile(r"\$(?:argon2\w*|2[abxy]|scrypt|pbkdf2[\w-]*|[156y])\$[\w$+./=,-]+"), HIDDEN),
    # JSON web tokens.
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),
    # Credentials of an Authorization header. A word of prose has lower case letters alone.
    (re.compile(r"\b((?i:bearer|basic))\s+(?=\S*[^a-z\s.,:])\S+"), rf"\1 {HIDDEN}"),
    # The password in a URL, but for the placeholder of our own message.
    (re.compile(r"(?<=://)([^\s/:@]*):(?!PASSWORD@)[^\s/]*@"), rf"\1:{HIDDEN}@"),
    # The query of a URL, which httpx logs.
    (re.compile(r"(\b(?:https?|wss?)://[^\s?\"']{1,2000})\?[^\s\"']+"), rf"\1?{HIDDEN}"),
    # The input in an error of pydantic, and the parameters in one of SQLAlchemy.
    (re.compile(r"(input_value=).{0,200}?(?=, input_type=)", re.DOTALL), rf"\1{HIDDEN}"),
    (re.compile(r"(\[parameters: ).*"), rf"\1{HIDDEN}]"),
    # name=value, name='value' and 'name': 'value', also with the quotes of JSON within JSON.
    (
        re.compile(
            rf"""((?:{SECRET_NAME.pattern})[\w-]{{0,40}}
            (?: =\s* | \\?["']\s*[:,]\s*b? | :\s*(?=b?\\?["']) b? ))
            (?: (\\?["']) .{{0,500}}? \2 | [^\s&;,"')}}\]]+ )""",
            re.IGNORECASE | re.VERBOSE | re.DOTALL,
        ),
        rf"\1{HIDDEN}",
    ),
    # A header as it is sent.
    (re.compile(r"(?i)(\b(?:set-)?(?:authorization|cookie): )[^\r\n]+"), rf"\1{HIDDEN}"),
]


def redacted(value: Any) -> Any:
    """Return a value as JSON can hold it, without the secrets in it."""
    match value:
        case Shown() | None | bool() | int() | float():
            return value
        case str():
            return _text(value)
        case Mapping():
            return {str(name): _named(name, part) for name, part in value.items()}
        case (str() | bytes() as name, part):
            return [redacted(name), _named(name, part)]
        case list() | tuple() | set() | frozenset():
            return [redacted(part) for part in value]
    return _text(str(value))


def _named(name: Any, value: Any) -> Any:
    return HIDDEN if _is_secret(str(name)) else redacted(value)


@lru_cache
def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name))


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
