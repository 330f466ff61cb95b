from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.memos.cursor import Cursor

# PostgreSQL stores every character but NUL.
MemoText = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]


class Owner(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    full_name: str | None


class MemoOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    owner: Owner
    text: str
    archived: bool
    created_at: datetime
    version: int


class NewMemo(BaseModel):
    text: MemoText


class MemoUpdate(BaseModel):
    """A field that is left out is not changed.

    With `version`, nothing is changed if the memo has a different version by now.
    """

    # A field with a factory may be left out, but not be null. What the factory makes is not used.
    text: MemoText = Field(default_factory=str)
    archived: bool = Field(default_factory=bool)
    version: int | None = None


class MemoQuery(BaseModel):
    text: MemoText | None = Field(None, description="What the memos contain, ignoring case.")
    archived: bool | None = Field(None, description="Both kinds if not given.")
    limit: int = Field(20, ge=1, le=100)
    cursor: Cursor | None = Field(None, description="The `next` of the previous page.")


class MemoPage(BaseModel):
    memos: list[MemoOut]
    next: Cursor | None = Field(description="The `cursor` of the next page, if there is one.")
