from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI

from .expected_errors import mailer, router


async def test_client(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.include_router(router)
    assert (await client.get("/full")).status_code == 503
    assert (await client.get("/full")).status_code in {500, 503}
    assert (await client.get("/full")).is_server_error
    with pytest.raises(httpx.HTTPStatusError):
        (await client.get("/full")).raise_for_status()

    raising = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=raising, base_url="http://test") as strict:
        with pytest.raises(KeyError):
            await strict.get("/broken")

    monkeypatch.setattr(mailer, "send", Mock(side_effect=OSError))
    silent = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=silent, base_url="http://test") as lenient:
        await lenient.get("/mail")
