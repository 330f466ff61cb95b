"""Adds names to `pytest_plugins` in a conftest.py, and leaves the rest of the file alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from .changes import Refusal

NAME = "pytest_plugins"
LINE = 88
DOCSTRING = '"""The fixtures of the tests, and the plugins that they need."""'


def with_plugins(text: str | None, prefix: str, plugins: list[str], path: Path) -> str:
    """The text of a conftest.py that loads plugins of a package, in this order.

    Raises:
        Refusal: The file is not valid Python.
    """
    names = [prefix + plugin for plugin in plugins]
    if not (text or "").strip():
        return f"{DOCSTRING}\n\n{NAME} = {listed(names)}\n"
    assert text is not None
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise Refusal(f"{path}:{error.lineno} is not valid Python: {error.msg}.") from None
    statements = [node for node in tree.body if any(map(assigns, ast.walk(node)))]
    constants = {
        one.value
        for node in statements
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    there = {part.strip() for one in constants for part in one.split(",")}
    # The package may be a variable: f"{PACKAGE}behavior_gate" or f"{__package__}.behavior_gate".
    made = {
        part.value.lstrip(".")
        for node in statements
        for one in ast.walk(node)
        if isinstance(one, ast.JoinedStr)
        for part in one.values
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    missing = [prefix + one for one in plugins if prefix + one not in there and one not in made]
    if not missing:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    file = Source(text)
    if not statements:
        return file.insert_after(last_import(tree), f"{NAME} = {listed(missing)}", end)
    last = statements[-1]
    value = last.value if isinstance(last, ast.Assign | ast.AnnAssign) else None
    if len(statements) == 1 and isinstance(value, ast.List | ast.Tuple):
        return file.extend(value, missing, end)
    if len(statements) == 1 and isinstance(value, ast.Constant) and isinstance(value.value, str):
        before = [part.strip() for part in value.value.split(",") if part.strip()]
        return file.replace(value, listed([*before, *missing]))
    return file.insert_after(last, f"{NAME} = [*{NAME}, {listed(missing)[1:]}", end)


def assigns(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == NAME and isinstance(node.ctx, ast.Store)


def listed(names: list[str]) -> str:
    """A list as formatters write it."""
    line = "[" + ", ".join(f'"{name}"' for name in names) + "]"
    if len(f"{NAME} = {line}") <= LINE:
        return line
    return "[\n" + "".join(f'    "{name}",\n' for name in names) + "]"


def last_import(tree: ast.Module) -> ast.stmt | None:
    """What the line comes after: the imports at the top, or else the docstring."""
    found: ast.stmt | None = None
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom) or (found is None and is_docstring):
            found = node
        elif not is_docstring:
            break
    return found


class Source:
    """A text, changed at the places of its syntax tree, which counts in bytes of UTF-8."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8")
        lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", self.data)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        self.mark = 3 if text.startswith("\ufeff") else 0

    def place(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column + (self.mark if line == 1 else 0)

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.place(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.place(node.end_lineno, node.end_col_offset)

    def put(self, at: int, text: str, until: int | None = None) -> str:
        rest = self.data[at if until is None else until :]
        return (self.data[:at] + text.encode("utf-8") + rest).decode("utf-8")

    def replace(self, node: ast.expr, text: str) -> str:
        return self.put(self.start(node), text, self.end(node))

    def insert_after(self, node: ast.stmt | None, statement: str, end: str) -> str:
        """Insert a statement of its own below another, or at the top."""
        statement = statement.replace("\n", end)
        if node is None:
            return self.put(self.mark, f"{statement}{end}{end}")
        assert node.end_lineno is not None
        at = self.starts[node.end_lineno] if node.end_lineno < len(self.starts) else len(self.data)
        before = b"" if self.data[:at].endswith((b"\n", b"\r")) else end.encode()
        gap = "" if not self.data[at:].strip() or self.data[at:].startswith(end.encode()) else end
        return self.put(at, f"{before.decode()}{end}{statement}{end}{gap}")

    def extend(self, node: ast.List | ast.Tuple, names: list[str], end: str) -> str:
        """Add elements in the style of a list or tuple that is there."""
        texts = [f'"{name}"' for name in names]
        if not node.elts:
            comma = "," if isinstance(node, ast.Tuple) and len(texts) == 1 else ""
            return self.put(self.start(node) + 1, ", ".join(texts) + comma)
        last = node.elts[-1]
        at = self.end(last)
        # A comment may hold a comma, a string of the list can't follow the last element.
        tail = re.sub(rb"#[^\r\n]*", b"", self.data[at : self.end(node)])
        assert last.end_lineno is not None
        assert node.end_lineno is not None
        if node.end_lineno == node.lineno:
            start, stop = self.starts[node.lineno - 1], self.end(node)
            added = "".join(f", {text}" for text in texts)
            if stop - start + len(added) <= LINE:
                return self.put(at, added)
            there = [self.data[self.start(one) : self.end(one)].decode() for one in node.elts]
            first, final = ("(", ")") if isinstance(node, ast.Tuple) else ("[", "]")
            lines = "".join(f"    {text},{end}" for text in [*there, *texts])
            return self.put(self.start(node), f"{first}{end}{lines}{final}", stop)
        if node.end_lineno == last.end_lineno:
            return self.put(at, "".join(f", {text}" for text in texts))
        line_start = self.starts[last.lineno - 1]
        indent = re.match(rb"[ \t]*", self.data[line_start:])
        assert indent is not None
        space = indent.group().decode()
        below = self.starts[last.end_lineno]
        lines = "".join(f"{space}{text},{end}" for text in texts)
        if b"," in tail:
            return self.put(below, lines)
        return self.put(at, "," + self.data[at:below].decode() + lines, below)
