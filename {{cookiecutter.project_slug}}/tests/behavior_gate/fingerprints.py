"""What makes a finding the same in the next run, although the code around it has changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .baseline import entry_of, hashes_of
from .core import Cause, Finding


def fingerprints(findings: Iterable[Finding], root: Path) -> dict[Cause, str]:
    """Name each cause by 32 hexadecimal digits: by its rule, file, function and line of text."""
    hashes: dict[str, list[str]] = {}
    met: Counter[str] = Counter()
    named: dict[Cause, str] = {}
    for finding in findings:
        if finding.cause in named:
            continue
        path = finding.where.path if finding.where else ""
        if path not in hashes:
            hashes[path] = hashes_of(root / path) if path else []
        entry = entry_of(finding, hashes[path])
        # Equal lines of one function are told apart by their order.
        met[entry] += 1
        named[finding.cause] = hashlib.sha256(f"{entry} {met[entry]}".encode()).hexdigest()[:32]
    return named
