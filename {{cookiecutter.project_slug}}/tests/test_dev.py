"""The development commands, as far as they need neither packages nor a database."""

import subprocess
import sys

from app.config import ROOT

COMMANDS = {
    *("serve", "check", "revision", "upgrade", "downgrade", "history"),
    *("create-user", "psql", "url", "reset"),
}


def dev(*words: str) -> subprocess.CompletedProcess[str]:
    # Without the installed packages.
    command = [sys.executable, "-I", "-S", str(ROOT / "dev.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_help_needs_no_packages() -> None:
    done = dev("--help")

    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert f"\n    {command} " in done.stdout


def test_wrong_arguments_are_reported_in_one_line() -> None:
    done = dev("reset", "everything")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "dev.py: unrecognized arguments: everything. See dev.py --help\n"
