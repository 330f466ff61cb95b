"""`pytest --gate-doctor`: is the suite set up so that the gate sees what it runs? Read-only."""

from __future__ import annotations

import pytest

_OPTION = "--gate-doctor"
_JSON = "--json"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("behavior gate")
    group.addoption(
        _OPTION,
        action="store_true",
        help="run no tests; check the settings of the suite, and plant defects in its own loops;"
        " with --json as one JSON document",
    )
    config = pluginmanager.get_plugin("pytestconfig")
    # Others may have such an option.
    is_asked = config is not None and _OPTION in config.invocation_params.args
    if is_asked and not _is_taken(parser, _JSON):
        group.addoption(_JSON, action="store_true", dest="gate_json", help=f"with {_OPTION}")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if not config.getoption("gate_doctor", False):
        return None
    from .session import run

    return run(config, as_json=_JSON in config.invocation_params.args)


def _is_taken(parser: pytest.Parser, name: str) -> bool:
    try:
        return name not in parser.parse_known_and_unknown_args([name])[1]
    except (pytest.UsageError, SystemExit):
        # It takes a value.
        return True
