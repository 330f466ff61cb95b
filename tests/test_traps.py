"""Each rule has a trap, each family good code, and their names are unique."""

from collections import Counter

import pytest
from support.gate import load
from support.project import TEMPLATE
from support.traps import GOOD, TRAPS

RULES = load("rules")
FOLDERS = (TEMPLATE / "tests/traps", TEMPLATE / "tests/good")


@pytest.mark.parametrize("rule", RULES.BY_ID)
def test_each_rule_has_a_trap(rule: str) -> None:
    assert rule in {trap.rule for trap in TRAPS}


@pytest.mark.parametrize("family", RULES.FAMILIES)
def test_each_family_has_good_code(family: str) -> None:
    assert family in {case.family for case in GOOD}


def test_each_trap_breaks_a_rule_that_exists() -> None:
    named = {trap.rule for trap in TRAPS} | {rule for trap in TRAPS for rule in trap.also}
    assert named <= set(RULES.BY_ID)
    assert {case.family for case in GOOD} <= set(RULES.FAMILIES)


def test_each_trap_marks_one_line_and_says_what_is_wrong() -> None:
    for trap in TRAPS:
        assert trap.location()
    for case in [*TRAPS, *GOOD]:
        assert case.path.read_text(encoding="utf-8").startswith('"""'), case.name


def test_no_two_pieces_have_one_name() -> None:
    names = Counter(case.name for case in [*TRAPS, *GOOD])
    assert [name for name, count in names.items() if count > 1] == []


def test_each_test_of_its_own_lies_beside_its_module() -> None:
    own = {path for folder in FOLDERS for path in folder.rglob("*_test.py")}
    assert own == {case.test for case in [*TRAPS, *GOOD] if case.test.parent == case.path.parent}
