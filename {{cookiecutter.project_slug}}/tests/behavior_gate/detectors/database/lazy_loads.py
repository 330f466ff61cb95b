"""Attributes that are loaded at first use, where nothing can await the query."""

from __future__ import annotations

import sys
from itertools import takewhile
from types import FrameType
from typing import TYPE_CHECKING, Any

from ... import rules
from ...asgi import endpoint_of
from ...core import Request, current_request
from ...where import ROUTING, Location, library_path, stack
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.orm import ORMExecuteState


class LazyLoads(Part):
    """Names what was to be loaded, as the error that follows does not."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        self._attempts: dict[Request, tuple[str, Location | None]] = {}

    def listeners(self) -> list[Listener]:
        from sqlalchemy.orm import Session

        return [(Session, "do_orm_execute", self._executing)]

    def _executing(self, execution: ORMExecuteState) -> None:
        request = current_request.get()
        if request is None or not (execution.is_relationship_load or execution.is_column_load):
            return
        engine = execution.session.get_bind(**execution.bind_arguments)
        if engine.dialect.is_async and not _can_await():
            request.explained = True
            self._attempts.setdefault(request, (_describe(execution), self._where()))

    def _where(self) -> Location | None:
        """The line below the framework, which may use the attribute by itself."""
        frames = takewhile(_is_below_routing, stack(sys._getframe(1)))
        return self.gate.innermost(
            (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name) for frame in frames
        )

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        if request in self._attempts:
            attribute, where = self._attempts.pop(request)
            self.gate.report(
                rules.LAZY_LOAD,
                what=f"{request} used {attribute}",
                where=where or endpoint_of(self.gate, request),
            )


def _is_below_routing(frame: FrameType) -> bool:
    return library_path(frame.f_code.co_filename) not in ROUTING


def _can_await() -> bool:
    """Whether the code runs in a greenlet, in which SQLAlchemy awaits its driver."""
    greenlet: Any = sys.modules.get("greenlet")
    return greenlet is not None and greenlet.getcurrent().parent is not None


def _describe(execution: ORMExecuteState) -> str:
    """Name the attribute, and the eager load that fits."""
    path = execution.loader_strategy_path
    relationship: Any = path[-1] if execution.is_relationship_load and path else None
    name = getattr(relationship, "class_attribute", None)
    if name is None:
        mapper = execution.bind_mapper
        owner = f"`{mapper.class_.__name__}`" if mapper else "an object"
        return (
            f"an attribute of {owner} that was expired or deferred: load it by `await"
            " session.refresh(...)`, or make the session with expire_on_commit=False"
        )
    load = "selectinload" if relationship.uselist else "joinedload"
    return f"`{name}` before it was loaded: query with options({load}({name}))"
