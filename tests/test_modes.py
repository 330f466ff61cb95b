"""What warns fails and changes nothing, what is off is not looked for, and a cause is told once.

The project has nothing of ours but the gate itself.
"""

import json
import re
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
from support.shop import LINES, Plant, plant_shop, run_pytest, write

ALONE_AND_WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])


@pytest.fixture
def plant(small_environment: dict[str, str], tmp_path: Path) -> Plant:
    return partial(plant_shop, tmp_path / "project", small_environment)


# A cause is told once

SHARED = """
    @pytest.mark.parametrize("n", range(5))
    async def test_sleep(n):
        try:
            await shop.sleep()
        except Exception:
            pass

    async def test_both():
        await shop.leak()
        await shop.sleep()

    async def test_leak():
        await shop.leak()

    async def test_error():
        await shop.leak()
        assert shop.tasks == []
    """


@ALONE_AND_WORKERS
def test_a_cause_is_one_block_with_the_tests_that_met_it(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    done = run_pytest(plant(SHARED), *workers, "--gate-report=gate.json")

    assert done.returncode == 1
    sleep, leak = LINES["sleep"], LINES["leak"]
    assert done.stdout.count(f"  at {sleep} in sleep\n") == 1
    assert done.stdout.count(f"  at {leak} in leak\n") == 1
    assert "  Met by 6 tests:\n" in done.stdout
    assert len(re.findall(r"^    test_shop.py::\S+$", done.stdout, re.MULTILINE)) == 6
    assert "    and 3 more (-v names all)\n" in done.stdout
    assert "  Met by 3 tests:\n" in done.stdout
    # One line for each test and phase that failed.
    lines = re.findall(r"^(?:FAILED|ERROR) .*", done.stdout, re.MULTILINE)
    blocking = [line for line in lines if line.endswith(f" - blocking.sleep at {sleep}")]
    leaked = [line for line in lines if line.endswith(f" - tasks.leaked at {leak}")]
    assert (len(lines), len(blocking), len(leaked)) == (10, 6, 3)
    said = "behavior gate: 8 tests watched by 6 detectors, 9 findings at 2 places"
    assert said in done.stdout.splitlines()


def test_all_tests_that_met_a_cause_are_named_on_demand(plant: Plant) -> None:
    done = run_pytest(plant(SHARED), "-v")

    names = [f"    test_shop.py::test_sleep[{n}]" for n in range(5)]
    assert "\n".join(["  Met by 6 tests:", *names, "    test_shop.py::test_both"]) in done.stdout


@ALONE_AND_WORKERS
def test_the_report_has_each_finding_and_sums_up_by_cause(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    project = plant(SHARED)

    run_pytest(project, *workers, "--gate-report=gate.json")

    report = json.loads(project.read("gate.json"))
    assert report["version"] == 2
    assert len(report["findings"]) == 9
    causes = [
        (cause["rule"], f"{cause['path']}:{cause['line']}", cause["findings"], cause["tests"])
        for cause in report["causes"]
    ]
    both, error, leak = (f"test_shop.py::test_{name}" for name in ("both", "error", "leak"))
    sleeping = [f"test_shop.py::test_sleep[{n}]" for n in range(5)]
    assert causes == [
        ("blocking.sleep", LINES["sleep"], 6, [both, *sleeping]),
        ("tasks.leaked", LINES["leak"], 3, [both, error, leak]),
    ]


def test_what_a_session_fixture_meets_is_one_cause(plant: Plant) -> None:
    tests = """
        @pytest.fixture(scope="session")
        async def started():
            await shop.sleep()

        @pytest.mark.parametrize("n", range(12))
        async def test_it(started, n): ...

        @pytest.mark.parametrize("n", range(40))
        def test_other(n): ...
        """

    done = run_pytest(plant(tests))

    assert done.returncode == 1
    assert done.stdout.count("behavior gate: blocking.sleep\n") == 1
    assert len(re.findall(r"^_+ .* _+$", done.stdout, re.MULTILINE)) == 1


UNITTEST = """
    import asyncio
    import unittest

    class TestSync(unittest.TestCase):
        def test_leak(self):
            asyncio.run(shop.leak())

        def test_lock(self):
            asyncio.run(shop.lock())

        def test_hang(self):
            asyncio.run(shop.hang())

        def test_parts(self):
            for n in range(2):
                with self.subTest(n=n):
                    asyncio.run(shop.lock())

    class TestSetUp(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            asyncio.run(shop.sleep())

        def test_nothing(self): ...

    class TestAsync(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            await shop.sleep()

        async def test_nothing(self): ...

    class TestError(unittest.IsolatedAsyncioTestCase):
        async def test_error(self):
            try:
                await shop.lock()
            finally:
                raise LookupError("of the test")
    """


def test_a_unittest_shows_findings_and_nothing_of_the_gate_or_of_unittest(plant: Plant) -> None:
    done = run_pytest(plant(UNITTEST))

    assert done.returncode == 1
    for rule in ("blocking.sleep", "blocking.lock", "tasks.leaked", "requests.hang"):
        assert done.stdout.count(f"behavior gate: {rule}\n") == 1
    assert re.search("^E +LookupError: of the test$", done.stdout, re.MULTILINE)
    for inside in ("behavior_gate/", "unittest/case.py", "site-packages", "BrokenOff"):
        assert inside not in done.stdout


# --gate=warn

WARNED = """
    import asyncio

    async def test_sleep():
        await shop.sleep()

    async def test_sleep_again():
        await shop.sleep()

    async def test_lock():
        assert await shop.lock()

    async def test_thread():
        assert await shop.call_from_thread() == ["called"]

    async def test_leak():
        await shop.leak()

    async def test_what_was_leaked_goes_on():
        assert not shop.tasks[0].done()

    async def test_timer():
        await shop.set_timer()

    async def test_the_timer_goes_off():
        await asyncio.sleep(0.6)
        assert shop.fired == ["timer"]

    @pytest.mark.gate_allow("secrets", reason="none")
    async def test_unused(): ...
    """


def test_warn_fails_nothing_changes_nothing_and_sums_up_by_line(plant: Plant) -> None:
    project = plant(WARNED, "gate_strict = true\n")

    warned = run_pytest(project, "--gate=warn", "--gate-report=gate.json")
    strict = run_pytest(project)

    assert warned.returncode == 0, warned.stdout
    assert "9 passed" in warned.stdout
    _, _, lines = warned.stdout.partition("behavior gate: 9 tests watched by 6 detectors, ")
    again = "2 times, first in test_shop.py::test_sleep"
    assert lines.splitlines()[:7] == [
        "6 findings at 5 places",
        "behavior gate: 6 findings at 5 places, not failed (--gate=warn)",
        f"  blocking.lock at {LINES['lock']} in lock in test_shop.py::test_lock",
        f"  blocking.sleep at {LINES['sleep']} in sleep, {again}",
        f"  tasks.leaked at {LINES['leak']} in leak in test_shop.py::test_leak",
        f"  tasks.left-behind at {LINES['timer']} in set_timer in test_shop.py::test_timer",
        f"  warnings.wrong-thread at {LINES['thread']} in call in test_shop.py::test_thread",
    ]
    outcomes = {one["outcome"] for one in json.loads(project.read("gate.json"))["findings"]}
    assert outcomes == {"warned"}
    assert strict.returncode == 1


@ALONE_AND_WORKERS
def test_what_the_suite_itself_fails_by_still_fails_under_warn(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    done = run_pytest(plant(SHARED), *workers, "--gate=warn")

    assert done.returncode == 1
    assert "1 failed, 7 passed" in done.stdout
    assert done.stdout.count("9 findings at 2 places, not failed (--gate=warn)") == 1


def test_a_test_that_never_ends_fails_in_every_mode(plant: Plant) -> None:
    tests = """
        async def test_hang():
            await shop.hang()

        async def test_sleep():
            await shop.sleep()
        """

    done = run_pytest(plant(tests), "--gate=warn")

    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert f"FAILED test_shop.py::test_hang - requests.hang at {LINES['hang']}\n" in done.stdout
    assert "behavior gate: 1 finding, not failed (--gate=warn)\n" in done.stdout


# gate_warn and gate_off

THREE = """
    async def test_sleep():
        await shop.sleep()

    async def test_lock():
        assert await shop.lock()

    async def test_leak():
        await shop.leak()
    """


@ALONE_AND_WORKERS
def test_rules_warn_or_are_off_and_a_rule_wins_over_its_family(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    settings = """\
        gate_off =
            blocking: we know
            tasks: later
        gate_warn =
            blocking.lock: until the new client is in
        """

    done = run_pytest(plant(THREE, settings), *workers)

    assert done.returncode == 0, done.stdout
    _, _, lines = done.stdout.partition("behavior gate: 3 tests watched by 6 detectors, ")
    assert lines.splitlines()[:3] == [
        "13 rules off, 1 finding",
        "behavior gate: 1 finding, not failed (gate_warn)",
        f"  blocking.lock at {LINES['lock']} in lock in test_shop.py::test_lock",
    ]


@pytest.mark.parametrize("mode", ["warn", "off"])
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("blocking", "say why: `blocking: reason`"),
        ("blocking:", "say why: `blocking: reason`"),
        ("blocking.slep: x", "unknown rule 'blocking.slep': did you mean 'blocking.sleep'?"),
        ("slow: x\n slow: y", "'slow' is named twice"),
    ],
)
def test_a_line_that_is_not_complete_stops_the_run(
    plant: Plant, mode: str, line: str, problem: str
) -> None:
    done = run_pytest(plant("", f"gate_{mode} =\n {line}\n"))

    assert done.returncode == 4
    (said,) = filter(None, done.stderr.splitlines())
    assert said.startswith(f"ERROR: gate_{mode}: {problem}")


def test_what_is_off_is_neither_missed_by_the_selftest_nor_unused(plant: Plant) -> None:
    tests = """
        @pytest.mark.gate_allow("tasks.leaked", "blocking", reason="where they are on")
        async def test_nothing(): ...
        """
    settings = "gate_off =\n  tasks.leaked: later\n  blocking.dns: none\n"
    project = plant(tests, settings)

    done, tested = run_pytest(project), run_pytest(project, "--gate-selftest")

    assert done.returncode == 0, done.stdout
    said = dict(re.findall(r"^([a-z]+\.\S+) +(.+)$", tested.stdout, re.MULTILINE))
    assert [name for name, verdict in said.items() if verdict == "off"] == [
        *("blocking.dns", "tasks.leaked")
    ]
    # It is found also where leaked tasks are left alone.
    assert said["tasks.swallowed-cancellation"] == "caught"


# Marks that a conftest adds

ADDS = """
    import pytest

    {order}
    def pytest_collection_modifyitems(items):
        for item in items:
            item.add_marker(pytest.mark.gate_allow({mark}))
    """


@pytest.mark.parametrize(
    "order", ["", "@pytest.hookimpl(tryfirst=True)", "@pytest.hookimpl(trylast=True)"]
)
def test_marks_of_a_hook_count_whenever_it_runs(plant: Plant, order: str) -> None:
    tests = f"{THREE}\n    async def test_nothing(): ...\n"
    good = ADDS.format(order=order, mark='"blocking", "tasks", reason="of old"')
    bad = ADDS.format(order=order, mark='"blocking"')
    project = plant(tests, conftest=good)

    allowed = run_pytest(project)
    write(project, "conftest.py", f'pytest_plugins = ["behavior_gate"]\n{dedent(bad)}')
    refused, in_workers = run_pytest(project), run_pytest(project, "-n2")

    assert allowed.returncode == 0, allowed.stdout
    problem = 'test_shop.py::test_sleep: @pytest.mark.gate_allow: say why: reason="..."'
    assert refused.returncode == 4
    (said,) = filter(None, refused.stderr.splitlines())
    assert said == f"ERROR: {problem}"
    assert in_workers.returncode == 1
    assert problem in in_workers.stdout.splitlines()
    assert "4 errors in" in in_workers.stdout
