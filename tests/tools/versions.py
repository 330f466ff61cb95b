"""Move the tested versions to the newest ones: `uv run --directory tests python -m tools.versions`.

Bakes a project, locks the newest version of each package, runs ruff, mypy and the suite, and if
all is green rewrites `hooks/tested-versions.txt` and prints what has changed. `--check` rewrites
nothing. Nor does `--lowest`, which takes the lowest versions that the project allows.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NoReturn

from support import listed_names
from support.listed_names import LISTED
from support.project import NOT_OURS, TEMPLATE, uv_path

FILE = TEMPLATE / "hooks/tested-versions.txt"
MOVE, CHECK, LOWEST = "", "--check", "--lowest"

Versions = dict[str, str]


def read_versions(text: str) -> Versions:
    return dict(line.split("==") for line in text.split())


def write_versions(versions: Versions) -> str:
    return "".join(sorted(f"{name}=={version}\n" for name, version in versions.items()))


def locked_packages(lock: str) -> list[tuple[str, str]]:
    """Return the name and version of each package in the text of a `uv.lock`."""
    packages = tomllib.loads(lock)["package"]
    return [(each["name"], each["version"]) for each in packages if "virtual" not in each["source"]]


def locked_versions(lock: str) -> Versions:
    """Return the version of each package in the text of a `uv.lock`.

    Raises:
        ValueError: The lock has two versions of a package, for different Pythons or systems.
    """
    versions: Versions = {}
    for name, version in locked_packages(lock):
        if versions.setdefault(name, version) != version:
            raise ValueError(f"{name} is locked twice, as {versions[name]} and {version}")
    return versions


def changes(old: Versions, new: Versions) -> list[str]:
    """Return a line for each package whose version differs, or that only one side has."""
    return [
        f"{name} {old.get(name, '(none)')} -> {new.get(name, '(none)')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def fail(reason: str) -> NoReturn:
    sys.exit(f"{reason}. hooks/tested-versions.txt is unchanged.")


def run(*command: str, cwd: Path = TEMPLATE) -> str:
    """Run a command and return its output. If it fails, show that and exit."""
    shown = " ".join(command)
    print(f"$ {shown}", flush=True)
    done = subprocess.run(
        command,
        cwd=cwd,
        env={name: text for name, text in os.environ.items() if name not in NOT_OURS}
        | {"UV_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, flush=True)
        fail(f"`{shown}` failed")
    print("".join(done.stdout.splitlines(keepends=True)[-1:]), end="", flush=True)
    return done.stdout


def main() -> None:
    option = " ".join(sys.argv[1:])
    if option not in {MOVE, CHECK, LOWEST}:
        sys.exit(f"versions.py: unknown option {option!r}. Use {CHECK} or {LOWEST}.")
    old = read_versions(FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input", "-o", folder)
        project = Path(folder, "my_backend")
        own = {"uv": old["uv"]}
        if option != LOWEST:
            said = run(uv_path(), "tool", "run", "uv@latest", "--version")
            own["uv"] = said.splitlines()[-1].split()[1]
        uv = (uv_path(), "tool", "run", f"uv@{own['uv']}")
        resolution = "lowest-direct" if option == LOWEST else "highest"
        # All Pythons and systems get the same versions.
        lock = ("lock", "--upgrade", f"--resolution={resolution}", "--fork-strategy=fewest")
        run(*uv, *lock, cwd=project)
        run(*uv, "sync", "--frozen", "--compile-bytecode", cwd=project)
        for check in ("ruff check", "ruff format --check", "mypy", "pytest"):
            run(*uv, "run", "--frozen", *check.split(), cwd=project)
        libraries = [f"--with={library}" for library in LISTED]
        run(*uv, "run", "--frozen", *libraries, "python", listed_names.__file__, cwd=project)
        text = (project / "uv.lock").read_text(encoding="utf-8")
    try:
        new = locked_versions(text) | own
    except ValueError as error:
        fail(str(error))
    if option == MOVE:
        FILE.write_text(write_versions(new), encoding="utf-8")
    print("\n".join(changes(old, new)) or "Nothing has changed.")


if __name__ == "__main__":
    main()
