from http import HTTPStatus

from app.errors import DomainError


class ListNotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    detail = "You have no such list."


class TodoNotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    detail = "You have no such todo."


class TitleTaken(DomainError):
    status = HTTPStatus.CONFLICT
    detail = "You have a list with this title."
