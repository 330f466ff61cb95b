"""Finish a baked project: lock the tested versions, write .env, start a git repository.

If a tool is missing on this machine, the project is still there, and one line says how to fix it.
"""

from __future__ import annotations

import sys

# Cookiecutter runs this in the folder of temporary files, where anybody may have put a `json.py`.
if not sys.flags.safe_path:
    sys.path.pop(0)

import contextlib
import io
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

TESTED = json.loads(r"""{{ tested | tojson }}""")
PROJECT = Path.cwd()
CRUFT = json.loads("{{ (cookiecutter._commit is defined) | tojson }}")
NOT_OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "UV_FROZEN", "UV_LOCKED", "VIRTUAL_ENV")
PATIENCE_S = 1.0
LATER = "A later lock has the newest versions, not the tested ones."
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_OURS}


def run(*command: str) -> tuple[int, str, str]:
    """Return a command's exit code, output and errors. The code is 127 if it can't start."""
    try:
        done = subprocess.run(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return 127, "", str(error)
    return done.returncode, done.stdout, done.stderr


def say_missing(what: str, why: str, fix: str) -> None:
    """Say it in one line. Its end is a command, to be copied as it is."""
    print(f"{what}: {why} Fix: {fix}", file=sys.stderr)


@contextlib.contextmanager
def saying(what: str) -> Iterator[None]:
    """Say on a terminal what takes long."""
    timer = threading.Timer(PATIENCE_S, print, [what], {"file": sys.stderr, "flush": True})
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def last_error(errors: str) -> str:
    """Return the last error of a command, as one short line."""
    return " ".join(errors.rpartition("error:")[2].split())[:160]


def find_uv() -> list[str] | None:
    """Return the command that starts uv, or None."""
    paths = [path for path in (os.environ.get("UV"), shutil.which("uv")) if path]
    commands = [*([path] for path in paths), [sys.executable, "-m", "uv"]]
    return next((command for command in commands if run(*command, "--version")[0] == 0), None)


def write_lock(uv: list[str] | None) -> None:
    in_project = f"cd {shlex.quote(str(PROJECT))}"
    if uv is None:
        say_missing(
            "No uv.lock",
            f"uv was not found. {LATER}",
            f"pip install uv && {in_project} && uv lock",
        )
        return
    pins = [f"--upgrade-package={name}=={version}" for name, version in TESTED.items()]
    # uv's own search fails on pyenv's shims for interpreters that are not installed.
    known = sys.version_info >= (3, 11) and "UV_PYTHON" not in ENVIRONMENT
    python = ["--python", sys.executable] if known else []
    lock = [*uv, "lock", "--project", str(PROJECT), *python, *pins]
    # The versions are fixed, so uv's cache is as good as the index, and faster.
    code, _, errors = run(*lock, "--offline")
    if code != 0:
        code, _, errors = run(*lock)
    if code != 0:
        say_missing(
            "No uv.lock",
            f"uv lock failed ({last_error(errors)}). {LATER}",
            f"solve that, then {in_project} && uv lock",
        )


def write_env() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    secret = f"SECRET_KEY={secrets.token_urlsafe(48)}"
    text = re.sub(r"^SECRET_KEY=.*$", secret, text, flags=re.MULTILINE)
    try:
        descriptor = os.open(PROJECT / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def start_git() -> None:
    if run("git", "rev-parse", "--is-inside-work-tree")[1].strip() == "true":
        return
    code, _, errors = run("git", "-c", "init.defaultBranch=main", "init", "--quiet")
    if code != 0:
        init = f"git init {shlex.quote(str(PROJECT))}"
        if code == 127:
            say_missing("No git repository", "git was not found.", f"install git, then {init}")
        else:
            reason = f"git init failed ({last_error(errors)})."
            say_missing("No git repository", reason, f"solve that, then {init}")


def remove_empty_folders() -> None:
    """Remove the folders that cookiecutter creates for files that the answers leave out."""
    for folder in (".github/workflows", ".github"):
        with contextlib.suppress(OSError):
            (PROJECT / folder).rmdir()


def is_for_comparison() -> bool:
    """Tell whether `cruft update` or `cruft diff` bakes only to compare, in a temporary folder."""
    folder = PROJECT.parent
    temporary = Path(tempfile.gettempdir()).resolve()
    return CRUFT and folder.parent == temporary and bool(re.fullmatch(r"tmp\w{8}", folder.name))


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Cookiecutter runs a rendered copy of this file, and leaves it behind.
    with contextlib.suppress(OSError):
        Path(__file__).unlink()
    remove_empty_folders()
    if is_for_comparison():
        return
    uv = find_uv()
    with saying("Locking the tested versions (uv lock) ..."):
        write_lock(uv)
    write_env()
    start_git()
    shown = "uv" if uv is None or shutil.which("uv") else shlex.join(uv)
    print("Next:")
    print(f"  cd {shlex.quote(str(PROJECT))}")
    print(f"  {shown} run pytest")
    print(f"  {shown} run dev.py")


try:
    main()
except KeyboardInterrupt:
    sys.exit(f"Interrupted: {PROJECT} is incomplete. Fix: bake again with --overwrite-if-exists.")
