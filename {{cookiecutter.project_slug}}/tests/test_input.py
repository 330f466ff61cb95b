"""What a request may contain, whatever the endpoint: characters, and the size of its body."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, Cookie, FastAPI, File, Form, Header, Request, UploadFile, WebSocket
from sqlalchemy import JSON, String, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.auth.dependencies import CurrentUser
from app.body_limit import max_body_size
from app.database import SessionDep
from app.errors import PROBLEM_JSON, BodyTooLarge, InvalidInput
from tests.app_under_test import PASSWORD
from tests.isolation.fixtures import ConnectWebSocket

JSON_TYPE = {"Content-Type": "application/json"}
REFUSED_TEXT = InvalidInput.problem().model_dump(exclude_none=True)
TOO_LARGE = BodyTooLarge.problem().model_dump(exclude_none=True)
LIMIT = 1_000_000
"""The default of MAX_BODY_SIZE."""


def assert_problem(response: httpx.Response, problem: dict[str, Any]) -> None:
    assert response.status_code == problem["status"]
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == problem


# --- Characters


@pytest.mark.parametrize("text", ["a\0b", "\ud83d"], ids=ascii)
@pytest.mark.parametrize(
    ("method", "path", "field", "value"),
    [
        ("POST", "/auth/register", "email", "{}@example.com"),
        ("POST", "/auth/register", "password", "long enough {}"),
        ("POST", "/auth/register", "full_name", "Ada {}"),
        ("PATCH", "/users/me", "email", "{}@example.com"),
        ("PATCH", "/users/me", "full_name", "Ada {}"),
        ("PUT", "/users/me/password", "current_password", "{}"),
        ("PUT", "/users/me/password", "new_password", "long enough {}"),
    ],
)
async def test_a_field_refuses_text_that_the_database_can_not_hold(
    client: httpx.AsyncClient,
    token: dict[str, str],
    method: str,
    path: str,
    field: str,
    value: str,
    text: str,
) -> None:
    body = {
        "email": "grace@example.com",
        "password": PASSWORD,
        "current_password": PASSWORD,
        "new_password": PASSWORD,
        field: value.format(text),
    }

    content = json.dumps(body)
    response = await client.request(method, path, content=content, headers=JSON_TYPE | token)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", field]]


@pytest.mark.parametrize("field", ["username", "password"])
async def test_login_refuses_text_that_the_database_can_not_hold(
    client: httpx.AsyncClient, field: str
) -> None:
    form = {"username": "ada@example.com", "password": PASSWORD, field: "a\0b"}

    response = await client.post("/auth/login", data=form)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", field]]


@pytest.fixture
async def plain(app: FastAPI, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client, with endpoints that store any `str` without a rule of their own."""

    @app.get("/plain/{in_path}")
    async def plain(
        session: SessionDep,
        in_path: str,
        in_query: str = "",
        in_header: Annotated[str, Header()] = "",
        in_cookie: Annotated[str, Cookie()] = "",
    ) -> str | None:
        text = in_path + in_query + in_header + in_cookie
        return await session.scalar(select(literal(text, String)))

    @app.post("/plain/form")
    async def form(session: SessionDep, text: Annotated[str, Form()]) -> str | None:
        return await session.scalar(select(literal(text, String)))

    @app.post("/plain/file")
    async def file(session: SessionDep, file: Annotated[UploadFile, File()]) -> str | None:
        return await session.scalar(select(literal(file.filename, String)))

    @app.post("/plain/text")
    async def text(session: SessionDep, text: Annotated[str, Body(embed=True)]) -> str | None:
        return await session.scalar(select(literal(text, String)))

    @app.post("/plain/array")
    async def array(session: SessionDep, text: Annotated[str, Body(embed=True)]) -> Any:
        return await session.scalar(select(literal([text], ARRAY(String))))

    @app.post("/plain/jsonb")
    async def jsonb(session: SessionDep, value: Annotated[Any, Body()]) -> Any:
        return await session.scalar(select(cast(literal(value, JSON), JSONB)))

    @app.post("/plain/echo")
    async def echo(text: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        return {"text": text}

    return client


@pytest.mark.parametrize(
    "options",
    [
        {"url": "/plain/a%00b"},
        {"url": "/plain/a?in_query=%00"},
        {"url": "/plain/a", "headers": {"Cookie": r'in_cookie="\000"'}},
        {"url": "/plain/form", "method": "POST", "data": {"text": "\0"}},
        {
            "url": "/plain/file",
            "method": "POST",
            "content": b'--part\r\nContent-Disposition: form-data; name="file"; filename="\0"'
            b"\r\n\r\n\r\n--part--\r\n",
            "headers": {"Content-Type": "multipart/form-data; boundary=part"},
        },
    ],
    ids=lambda options: str(options["url"]),
)
async def test_plain_text_that_the_database_refuses_returns_422(
    plain: httpx.AsyncClient, options: dict[str, Any]
) -> None:
    assert_problem(await plain.request(**{"method": "GET", **options}), REFUSED_TEXT)


@pytest.mark.parametrize("text", ["\0", "\ud83d"], ids=ascii)
@pytest.mark.parametrize("path", ["text", "array", "jsonb"])
async def test_json_that_the_database_refuses_returns_422(
    plain: httpx.AsyncClient, path: str, text: str
) -> None:
    content = json.dumps({"text": text, text: 1})

    response = await plain.post(f"/plain/{path}", content=content, headers=JSON_TYPE)

    assert_problem(response, REFUSED_TEXT)


async def test_text_that_can_not_be_sent_back_returns_422(plain: httpx.AsyncClient) -> None:
    response = await plain.post("/plain/echo", content=r'{"text": "\ud83d"}', headers=JSON_TYPE)

    assert_problem(response, REFUSED_TEXT)


async def test_any_other_text_is_stored_as_it_is(plain: httpx.AsyncClient) -> None:
    text = "\x01\x7f\u0085\u2028\ufeff\uffff\U0001f600 e\u0301"

    response = await plain.post("/plain/text", json={"text": text})

    assert response.status_code == 200
    assert response.json() == text


# --- The size of a body


PART = b'--part\r\nContent-Disposition: form-data; name="username"\r\n\r\n'


async def chunks(size: int, start: bytes = b"") -> AsyncIterator[bytes]:
    yield start
    for _ in range(0, size, 1000):
        yield b" " * 1000


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(
    ("method", "path", "content_type", "start"),
    [
        ("POST", "/auth/register", "application/json", b""),
        ("POST", "/auth/login", "application/x-www-form-urlencoded", b""),
        ("POST", "/auth/login", "multipart/form-data; boundary=part", PART),
        ("PATCH", "/users/me", "application/json", b""),
    ],
)
async def test_a_body_over_the_limit_returns_413_without_a_token(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    content_type: str,
    start: bytes,
    chunked: bool,
) -> None:
    content: Any = chunks(LIMIT + 1000, start) if chunked else b" " * (LIMIT + 1)

    response = await client.request(
        method, path, content=content, headers={"Content-Type": content_type}
    )

    assert_problem(response, TOO_LARGE)


async def test_a_body_that_says_its_length_is_not_read(app: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"100000000")]
    scope = {"type": "http", "method": "POST", "path": "/auth/register", "headers": headers}
    await app({**scope, "query_string": b""}, receive, send)

    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"]) == TOO_LARGE


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_a_body_of_the_limit_is_read(client: httpx.AsyncClient, chunked: bool) -> None:
    content: Any = chunks(LIMIT) if chunked else b" " * LIMIT

    response = await client.post("/auth/register", content=content, headers=JSON_TYPE)

    assert response.status_code == 422
    assert response.json()["errors"][0]["type"] == "json_invalid"


