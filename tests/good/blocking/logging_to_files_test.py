import logging

import httpx
import loguru
from fastapi import FastAPI

from .logging_to_files import LOGS, make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_client() -> None:
    app = make_app()
    async with client_of(app) as client:
        assert (await client.post("/trap")).status_code == 200
        (LOGS / "watched.log").rename(LOGS / "rotated.log")
        assert (await client.post("/trap")).status_code == 200
    assert {"file.log", "lines.log", "rotating.log.1", "structured.log", "watched.log"} <= {
        path.name for path in LOGS.iterdir()
    }
    app.state.structured._file.close()
    loguru.logger.remove()
    logging.shutdown()
