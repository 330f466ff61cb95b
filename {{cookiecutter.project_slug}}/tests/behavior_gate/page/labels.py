"""What requests are called, without what their paths may hold of a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..core import Request

#: A part of a path that no person has chosen: a number, an id, a token.
_VALUE = re.compile(r"\d+|(?=[^/]*\d)[^/]{12,}|[^/]{32,}")

#: What a hash or a token looks like: small and capital letters with digits, or many hex digits.
_OPAQUE = re.compile(
    r"\$(?:argon2\w*|bcrypt[\w-]*|pbkdf2[\w-]*|scrypt|2[abxy]|[156y]|apr1)\$[\w$./+=,-]{8,}[\w./+=-]"
    r"|(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{20,}"
    r"|\b[0-9a-fA-F]{32,}\b"
)
MASK = "•••"
#: A shorter secret may be a part of any word.
_SHORTEST_SECRET = 6


def label_of(request: Request, scope: Mapping[str, Any]) -> str:
    """Name a request by the path that its route was defined with, if the framework tells."""
    template = getattr(scope.get("route"), "path", None)
    if isinstance(template, str) and _fits(template, request.path):
        return f"{request.method} {template}"
    return f"{request.method} {without_values(request.path)}"


def without_values(path: str) -> str:
    """Replace the parts of a path that look like values."""
    return "/".join("{…}" if _VALUE.fullmatch(part) else part for part in path.split("/"))


def _fits(template: str, path: str) -> bool:
    """Whether it tells the whole path, which that of a route below a mount does not."""
    pattern = "".join(
        ".+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]*\})", template)
    )
    return re.fullmatch(pattern, path) is not None


def without_secrets(text: str, known: Collection[str] = ()) -> str:
    """Mask what looks like a token or a hash in a text, and the secrets that are known."""
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return _OPAQUE.sub(MASK, text)
