"""What differs from run to run in what is said of a finding that has no line."""

from __future__ import annotations

import re

_VARYING = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?")


def without_numbers(text: str) -> str:
    """Put 0 for each number and address."""
    return _VARYING.sub("0", text)
