from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Column,
    Enum,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.users.models import User

UNIQUE_TITLE = "uq_todo_lists_owner_id_title"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


todo_tags = Table(
    "todo_tags",
    Base.metadata,
    Column("todo_id", ForeignKey("todos.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class TodoList(Base):
    __tablename__ = "todo_lists"
    __table_args__ = (UniqueConstraint("owner_id", "title", name=UNIQUE_TITLE),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    owner: Mapped[User] = relationship()
    todos: Mapped[list["Todo"]] = relationship(
        back_populates="todo_list", order_by="Todo.id", passive_deletes=True
    )


class Todo(Base):
    __tablename__ = "todos"
    __table_args__ = (
        Index("ix_todos_open_due_at", "due_at", postgresql_where=text("NOT is_done")),
        Index(
            "ix_todos_title_trigram",
            "title",
            postgresql_using="gin",
            postgresql_ops={"title": "gin_trgm_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(
        ForeignKey("todo_lists.id", ondelete="CASCADE"), index=True
    )
    title: Mapped[str] = mapped_column(String(300))
    is_done: Mapped[bool] = mapped_column(server_default=false())
    priority: Mapped[Priority] = mapped_column(
        Enum(Priority, name="priority", values_callable=lambda kinds: [k.value for k in kinds]),
        server_default=Priority.NORMAL,
    )
    due_at: Mapped[datetime | None]
    votes: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    todo_list: Mapped[TodoList] = relationship(back_populates="todos")
    tags: Mapped[list["Tag"]] = relationship(
        secondary=todo_tags, order_by="Tag.name", passive_deletes=True
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
