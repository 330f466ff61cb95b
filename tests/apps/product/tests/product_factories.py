"""Rows of the product for tests."""

from decimal import Decimal

from app.billing.models import Invoice
from app.chat.models import ChatMessage
from app.comments.models import Comment
from app.jobs.models import Job
from app.todos.models import Tag, Todo, TodoList
from tests.factories import RowFactory


class TodoListFactory(RowFactory[TodoList]): ...


class TodoFactory(RowFactory[Todo]): ...


class TagFactory(RowFactory[Tag]): ...


class CommentFactory(RowFactory[Comment]): ...


class ChatMessageFactory(RowFactory[ChatMessage]): ...


class JobFactory(RowFactory[Job]):
    kind = "count-todos"
    payload: dict[str, object] = {}  # noqa: RUF012


class InvoiceFactory(RowFactory[Invoice]):
    amount = Decimal("10.00")
