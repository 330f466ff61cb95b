"""Does the exploration find each order of statements, and say what it should?"""

import asyncio
import re
import shutil
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.gate import load_from_tests
from support.project import TEMPLATE, Project
from test_baked_suite import passed

schedules: Any = load_from_tests("exploration.schedules")
rows: Any = load_from_tests("exploration.rows")
outcomes: Any = load_from_tests("exploration.outcomes")
statements: Any = load_from_tests("exploration.statements")

FOLDER = TEMPLATE / "{{cookiecutter.project_slug}}/tests/exploration"
SOURCES = Path(__file__).parent / "support/explored"


@pytest.fixture(scope="module")
def project(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = installed.copy(tmp_path_factory.mktemp("explored") / "project")
    tests = project.path / "tests/explored"
    tests.mkdir()
    (tests / "__init__.py").touch()
    for source in SOURCES.glob("*.py"):
        shutil.copy(source, tests / f"test_{source.name}")
    return project


def explore(project: Project, *arguments: str, code: int = 0, ci: str = "") -> str:
    done = project.uv("run", "--frozen", "pytest", "-p", "no:randomly", *arguments, CI=ci)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def ran(output: str) -> list[list[str]]:
    """The schedules of each exploration, as its test has printed them."""
    found = re.findall(r"ran \[(.+)\]", output)
    return [re.findall(r"'(.+?)'", names) for names in found]


def test_the_mechanics(project: Project) -> None:
    output = explore(project, "tests/explored/test_mechanics.py", "--explore=full")

    assert passed(output) == 39


def test_drivers_without_async(project: Project) -> None:
    done = project.uv(
        *("run", "--frozen", "--with", "psycopg[binary]", "--with", "psycopg2-binary", "pytest"),
        *("--explore=full", "tests/explored/test_sync_drivers.py"),
    )

    assert passed(done.stdout) == 6


# --- The command line

ACCEPTED = "tests/explored/test_outside.py::test_accepted"
COUNTER = "tests/explored/test_outside.py::test_counter"


def test_one_schedule_alone(project: Project) -> None:
    found = explore(project, COUNTER, "--schedule", "A2|B*|A", code=1)
    accepted = explore(project, ACCEPTED, "--schedule=B2|A*|B", "-s")
    good = explore(project, COUNTER, "--schedule=A1|B*|A", "-s")

    assert "AssertionError: 1 of 3 schedules are not as they should be.\n" in found
    assert "A2|B*|A comes to what no serial run comes to.\n" in found
    # It is given as it can be given again.
    assert f'  Run it alone: pytest "{COUNTER}" --schedule="A2|B*|A"\n' in found
    assert ran(accepted) == [["B2|A*|B"]]
    assert ran(good) == [["A1|B*|A"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A9|B*|A", "In A9|B*|A, A is done before its statement 9."),
        (
            "A3|C*|A",
            "--schedule: 'A3|C*|A' is not a schedule of the calls A, B. One is named as A3|B*|A.",
        ),
    ],
)
def test_a_schedule_that_there_is_not(project: Project, name: str, said: str) -> None:
    output = explore(project, COUNTER, f"--schedule={name}", code=1)

    assert f"tests.exploration.explored.ExplorationError: {said}\n" in output


FULL = [f"{a}{n}|{b}*|{a}" for a, b in ("AB", "BA") for n in range(1, 5)]
SHORT = [f"{a}{n}|{b}*|{a}" for a, b in ("AB", "BA") for n in (3, 4)]


@pytest.mark.parametrize(
    ("arguments", "ci", "names"),
    [
        (["--explore=full"], "", FULL),
        (["--explore=short"], "", SHORT),
        ([], "", SHORT),
        ([], "true", FULL),
        (["--explore=short"], "true", SHORT),
    ],
)
def test_full_and_short(project: Project, arguments: list[str], ci: str, names: list[str]) -> None:
    assert ran(explore(project, ACCEPTED, "-s", *arguments, ci=ci)) == [names]


def test_a_short_exploration_is_a_full_one_if_only_functions_write(project: Project) -> None:
    function = "tests/explored/test_outside.py::test_function"

    output = explore(project, function, "--explore=short", code=1)

    assert "4 of 8 schedules are not as they should be.\n" in output
    assert "A2|B*|A comes to what no serial run comes to.\n" in output


def test_the_limit_of_the_gate_is_for_one_run(project: Project) -> None:
    output = explore(
        project,
        *("tests/explored/test_outside.py::test_long", "--explore=full", "-s"),
        *("-o", "gate_timeout=3"),
    )

    assert ran(output) == [[f"{a}{n}|{b}*|{a}" for a, b in ("AB", "BA") for n in (1, 2, 3)]]


NAPS = """\
import time

from fastapi import APIRouter

router = APIRouter()


@router.get("/nap")
async def nap() -> None:
    time.sleep(0.1)
"""


def test_the_gate_finds_what_the_app_does_while_it_is_explored(project: Project) -> None:
    (project.path / "app/naps.py").write_text(NAPS, encoding="utf-8")

    output = explore(project, "tests/explored/test_outside.py::test_blocked", code=1)

    assert "\nbehavior gate: blocking.sleep\n" in output
    assert "\n  at app/naps.py:10 in nap\n" in output


# --- Names of schedules


@pytest.mark.parametrize("name", ["A3|B*|A", "A*|B", "A3|B2|A*|B", "A3|B*|C*|A", "A*|B2|C*|B"])
def test_names_are_read_as_they_are_written(name: str) -> None:
    assert str(schedules.parse(name, 2 + ("C" in name))) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "'' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A0|B*|A", "'A0|B*|A' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A3|B|A", "'A3|B|A' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A3|B*", "'A3|B*' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A3|B*|B", "In 'A3|B*|B', B is past B* already."),
        ("A3|B*|A2", "'A3|B*|A2' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A3|B2|A3|B*|A", "In 'A3|B2|A3|B*|A', A is past A3 already."),
        ("B*", "'B*' is not a schedule of the calls A, B. One is named as A3|B*|A."),
        ("A", "In 'A', each of A, B has to be done once."),
    ],
)
def test_names_that_are_no_schedule(name: str, said: str) -> None:
    with pytest.raises(schedules.ScheduleError, match=f"^{re.escape(said)}$"):
        schedules.parse(name, 2)


