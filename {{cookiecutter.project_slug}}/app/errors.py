"""Domain errors, and the one place that turns errors into responses.

Every error has the same body: problem details, https://www.rfc-editor.org/rfc/rfc9457.
"""

import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.client import responses as phrases
from typing import Any, ClassVar

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticSerializationError, to_jsonable_python
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import Match
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketState

from app.database_errors import in_one_line, is_about_schema, is_about_text, is_temporary

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
BODILESS = {204, 205, 304}
STANDARD: JsonDict = {"url": "https://www.rfc-editor.org/rfc/rfc9457"}
REFERENCE = "#/components/schemas/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class FieldProblem(BaseModel):
    """One error in the input. The value that was sent is left out: it may be a secret."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """The body of every error response."""

    # Distinguishes this schema and its subclasses from another model of the same name.
    model_config = ConfigDict(json_schema_extra={"externalDocs": STANDARD})

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None
    data: Any = Field(None, description="More about the error, if text is not enough.")


class DomainError(Exception):
    """A domain rule was broken. A subclass says which one, and gives its HTTP status."""

    status: ClassVar[HTTPStatus]
    detail: ClassVar[str]
    headers: Mapping[str, str] | None = None

    def __init__(self) -> None:
        super().__init__(self.detail)

    @classmethod
    def problem(cls) -> Problem:
        words = re.findall("[A-Z][a-z]+", cls.__name__)
        return Problem(
            type="/problems/" + "-".join(words).lower(),
            title=" ".join(words).capitalize(),
            status=cls.status,
            detail=cls.detail,
        )


class InvalidInput(DomainError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "The request does not have the expected form."


class BodyTooLarge(DomainError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    detail = "The body of the request is larger than this server accepts."


class NotAuthenticated(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    detail = "Send a valid access token."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class InvalidCredentials(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    detail = "The email or the password is wrong."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class InvalidRefreshToken(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    detail = "The refresh token is invalid, has expired or was used before. Log in again."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class InvalidEmailToken(DomainError):
    status = HTTPStatus.FORBIDDEN
    detail = "The token from the email is invalid, has expired or was used before."


class AccountDisabled(DomainError):
    status = HTTPStatus.FORBIDDEN
    detail = "This account is disabled."


class WrongPassword(DomainError):
    status = HTTPStatus.FORBIDDEN
    detail = "The current password is wrong."


class TooManyAttempts(DomainError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    detail = "There were too many attempts. Try again later."

    def __init__(self, retry_after: int) -> None:
        """Refuse for a number of seconds."""
        super().__init__()
        self.headers = {"Retry-After": str(retry_after)}


class EmailTaken(DomainError):
    status = HTTPStatus.CONFLICT
    detail = "An account with this email already exists."


class ChangedMeanwhile(DomainError):
    status = HTTPStatus.CONFLICT
    detail = "Another request changed this in the meantime. Read it again before you change it."


class Busy(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "Too many requests need a password to be checked. Try again in a few seconds."
    headers = {"Retry-After": "3"}  # noqa: RUF012


class DatabaseUnavailable(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "The database does not respond."
    headers = {"Retry-After": "1"}  # noqa: RUF012


class DatabaseNotMigrated(DatabaseUnavailable):
    detail = "The database lacks migrations of this version: `alembic upgrade head` applies them."


class ShuttingDown(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "The server is shutting down."


class UntrustedHost(DomainError):
    status = HTTPStatus.BAD_REQUEST
    detail = "The Host header does not name this server."


def problems(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Declare the errors of an endpoint, for `responses=` and so for the OpenAPI document."""
    return {
        status: {
            "model": Problem,
            "description": " ".join(error.detail for error in errors if error.status == status),
        }
        for status in sorted({error.status for error in errors})
    }


class _ProblemResponse(JSONResponse):
    media_type = PROBLEM_JSON

    def render(self, content: Any) -> bytes:
        # In ASCII: UTF-8 can't encode half of a surrogate pair, which JSON may contain.
        return json.dumps(content, separators=(",", ":")).encode()


