"""Does the comparison of tools count right, and does the README show all of it?"""

import re
from collections.abc import Iterator

import pytest
from support.traps import GOOD, TRAPS, Case, Trap
from test_gate import DETECTORS
from tools.matrix import (
    BEGIN,
    END,
    NOTHING,
    README,
    TOOLS,
    Matrix,
    Tool,
    each,
    main,
    table,
    written,
)

NAMES = [tool.name for tool in (NOTHING, *TOOLS)]
PURPOSES = [tool.purpose for tool in (NOTHING, *TOOLS)]
GATE = TOOLS[-1]
#: So many more traps, or good pieces, than in the README: whoever adds one need not run all tools.
MANY = 10
SLOW = sum(trap.family == "slow" for trap in TRAPS)


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
    head, rule, purposes, *families, total, alarms = lines

    assert cells(head) == ["defects found", *NAMES]
    assert cells(purposes) == ["made for", *PURPOSES]
    assert len(cells(rule)) == len(cells(head))
    assert [cells(line)[0] for line in families] == [f"`{family}` (1)" for family in DETECTORS]
    assert cells(families[0])[1:] == [
        "1" if name in {"blockbuster", GATE.name} else "0" for name in NAMES
    ]
    by_name = dict(zip(NAMES, cells(total)[1:], strict=True))
    assert cells(total)[0] == "**all** (7)"
    assert (by_name["blockbuster"], by_name["pyleak"]) == ("**1**", "**2**")
    assert by_name[GATE.name] == "**7**"
    assert cells(alarms)[0] == "**false alarms** (3)"
    assert dict(zip(NAMES, cells(alarms)[1:], strict=True))["blockbuster"] == "**2**"


def test_what_fails_without_a_tool_is_no_false_alarm_of_it() -> None:
    matrix = matrix_of(nothing=GOOD[:1], pyleak=GOOD[:3])

    assert matrix.false_alarms(NOTHING, GOOD) == 1
    assert matrix.false_alarms(next(tool for tool in TOOLS if tool.name == "pyleak"), GOOD) == 2
    assert matrix.false_alarms(GATE, GOOD) == 0


def test_each_case_is_listed_with_the_tools_that_fail_it() -> None:
    (trap, *_), (piece, *_) = one_of_each_family(), GOOD
    matrix = matrix_of(blockbuster=[trap])
    matrix.hung[NOTHING.name] = {trap.name}

    lines = list(each(matrix, [trap, piece]))

    assert [line.split(maxsplit=1)[0] for line in lines] == [trap.rule, "good"]
    assert lines[0].endswith(f" {trap.name:44} nothing (hangs), blockbuster")
    assert lines[1].endswith(f" {piece.name:44} -")


@pytest.mark.parametrize("tool", [NOTHING, *TOOLS], ids=lambda tool: tool.name)
def test_each_tool_has_a_purpose_that_fits_into_a_cell(tool: Tool) -> None:
    assert 0 < len(tool.purpose) < 40
    assert "|" not in tool.purpose


# --- In the README


def number_in(cell: str) -> int:
    (number,) = re.findall(r"\d+", cell)
    return int(number)


def complaints(readme: str, traps: int, good: int) -> Iterator[str]:
    """Yield what is wrong with the table in a README. How much is found, only a run can tell.

    Args:
        traps: How many there are.
        good: How many pieces of good code there are.
    """
    lines = readme.partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0].splitlines()
    head, _, purposes, *families, total, alarms = map(cells, lines)
    if head[1:] != NAMES or purposes[1:] != PURPOSES:
        yield "other ways"
    if [name.partition(" ")[0] for name, *_ in families] != [f"`{name}`" for name in DETECTORS]:
        yield "other families"
    for *column, whole in zip(*families, total, strict=True):
        if sum(map(number_in, column)) != number_in(whole):
            yield f"{whole}: the families do not add up"
    for name, there in ((total[0], traps), (alarms[0], good)):
        if not 0 <= there - number_in(name) <= MANY:
            yield f"{name}: there are {there}"


def test_the_readme_has_all_ways_and_nearly_all_cases() -> None:
    readme = README.read_text(encoding="utf-8")

    assert list(complaints(readme, len(TRAPS), len(GOOD))) == [], (
        "The table is out of date: uv run --directory tests python -m tools.matrix --write"
    )


@pytest.fixture
def full() -> str:
    """A README with a table of all cases, of which no tool fails any."""
    return written(f"# A\n\n{BEGIN}\nold\n{END}\n\nB\n", table(matrix_of(), TRAPS, GOOD))


def test_the_table_is_written_between_its_marks(full: str) -> None:
    lines = full.splitlines()

    assert lines[:3] == ["# A", "", BEGIN]
    assert lines[3].startswith("| defects found | nothing | ")
    assert lines[-3:] == [END, "", "B"]
    assert "old" not in lines


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("blockbuster", "blackbuster", "other ways"),
        ("warnings |", "errors |", "other ways"),
        ("`tasks`", "`chores`", "other families"),
        ("| **0** ", "| **1** ", "**1**: the families do not add up"),
        (f"`slow` ({SLOW})", "`slow` (1)", f"**all** ({len(TRAPS)}): the families do not add up"),
    ],
)
def test_a_stale_table_is_told(full: str, old: str, new: str, complaint: str) -> None:
    assert list(complaints(full, len(TRAPS), len(GOOD))) == []
    assert old in full

    stale = full.replace(old, new, 1)

    assert list(complaints(stale, len(TRAPS), len(GOOD))) == [complaint]


@pytest.mark.parametrize("more", [-1, 0, MANY, MANY + 1])
def test_a_few_new_cases_may_be_missing_in_the_table(full: str, more: int) -> None:
    traps, good = len(TRAPS), len(GOOD)

    told = list(complaints(full, traps + more, good + more))

    is_up_to_date = 0 <= more <= MANY
    stale = [
        f"**all** ({traps}): there are {traps + more}",
        f"**false alarms** ({good}): there are {good + more}",
    ]
    assert told == ([] if is_up_to_date else stale)


def test_a_part_of_the_cases_is_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["matrix", "--write", TRAPS[0].name])

    with pytest.raises(SystemExit):
        main()

    assert "leave out the names" in capsys.readouterr().err
