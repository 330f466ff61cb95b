import asyncio

import pytest


@pytest.mark.asyncio
@pytest.mark.gate_allow("requests.5xx", reason="the refusal is an error in the app")
async def test_simultaneous_requests_are_refused(client):
    requests = [client.get("/notes") for _ in range(2)]
    one, other = await asyncio.gather(*requests, return_exceptions=True)
    assert one.json() == []
    assert "Use the `concurrent_client` fixture." in str(other)
