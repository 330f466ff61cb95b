"""A terminal of a given width, for commands that look at where they write."""

import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROWS = 40
COLOURS = re.compile(r"\x1b\[[\d;]*m")
#: Without these, a command knows what it writes to only from that.
SAY_WHERE = {"CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI", "NO_COLOR", "PY_COLORS"}


def on_terminal(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    columns: int = 80,
    when_said: Callable[[str], None] = lambda _: None,
) -> tuple[int, str]:
    """Run a command on a terminal, and return its exit code and what the terminal gets.

    Whenever something is printed, `when_said` is called with all that has been.
    """
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    # A terminal shows a line feed as a carriage return and a line feed.
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.ONLCR
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={name: text for name, text in environment.items() if name not in SAY_WHERE}
        | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    try:
        while part := _read(ours):
            said += part
            when_said(said.decode())
        return child.wait(timeout=60), said.decode()
    finally:
        child.kill()
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so when no process has the terminal.
        return b""