async def _answer(
    connection: HTTPConnection, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response | None:
    if (
        isinstance(connection, WebSocket)
        and connection.application_state is WebSocketState.CONNECTED
    ):
        # Once it is accepted, only a close can report an error.
        if connection.client_state is WebSocketState.CONNECTED:
            await connection.close(1008 if problem.status < 500 else 1011, problem.title)
        return None
    response: Response
    if problem.status in BODILESS:
        response = Response(status_code=problem.status)
    else:
        response = _ProblemResponse(problem.model_dump(exclude_none=True), problem.status)
    # Headers that describe the body are ours, like the body. Others may occur more than once.
    ours = set(response.headers)
    for name, value in (headers or {}).items():
        if name.lower() not in ours:
            response.headers.append(name, str(value))
    return response


async def _on_domain_error(connection: HTTPConnection, error: DomainError) -> Response | None:
    if isinstance(error, DatabaseUnavailable):
        cause = in_one_line(error.__cause__ or error)
        logger.error("%s: %s: %s", type(error).__name__, connection.url.path, cause)
    return await _answer(connection, error.problem(), error.headers)


async def _on_database_error(
    connection: HTTPConnection, error: DBAPIError | PoolTimeout
) -> Response | None:
    unavailable: DatabaseUnavailable
    if is_about_text(error):
        return await _answer(connection, InvalidInput.problem())
    if is_temporary(error):
        unavailable = DatabaseUnavailable()
    elif is_about_schema(error) and await _lacks_migrations(connection):
        unavailable = DatabaseNotMigrated()
    else:
        raise error
    unavailable.__cause__ = error
    return await _on_domain_error(connection, unavailable)


async def _lacks_migrations(connection: HTTPConnection) -> bool:
    state = connection.app.state
    if not hasattr(state, "migrations"):
        # A mounted app, with a database of its own.
        return False
    async with state.sessionmaker() as session:
        return not await state.migrations.are_applied(session)


async def _on_stale_data(connection: HTTPConnection, _: StaleDataError) -> Response | None:
    return await _answer(connection, ChangedMeanwhile.problem())


async def _on_encode_error(
    connection: HTTPConnection, error: UnicodeEncodeError | PydanticSerializationError
) -> Response | None:
    # Only input has half of a surrogate pair.
    if "surrogates not allowed" in str(error):
        return await _answer(connection, InvalidInput.problem())
    raise error


async def _on_invalid_input(
    connection: HTTPConnection, error: RequestValidationError | WebSocketRequestValidationError
) -> Response | None:
    problem = InvalidInput.problem()
    problem.errors = [FieldProblem.model_validate(e) for e in error.errors()]
    return await _answer(connection, problem)


async def _on_http_exception(connection: HTTPConnection, error: HTTPException) -> Response | None:
    if not 200 <= error.status_code < 600:
        # Not a final status in HTTP: a bug, which is handled like any other.
        raise error
    problem = Problem(title=_title(error.status_code), status=error.status_code)
    detail = _as_json(error.detail)
    if not isinstance(detail, str):
        problem.data = detail
    elif detail not in {"", problem.title}:
        problem.detail = detail
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(connection)):
        headers = {**(headers or {}), "Allow": ", ".join(methods)}
    return await _answer(connection, problem, headers)


async def _on_crash(connection: HTTPConnection, _: Exception) -> Response | None:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return await _answer(connection, Problem(title=status.phrase, status=status))


def _methods(connection: HTTPConnection) -> list[str]:
    """Return the methods of this path. The error names those of one route only."""
    request = {"type": "http", **{k: connection.scope[k] for k in ("path", "root_path", "headers")}}
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request, "method": method})[0] is Match.FULL
            for route in connection.app.routes
        )
    ]


