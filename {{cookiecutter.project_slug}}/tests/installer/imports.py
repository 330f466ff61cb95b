"""Sorts import statements as isort and ruff do."""

from __future__ import annotations

import sys


def sorted_imports(lines: set[str], own: set[str]) -> list[str]:
    """The imports in groups, as isort and ruff sort them, one line for each module."""
    groups: list[dict[str, set[str]]] = [{}, {}, {}]
    for line in lines:
        head, _, names = line.partition(" import ")
        top = line.split()[1].partition(".")[0]
        number = 0 if top in sys.stdlib_module_names else 2 if top in own else 1
        groups[number].setdefault(head, set()).update({names} - {""})
    texts = []
    for group in groups:
        heads = sorted(group, key=lambda head: (head.startswith("from "), head.lower()))
        modules = [
            f"{head} import {', '.join(sorted(group[head]))}" if group[head] else head
            for head in heads
        ]
        texts += ["\n".join(modules)] if modules else []
    return texts
