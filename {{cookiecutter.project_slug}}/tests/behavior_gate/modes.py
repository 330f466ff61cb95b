"""What becomes of what is found: which rules fail a test, which are recorded, and which are off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .rules import Rule

Mode = Literal["on", "warn", "off"]
#: What a finding has come to: it fails its test, its rule only warns, or the baseline has it.
Outcome = Literal["failed", "warned", "known"]


@dataclass(frozen=True, slots=True)
class Modes:
    """The mode of each rule."""

    #: The run is to end as it does without the gate.
    only_records: bool = False
    #: The rules and families that a setting names.
    named: Mapping[str, Mode] = field(default_factory=dict)

    def of(self, rule: Rule) -> Mode:
        """The mode of a rule. What is said of it wins over what is said of its family."""
        others: Mode = "warn" if self.only_records else "on"
        return self.named.get(rule.id) or self.named.get(rule.family) or others

    def at_full_strength(self) -> Modes:
        """The same without what only warns."""
        off = {name: mode for name, mode in self.named.items() if mode == "off"}
        return Modes(named=off)
