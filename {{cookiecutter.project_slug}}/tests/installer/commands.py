"""Runs the commands of a repository: git, its dependency tool, its pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

TIMEOUT_S = 600
#: Seconds that nobody minds.
PATIENCE_S = 1.0
# What `uv run` says about the project that this runs in.
NOT_THEIRS = {"VIRTUAL_ENV", "UV_RUN_RECURSION_DEPTH"}

Done = subprocess.CompletedProcess[str]


def program(name: str) -> str | None:
    """The path of a program. `uv run` need not be on PATH: it tells where it is."""
    return shutil.which(name) or (os.environ.get("UV") if name == "uv" else None)


def run(command: list[str], folder: Path, **variables: str) -> Done:
    """Run a command. The caller looks at its exit code."""
    environment = {name: text for name, text in os.environ.items() if name not in NOT_THEIRS}
    return subprocess.run(
        [program(command[0]) or command[0], *command[1:]],
        cwd=folder,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Say on a terminal what takes long."""
    timer = Timer(PATIENCE_S, print, [what], {"file": sys.stderr, "flush": True})
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def output_of(command: list[str], folder: Path) -> str:
    """What a command prints, or nothing where it fails or is not installed."""
    try:
        done = run(command, folder)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
