"""The file of the findings that a suite lives with for a while: a line for each, sorted."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from .core import Finding
from .varying import without_numbers

_HEADER = """\
# Findings of the behavior gate that fail no test: rule, path, function, hash of the line.
# To add what is new and remove what is gone, run: pytest --gate-baseline-update
"""
_ENTRY = re.compile(r"[a-z]+\.[a-z0-9-]+ \S.* \S+ [0-9a-f]{12}")


def entry_of(finding: Finding, hashes: Sequence[str]) -> str:
    """The line of a finding, whose source has these hashes. Code around it does not change it."""
    where = finding.where
    if where is None:
        return f"{finding.rule.id} - - {_hash(without_numbers(finding.what))}"
    digest = hashes[where.line - 1] if where.line <= len(hashes) else _hash("")
    return f"{finding.rule.id} {where.path} {where.function} {digest}"


def source_of(entry: str) -> str:
    """The path of the file that has the line of an entry."""
    return entry.split(" ", 1)[1].rsplit(" ", 2)[0]


def hashes_of(path: Path) -> list[str]:
    """The hashes of all lines of a source file; none if it can't be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # Not `splitlines`, which breaks lines where Python does not.
    return [_hash(line) for line in text.split("\n")]


def read(path: Path, name: str) -> set[str] | None:
    """The entries of a file, or None if there is none.

    Raises:
        pytest.UsageError: in one line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise pytest.UsageError(f"the baseline {name} can't be read: {reason}") from None
    return set(_entries(text, name))


def write(path: Path, entries: Collection[str]) -> None:
    """Replace a file as a whole, so that nothing is lost if the run is interrupted.

    Raises:
        OSError: the file can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _HEADER + "".join(f"{entry}\n" for entry in sorted(entries))
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=path.name, delete=False
    ) as file:
        try:
            file.write(text)
            file.close()
            # A temporary file is its owner's alone, what the team shares is not.
            Path(file.name).chmod(path.stat().st_mode if path.exists() else 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _entries(text: str, name: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not _ENTRY.fullmatch(line.rstrip()):
            raise pytest.UsageError(
                f"{name}:{number} is no line of a baseline: {line[:60]!r}. Fix: remove it, or write"
                " the file anew by --gate-baseline-update after deleting it"
            )
        yield line.rstrip()


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]
