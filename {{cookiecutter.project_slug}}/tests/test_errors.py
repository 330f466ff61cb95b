"""What every endpoint has in common when something is wrong."""

import json

import httpx
import pytest
from fastapi import FastAPI

from app.errors import PROBLEM_JSON
from app.main import create_app


async def test_an_unknown_path_answers_404(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere")

    assert response.status_code == 404
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == {"type": "about:blank", "title": "Not Found", "status": 404}


async def test_a_wrong_method_answers_405_and_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    response = await client.delete("/auth/login")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json() == {"type": "about:blank", "title": "Method Not Allowed", "status": 405}


@pytest.mark.gate_allow("requests", reason="the test is about a crash")
async def test_a_crash_answers_500_and_tells_nothing_about_it(app: FastAPI) -> None:
    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the inside of the server")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/crash")

    assert response.status_code == 500
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }


def test_the_openapi_document_declares_every_error_as_problem_details() -> None:
    document = create_app().openapi()

    errors = {
        f"{method} {path} {status}": response["content"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, response in operation["responses"].items()
        if int(status) >= 400
    }
    problem = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert errors["post /auth/register 409"] == problem
    assert errors["post /auth/register 422"] == problem
    assert all(content == problem for content in errors.values())
    assert {"Problem", "FieldProblem"} <= document["components"]["schemas"].keys()
    assert "ValidationError" not in json.dumps(document)
