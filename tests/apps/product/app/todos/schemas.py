from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.todos.models import Priority

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
TagName = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=50)
]


class Model(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class NewList(BaseModel):
    title: Title


class ListOut(Model):
    id: int
    title: str
    slug: str
    created_at: datetime


class NewTodo(BaseModel):
    title: Title
    priority: Priority = Priority.NORMAL
    due_at: AwareDatetime | None = None
    tags: list[TagName] = Field(default_factory=list, max_length=20)


class TodoUpdate(BaseModel):
    """A field that is left out stays as it is."""

    title: Title | None = None
    is_done: bool | None = None
    priority: Priority | None = None
    due_at: AwareDatetime | None = None
    tags: list[TagName] | None = None
    version: int | None = None


class TagOut(Model):
    name: str


class TodoOut(Model):
    id: int
    list_id: int
    title: str
    is_done: bool
    priority: Priority
    due_at: datetime | None
    votes: int
    version: int
    tags: list[TagOut]


class ListWithTodos(ListOut):
    todos: list[TodoOut]


class Page(BaseModel):
    items: list[TodoOut]
    next: int | None
    """What `after` has to be for the page that follows."""
