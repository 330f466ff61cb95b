"""Sessions that a container of a test keeps, to give the same one to whoever asks."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

from ...core import Gate
from ...where import is_python, library_path

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: What these keep is the application's, or that of a request.
_FRAMEWORKS = ("sqlalchemy/", "sqlmodel/", "fastapi/", "starlette/")
#: From a session to its asynchronous one, to a dictionary, and to its owner.
_STEPS = 3


def is_in_container(gate: Gate, session: Session) -> bool:
    """Whether an object of another library holds a session. It takes time to find out.

    What was alive before the test has been set aside by `gc.freeze`, and is not looked at: the
    containers of an application are mostly older than a test, and those of a fixture are not.
    """
    held: list[Any] = [session]
    for _ in range(_STEPS):
        holders = [one for one in gc.get_referrers(*held) if one is not held]
        if any(_is_container(gate, one) for one in holders):
            return True
        held = [one for one in holders if _is_passed(one)]
        if not held:
            break
    return False


def _is_passed(holder: object) -> bool:
    """Whether it is an asynchronous session, or a dictionary but that of a module."""
    if type(holder) is dict:
        return "__spec__" not in holder
    return type(getattr(type(holder), "sync_session_class", None)) is type


def _is_container(gate: Gate, holder: object) -> bool:
    module = sys.modules.get(type(holder).__module__)
    filename = getattr(module, "__file__", None)
    return (
        filename is not None
        and gate.origins[filename] == "library"
        and not is_python(filename)
        and not library_path(filename).startswith(_FRAMEWORKS)
    )
