"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of defect."""

    #: `family.name`. The marker takes the whole, or the family for all its rules.
    id: str
    #: What is wrong, as a noun phrase.
    summary: str
    #: Why it matters, in a clause.
    why: str
    fix: str
    #: The shortest code that breaks the rule, and the same code without the defect.
    bad: str
    good: str
    #: The settings of pytest that change what is found.
    settings: tuple[str, ...] = ()
    #: What is found depends on how fast the machine is.
    by_time: bool = False

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]