async def test_nesting_too_deep_for_the_parser_returns_400(client: httpx.AsyncClient) -> None:
    response = await client.post("/auth/register", content=b"[" * LIMIT, headers=JSON_TYPE)

    assert response.status_code == 400
    assert response.headers["content-type"] == PROBLEM_JSON


async def test_an_endpoint_may_have_its_own_limit(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.post("/large")
    @max_body_size(2 * LIMIT)
    async def large(file: Annotated[bytes, File()]) -> int:
        return len(file)

    @app.post("/small")
    @max_body_size(10)
    async def small(request: Request) -> int:
        return len(await request.body())

    accepted = await client.post("/large", files={"file": b" " * LIMIT})
    assert (accepted.status_code, accepted.json()) == (200, LIMIT)
    assert_problem(await client.post("/large", files={"file": b" " * 2 * LIMIT}), TOO_LARGE)
    assert (await client.post("/small", content=b" " * 10)).json() == 10
    assert_problem(await client.post("/small", content=b" " * 11), TOO_LARGE)


async def test_an_endpoint_that_reads_the_body_itself_asks_for_the_token_first(
    app: FastAPI, client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    @app.post("/stream")
    async def stream(request: Request, user: CurrentUser) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    assert (await client.post("/stream", content=chunks(LIMIT + 1000))).status_code == 401
    response = await client.post("/stream", content=chunks(LIMIT + 1000), headers=token)
    assert_problem(response, TOO_LARGE)


async def test_an_endpoint_that_hides_the_error_of_a_large_body_returns_413(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    @app.post("/parsed")
    async def parsed(request: Request) -> None:
        try:
            await request.body()
        except Exception as error:
            raise RuntimeError("It could not be parsed.") from error

    assert_problem(await client.post("/parsed", content=b" " * (LIMIT + 1)), TOO_LARGE)


async def test_a_websocket_has_no_limit(app: FastAPI, connect_websocket: ConnectWebSocket) -> None:
    @app.websocket("/length")
    async def length(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json(len(await socket.receive_bytes()))

    async with connect_websocket("/length") as socket:
        await socket.send_bytes(b" " * (LIMIT + 1))
        assert await socket.receive_json() == LIMIT + 1


def test_the_document_declares_what_every_body_may_return(app: FastAPI) -> None:
    reads_body = {
        f"{method} {path}": {"400", "413", "422"} <= operation["responses"].keys()
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }

    assert reads_body["post /auth/register"]
    assert all(reads_body.values())
