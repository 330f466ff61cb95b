"""The modules of the behavior gate, loaded where they lie: nothing is baked for them."""

import importlib
import sys
from typing import Any

from support.project import TEMPLATE


def load(name: str) -> Any:
    """Import a module of the gate, such as `rules`."""
    return load_from_tests(f"behavior_gate.{name}")


def load_from_tests(name: str) -> Any:
    """Import a module beside the gate."""
    folder = str(TEMPLATE / "{{cookiecutter.project_slug}}/tests")
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)
        # Cookiecutter would bake the bytecode.
        sys.dont_write_bytecode = kept
