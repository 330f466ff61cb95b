"""Whether a line hands over what it calls a password."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType

from .forms import SECRET_NAME


def hands_over_password(frame: FrameType) -> bool:
    """Whether the call that a frame makes is given a variable or field named like a password."""
    return _is_given_password(frame.f_code, frame.f_lasti)


@lru_cache(maxsize=1024)
def _is_given_password(code: CodeType, instruction: int) -> bool:
    position = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    first, last, begin, end = position
    if first is None or last is None:
        return False
    lines = range(first, last + 1)
    raw = [linecache.getline(code.co_filename, line).encode() for line in lines]
    raw[-1] = raw[-1][:end]
    raw[0] = raw[0][begin:]
    try:
        call = ast.parse(b"(" + b"".join(raw) + b")", mode="eval").body
    except SyntaxError:
        return False
    return isinstance(call, ast.Call) and any(
        SECRET_NAME.search(name) or name == "pw" for name in _names_in(call)
    )


def _names_in(call: ast.Call) -> Iterator[str]:
    """What the arguments of a call are named, but not what another function makes of such."""
    nodes: list[ast.AST] = [*call.args, *(keyword.value for keyword in call.keywords)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Subscript):
            yield from _texts(node.slice)
        elif isinstance(node, ast.Call):
            # `form.get("password")`, `form.password.get_secret_value()`
            if isinstance(node.func, ast.Attribute):
                for argument in node.args:
                    yield from _texts(argument)
                nodes += [] if node.args else [node.func.value]
        else:
            nodes += ast.iter_child_nodes(node)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
