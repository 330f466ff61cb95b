"""`pytest --gate-doctor`: is the suite set up so that the gate sees what it runs? Read-only."""

from __future__ import annotations

import pytest

OPTION = "--gate-doctor"
JSON = "--json"


def add_options(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the options known to pytest. `--json` only where it is meant, as others have one."""
    group = parser.getgroup("behavior gate")
    group.addoption(
        OPTION,
        action="store_true",
        help="run no tests; check the settings of the suite, and plant defects in its own loops;"
        " with --json as one JSON document",
    )
    config = pluginmanager.get_plugin("pytestconfig")
    is_asked = config is not None and OPTION in config.invocation_params.args
    if is_asked and not _is_taken(parser, JSON):
        group.addoption(JSON, action="store_true", dest="gate_json", help=f"with {OPTION}")


def _is_taken(parser: pytest.Parser, name: str) -> bool:
    try:
        return name not in parser.parse_known_and_unknown_args([name])[1]
    except (pytest.UsageError, SystemExit):
        # It takes a value.
        return True
