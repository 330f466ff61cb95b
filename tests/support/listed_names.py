"""Prints which names in the lists of the behavior gate do not exist: run it in a baked project.

A list that names code of a library silently goes bad when that library moves the code.
"""

import ast
import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

#: What the lists name, and no project has.
LISTED = (
    *("bcrypt", "httpx2", "ipython", "mysql-connector-python", "oracledb", "psycopg[binary]"),
    *("psycopg2-binary", "pwdlib", "pymssql", "pymysql", "werkzeug"),
)
LIBRARIES = [Path(folder) for folder in sys.path if folder]
# What can't be installed without a compiler or a library of the system.
NOT_TRIED = {"MySQLdb", "MySQLdb.connections", "pyodbc"}


def gate(name: str) -> Any:
    return importlib.import_module(f"tests.behavior_gate.{name}")


def lacks(call: Any) -> bool:
    """Whether a function that is watched does not exist."""
    try:
        found = importlib.import_module(call.module)
        for name in call.function.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return True
    return False


def is_gone(listed: str) -> bool:
    """Whether a path such as `asyncio/` or `threading.py:start` leads nowhere."""
    path, _, function = listed.partition(":")
    if path.startswith("<frozen "):
        return importlib.util.find_spec(path.removeprefix("<frozen ").rstrip(">")) is None
    files = [folder / path for folder in LIBRARIES if (folder / path).exists()]
    if not function:
        return not files
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    return not any(isinstance(node, ast.FunctionDef) and node.name == function for node in nodes)


def main() -> None:
    sys.path.insert(0, os.getcwd())
    calls = gate("detectors.blocking.calls")
    # All those of a debugger, which `library_path` gives one name.
    paths = {row.path for row in gate("excused").EXCUSED} - {"debugger"}
    paths |= set(gate("detectors.slow.detector").FRAMEWORK)
    paths |= gate("detectors.blocking.locks").WAITING
    paths |= set(gate("hangs").CLIENTS)
    missing = [call.name for call in calls.STANDARD_LIBRARY if lacks(call)]
    missing += [
        call.name for call in calls.LIBRARIES if call.module not in NOT_TRIED and lacks(call)
    ]
    missing += sorted(path for path in paths if is_gone(path))
    sys.stdout.writelines(f"{name}\n" for name in missing)
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
