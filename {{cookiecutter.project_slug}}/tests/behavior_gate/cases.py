"""The tests, as those to whom the running code belongs."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Case:
    """One test."""

    nodeid: str = ""
    #: The rules and families that it allows.
    allowed: frozenset[str] = frozenset()
    #: The gate has broken it off.
    stopped: bool = False
    #: The names of its `gate_allow` that have allowed something.
    used: set[str] = field(default_factory=set)


#: The test that the running code belongs to, also when that is long over. None in a fixture that
#: lives longer than one test.
current_case: ContextVar[Case | None] = ContextVar("current_case", default=None)

#: Set while a fixture that lives longer than one test is set up: its tasks are its own affair.
in_wide_fixture: ContextVar[bool] = ContextVar("in_wide_fixture", default=False)
