"""What a run knows of its baseline: which findings fail nothing, and which are gone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from . import render as output
from . import rules
from .baseline import entry_of, hashes_of, read, source_of, write
from .core import Finding, Gate
from .extent import Extent
from .settings import text

UPDATE = "--gate-baseline-update"
_INPUT = "behavior_gate_baseline"
#: So many of those that are gone are listed.
_SHOWN = 10


class Known:
    """The findings of the baseline. Where there is none yet, all that are found."""

    def __init__(self, config: pytest.Config, gate: Gate, path: Path, name: str) -> None:
        self._gate = gate
        self._path = path
        self._name = name
        self._verbose = config.option.verbose > 0
        self._extent = Extent(config)
        config.pluginmanager.register(self._extent)
        # A worker of pytest-xdist need not see the file.
        is_worker = hasattr(config, "workerinput")
        entries: Collection[str] | None = (
            cast(Any, config).workerinput[_INPUT] if is_worker else read(path, name)
        )
        self._is_new = entries is None
        self._records = self._is_new or config.getoption("gate_baseline_update", False)
        self._entries = set(entries or ())
        # Read ahead, as the gate is asked while the event loop runs, where reading blocks.
        self._hashes = {source: self._read(source) for source in map(source_of, self._entries)}

    def __contains__(self, finding: Finding) -> bool:
        return self._records or self._entry(finding) in self._entries

    def _entry(self, finding: Finding) -> str:
        source = finding.where.path if finding.where else ""
        return entry_of(finding, self._hashes.get(source, ()))

    def _read(self, source: str) -> list[str]:
        return hashes_of(self._gate.root / source)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_INPUT] = None if self._is_new else sorted(self._entries)

    def conclude(
        self, session: pytest.Session, found: Iterable[output.Data], watched: Collection[str]
    ) -> list[str]:
        """Compare what was found with what was known, perhaps write it down, and say so in lines.

        Raises:
            OSError: the file can't be written.
        """
        known = [output.from_data(data) for data in found if data["outcome"] == "known"]
        for where in {finding.where for finding in known if finding.where}:
            if where.path not in self._hashes:
                self._hashes[where.path] = self._read(where.path)
        met = {self._entry(finding) for finding in known}
        gap = self._extent.gap(session)
        if gap is None and None in self._gate.blind_spots.values():
            gap = "something could not be watched"
        lost = self._entries - met
        gone = {entry for entry in lost if gap is None and self._is_gone(entry, watched)}
        if not self._records:
            return self._tell(sorted(gone))
        if self._extent.is_cut_short(session):
            return [f"the baseline {self._name} was not written, as {gap}"]
        kept = self._entries - gone
        write(self._path, kept | met)
        part = f"; only a part of the suite was seen, as {gap}" if gap else ""
        if self._is_new:
            return [f"{_findings(met)} written to the baseline {self._name}{part}"]
        changes = f"{len(met - kept)} added, {len(gone)} removed, {len(kept)} kept"
        return [f"the baseline {self._name} was updated: {changes}{part}"]

    def _is_gone(self, entry: str, watched: Collection[str]) -> bool:
        """Whether it has not been met because it does not exist."""
        rule = rules.BY_ID.get(entry.partition(" ")[0])
        if rule is None:
            return True
        if rule.family not in watched or self._gate.modes.of(rule) == "off":
            return False
        if rule in self._gate.blind_spots.values():
            return False
        # Whether a slow line is met depends on the machine.
        digest = entry.rpartition(" ")[2]
        return not (rule.by_time and digest in self._hashes[source_of(entry)])

    def _tell(self, gone: list[str]) -> list[str]:
        if not gone:
            return []
        are, them = ("is", "it") if len(gone) == 1 else ("are", "them")
        shown = gone if self._verbose else gone[:_SHOWN]
        rest = [f"  and {len(gone) - len(shown)} more (-v lists all)"] if shown != gone else []
        return [
            f"{_findings(gone)} of the baseline {are} gone: run with {UPDATE} to remove {them}",
            *(f"  {entry.rpartition(' ')[0]}" for entry in shown),
            *rest,
        ]


def find_known(config: pytest.Config, gate: Gate) -> Known | None:
    """Read the baseline that an option or a setting names, if there is one.

    Raises:
        pytest.UsageError: in one line.
    """
    named: Path | None = config.getoption("gate_baseline", None)
    setting = text(config, "gate_baseline")
    if named is not None:
        return Known(config, gate, config.invocation_params.dir / named, str(named))
    if not setting:
        if config.getoption("gate_baseline_update", False):
            raise pytest.UsageError(
                f"{UPDATE} needs --gate-baseline=FILE or the setting gate_baseline"
            )
        return None
    path = (config.inipath or config.rootpath / "pytest.ini").parent / setting
    if os.environ.get("CI") and not path.exists():
        # It would pass whatever is found, and nobody would see the file.
        raise pytest.UsageError(
            f"gate_baseline: {setting} does not exist. Fix: run pytest outside CI, which writes it,"
            " and commit it"
        )
    return Known(config, gate, path, setting)


def _findings(entries: Collection[str]) -> str:
    return "1 finding" if len(entries) == 1 else f"{len(entries)} findings"
