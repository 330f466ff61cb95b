"""What is told of the schedules that are like no serial run."""

from __future__ import annotations

from collections.abc import Sequence

from .explored import Explored, Finding
from .turns import Run

#: So many findings are told in full.
IN_FULL = 3


def report(explored: Explored, nodeid: str) -> str:
    findings = explored.findings
    count = len(explored.schedules)
    parts = [f"{len(findings)} of {count} schedules are like no serial run of the calls."]
    parts += [_in_full(finding, explored.serial, nodeid) for finding in findings[:IN_FULL]]
    if len(findings) > IN_FULL:
        names = ", ".join(finding.run.name for finding in findings[IN_FULL:])
        parts.append(f"The same holds for {names}.")
    return "\n\n".join(parts)


def _in_full(finding: Finding, serial: Sequence[Run], nodeid: str) -> str:
    run = finding.run
    lines = [f"{run.name}: {finding.what}"]
    for one in (*serial, run):
        lines.append(f"  {one.name:<12} {', '.join(map(str, one.outcomes))}")
    for statement in run.statements:
        where = f"  {statement.where}" if statement.where else ""
        lines.append(f"  {statement.letter}{statement.number} {statement.text}{where}")
    for wait in run.waits:
        lines.append(f"  {wait}")
    lines.append(f'  Run it alone: pytest "{nodeid}" --schedule="{run.name}"')
    return "\n".join(lines)
