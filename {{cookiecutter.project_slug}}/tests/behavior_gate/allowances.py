"""The marker `gate_allow`: what a test may do, and whether it does."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest

from . import rules
from .modes import Modes

MARKER = (
    "gate_allow(*rules, reason): the behavior gate lets this test break the named rules, or all of"
    " a family"
)
#: The marks of a test alone. Those that a hook adds may be meant for many tests, as of a module.
_own_key = pytest.StashKey[list[pytest.Mark]]()


def allowed(item: pytest.Item) -> frozenset[str]:
    """The rules and families that a test may break."""
    return frozenset(_names(item.iter_markers("gate_allow")))


def note(item: pytest.Item) -> None:
    """Remember what is written at a test itself."""
    item.stash[_own_key] = [mark for mark in item.own_markers if mark.name == "gate_allow"]


def unused(
    item: pytest.Item, used: set[str], modes: Modes, hidden: Collection[rules.Rule | None]
) -> str | None:
    """Say what a test alone is allowed and has not done.

    Not what depends on the machine, or what nobody looks for or can see.
    """
    marks = item.stash[_own_key]
    names = _names(marks) - used
    if not names:
        return None
    spared = [
        rule for rule in rules.RULES if rule.by_time or rule in hidden or modes.of(rule) == "off"
    ]
    names -= {name for rule in spared for name in (rule.id, rule.family)}
    if not names:
        return None
    listed = ", ".join(f'"{name}"' for name in sorted(names))
    return (
        f"@pytest.mark.gate_allow({listed}) allowed nothing: the test does not break"
        f" {'this rule' if len(names) == 1 else 'these rules'}.\n"
        "Fix: remove what is not needed. If only some parameters need it, mark these\n"
        "     with pytest.param(..., marks=...). The setting gate_allow_unused = true turns\n"
        "     this check off."
    )


def problem_of(item: pytest.Item) -> str | None:
    """Say in one line what is wrong with a mark, with the name that may be meant."""
    for mark in item.iter_markers("gate_allow"):
        reason = mark.kwargs.get("reason")
        unknown = [name for name in mark.args if name not in (*rules.FAMILIES, *rules.BY_ID)]
        if unknown:
            problem = rules.unknown(unknown[0])
        elif not mark.args:
            problem = f"name a rule or a family: {', '.join(rules.FAMILIES)}"
        elif set(mark.kwargs) - {"reason"}:
            problem = "it takes names of rules and reason=..."
        elif not isinstance(reason, str) or not reason.strip():
            problem = 'say why: reason="..."'
        else:
            continue
        return f"{item.nodeid}: @pytest.mark.gate_allow: {problem}"
    return None


def _names(marks: Iterable[pytest.Mark]) -> set[str]:
    return {name for mark in marks for name in mark.args}
