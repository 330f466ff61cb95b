"""aiocop as its guide says, "CI/CD Integration": https://feverup.github.io/aiocop/integrations/.

It is to raise in the request alone, and not in the rest of a test.
"""

import importlib
from typing import Any

import aiocop
import httpx
import pytest

send = httpx.AsyncClient.send


async def guarded(client: httpx.AsyncClient, *arguments: Any, **options: Any) -> httpx.Response:
    with aiocop.raise_on_violations():
        return await send(client, *arguments, **options)


@pytest.fixture(scope="session", autouse=True)
def _aiocop() -> None:
    for library in ("anyio", "httpx", "httpcore"):
        importlib.import_module(library)
    aiocop.patch_audit_functions()
    aiocop.start_blocking_io_detection()
    aiocop.detect_slow_tasks(threshold_ms=50)
    aiocop.disable_raise_on_violations()
    client: Any = httpx.AsyncClient
    client.send = guarded


@pytest.fixture(autouse=True)
async def _active(_aiocop: None) -> None:
    # It watches the loop on which it is called, from the next callback on.
    aiocop.activate()
