"""The rules: what the gate looks for, why it matters, and how to fix it.

Findings, `--gate-explain`, the reports and the self-test all take their words from here.
"""

from __future__ import annotations

from difflib import get_close_matches

from .blocking import *  # noqa: F403
from .database import *  # noqa: F403
from .requests import *  # noqa: F403
from .rule import Rule as Rule
from .secrets import *  # noqa: F403
from .slow import *  # noqa: F403
from .tasks import *  # noqa: F403
from .warnings import *  # noqa: F403

#: The families, in the order in which they are listed.
FAMILIES = ("blocking", "slow", "tasks", "warnings", "requests", "database", "secrets")
RULES = tuple(
    sorted(
        (value for value in globals().values() if isinstance(value, Rule)),
        key=lambda rule: FAMILIES.index(rule.family),
    )
)
BY_ID = {rule.id: rule for rule in RULES}


def unknown(name: str) -> str:
    """Say that there is no such rule or family, and which one may be meant."""
    near = get_close_matches(name, [*FAMILIES, *BY_ID], n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else f"the families are {', '.join(FAMILIES)}"
    return f"unknown rule {name!r}: {meant} (pytest --gate-explain lists all)"
