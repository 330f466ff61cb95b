from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from app.jobs.models import Status


class NewJob(BaseModel):
    kind: Literal["count-todos", "finish-all"]
    payload: dict[str, Any] = {}


class JobOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    status: Status
    result: dict[str, Any] | None
    error: str | None
    finished_at: datetime | None
