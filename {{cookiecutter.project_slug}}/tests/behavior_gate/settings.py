"""The settings of the gate, in the configuration file of pytest."""

from __future__ import annotations

from typing import Any, cast

import pytest

from . import rules
from .core import Option
from .hangs import TIMEOUT
from .modes import Mode, Modes
from .registry import DETECTORS

FLAGS = {
    "gate_strict": "fail the run where the gate can't watch something",
    "gate_allow_unused": "let a test pass whose gate_allow allowed nothing",
}

#: Lists of lines, each `RULE-or-FAMILY: reason`.
_MODES: dict[Mode, str] = {
    "warn": "rules that are recorded and fail nothing",
    "off": "rules that are not looked for",
}

_LOOP_SCOPES = {
    "asyncio_default_fixture_loop_scope": "loop scope of async fixtures",
    "asyncio_default_test_loop_scope": "loop scope of async tests",
}

OPTIONS: tuple[Option, ...] = (
    TIMEOUT,
    *(option for detector in DETECTORS for option in detector.options),
)


def add_settings(parser: pytest.Parser) -> None:
    """Make the settings known to pytest."""
    for option in OPTIONS:
        kind = "float" if isinstance(option.default, float) else "int"
        help_text = f"behavior gate: {option.help} (default: {option.default:g})"
        parser.addini(option.setting, help_text, type=cast(Any, kind), default=option.default)
    for name, help_text in FLAGS.items():
        parser.addini(name, f"behavior gate: {help_text} (default: false)", "bool", default=False)
    for mode, help_text in _MODES.items():
        help_text = f"behavior gate: {help_text}, a line each: RULE-or-FAMILY: reason"
        parser.addini(f"gate_{mode}", help_text, type="linelist", default=[])
    parser.addini("gate_baseline", "behavior gate: as --gate-baseline", "string", default="")
    for name, help_text in _LOOP_SCOPES.items():
        parser.addini(name, f"{help_text} (default: session)", default="session")


def numbers(config: pytest.Config) -> dict[str, Any]:
    """The limits of the detectors, by the names of their options."""
    return {
        option.name: _setting(config, option.setting, default=option.default) for option in OPTIONS
    }


def flag(config: pytest.Config, name: str) -> bool:
    """Whether a setting of `FLAGS` is on."""
    return bool(_setting(config, name, default=False))


def text(config: pytest.Config, name: str) -> str:
    """A setting that is a text, empty by default."""
    return str(_setting(config, name, default=""))


def modes(config: pytest.Config) -> Modes:
    """Which rules warn, and which are off.

    Raises:
        pytest.UsageError: in one line, with the name that may be meant.
    """
    named: dict[str, Mode] = {}
    for mode in _MODES:
        for line in _setting(config, f"gate_{mode}", default=[]):
            name, reason = (part.strip() for part in f"{line}:".split(":", 1))
            if name not in (*rules.FAMILIES, *rules.BY_ID):
                problem = rules.unknown(name)
            elif not reason.rstrip(":"):
                problem = f"say why: `{name}: reason`"
            elif name in named:
                problem = f"{name!r} is named twice"
            else:
                named[name] = mode
                continue
            raise pytest.UsageError(f"gate_{mode}: {problem}")
    return Modes(config.getoption("gate", "on") == "warn", named)


def _setting(config: pytest.Config, name: str, *, default: Any) -> Any:
    try:
        return config.getini(name)
    except ValueError:
        # Loaded after the command line was parsed: there are only defaults.
        return default
