"""The error responses that all endpoints share."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, WebSocket, WebSocketException
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import AfterValidator, BaseModel
from sqlalchemy.orm.exc import StaleDataError
from starlette.datastructures import MutableHeaders
from starlette.types import Message

from app.errors import (
    PROBLEM_JSON,
    EmailTaken,
    NotAuthenticated,
    Problem,
    add_error_handlers,
    problems,
)
from app.main import create_app

PROBLEM = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
CONFLICT = {"application/json": {"schema": {"$ref": "#/components/schemas/Conflict"}}}
JSON = {"Content-Type": "application/json"}
NOT_FOUND = {"type": "about:blank", "title": "Not Found", "status": 404}
CRASH = {"type": "about:blank", "title": "Internal Server Error", "status": 500}
TEAPOT = {
    "type": "about:blank",
    "title": "I'm a Teapot",
    "status": 418,
    "detail": "Short and stout",
}


class Conflict(BaseModel):
    code: str
    hint: str | None = None


class Kind(Enum):
    SEED = "seed"


@dataclass
class Row:
    number: int


@pytest.fixture
def bare() -> FastAPI:
    """An app with error handlers, and nothing else."""
    app = FastAPI()
    add_error_handlers(app)
    return app


async def request(
    app: FastAPI, method: str = "GET", path: str = "/", **options: Any
) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, **options)


async def answer_to(app: FastAPI, error: Exception) -> httpx.Response:
    """Request an endpoint that raises this error."""

    @app.get("/")
    async def endpoint() -> None:
        raise error

    return await request(app)


async def handshake(app: FastAPI, path: str = "/") -> list[Message]:
    """Connect a WebSocket, and return what the app sends until it ends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return sent


async def test_an_unknown_path_returns_404(client: httpx.AsyncClient) -> None:
    response = await client.get("/nowhere")

    assert response.status_code == 404
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == NOT_FOUND


async def test_a_wrong_method_returns_405_and_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    response = await client.delete("/auth/login")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json() == {"type": "about:blank", "title": "Method Not Allowed", "status": 405}


async def test_a_wrong_method_names_those_of_every_route_of_the_path(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/users/me")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, PATCH, DELETE"


@pytest.mark.parametrize("prefix", ["", "/inner"])
async def test_a_wrong_method_in_a_mounted_app_names_the_right_ones(
    bare: FastAPI, prefix: str
) -> None:
    inner = FastAPI()
    add_error_handlers(inner)
    inner.get("/item/{number}")(nothing)
    inner.put("/item/{number}")(nothing)
    bare.mount(prefix, inner)

    response = await request(bare, "DELETE", f"{prefix}/item/1")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, PUT"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the inside of the server"),
        UnicodeEncodeError("ascii", "Zoë", 2, 3, "ordinal not in range(128)"),
    ],
    ids=repr,
)
async def test_a_crash_returns_500_without_details(bare: FastAPI, error: Exception) -> None:
    response = await answer_to(bare, error)

    assert response.status_code == 500
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == CRASH


async def test_an_invalid_response_returns_500_without_details(
    bare: FastAPI,
) -> None:
    @bare.get("/")
    async def endpoint() -> Conflict:
        return {"password": "inside"}  # type: ignore[return-value]

    response = await request(bare)

    assert response.status_code == 500
    assert response.json() == CRASH


# --- HTTPException


@pytest.mark.parametrize(
    ("detail", "members"),
    [
        ("Short and stout", {"detail": "Short and stout"}),
        (None, {}),
        ("", {}),
        ("I'm a Teapot", {}),
        ("half of a pair: \ud83d", {"detail": "half of a pair: \ud83d"}),
        (ValueError("Short and stout"), {"detail": "Short and stout"}),
        (datetime(2026, 1, 2, tzinfo=UTC), {"detail": "2026-01-02T00:00:00Z"}),
        (UUID(int=1), {"detail": "00000000-0000-0000-0000-000000000001"}),
        (Kind.SEED, {"detail": "seed"}),
        (b"\xff\x00", {"detail": "_wA="}),
        (3, {"data": 3}),
        (0.5, {"data": 0.5}),
        (False, {"data": False}),
        (math.inf, {}),
        ([], {"data": []}),
        (["a", {"b": None}], {"data": ["a", {"b": None}]}),
        ({"code": "stout", "status": 200}, {"data": {"code": "stout", "status": 200}}),
        ({1: {2}, "nan": math.nan}, {"data": {"1": [2], "nan": None}}),
        ({"half": "\ud83d"}, {"data": {"half": "\ud83d"}}),
        (Conflict(code="stout"), {"data": {"code": "stout", "hint": None}}),
        ([Row(1)], {"data": [{"number": 1}]}),
        ({"error": ValueError("stout")}, {"data": {"error": "stout"}}),
    ],
    ids=repr,
)
async def test_a_detail_of_any_kind_is_returned(
    bare: FastAPI, detail: Any, members: dict[str, Any]
) -> None:
    response = await answer_to(bare, HTTPException(418, detail))

    assert response.status_code == 418
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == {
        "type": "about:blank",
        "title": "I'm a Teapot",
        "status": 418,
        **members,
    }


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (200, "OK"),
        (299, "Success"),
        (303, "See Other"),
        (399, "Redirection"),
        (418, "I'm a Teapot"),
        (498, "Client Error"),
        (503, "Service Unavailable"),
        (599, "Server Error"),
    ],
)
async def test_any_final_status_is_returned(bare: FastAPI, status: int, title: str) -> None:
    response = await answer_to(bare, HTTPException(status, "Why"))

    assert response.status_code == status
    assert response.json() == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "Why",
    }


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_a_status_that_has_no_body_is_returned_without_one(
    bare: FastAPI, status: int
) -> None:
    response = await answer_to(bare, HTTPException(status, "Why", headers={"ETag": '"1"'}))

    assert response.status_code == status
    assert response.content == b""
    assert response.headers["etag"] == '"1"'
    assert "content-type" not in response.headers
    assert response.headers.get("content-length", "0") == "0"


