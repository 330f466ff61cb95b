"""What a call ended with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

Outcome = int | str

DEADLOCK = "40P01"
#: A serialization failure, a deadlock, and a lock that is not available.
REFUSED_BY_SERVER = {"40001", DEADLOCK, "55P03"}
#: Conflict, and Precondition Failed.
REFUSED = {409, 412}


@dataclass(frozen=True)
class Ending:
    """The outcome of a call, and what it says about it."""

    outcome: Outcome
    """The status of a response, the SQLSTATE or type of an exception, else `returned`."""
    is_refusal: bool = False
    """Whether it says that the call did nothing, and may be made again."""
    error: BaseException | None = None


HANGS = Ending("hangs")


async def ending_of(function: Callable[[], Awaitable[Any]]) -> Ending:
    """Call, and tell what came of it."""
    try:
        result = await function()
    except Exception as error:
        state = sqlstate_of(error)
        return Ending(state or type(error).__name__, state in REFUSED_BY_SERVER, error)
    status = getattr(result, "status_code", None)
    if not isinstance(status, int):
        return Ending("returned")
    asks_again = status == 503 and "retry-after" in result.headers
    return Ending(status, status in REFUSED or asks_again)


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE of an error of the database, whatever it is wrapped in."""
    for link in _chain(error):
        for name in ("sqlstate", "pgcode"):
            state = getattr(link, name, None)
            if isinstance(state, str):
                return state
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = getattr(link, "orig", None) or link.__cause__
