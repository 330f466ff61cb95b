import httpx

import chat.planted  # noqa: F401


def test_broken(server):
    httpx.get(f"http://{server}/planted/broken")
