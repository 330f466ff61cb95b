"""What `--gate-explain` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill, indent

from .core import Option
from .rules import RULES, Rule

_WIDTH = 88


def overview() -> str:
    """List all rules, a line each."""
    width = max(len(rule.id) for rule in RULES)
    lines = (f"{rule.id:<{width}}  {rule.summary}" for rule in RULES)
    return "\n".join([*lines, "", "More of one: pytest --gate-explain RULE"])


def explain(rule: Rule, options: Iterable[Option]) -> str:
    """Tell what a rule is about, with a bad and a good example."""
    return "\n\n".join(_parts(rule, options))


def _parts(rule: Rule, options: Iterable[Option]) -> Iterator[str]:
    yield f"{rule.id}: {rule.summary}"
    yield f"{_paragraph('Why', rule.why)}\n{_paragraph('Fix', rule.fix)}"
    yield f"Bad:\n{indent(rule.bad, '    ')}"
    yield f"Good:\n{indent(rule.good, '    ')}"
    settings = [
        f"    {option.setting} = {option.default:g}  # {option.help}"
        for option in options
        if option.setting in rule.settings
    ]
    if settings:
        yield "\n".join(["Settings, with their defaults:", *settings])
    yield (
        "To allow it in one test:\n"
        f'    @pytest.mark.gate_allow("{rule.id}", reason="why this test needs it")'
    )


def _paragraph(title: str, text: str) -> str:
    # Code in a text is not to be broken at its hyphens.
    return fill(f"{title}: {text}.", _WIDTH, subsequent_indent="     ", break_on_hyphens=False)
