"""What `--gate-explain` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import indent

from .core import Option
from .prose import page_width, terminal_width, wrapped
from .rules import RULES, Rule


def overview() -> str:
    """List all rules, a line each unless a terminal is too narrow."""
    column = max(len(rule.id) for rule in RULES) + 2
    width = terminal_width()
    lines = (
        line
        for rule in RULES
        for line in wrapped(f"{rule.id:<{column}}{rule.summary}", width, " " * column)
    )
    return "\n".join([*lines, "", "More of one: pytest --gate-explain RULE"])


def explain(rule: Rule, options: Iterable[Option]) -> str:
    """Tell what a rule is about, with a bad and a good example."""
    return "\n\n".join(_parts(rule, options))


def _parts(rule: Rule, options: Iterable[Option]) -> Iterator[str]:
    yield _paragraph(f"{rule.id}: {rule.summary}", "    ")
    yield "\n".join(
        _paragraph(f"{title}: {text}.", "     ")
        for title, text in (("Why", rule.why), ("Fix", rule.fix))
    )
    yield f"Bad:\n{indent(rule.bad, '    ')}"
    yield f"Good:\n{indent(rule.good, '    ')}"
    settings = [
        f"{_paragraph(f'    # {option.help}', '    # ')}\n    {option.setting} = {option.default:g}"
        for option in options
        if option.setting in rule.settings
    ]
    if settings:
        yield "\n".join(["Settings, with their defaults:", *settings])
    yield f'To allow it in one test:\n    @pytest.mark.gate_allow("{rule.id}", reason="...")'


def _paragraph(text: str, indent: str) -> str:
    return "\n".join(wrapped(text, page_width(), indent))
