"""What a run leaves for other programs and for CI: files, and lines in its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import causes, code_quality, github
from . import render as output
from .core import Gate

if TYPE_CHECKING:
    from .page.collected import Collected
    from .page.recorder import Recorder

_PAGES = (".html", ".htm")


def add_options(group: Any) -> None:
    """Make the options known to pytest."""
    group.addoption(
        "--gate-report",
        metavar="FILE",
        type=Path,
        action="append",
        help="write the findings to FILE: as a page with times to look at if it ends in .html, else"
        " as JSON; may be given several times",
    )
    group.addoption(
        "--gate-code-quality",
        metavar="FILE",
        type=Path,
        help="write the findings to FILE as GitLab's code quality report",
    )


def recorder_of(config: pytest.Config, gate: Gate) -> Recorder | None:
    """What records the times of the tests, if a page is to show them."""
    if not _wants_page(config):
        return None
    # Whoever wants no page pays nothing for it.
    from .page.recorder import Recorder

    return Recorder(gate)


class Outputs:
    """The files that the options name."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        base = config.invocation_params.dir
        self._reports = [base / path for path in config.getoption("gate_report", None) or ()]
        quality: Path | None = config.getoption("gate_code_quality", None)
        self._quality = base / quality if quality is not None else None
        self._collected: Collected | None = None
        if _wants_page(config) and not hasattr(config, "workerinput"):
            from .page.collected import COLLECTED, Collected

            self._collected = Collected()
            config.pluginmanager.register(self._collected, COLLECTED)

    def write(
        self,
        found: Sequence[output.Data],
        *,
        tests: int,
        detectors: Sequence[str],
        blind_spots: Sequence[str],
    ) -> list[str]:
        """Write all that is asked for, and say in lines what could not be written."""
        places = causes.places_of(found)
        tasks: list[tuple[Path, Callable[[Path], None]]] = []
        for path in self._reports:
            if self._collected is not None and _is_page(path):
                from .page import document

                page = partial(
                    document.write,
                    collected=self._collected,
                    places=places,
                    blind_spots=blind_spots,
                    root=self._root,
                )
                tasks.append((path, page))
            else:
                as_json = partial(
                    output.write_json,
                    tests=tests,
                    detectors=detectors,
                    blind_spots=blind_spots,
                    findings=found,
                    causes=[causes.to_data(place) for place in places],
                )
                tasks.append((path, as_json))
        if self._quality is not None:
            quality = partial(code_quality.write, places=places, root=self._root)
            tasks.append((self._quality, quality))
        problems = []
        for path, task in tasks:
            try:
                task(path)
            except OSError as error:
                problems.append(f"{path.name} can't be written: {error.strerror or error}")
        return problems

    def annotations(self, found: Sequence[output.Data]) -> list[str]:
        """The lines that show the findings in the diff, where GitHub reads the log."""
        if not github.are_wanted():
            return []
        return list(github.commands(causes.places_of(found), self._root))


def _wants_page(config: pytest.Config) -> bool:
    return any(map(_is_page, config.getoption("gate_report", None) or ()))


def _is_page(path: Path) -> bool:
    return path.suffix.lower() in _PAGES
