"""The command line: plans, shows or makes the changes, and says what is left to do."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from subprocess import TimeoutExpired

from . import copies, dependencies, guesses
from .changes import Changes, Refusal
from .commands import TIMEOUT_S, output_of, program, run, saying
from .plugins_line import with_plugins
from .pytest_settings import add_to_pythonpath
from .target import Target, find_target

GATE = copies.GATE
# In this order: the fixtures of an app may replace those of the isolation.
PLUGINS = (
    *(GATE, "postgres.fixtures", "isolation.fixtures", "exploration.fixtures"),
    "app_under_test",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Copy the behavior gate, and the fixtures for a real database, into another "
        "repository. Run it again to refresh the copy.",
    )
    parser.add_argument("--to", metavar="REPO", type=Path, required=True, help="the repository")
    parser.add_argument("--gate-only", action="store_true", help="copy the gate, no fixtures")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, make none")
    parser.add_argument("--tests", metavar="FOLDER", help="the folder of its tests (it is found)")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name of theirs may have what its encoding does not.
            stream.reconfigure(errors="backslashreplace")
    try:
        target = find_target(options.to, copies.TESTS.parent, options.tests)
        return install(target, gate_only=options.gate_only, dry_run=options.dry_run)
    except Refusal as refusal:
        print(f"install.py: {refusal}", file=sys.stderr)
        return 1


def install(target: Target, *, gate_only: bool, dry_run: bool) -> int:
    planned = plan(target, gate_only=gate_only)
    changes, needed = planned.changes, planned.needed
    print(target.describe())
    if not output_of(["git", "rev-parse", "--git-dir"], target.root):
        print("warning: this is no git repository, so that nothing undoes the changes")
    if dry_run:
        if needed.command:
            planned.lines.append(f"would run {shlex.join(needed.command)}")
        print("\n".join([*(f"dry run: {line}" for line in planned.lines), *planned.diff]))
        print("Nothing was written.")
        print_left([*filter(None, [needed.left]), *planned.left], needed.runner)
        return 0
    remaining = dependencies.add(needed, target.root)
    changes.make()
    if needed.command and not remaining:
        planned.lines.append(f"ran {shlex.join(needed.command)}")
    print("\n".join(planned.lines or ["Nothing to change."]))
    doctor = run_doctor(target.root, needed.runner, is_ready=not remaining)
    print_left([*filter(None, [remaining]), *doctor, *planned.left], needed.runner)
    return 0


@dataclass(frozen=True)
class Planned:
    """All that is to be done, before anything is."""

    changes: Changes
    needed: dependencies.Plan
    #: What becomes of which file.
    lines: list[str]
    diff: list[str]
    #: What only a person can do.
    left: list[str]


def plan(target: Target, *, gate_only: bool) -> Planned:
    changes = Changes(target.root)
    if gate_only:
        folders: tuple[str, ...] = (GATE,)
        plugins, packages, left = [GATE], dependencies.FOR_THE_GATE, list[str]()
    else:
        folders, plugins = copies.FOLDERS, [*PLUGINS]
        packages = dependencies.FOR_THE_DATABASE
        left = guesses.plan(changes, target)
    lines: list[str] = []
    for folder in folders:
        version = copies.plan(changes, target.tests, folder)
        lines += copied_lines(changes, target, folder, version)
    text = with_plugins(changes.read(target.conftest), target.prefix, plugins, target.conftest)
    changes.write(target.conftest, text)
    if target.uses_importlib:
        add_to_pythonpath(changes, target.settings, ".")
    needed = dependencies.plan(changes, target.root, packages)
    copied = [target.tests / folder for folder in folders]
    own = [path for path in changes.texts if not any(map(path.is_relative_to, copied))]
    lines += [f"{changes.verb(path)} {target.name(path)}" for path in own]
    return Planned(changes, needed, lines, [*changes.diff(copied)], left)


def copied_lines(changes: Changes, target: Target, folder: str, version: str | None) -> list[str]:
    """What becomes of a copied folder."""
    place = target.tests / folder
    paths = [path for path in changes.texts if path.is_relative_to(place)]
    if not paths:
        return []
    if version is None:
        return [f"added {target.name(place)}/ {copies.VERSION} ({len(paths)} files)"]
    versions = version if version == copies.VERSION else f"{version} -> {copies.VERSION}"
    each = sorted(f"  {changes.verb(path)} {target.name(path)}" for path in paths)
    return [f"refreshed {target.name(place)}/ {versions}", *each]


def run_doctor(root: Path, runner: list[str], *, is_ready: bool) -> list[str]:
    """Run `pytest --gate-doctor` in the repository, and return what is left to do about it."""
    command = [*runner, "--gate-doctor"]
    by_hand = [f"Run `{shlex.join([*(runner or ['pytest']), '--gate-doctor'])}`"]
    if not runner or not is_ready or program(runner[0]) is None:
        return by_hand
    try:
        # Neither the lock file nor the cache of pytest is to change.
        with saying("Looking at the suite: pytest --gate-doctor ..."):
            done = run([*command, "-p", "no:cacheprovider"], root, UV_FROZEN="1")
    except TimeoutExpired:
        return [f"{by_hand[0]}: it took over {TIMEOUT_S} s"]
    print(f"\n$ {shlex.join(command)}\n{(done.stdout or done.stderr).strip()}")
    if done.returncode not in (0, 1):
        return [f"{by_hand[0]}: it did not run"]
    return ["Fix what the doctor has found"] if done.returncode else []


def print_left(left: list[str], runner: list[str]) -> None:
    run = shlex.join(runner or ["pytest"])
    left = [*left, f"Run the tests: `{run}`. With `--gate=warn` a finding fails no test"]
    print("\nLeft to do:")
    for number, line in enumerate(left, 1):
        print(f"{number}. {line}.")