def test_a_preemption_comes_after_those_that_are_there() -> None:
    first = schedules.parse("A2|B*|A", 2)
    begun = [{"A": 2}, {"A": 2, "B": 3}, {"A": 4, "B": 3}]

    deeper = [str(one) for one in schedules.with_one_more(first, begun)]

    # Before its first statement, B has done nothing.
    assert deeper == ["A2|B2|A*|B", "A2|B3|A*|B"]


def test_only_some_statements_are_worth_a_stop() -> None:
    first = schedules.serial("AB")

    found = [str(one) for one in schedules.with_one_more(first, [{"A": 4}, {"B": 4}], {("A", 3)})]

    assert found == ["A3|B*|A"]


@pytest.mark.parametrize(
    ("statement", "writes"),
    [
        ("SELECT * FROM users", False),
        ("SELECT deleted, last_update FROM users", False),
        ("SELECT * FROM users FOR UPDATE", True),
        ("SELECT pg_advisory_xact_lock(1)", True),
        ("SELECT nextval('numbers')", True),
        ("insert into users values (1)", True),
        ("WITH gone AS (DELETE FROM users RETURNING id) SELECT count(*) FROM gone", True),
        ("SAVEPOINT s", False),
    ],
)
def test_what_writes(statement: str, writes: bool) -> None:
    assert statements.may_write(statement) is writes


# --- Outcomes


class WrappedError(Exception):
    """As SQLAlchemy wraps the error of a driver."""

    def __init__(self, **attributes: object) -> None:
        super().__init__("wrapped")
        self.orig = SimpleNamespace(__cause__=None, **attributes)


@pytest.mark.parametrize(
    ("error", "outcome", "is_refusal"),
    [
        (ValueError("no"), "ValueError", False),
        (WrappedError(sqlstate="40001"), "40001", True),
        (WrappedError(pgcode="40P01"), "40P01", True),
        (WrappedError(sqlstate="55P03"), "55P03", True),
        (WrappedError(sqlstate="23505"), "23505", False),
        (WrappedError(sqlstate=None), "WrappedError", False),
    ],
)
def test_errors(error: Exception, outcome: str, is_refusal: bool) -> None:
    async def call() -> None:
        raise error

    ending = asyncio.run(outcomes.ending_of(call))

    assert (ending.outcome, ending.is_refusal, ending.error) == (outcome, is_refusal, error)


# --- Rows


def comparison(before: Any, **foreign: Any) -> Any:
    schema = rows.Schema(
        {"parents": ("id",), "children": ("id",)},
        {("parents", "id"), ("children", "id")},
        [rows.ForeignKey("children", "parents", ("parent",), ("id",))],
    )
    return rows.Comparison(schema, before)


NONE: dict[str, list[dict[str, object]]] = {"parents": [], "children": []}


