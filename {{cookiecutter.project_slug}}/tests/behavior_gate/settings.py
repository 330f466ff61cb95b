"""The settings of the gate, in the configuration file of pytest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import pytest

from .core import Option
from .hangs import TIMEOUT
from .registry import DETECTORS

FLAGS = {
    "gate_strict": "fail the run where the gate can't watch something",
    "gate_allow_unused": "let a test pass whose gate_allow allowed nothing",
}

OPTIONS: tuple[Option, ...] = (
    TIMEOUT,
    *(option for detector in DETECTORS for option in detector.options),
)


def add_settings(parser: pytest.Parser) -> None:
    """Make the settings known to pytest."""
    for option in OPTIONS:
        help_text = f"behavior gate: {option.help} (default: {option.default:g})"
        # Before pytest 8.4 a number is a text.
        kind = type(option.default).__name__ if pytest.version_tuple >= (8, 4) else None
        parser.addini(option.setting, help_text, cast(Any, kind), default=option.default)
    for name, help_text in FLAGS.items():
        parser.addini(name, f"behavior gate: {help_text} (default: false)", "bool", default=False)


def numbers(config: pytest.Config) -> dict[str, Any]:
    """The limits of the detectors, by the names of their options.

    Raises:
        pytest.UsageError: One of them is no such number.
    """
    return {option.name: _number(config, option) for option in OPTIONS}


def _number(config: pytest.Config, option: Option) -> int | float:
    kind = type(option.default)
    expected = f"a {'' if kind is float else 'whole '}number, 0 or more"
    number: int | float = _setting(config, option.setting, kind, expected)
    if not 0 <= number < math.inf:
        raise _wrong(option.setting, expected)
    return number


def flag(config: pytest.Config, name: str) -> bool:
    """Whether a setting of `FLAGS` is on.

    Raises:
        pytest.UsageError: It is neither on nor off.
    """
    return bool(_setting(config, name, bool, "true or false"))


def _setting(config: pytest.Config, name: str, kind: Callable[[Any], Any], expected: str) -> Any:
    try:
        return kind(config.getini(name))
    # What is raised differs from version to version of pytest, and may not name the setting.
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise _wrong(name, expected) from error


def _wrong(name: str, expected: str) -> pytest.UsageError:
    return pytest.UsageError(f"{name} has to be {expected}")
