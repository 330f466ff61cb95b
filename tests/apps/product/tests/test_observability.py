"""What the operators see: a line for each request, and figures."""

import logging

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.todos.models import Todo
from tests.app_under_test import PASSWORD


async def test_each_request_is_logged_under_an_id(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        response = await client.get("/stats", headers={"X-Request-ID": "r1"})

    assert response.headers["x-request-id"] == "r1"
    (line,) = lines
    assert (line["event"], line["path"], line["status"]) == ("request", "/stats", 200)


async def test_the_log_is_kept_in_a_file(app: FastAPI, client: httpx.AsyncClient) -> None:
    response = await client.get("/stats", headers={"X-Request-ID": "to-be-found"})

    assert response.status_code == 200
    assert '"request_id": "to-be-found"' in app.state.settings.log_file.read_text("utf-8")


async def test_no_password_gets_into_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        response = await client.post(
            "/auth/register", json={"email": "ada@example.com", "password": PASSWORD}
        )

    assert response.status_code == 201
    assert "'path': '/auth/register'" in caplog.text
    assert PASSWORD not in caplog.text


async def test_each_answer_has_the_headers_of_security(client: httpx.AsyncClient) -> None:
    response = await client.get("/stats", headers={"Origin": "https://app.example.com"})

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == "https://app.example.com"


async def test_requests_are_counted_by_route(
    client: httpx.AsyncClient, todo: Todo, token: dict[str, str]
) -> None:
    await client.get(f"/todos/{todo.id}", headers=token)
    await client.get("/nowhere")

    response = await client.get("/metrics")

    assert response.status_code == 200
    lines = response.text.splitlines()
    assert any(
        line.startswith('http_requests_total{method="GET",route="/todos/{todo_id}",status="200"}')
        for line in lines
    )
    assert any('route="none",status="404"' in line for line in lines)
