import importlib
import sys

from .import_sleep import new_user


async def test_client() -> None:
    importlib.reload(sys.modules[new_user.__module__])