def family(*names: str, first: int = 1, children: tuple[int, ...] = ()) -> Any:
    return {
        "parents": [{"id": first + n, "name": name} for n, name in enumerate(names)],
        "children": [{"id": 9 + n, "parent": parent} for n, parent in enumerate(children)],
    }


def test_the_order_of_rows_and_generated_keys_make_no_difference() -> None:
    compared = comparison(NONE)

    one = compared.state_of(family("Ada", "Grace", children=(1,)))

    assert one == compared.state_of(family("Grace", "Ada", first=5, children=(6,)))
    assert one != compared.state_of(family("Grace", "Ada", first=5, children=(5,)))
    assert one != compared.state_of(family("Ada", "Grace", children=(1, 1)))


def test_a_key_that_was_there_before_is_compared() -> None:
    compared = comparison(family("Ada", "Ada"))

    one = compared.state_of(family("Ada", "Ada", children=(1,)))

    assert one != compared.state_of(family("Ada", "Ada", children=(2,)))


def test_columns_that_differ_between_equal_runs_are_left_out() -> None:
    compared = comparison(NONE)
    compared.leave_out_what_differs(family("Ada"), family("Grace"))

    assert compared.left_out == {("parents", "id"), ("children", "id"), ("parents", "name")}
    assert compared.state_of(family("Ada")) == compared.state_of(family("Grace"))
    assert compared.state_of(family("Ada")) != compared.state_of(family("Ada", "Ada"))


@pytest.mark.parametrize(
    ("first", "later", "are_times"),
    [
        (family("Ada", "Grace"), family("Ada", "Edith"), True),
        # As it was before, or not there, is no other time.
        (family("Grace"), family("Ada"), False),
        (family("Ada", "Grace"), family("Ada"), False),
    ],
)
def test_times_are_new_each_time(first: Any, later: Any, are_times: bool) -> None:
    compared = comparison(family("Ada"))

    assert compared.leave_out_times(first, later) is are_times
    assert (("parents", "name") in compared.left_out) is are_times


def documents(*documents: object) -> Any:
    return NONE | {"parents": [{"id": n, "data": one} for n, one in enumerate(documents)]}


def test_of_a_document_only_the_part_that_differs_is_left_out() -> None:
    compared = comparison(NONE)
    compared.leave_out_what_differs(
        documents({"at": 1, "tags": [{"by": 2, "text": "a"}]}),
        documents({"at": 3, "tags": [{"by": 4, "text": "a"}]}),
    )

    assert {path for _, path in compared.left_out} == {"id", "data.at", "data.tags[].by"}
    one = compared.state_of(documents({"at": 5, "tags": [{"by": 6, "text": "a"}]}))
    assert one == compared.state_of(documents({"at": 7, "tags": [{"by": 8, "text": "a"}]}))
    assert one != compared.state_of(documents({"at": 5, "tags": [{"by": 6, "text": "b"}]}))
    assert one != compared.state_of(documents({"at": 5, "tags": []}))


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1}, {"b": 1}), ([1], [1, 2]), ({"a": 1}, [1]), ({"a": 1}, None)]
)
def test_a_document_of_another_form_is_left_out_as_a_whole(one: object, other: object) -> None:
    compared = comparison(NONE)
    compared.leave_out_what_differs(documents(one), documents(other))

    assert ("parents", "data") in compared.left_out


@pytest.mark.parametrize(
    ("value", "ahead", "is_left_out"),
    [
        (7, 100_007, True),
        (7, 8, False),
        ("order-00007", "order-100007", True),
        ("order 7", "bill 100007", False),
        ([7], [100_007], True),
        (None, 100_007, False),
    ],
)
def test_numbers_of_a_sequence_are_left_out_wherever_they_are_kept(
    value: object, ahead: object, is_left_out: bool
) -> None:
    compared = comparison(NONE)
    compared.leave_out_numbers(documents(value), documents(ahead))

    left_out = {path.rstrip("[]") for _, path in compared.left_out}
    assert left_out == ({"id", "data"} if is_left_out else {"id"})


def test_numbers_are_compared_by_value() -> None:
    assert rows.frozen([Decimal("1.0"), {"b": 2, "a": [1]}]) == (1, (("a", (1,)), ("b", 2)))


# --- The folder


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


def test_it_knows_neither_the_app_nor_the_folders_beside_it() -> None:
    imports = re.compile(r"^\s*(?:from|import) (\.\.\S*|app\b\S*|tests\b\S*)", re.MULTILINE)

    found = [imports.findall(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.py")]

    assert found
    assert not any(found)
    assert imports.findall("from ..isolation import running\n") == ["..isolation"]