@pytest.mark.parametrize("status", [0, 100, 103, 600, 1000])
async def test_a_status_that_is_not_final_is_a_crash(bare: FastAPI, status: int) -> None:
    response = await answer_to(bare, HTTPException(status, "Why"))

    assert response.status_code == 500
    assert response.json() == CRASH


async def test_headers_are_kept_except_those_that_describe_the_body(bare: FastAPI) -> None:
    headers: dict[str, Any] = {
        "WWW-Authenticate": "Bearer",
        "Retry-After": 30,
        "content-length": "3",
        "Content-Type": "text/plain",
    }
    response = await answer_to(bare, HTTPException(418, "Short and stout", headers=headers))

    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["retry-after"] == "30"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.json() == TEAPOT


async def test_a_header_may_occur_more_than_once(bare: FastAPI) -> None:
    forget = Response()
    forget.delete_cookie("session")
    forget.delete_cookie("theme")
    headers: Any = MutableHeaders(raw=forget.raw_headers)

    response = await answer_to(bare, HTTPException(418, "Short and stout", headers=headers))

    cookies = [value.partition("=")[0] for value in response.headers.get_list("set-cookie")]
    assert cookies == ["session", "theme"]
    assert response.json() == TEAPOT


async def nothing() -> None: ...


async def raises_teapot() -> None:
    raise HTTPException(418, "Short and stout")


def in_a_dependency(app: FastAPI) -> None:
    app.get("/", dependencies=[Depends(raises_teapot)])(nothing)


def in_a_router(app: FastAPI) -> None:
    router = APIRouter()
    router.get("/")(raises_teapot)
    app.include_router(router)


def in_a_middleware(app: FastAPI) -> None:
    @app.middleware("http")
    async def middleware(*_: object) -> httpx.Response:
        raise HTTPException(418, "Short and stout")


def in_a_mounted_app(app: FastAPI) -> None:
    inner = FastAPI()
    add_error_handlers(inner)
    inner.get("/")(raises_teapot)
    app.mount("/", inner)


@pytest.mark.parametrize("plant", [in_a_dependency, in_a_router, in_a_middleware, in_a_mounted_app])
async def test_it_may_be_raised_anywhere(bare: FastAPI, plant: Callable[[FastAPI], None]) -> None:
    plant(bare)

    response = await request(bare)

    assert response.status_code == 418
    assert response.json() == TEAPOT


# --- Input that is not valid


def refuse(value: Any) -> Any:
    raise ValueError("It is refused.")


async def test_invalid_input_is_located_and_not_repeated(bare: FastAPI) -> None:
    @bare.post("/")
    async def endpoint(value: Annotated[Any, Body(embed=True), AfterValidator(refuse)]) -> None: ...

    for content in ('{"value": "secret"}', '{"value": 1e999}', '{"value": "\\ud83d"}'):
        response = await request(bare, "POST", content=content, headers=JSON)

        assert response.status_code == 422
        assert response.json() == {
            "type": "/problems/invalid-input",
            "title": "Invalid input",
            "status": 422,
            "detail": "The request does not have the expected form.",
            "errors": [
                {
                    "loc": ["body", "value"],
                    "msg": "Value error, It is refused.",
                    "type": "value_error",
                }
            ],
        }


