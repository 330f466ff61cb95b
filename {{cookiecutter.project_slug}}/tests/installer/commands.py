"""Runs the commands of a repository: git, its dependency tool, its pytest."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

TIMEOUT_S = 600
# What `uv run` says about the project that this runs in.
NOT_THEIRS = {"VIRTUAL_ENV", "UV_RUN_RECURSION_DEPTH"}

Done = subprocess.CompletedProcess[str]


def run(command: list[str], folder: Path, **variables: str) -> Done:
    """Run a command. The caller looks at its exit code."""
    environment = {name: text for name, text in os.environ.items() if name not in NOT_THEIRS}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def output_of(command: list[str], folder: Path) -> str:
    """What a command prints, or nothing where it fails or is not installed."""
    try:
        done = run(command, folder)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
