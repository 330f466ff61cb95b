from http import HTTPStatus

from app.errors import DomainError


class MemoNotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    detail = "You have no such memo."
