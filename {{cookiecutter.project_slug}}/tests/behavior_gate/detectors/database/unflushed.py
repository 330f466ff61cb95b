"""What a session holds and has not sent to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import Work, Write

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def unflushed(session: Session, work: Work) -> Write | None:
    """The change that the session holds and has not sent to the database."""
    early = not work.request.response_started
    for verb, instances in (("new", session.new), ("deleted", session.deleted)):
        for instance in instances:
            return work.touched or Write(f"a {verb} {type(instance).__name__}", None, early)
    for instance in session.dirty:
        if _is_changed(instance):
            return work.touched or Write(f"a changed {type(instance).__name__}", None, early)
    return None


def _is_changed(instance: object) -> bool:
    """Whether an attribute differs from the database. `Session.is_modified` may ask that for it."""
    from sqlalchemy.orm.attributes import instance_state

    state: Any = instance_state(instance)
    return any(
        not state.manager[name].impl.is_equal(state.dict.get(name), before)
        for name, before in state.committed_state.items()
    )