async def test_input_that_is_not_text_returns_400(bare: FastAPI) -> None:
    @bare.post("/")
    async def endpoint(value: Annotated[str, Body()]) -> None: ...

    response = await request(bare, "POST", content=b'"\xff"', headers=JSON)

    assert response.status_code == 400
    assert response.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "There was an error parsing the body",
    }


# --- WebSockets


@pytest.mark.parametrize(
    ("error", "status", "headers", "body"),
    [
        (HTTPException(418, "Short and stout"), 418, {}, TEAPOT),
        (
            NotAuthenticated(),
            401,
            {"www-authenticate": "Bearer"},
            NotAuthenticated.problem().model_dump(exclude_none=True),
        ),
    ],
    ids=repr,
)
async def test_a_rejected_websocket_gets_the_same_response(
    bare: FastAPI, error: Exception, status: int, headers: Mapping[str, str], body: dict[str, Any]
) -> None:
    @bare.websocket("/")
    async def endpoint(websocket: WebSocket) -> None:
        raise error

    start, rest = await handshake(bare)

    assert start["type"] == "websocket.http.response.start"
    assert start["status"] == status
    sent = {name.decode(): value.decode() for name, value in start["headers"]}
    assert sent == {
        "content-type": PROBLEM_JSON,
        "content-length": str(len(rest["body"])),
        **headers,
    }
    assert json.loads(rest["body"]) == body


async def test_a_websocket_with_invalid_input_is_rejected(bare: FastAPI) -> None:
    @bare.websocket("/{number}")
    async def endpoint(websocket: WebSocket, number: int) -> None: ...

    start, rest = await handshake(bare, "/secret")

    assert start["status"] == 422
    assert json.loads(rest["body"])["errors"] == [
        {
            "loc": ["path", "number"],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "type": "int_parsing",
        }
    ]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (HTTPException(418), 1008, "I'm a Teapot"),
        (HTTPException(503, "Why"), 1011, "Service Unavailable"),
        (EmailTaken(), 1008, "Email taken"),
        (StaleDataError(), 1008, "Changed meanwhile"),
        (WebSocketException(4000, "Why"), 4000, "Why"),
    ],
    ids=repr,
)
async def test_an_open_websocket_is_closed_with_the_reason(
    bare: FastAPI, error: Exception, code: int, reason: str
) -> None:
    @bare.websocket("/")
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        raise error

    accepted, closed = await handshake(bare)

    assert accepted["type"] == "websocket.accept"
    assert closed == {"type": "websocket.close", "code": code, "reason": reason}


async def test_a_websocket_whose_client_has_left_is_sent_nothing(bare: FastAPI) -> None:
    @bare.websocket("/")
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.client_state = websocket.client_state.DISCONNECTED
        raise HTTPException(418)

    assert [message["type"] for message in await handshake(bare)] == ["websocket.accept"]


# --- The OpenAPI document


def declared(app: FastAPI, status: str) -> Any:
    """Return what the document says about a response body. All that it refers to must exist."""
    text = json.dumps(app.openapi())
    assert json.dumps(app.openapi()) == text
    document = json.loads(text)
    schemas = document["components"]["schemas"]
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in schemas
    return document["paths"]["/"]["get"]["responses"][status].get("content")


def test_the_document_declares_every_error_as_problem_details() -> None:
    document = create_app().openapi()

    errors = {
        f"{method} {path} {status}": response["content"]
        for path, operations in document["paths"].items()
        if path.startswith(("/auth", "/users", "/health"))
        for method, operation in operations.items()
        for status, response in operation["responses"].items()
        if int(status) >= 400
    }
    assert errors["post /auth/register 409"] == PROBLEM
    assert errors["post /auth/register 422"] == PROBLEM
    assert all(content == PROBLEM for content in errors.values())
    assert {"Problem", "FieldProblem"} <= document["components"]["schemas"].keys()
    assert "HTTPValidationError" not in json.dumps(document)


@pytest.mark.parametrize("status", [404, "404", "4XX", "5XX", "default"])
def test_an_error_that_is_declared_without_a_body_is_a_problem(
    bare: FastAPI, status: int | str
) -> None:
    bare.get("/", responses={status: {"description": "Gone fishing"}})(nothing)

    assert declared(bare, str(status)) == PROBLEM
    response = bare.openapi()["paths"]["/"]["get"]["responses"][str(status)]
    assert response["description"] == "Gone fishing"


def test_an_app_may_have_no_errors_and_no_models(bare: FastAPI) -> None:
    bare.get("/")(nothing)

    assert declared(bare, "200") == {"application/json": {"schema": {}}}


def test_a_route_that_is_added_later_is_declared_too(bare: FastAPI) -> None:
    bare.get("/later", responses=problems(EmailTaken))(nothing)
    bare.openapi()
    bare.openapi_schema = None
    bare.get("/", responses=problems(EmailTaken))(nothing)

    assert declared(bare, "409") == PROBLEM


