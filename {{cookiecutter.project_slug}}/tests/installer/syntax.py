"""The names in a syntax tree."""

from __future__ import annotations

import ast


def call_name(node: ast.expr | None) -> str:
    """The last name of what is called: `FastAPI` of `fastapi.FastAPI(...)`."""
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def last_name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return node.id if isinstance(node, ast.Name) else ""
