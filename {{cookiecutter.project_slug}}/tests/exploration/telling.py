"""What is told of interruptions that leave something wrong behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .attempts import Attempt
from .expected import Expected, Final

#: So many findings are told in full.
IN_FULL = 3


@dataclass
class Damage:
    """What an interruption has left behind."""

    attempt: Attempt
    problems: list[str]
    final: Final
    expected: Expected


def tell(findings: Sequence[Damage], count: int, nodeid: str) -> str:
    parts = [f"{len(findings)} of {count} interruptions leave something wrong behind."]
    parts += [_in_full(finding, nodeid) for finding in findings[:IN_FULL]]
    if len(findings) > IN_FULL:
        names = ", ".join(finding.attempt.name for finding in findings[IN_FULL:])
        parts.append(f"And: {names}.")
    return "\n\n".join(parts)


def _in_full(finding: Damage, nodeid: str) -> str:
    attempt = finding.attempt
    lines = [f"{attempt.name}: at {attempt.where}"]
    lines += [f"  {problem}" for problem in finding.problems]
    for statement in attempt.statements:
        lines.append(f"    {statement.number:>2} {statement.text}   {statement.where}")
    lines.append(f'  Run it alone: pytest "{nodeid}" --schedule="{attempt.name}"')
    return "\n".join(lines)