def _title(status: int) -> str:
    of_class = ("Success", "Redirection", "Client Error", "Server Error")[status // 100 - 2]
    return phrases.get(status, of_class)


def _as_json(value: Any) -> Any:
    """Turn any detail into something that JSON can represent."""
    plain = to_jsonable_python(value, serialize_unknown=True, bytes_mode="base64")
    return json.loads(json.dumps(plain), parse_constant=lambda _: None)


def add_error_handlers(app: FastAPI) -> None:
    """Return every error of the app as problem details, and declare that in its OpenAPI document.

    A mounted app has its own handlers: call this for it too.
    """
    handlers: dict[type[Exception], Any] = {
        DomainError: _on_domain_error,
        StaleDataError: _on_stale_data,
        DBAPIError: _on_database_error,
        PoolTimeout: _on_database_error,
        UnicodeEncodeError: _on_encode_error,
        PydanticSerializationError: _on_encode_error,
        RequestValidationError: _on_invalid_input,
        WebSocketRequestValidationError: _on_invalid_input,
        HTTPException: _on_http_exception,
        Exception: _on_crash,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)

    make_document, build_stack = app.openapi, app.build_middleware_stack

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema
        document = make_document()
        if document is not known:
            _declare_problems(document)
        return document

    def build_middleware_stack() -> ASGIApp:
        # Around every middleware, so that its errors are handled like those of an endpoint.
        caught = {k: v for k, v in app.exception_handlers.items() if k not in {500, Exception}}
        app.user_middleware.insert(0, Middleware(ExceptionMiddleware, handlers=caught))
        try:
            return build_stack()
        finally:
            del app.user_middleware[0]

    app.openapi = openapi  # type: ignore[method-assign]
    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]


# Every endpoint that reads a body may return these.
ERRORS_OF_BODY = {
    "400": "The body is not encoded as its Content-Type says.",
    "413": BodyTooLarge.detail,
}


def _declare_problems(document: dict[str, Any]) -> None:
    """Declare the error responses. A body that an endpoint declares is left unchanged."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = {"schema": {"$ref": REFERENCE + _name_of_problem(schemas)}}
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                for status, description in ERRORS_OF_BODY.items():
                    operation["responses"].setdefault(status, {"description": description})
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5", "default")) and "$ref" not in response:
                    content = response.get("content", {PROBLEM_JSON: problem})
                    response["content"] = _declared(content, schemas, problem)
    # Other servers answer webhooks and callbacks, perhaps in FastAPI's own format.
    for name in ("HTTPValidationError", "ValidationError"):
        if f'"{REFERENCE}{name}"' not in json.dumps(document):
            schemas.pop(name, None)


def _declared(
    content: dict[str, Any], schemas: dict[str, Any], problem: dict[str, Any]
) -> dict[str, Any]:
    bodies: dict[str, Any] = {}
    for media_type, body in content.items():
        schema = body.get("schema")
        reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
        name = reference.removeprefix(REFERENCE)
        if name == "HTTPValidationError":
            bodies[PROBLEM_JSON] = problem
        elif _is_problem(schemas.get(name, {})):
            # FastAPI declares it with the media type of what the endpoint returns.
            bodies[PROBLEM_JSON] = bodies.get(PROBLEM_JSON, {}) | body
        else:
            bodies[media_type] = body
    return bodies


def _is_problem(schema: dict[str, Any]) -> bool:
    return schema.get("externalDocs") == STANDARD


def _name_of_problem(schemas: dict[str, Any]) -> str:
    """Return the name of our schema in the document. Add the schema if it is missing."""
    for name, schema in schemas.items():
        if _is_problem(schema) and schema["title"] == Problem.__name__:
            return str(name)
    prefix = ""
    ours = _schemas_of_problem(prefix)
    if any(schemas.get(name, part) != part for name, part in ours.items()):
        # This is how FastAPI names two models of the same name.
        prefix = f"{__name__}.".replace(".", "__")
        ours = _schemas_of_problem(prefix)
    schemas.update(ours)
    return prefix + Problem.__name__


def _schemas_of_problem(prefix: str) -> dict[str, Any]:
    reference = f"{REFERENCE}{prefix}{{model}}"
    schema = Problem.model_json_schema(ref_template=reference, mode="serialization")
    parts = schema.pop("$defs") | {Problem.__name__: schema}
    return {prefix + name: part for name, part in parts.items()}
