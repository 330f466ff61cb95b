import importlib
import sys

from .import_sleep import ready


async def test_client() -> None:
    importlib.reload(sys.modules[ready.__module__])
