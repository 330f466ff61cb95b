"""Does the comparison of tools count right?"""

import pytest
from support.traps import GOOD, TRAPS, Case, Trap
from test_gate import DETECTORS
from tools.matrix import MARKS, NOTHING, TOOLS, Matrix, Tool, each, table

NAMES = [tool.name for tool in (NOTHING, *TOOLS)]
GATE = TOOLS[-1]


def one_of_each_family() -> list[Trap]:
    return [next(trap for trap in TRAPS if trap.family == family) for family in DETECTORS]


def matrix_of(**failed: list[Case] | list[Trap]) -> Matrix:
    """Only the named tools fail tests."""
    found = {name: {case.name for case in failed.get(name, [])} for name in NAMES}
    return Matrix(found, {name: set() for name in NAMES})


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_counts_by_family_and_tells_false_alarms_apart() -> None:
    traps, good = one_of_each_family(), GOOD[:3]
    matrix = matrix_of(blockbuster=[*traps[:1], *good[:2]], pyleak=traps[1:3], **{GATE.name: traps})

    lines = list(table(matrix, traps, good))
    head, rule, *families, total, alarms = lines[: lines.index("")]

    assert [cell.rstrip(MARKS) for cell in cells(head)] == ["defects found", *NAMES]
    assert len(cells(rule)) == len(cells(head))
    assert [cells(line)[0] for line in families] == [f"`{family}`" for family in DETECTORS]
    assert cells(families[0])[1:] == [
        "1 of 1" if name in {"blockbuster", GATE.name} else "0 of 1" for name in NAMES
    ]
    by_name = dict(zip(NAMES, cells(total)[1:], strict=True))
    assert (by_name["blockbuster"], by_name["pyleak"]) == ("**1 of 7**", "**2 of 7**")
    assert by_name[GATE.name] == "**7 of 7**"
    assert dict(zip(NAMES, cells(alarms)[1:], strict=True))["blockbuster"] == "2"
    assert cells(alarms)[0] == "false alarms on 3 pieces of good code"
    assert [line[:4] for line in lines[lines.index("") + 1 :]] == [f"- {mark} " for mark in MARKS]


def test_what_fails_without_a_tool_is_found_by_none() -> None:
    traps = one_of_each_family()
    matrix = matrix_of(nothing=traps[:1], **{GATE.name: traps})

    assert matrix.found(NOTHING, traps) == (1, 7)
    assert matrix.found(GATE, traps) == (6, 6)
    assert matrix.found(TOOLS[0], traps) == (0, 6)


def test_each_case_is_listed_with_the_tools_that_fail_it() -> None:
    (trap, *_), (piece, *_) = one_of_each_family(), GOOD
    matrix = matrix_of(blockbuster=[trap])
    matrix.hung[NOTHING.name] = {trap.name}

    lines = list(each(matrix, [trap, piece]))

    assert [line.split(maxsplit=1)[0] for line in lines] == [trap.rule, "good"]
    assert lines[0].endswith(f" {trap.name:44} nothing (hangs), blockbuster")
    assert lines[1].endswith(f" {piece.name:44} -")


@pytest.mark.parametrize("tool", [NOTHING, *TOOLS], ids=lambda tool: tool.name)
def test_each_tool_has_a_note(tool: Tool) -> None:
    assert tool.note
    assert not tool.note.endswith(".")
