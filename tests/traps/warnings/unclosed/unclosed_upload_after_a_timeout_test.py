from functools import partial

import httpx
from anyio.from_thread import start_blocking_portal

from .unclosed_upload_after_a_timeout import make_app


# As a client does that has a loop of its own: no line of the test is on its stack.
def test_client() -> None:
    transport = httpx.ASGITransport(make_app())
    with start_blocking_portal() as portal:
        client = httpx.AsyncClient(transport=transport, base_url="http://test")
        response = portal.call(partial(client.post, "/trap", files={"file": b"text"}))
        portal.call(client.aclose)
    assert response.status_code == 200
