"""A baseline lets known findings pass, fails new ones, and only gets shorter."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from support.project import Done, Project
from support.shop import LINES, Plant, plant_shop, run_pytest, write

ALONE_AND_WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])
FILE = "gate baseline.txt"
BASELINE = f"--gate-baseline={FILE}"
UPDATE = "--gate-baseline-update"
TESTS = """
    @pytest.mark.parametrize("n", range(6))
    async def test_sleep(n):
        await shop.sleep()

    async def test_lock():
        assert await shop.lock()

    async def test_leak():
        await shop.leak()
    """
HEADER = """\
# Findings of the behavior gate that fail no test: rule, path, function, hash of the line.
# To add what is new and remove what is gone, run: pytest --gate-baseline-update
"""
LOCK, SLEEP, LEAK = (
    "blocking.lock shop.py lock",
    "blocking.sleep shop.py sleep",
    "tasks.leaked shop.py leak",
)


@pytest.fixture
def plant(small_environment: dict[str, str], tmp_path: Path) -> Plant:
    return partial(plant_shop, tmp_path / "project", small_environment)


def known(project: Project) -> list[str]:
    """What the baseline has, without the hashes of the lines."""
    text = project.read(FILE)
    assert text.startswith(HEADER)
    entries = text.removeprefix(HEADER).splitlines()
    assert all(re.fullmatch(r".+ [0-9a-f]{12}", entry) for entry in entries)
    return [entry.rpartition(" ")[0] for entry in entries]


def said(done: Done) -> list[str]:
    """What the gate said at the end."""
    _, _, lines = done.stdout.partition("behavior gate: 8 tests watched by 6 detectors, ")
    return [line for line in lines.splitlines() if line.startswith(("behavior gate: ", "  "))]


def edit(project: Project, old: str, new: str) -> None:
    text = project.read("shop.py")
    assert old in text
    write(project, "shop.py", text.replace(old, new))


@ALONE_AND_WORKERS
def test_what_is_found_today_is_written_down_and_fails_nothing(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    project = plant(TESTS)

    first = run_pytest(project, BASELINE, *workers)
    written = project.read(FILE)
    second = run_pytest(project, BASELINE, *workers, "--gate-report=gate.json")

    assert first.returncode == second.returncode == 0, first.stdout + second.stdout
    assert known(project) == [LOCK, SLEEP, LEAK]
    passed = "behavior gate: 8 findings at 3 places, not failed (in the baseline)"
    assert said(first) == [passed, f"behavior gate: 3 findings written to the baseline {FILE}"]
    assert said(second) == [passed]
    assert project.read(FILE) == written
    findings = json.loads(project.read("gate.json"))["findings"]
    assert [one["outcome"] for one in findings] == ["known"] * 8
    # Nothing else is left of the writing.
    assert [path.name for path in project.path.glob(f"*{FILE}*")] == [FILE]


def test_the_same_is_written_by_one_process_and_by_two(plant: Plant) -> None:
    project = plant(TESTS)

    run_pytest(project, BASELINE)
    alone = project.read(FILE)
    (project.path / FILE).unlink()
    run_pytest(project, BASELINE, "-n2")

    assert project.read(FILE) == alone


@ALONE_AND_WORKERS
def test_only_what_is_new_fails_and_what_moves_or_is_indented_is_not_new(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    project = plant(TESTS)
    run_pytest(project, BASELINE)
    edit(project, "import asyncio\n", "# A comment.\nimport asyncio\n")
    edit(
        project, "    time.sleep(0.01)  # sleep", "    if True:\n        time.sleep(0.01)  # sleep"
    )
    edit(project, "timeout=5)  # lock", "timeout=6)  # lock")

    done = run_pytest(project, BASELINE, *workers)

    assert done.returncode == 1
    assert "1 failed, 7 passed" in done.stdout
    assert "FAILED test_shop.py::test_lock - blocking.lock at shop.py:20\n" in done.stdout
    assert said(done)[0] == "behavior gate: 7 findings at 2 places, not failed (in the baseline)"
    assert known(project) == [LOCK, SLEEP, LEAK]


FIXED = ("time.sleep(0.01)  # sleep", "await asyncio.sleep(0)")
GONE = [
    f"behavior gate: 1 finding of the baseline is gone: run with {UPDATE} to remove it",
    f"  {SLEEP}",
]


@ALONE_AND_WORKERS
def test_what_is_gone_is_told_and_removed_on_demand(plant: Plant, workers: tuple[str, ...]) -> None:
    project = plant(TESTS, f"gate_baseline = {FILE}\n")
    run_pytest(project)
    edit(project, *FIXED)

    told = run_pytest(project, *workers)
    kept = known(project)
    updated = run_pytest(project, *workers, UPDATE)
    after = run_pytest(project, *workers)

    assert [told.returncode, updated.returncode, after.returncode] == [0, 0, 0]
    passed = "behavior gate: 2 findings at 2 places, not failed (in the baseline)"
    assert said(told) == [passed, *GONE]
    assert kept == [LOCK, SLEEP, LEAK]
    changes = "0 added, 1 removed, 2 kept"
    assert said(updated) == [passed, f"behavior gate: the baseline {FILE} was updated: {changes}"]
    assert known(project) == [LOCK, LEAK]
    assert said(after) == [passed]


PARTS = {
    "-k": ("-k", "not lock"),
    "path": ("test_shop.py",),
    "test": ("test_shop.py::test_lock",),
    "--deselect": ("--deselect", "test_shop.py::test_lock"),
    "--ignore": ("--ignore=test_other.py",),
    "--lf": ("--override-ini=addopts=", "--lf"),
    "workers": ("-n2", "-k", "not lock"),
    "broken": ("--continue-on-collection-errors",),
    "-x": ("-x",),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_suite_tells_nothing_of_what_is_gone_and_loses_nothing(
    plant: Plant, part: str
) -> None:
    project = plant(TESTS)
    run_pytest(project, BASELINE)
    edit(project, *FIXED)
    edit(project, "60)))  # leak", "61)))  # leak")
    if part == "broken":
        write(project, "test_broken.py", "import nothing_here\n")
    if part == "-x":
        write(project, "test_last.py", "def test_fails():\n    assert False\n")

    told = run_pytest(project, BASELINE, *PARTS[part])
    updated = run_pytest(project, BASELINE, UPDATE, *PARTS[part])

    assert " gone: run with" not in told.stdout
    assert " 0 removed" in updated.stdout or " was not written, as " in updated.stdout
    assert {LOCK, SLEEP, LEAK} == set(known(project))


def test_a_run_on_all_test_paths_is_complete(plant: Plant) -> None:
    project = plant(TESTS, "testpaths = test_shop.py\n")
    run_pytest(project, BASELINE)
    edit(project, *FIXED)

    done = run_pytest(project, BASELINE, "test_shop.py")

    assert GONE[0] in done.stdout.splitlines()


def test_an_update_adds_what_is_new_and_a_test_that_fails_by_itself_still_fails(
    plant: Plant,
) -> None:
    project = plant(f"{TESTS}\n    def test_fails():\n        assert False\n")
    run_pytest(project, BASELINE)
    edit(project, "60)))  # leak", "61)))  # leak")

    done = run_pytest(project, BASELINE, UPDATE)

    assert done.returncode == 1
    assert "1 failed, 8 passed" in done.stdout
    assert (
        f"behavior gate: the baseline {FILE} was updated: 1 added, 0 removed, 3 kept; only a part"
        " of the suite was seen, as a test failed by itself\n"
    ) in done.stdout
    assert known(project) == [LOCK, SLEEP, LEAK, LEAK]


def test_what_never_ends_is_in_no_baseline(plant: Plant) -> None:
    project = plant("async def test_hang():\n    await shop.hang()\n")

    first, second = run_pytest(project, BASELINE), run_pytest(project, BASELINE)

    assert first.returncode == second.returncode == 1
    assert known(project) == []
    assert f"test_shop.py::test_hang - requests.hang at {LINES['hang']}\n" in second.stdout


def test_a_slow_line_that_is_fast_this_time_is_not_gone_while_it_is_there(plant: Plant) -> None:
    # Its hash is that of a line which this run does not find slow.
    project = plant("async def test_sleep():\n    await shop.sleep()\n")
    run_pytest(project, BASELINE)
    (entry,) = (line for line in project.read(FILE).splitlines() if line.startswith("blocking."))
    slow = entry.replace("blocking.sleep", "slow.cpu")
    write(project, FILE, f"{entry}\n{slow}\n")

    there = run_pytest(project, BASELINE)
    edit(project, *FIXED)
    gone = run_pytest(project, BASELINE)

    assert " gone: run with" not in there.stdout
    assert "behavior gate: 2 findings of the baseline are gone: run with " in gone.stdout


def test_what_is_off_is_not_gone(plant: Plant) -> None:
    project = plant(TESTS)
    run_pytest(project, BASELINE)
    write(project, "pytest.ini", f"{project.read('pytest.ini')}gate_off =\n  blocking: later\n")

    told, updated = run_pytest(project, BASELINE), run_pytest(project, BASELINE, UPDATE)

    assert " gone: run with" not in told.stdout
    assert known(project) == [LOCK, SLEEP, LEAK]
    assert "0 added, 0 removed, 3 kept" in updated.stdout


BAD = {
    "conflict": (b"<<<<<<< HEAD\n", f"{FILE}:1 is no line of a baseline: '<<<<<<< HEAD'. Fix: "),
    "binary": (b"\xff\xfe\x00", f"the baseline {FILE} can't be read: it is no text in UTF-8"),
    "folder": (None, f"the baseline {FILE} can't be read: Is a directory"),
}


@pytest.mark.parametrize("name", BAD)
@ALONE_AND_WORKERS
def test_a_bad_file_stops_the_run_in_one_line(
    plant: Plant, name: str, workers: tuple[str, ...]
) -> None:
    project, (content, message) = plant(TESTS), BAD[name]
    if content is None:
        (project.path / FILE).mkdir()
    else:
        (project.path / FILE).write_bytes(content)

    done = run_pytest(project, BASELINE, *workers)

    assert done.returncode == 4
    (line,) = filter(None, done.stderr.splitlines())
    assert line.startswith(f"ERROR: {message}")


def test_a_file_that_cannot_be_written_is_said(plant: Plant) -> None:
    project = plant("""
        from pathlib import Path

        def test_in_the_way():
            Path("folder").touch()
        """)

    done = run_pytest(project, "--gate-baseline=folder/baseline.txt")

    assert done.returncode == 4
    assert "behavior gate: the baseline can't be written: [Errno " in done.stdout


def test_an_update_of_nothing_is_refused(plant: Plant) -> None:
    done = run_pytest(plant(TESTS), UPDATE)

    assert done.returncode == 4
    assert done.stderr.strip() == (
        "ERROR: --gate-baseline-update needs --gate-baseline=FILE or the setting gate_baseline"
    )


def test_in_ci_a_baseline_that_nobody_committed_is_not_written(plant: Plant) -> None:
    project = plant(TESTS, f"gate_baseline = {FILE}\n")

    done = run_pytest(project, ci="true")

    assert done.returncode == 4
    assert done.stderr.strip() == (
        f"ERROR: gate_baseline: {FILE} does not exist. Fix: run pytest outside CI, which writes it,"
        " and commit it"
    )
    assert not (project.path / FILE).exists()
