"""Text of the client inside the SQL, where it belongs among the parameters."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote_plus

from ... import rules
from ...asgi import here
from ...core import Request, current_request
from ...sql import literals
from ...where import stack
from .records import Statement
from .traffic import Part, Traffic

#: What is shorter is found by chance.
_LEAST_LENGTH = 3
#: The same for a part of a literal.
_LEAST_PART = 6
#: A body that is longer is not looked at.
_MOST_BYTES = 100_000
#: What parts the values of a path, a query or a body.
_BETWEEN = re.compile(r'[/&=]|"\s*[:,}\]]\s*"?|[{\[]\s*"')


class Injections(Part):
    """Looks for what a request has sent among the literals of its statements."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        self._sent: dict[Request, list[str]] = {}

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        query = scope.get("query_string", b"").decode("latin-1")
        self._sent[request] = [scope["path"], query]

    def request_body(self, request: Request, chunk: bytes, more: bool) -> None:
        parts = self._sent.get(request)
        if parts is not None and len(chunk) < _MOST_BYTES:
            parts.append(chunk.decode("utf-8", "replace"))

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        self._sent.pop(request, None)

    def executed(self, statement: Statement) -> None:
        request = current_request.get()
        found = literals(statement.text)
        if not found or request not in self._sent:
            return
        values = set(self._values(request))
        for literal in found:
            text = literal.strip("%")
            sent = next((value for value in values if _is_made_of(text, value)), None)
            if sent is not None and not self._is_of_code(sent):
                shown = "***" if any(secret in sent for secret in request.passwords) else sent
                self.gate.report(
                    rules.SQL_INJECTION,
                    what=f"{request} put {shown!r}, which its client has sent, into the"
                    " text of its SQL",
                    where=here(self.gate),
                )

    def _values(self, request: Request) -> Iterator[str]:
        for part in self._sent[request]:
            for value in _BETWEEN.split(part):
                yield value.strip()
                yield unquote_plus(value).strip()

    def _is_of_code(self, text: str) -> bool:
        """Whether the application itself holds the text, as a list of what is allowed does."""
        quoted = re.compile(rf"['\"%]{re.escape(text)}['\"%]")
        return any(quoted.search("".join(linecache.getlines(name))) for name in self._filenames())

    def _filenames(self) -> set[str]:
        """The files of the application on the stack, and those that they import from."""
        found = set()
        for frame in stack(sys._getframe(1)):
            if self.gate.origin(frame.f_code) == "application":
                found.add(frame.f_code.co_filename)
                for value in list(frame.f_globals.values()):
                    module = sys.modules.get(getattr(value, "__module__", None) or "", value)
                    filename = getattr(module, "__file__", None) or ""
                    if filename.endswith(".py") and self.gate.origins[filename] == "application":
                        found.add(filename)
        return found


def _is_made_of(text: str, sent: str) -> bool:
    if text == sent:
        return len(sent) >= _LEAST_LENGTH
    return len(sent) >= _LEAST_PART and sent in text
