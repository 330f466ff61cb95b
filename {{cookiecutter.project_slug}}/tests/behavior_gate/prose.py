"""Breaks prose into lines of the terminal's width. Code in it is left whole."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap

#: Columns of a page where there is no terminal, and at most.
_USUAL = 80
_MOST = 100
#: Below that, a terminal does not know its width.
_LEAST = 40

#: Code between backticks, and a call, unless it would fill a line.
_CODE = re.compile(r"`[^`]{,50}`|[\w.]+\([^()]{,50}\)")
#: No line is broken at it.
_HARD_SPACE = "\xa0"
#: What a terminal obeys, but for the ends of lines.
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def terminal_width() -> int | None:
    """The columns of the terminal, or those that COLUMNS names.

    None in a pipe: what shows the log breaks long lines by itself, and a search finds whole ones.
    """
    columns = shutil.get_terminal_size(fallback=(0, 0)).columns
    return columns if columns >= _LEAST else None


def page_width() -> int:
    """The columns of a text that is a page of its own, such as an explanation."""
    return min(terminal_width() or _USUAL, _MOST)


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Break one line, and indent what follows. A word is never cut; without a width, nothing is."""
    if width is None or len(text) <= width:
        return [text]
    whole = _CODE.sub(lambda code: code[0].replace(" ", _HARD_SPACE), text)
    lines = textwrap.wrap(
        whole, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_HARD_SPACE, " ") for line in lines]


def printable(text: str) -> str:
    """What an app has said, without what would command a terminal."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def show(text: str) -> None:
    """Write to standard output, also what its encoding does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
