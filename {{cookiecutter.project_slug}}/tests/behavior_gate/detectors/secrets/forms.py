"""What a secret looks like in a text, and whose word it may be by chance."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

from .tracebacks import messages

SECRET_NAME = re.compile(
    r"(pass_?word|passwd|pwd|passphrase|client_?secret)s?"
    r"[\d_-]*(confirm(ation)?|repeat(ed)?|again|new|old|current|check|verify|plain|raw)?$",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"\$argon2(?:id|i|d)\$[vm]=\d|\$bcrypt-sha256\$|SCRAM-SHA-(?:1|256)\$\d+:"
    r"|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{22}|\$pbkdf2(?:-\w+)?\$\d+\$"
    r"|pbkdf2(?:_|:)sha\d+(?::\d+)?\$|\$scrypt\$|scrypt:\d+:\d+:\d+\$|\$y\$[./\w]+\$[./\w]+\$"
    r"|\$[56]\$(?:rounds=\d+\$)?[./\w]{1,16}\$[./\w]{43}|\$(?:1|apr1)\$[./\w]{1,8}\$[./\w]{22}"
    r"|\{S?SHA(?:256|512)?\}[\w+/]{27}"
)
_SIGNED_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}")
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
#: Under these a validation error gives back what was sent.
_ECHO_KEYS = frozenset(("input", "received"))
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_ESCAPE = re.compile(r"\\(?:u([\da-fA-F]{4})|(.))", re.DOTALL)
#: What Base64, in either alphabet, and hexadecimal digits are made of.
_LETTERS = r"[A-Za-z0-9+/_-]"
#: Encodings inside encodings: the form data inside the payload of a token inside a URL.
_DEPTH = 3
#: The shortest Base64 that may hold a password that is no ordinary word.
_SHORTEST = 11
#: The shortest that may hold a hash.
SHORTEST_HASH = 64


def readings(text: str, shortest: int = _SHORTEST) -> list[str]:
    """Return a text and all that it is read as when escapes and encodings in it are undone.

    `shortest` is the least number of letters of Base64 to decode.
    """
    seen = {_COLOURS.sub("", text): None}
    latest = list(seen)
    for _ in range(_DEPTH):
        latest = [new for old in latest for new in _decoded(old, shortest) if new not in seen]
        if not latest:
            break
        seen.update(dict.fromkeys(latest))
    return list(seen)


def _decoded(text: str, shortest: int) -> Iterator[str]:
    if "%" in text or ("+" in text and "=" in text):
        yield unquote_plus(text)
    if "\\" in text:
        plain = _ESCAPE.sub(lambda found: _unescape(found[1], found[2]), text)
        # JSON escapes an emoji as two halves.
        yield plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "&" in text:
        yield html.unescape(text)
    runs = re.findall(rf"(?<!{_LETTERS}){_LETTERS}{{{shortest},}}", text)
    if runs:
        # A slash or a dash may belong to the encoded text, or stand around it.
        for pieces in (runs, _pieces(runs, "[/+]", shortest), _pieces(runs, "[_-]", shortest)):
            yield from _joined(map(_from_base64, pieces))
        yield from _joined(map(_from_hex, _pieces(runs, "[^A-Za-z0-9]", shortest)))


def _pieces(runs: list[str], separator: str, shortest: int) -> list[str]:
    return [piece for run in runs for piece in re.split(separator, run) if len(piece) >= shortest]


def _unescape(code: str | None, letter: str) -> str:
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": "\r"}.get(letter, letter)


def _from_base64(piece: str) -> bytes:
    piece = piece.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(piece + "=" * (-len(piece) % 4))
    except binascii.Error:
        return b""


def _from_hex(piece: str) -> bytes:
    try:
        return bytes.fromhex(piece)
    except ValueError:
        return b""


def _joined(pieces: Iterable[bytes]) -> Iterator[str]:
    texts = []
    for piece in pieces:
        # What was no encoded text is hardly ever UTF-8.
        try:
            texts.append(piece.decode())
        except UnicodeDecodeError:
            continue
    if any(texts):
        yield "\n".join(texts)


@lru_cache(maxsize=256)
def is_ordinary(password: str) -> bool:
    """Whether a password may stand in a text by chance: it is short, a number, or plain words."""
    return len(password) < 8 or password.isdigit() or _is_words(password)


def _is_words(password: str) -> bool:
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


def is_labelled(password: str, text: str) -> bool:
    """Whether a text says of the password that it is one: `password=hunter2`."""
    if password not in text:
        return False
    value = re.escape(password)
    ways = [r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret)[\"']?\s?[=:]\s?b?[\"']?"]
    if _is_telling(password):
        word = r"(?:pass(?:word|wd|phrase)|pwd)\b"
        ways += [rf"{word}\s+(?:is|was)?[\s:]*[\"'`(]?", rf"{word}[^<>]{{0,80}}?\bvalue=[\"']?"]
    return bool(re.search(rf"(?:{'|'.join(ways)}){value}(?!\w)", text, re.IGNORECASE))


def _is_telling(password: str) -> bool:
    """Whether a password, however short, is no word that a message is made of."""
    return len(password) >= 4 and not password.isalpha() and not _is_words(password)


def is_rare(password: str) -> bool:
    """Whether a password, however short, is hardly ever equal to something else.

    `hunter2` is, and neither `admin`, `test1` nor `1234`.
    """
    letters = re.sub(r"[\W\d_]", "", password.lower())
    return _is_telling(password) and bool(_ORDINARY.sub("", letters))


def echoes(password: str, key: str, value: str) -> bool:
    """Whether a value of a response, found under a key, is or holds the password.

    One that may be the value of anything counts where it is all of the value, under a key that is
    named like a password or by which a validation error gives back what was sent.
    """
    if not is_ordinary(password):
        return any(names(password, text) for text in readings(value))
    if _is_telling(password) and any(is_labelled(password, text) for text in readings(value)):
        return True
    if password != value or _OWN_WORD.fullmatch(key):
        return False
    return is_rare(password) or key.lower() in _ECHO_KEYS or bool(SECRET_NAME.search(key))


def is_logged(password: str, texts: list[str]) -> bool:
    """Whether a line of a log, given as its readings, says the password."""
    if is_ordinary(password):
        return any(is_labelled(password, text) for text in texts)
    return any(names(password, text) for text in texts)


def is_word_of(password: str, texts: list[str]) -> bool:
    """Whether a password, however short, stands in a text as a whole word."""
    word = re.compile(rf"(?<![^\W_]){re.escape(password)}(?![^\W_]|@)")
    return any(password in text and word.search(text) for text in texts)


def stored_as(password: str, name: str, value: str) -> str | None:
    """Say in which form a value of a column is or holds the password, if it does."""
    if is_ordinary(password):
        if password == value and re.search(r"pass|pwd|secret|hash", name, re.IGNORECASE):
            return "as it is"
    elif names(password, value):
        return "as it is"
    if digest := digest_of(password, value):
        return f"as its {digest}"
    if is_logged(password, readings(value)[1:]):
        return "in an encoding that anybody can undo"
    return None


def has_hash(texts: list[str]) -> bool:
    """Whether a text, given as its readings, holds a password hash."""
    return any(_HASH.search(text) for text in texts)


def has_signed_token(text: str) -> bool:
    """Whether a text holds a signed JWT, which is as good as a password as long as it is valid."""
    return bool(_SIGNED_TOKEN.search(text))


def digest_of(password: str, text: str) -> str | None:
    """Name the digest of the password in a text, which is found in a table of guesses."""
    small = text.lower()
    for name, (as_hex, as_base64) in _digests(password).items():
        if as_hex in small or as_base64 in text:
            return name
    return None


@lru_cache(maxsize=256)
def _digests(password: str) -> dict[str, tuple[str, str]]:
    digests = {}
    for name in ("md5", "sha1", "sha256", "sha512"):
        # JSON may hold half of a surrogate pair.
        encoded = password.encode(errors="surrogatepass")
        digest = hashlib.new(name, encoded, usedforsecurity=False).digest()
        digests[name.upper()] = (digest.hex(), base64.b64encode(digest).decode())
    return digests


def strings(content: object) -> Iterator[str]:
    """Every string inside nested containers."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, bytes):
        yield text_of(content)
        # A digest as it comes.
        if len(content) <= 64:
            yield content.hex()
    elif isinstance(content, dict):
        for value in content.values():
            yield from strings(value)
    elif isinstance(content, list | tuple | set):
        for value in content:
            yield from strings(value)
    elif isinstance(content, BaseException):
        yield from messages(content)


def labelled(content: object) -> Iterator[str]:
    """Every string in nested containers under a name of a password, as `password=value`."""
    if isinstance(content, dict):
        for name, value in content.items():
            if isinstance(name, str) and SECRET_NAME.search(name):
                yield from (f"password={text}" for text in strings(value))
            else:
                yield from labelled(value)
    elif isinstance(content, list | tuple | set):
        for value in content:
            yield from labelled(value)


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
