import warnings

from fastapi import FastAPI

from .client_in_a_coroutine import router


async def test_client() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as client:
        assert client.post("/trap").status_code == 200
