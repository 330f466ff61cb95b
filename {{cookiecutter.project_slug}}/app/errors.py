"""Domain errors, and the one place that turns errors into answers.

Every error has the same body: problem details, https://www.rfc-editor.org/rfc/rfc9457.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing that is wrong with the input. What was sent is not repeated: it may be a secret."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


class DomainError(Exception):
    """A rule of the domain was broken. A subclass says which, and how HTTP spells it."""

    status: ClassVar[HTTPStatus]
    detail: ClassVar[str]
    headers: ClassVar[Mapping[str, str] | None] = None

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


class NotAuthenticated(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    detail = "Send a valid access token."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class InvalidCredentials(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    detail = "The email or the password is wrong."
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class AccountDisabled(DomainError):
    status = HTTPStatus.FORBIDDEN
    detail = "This account is disabled."


class WrongPassword(DomainError):
    status = HTTPStatus.FORBIDDEN
    detail = "The current password is wrong."


class EmailTaken(DomainError):
    status = HTTPStatus.CONFLICT
    detail = "An account with this email exists."


class ChangedMeanwhile(DomainError):
    status = HTTPStatus.CONFLICT
    detail = "Another request has changed this meanwhile. Read it again before you change it."


class DatabaseUnavailable(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "The database does not answer."


def problems(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Declare the errors of an endpoint, for `responses=` and so for the OpenAPI document."""
    return {
        status: {
            "model": Problem,
            "description": " ".join(error.detail for error in errors if error.status == status),
        }
        for status in sorted({error.status for error in errors})
    }


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type=PROBLEM_JSON,
    )


async def _on_domain_error(_: Request, error: DomainError) -> JSONResponse:
    return _answer(error.problem(), error.headers)


async def _on_stale_data(_: Request, __: StaleDataError) -> JSONResponse:
    return _answer(ChangedMeanwhile.problem())


async def _on_invalid_input(_: Request, error: RequestValidationError) -> JSONResponse:
    problem = InvalidInput.problem()
    problem.errors = [FieldProblem.model_validate(e) for e in error.errors()]
    return _answer(problem)


async def _on_http_exception(_: Request, error: HTTPException) -> JSONResponse:
    title = HTTPStatus(error.status_code).phrase
    detail = None if error.detail == title else error.detail
    return _answer(Problem(title=title, status=error.status_code, detail=detail), error.headers)


async def _on_crash(_: Request, __: Exception) -> JSONResponse:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(Problem(title=status.phrase, status=status))


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of the app as problem details, and say so in its OpenAPI document."""
    handlers: dict[type[Exception], Any] = {
        DomainError: _on_domain_error,
        StaleDataError: _on_stale_data,
        RequestValidationError: _on_invalid_input,
        HTTPException: _on_http_exception,
        Exception: _on_crash,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)

    make_document = app.openapi

    def openapi() -> dict[str, Any]:
        document = make_document()
        _declare_problems(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _declare_problems(document: dict[str, Any]) -> None:
    # FastAPI declares every error as JSON, and a 422 in a form that is not ours.
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
                    response["content"] = {PROBLEM_JSON: problem}
