"""Copy the behavior gate, and the fixtures for a real database, into another repository.

    python3 tests/install.py --to ../their-repo [--gate-only] [--dry-run]

It needs only Python. Run it again to refresh the copy.
"""

import sys
from pathlib import Path

try:
    import tomllib as tomllib
except ImportError:
    sys.exit("install.py: it needs Python 3.11 or newer.")

# Cookiecutter would bake the bytecode.
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.installer.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
