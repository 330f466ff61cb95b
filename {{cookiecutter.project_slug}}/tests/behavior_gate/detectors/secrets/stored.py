"""What a request writes to the database."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from ... import rules
from ...asgi import endpoint_of, here
from ...core import Gate, Request, current_request
from ...sql import classify, targets
from .forms import is_ordinary, names, stored_as, strings


class StatementWatch:
    """Looks for the submitted password in what is written."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def install(self) -> None:
        self._listens = find_spec("sqlalchemy") is not None
        if self._listens:
            from sqlalchemy import event
            from sqlalchemy.engine import Engine

            event.listen(Engine, "after_cursor_execute", self._executed)

    def uninstall(self) -> None:
        if self._listens:
            from sqlalchemy import event
            from sqlalchemy.engine import Engine

            event.remove(Engine, "after_cursor_execute", self._executed)

    def _executed(
        self, _: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        request = current_request.get()
        if request is None or not request.passwords or classify(statement) != "write":
            return
        # The database may hash by itself.
        if "crypt(" in statement:
            return
        sent = list(strings(parameters))
        given = list(_given(context, parameters))
        # What the type of a column has made of the rest.
        given += [("", text) for text in {*sent}.difference(text for _, text in given)]
        for password in request.passwords:
            if not is_ordinary(password) and names(password, statement):
                self._report_stored(request, statement, "")
            is_told = False
            for name, value in given:
                how = stored_as(password, name, value) if name or not is_told else None
                # The type may as well have encrypted it, or hashed it.
                if how and any(value in text for text in sent):
                    self._report_stored(request, statement, name, how)
                    is_told = True

    def _report_stored(
        self, request: Request, statement: str, name: str, how: str = "as it is"
    ) -> None:
        written = targets(statement)
        places = [f"`{name}`"] if name else []
        places += [f"table {written[0].table}"] if written else []
        self.gate.report(
            rules.PASSWORD_STORED,
            what=f"{request} stored the submitted password {how}"
            + (f" in {' of '.join(places)}" if places else ""),
            where=here(self.gate) or endpoint_of(self.gate, request),
        )


def _given(context: Any, parameters: Any) -> Iterator[tuple[str, str]]:
    """Name, if known, and text of each parameter of one execution, or of many."""
    rows = getattr(context, "compiled_parameters", None) or (
        parameters if isinstance(parameters, list) else [parameters]
    )
    for row in rows:
        named = row.items() if isinstance(row, dict) else (("", value) for value in row or ())
        for name, value in named:
            for text in strings(value):
                yield name, text