@pytest.mark.parametrize("status", [409, "4XX", "default", 422])
async def test_an_error_with_its_own_model_is_returned_as_declared(
    bare: FastAPI, status: int | str
) -> None:
    @bare.get("/", responses={status: {"model": Conflict}})
    async def endpoint(number: int = 0) -> JSONResponse:
        return JSONResponse(Conflict(code="stout").model_dump(), 409)

    assert declared(bare, str(status)) == CONFLICT
    response = await request(bare)
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"code": "stout", "hint": None}


def test_a_problem_has_its_media_type_whatever_the_endpoint_returns(bare: FastAPI) -> None:
    @bare.get("/", response_class=HTMLResponse, responses=problems(EmailTaken))
    async def endpoint(number: int) -> str:
        return ""

    assert declared(bare, "200") == {"text/html": {"schema": {"type": "string"}}}
    assert declared(bare, "409") == PROBLEM
    assert declared(bare, "422") == PROBLEM


def test_a_problem_with_additional_members_is_declared_with_them(bare: FastAPI) -> None:
    class OutOfStock(Problem):
        left: int

    bare.get("/", responses={409: {"model": OutOfStock}})(nothing)

    assert declared(bare, "409") == {
        PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/OutOfStock"}}
    }


def test_another_model_may_have_the_name_of_ours(bare: FastAPI) -> None:
    # A rule of chess, say, and not of HTTP.
    other = type("Problem", (BaseModel,), {"__module__": "app.chess"})
    ours = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/app__errors__Problem"}}}

    bare.get("/", response_model=other, responses={404: {}})(nothing)
    assert declared(bare, "200") == {"application/json": PROBLEM[PROBLEM_JSON]}
    assert declared(bare, "404") == ours

    both = FastAPI()
    add_error_handlers(both)
    both.get("/", response_model=other, responses={404: {}, **problems(EmailTaken)})(nothing)
    assert declared(both, "404") == ours
    assert declared(both, "409") == ours


def test_another_model_may_have_the_name_of_a_part_of_ours(bare: FastAPI) -> None:
    class FieldProblem(BaseModel):
        crop: str

    bare.get("/", response_model=FieldProblem, responses={404: {}})(nothing)

    assert declared(bare, "404") == {
        PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/app__errors__Problem"}}
    }
    schemas = bare.openapi()["components"]["schemas"]
    assert schemas["FieldProblem"]["properties"].keys() == {"crop"}
    assert schemas["app__errors__FieldProblem"]["properties"].keys() == {"loc", "msg", "type"}
    assert "app__errors__FieldProblem" in json.dumps(schemas["app__errors__Problem"])


def test_an_example_stays_with_the_problem(bare: FastAPI) -> None:
    example = {"example": {"detail": "Gone fishing"}}
    bare.get("/", responses={409: {"model": Problem, "content": {PROBLEM_JSON: example}}})(nothing)

    assert declared(bare, "409") == {PROBLEM_JSON: PROBLEM[PROBLEM_JSON] | example}


@pytest.mark.parametrize(
    "response",
    [
        {"content": {}},
        {"content": {"application/json": {"schema": True}}},
        {"content": {"application/json": {"example": {"code": "stout"}}}},
        {"content": {"text/plain": {"schema": {"type": "string"}}}},
    ],
)
def test_a_body_that_is_declared_by_hand_is_kept(bare: FastAPI, response: dict[str, Any]) -> None:
    bare.get("/", responses={409: response})(nothing)

    assert declared(bare, "409") == response["content"]


def test_a_reference_to_a_response_is_kept(bare: FastAPI) -> None:
    bare.get("/", responses={409: {"$ref": "#/components/responses/Taken"}})(nothing)

    assert declared(bare, "409") is None


def test_the_responses_of_other_servers_are_kept(bare: FastAPI) -> None:
    """A webhook and a callback are requests that the app sends."""
    callbacks = APIRouter()
    callbacks.post("/done")(refuse)
    bare.webhooks.post("done")(refuse)
    bare.get("/", callbacks=callbacks.routes)(raises_teapot)

    declared(bare, "200")

    document = bare.openapi()
    theirs = {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}
    [callback] = document["paths"]["/"]["get"]["callbacks"].values()
    for answers in (document["webhooks"]["done"], callback["/done"]):
        assert answers["post"]["responses"]["422"]["content"] == theirs


def test_a_custom_document_is_kept(bare: FastAPI) -> None:
    bare.openapi()
    bare.openapi_schema = {"openapi": "3.1.0", "info": {"title": "Mine"}, "paths": {}}

    assert bare.openapi() == {"openapi": "3.1.0", "info": {"title": "Mine"}, "paths": {}}
