from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.tickets.models import PassKind, Ticket

router = APIRouter(
    prefix="/tickets", tags=["tickets"], responses=problems(NotAuthenticated, AccountDisabled)
)


class Conflict(BaseModel):
    """Why a ticket can't be had."""

    code: str
    left: int


class NewTicket(BaseModel):
    kind: Annotated[str, Field(alias="pass", max_length=50)]


class TicketOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: Annotated[str, Field(serialization_alias="pass")]
    bought_at: datetime


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses={409: {"model": Conflict}},
)
async def buy(new: NewTicket, user: CurrentUser, session: SessionDep) -> Ticket | JSONResponse:
    # One statement takes the last one: of two buyers at the same moment one is refused.
    left = await session.scalar(
        update(PassKind)
        .where(PassKind.name == new.kind, PassKind.left > 0)
        .values(left=PassKind.left - 1)
        .returning(PassKind.left)
    )
    if left is None:
        return JSONResponse(Conflict(code="sold-out", left=0).model_dump(), status_code=409)
    ticket = Ticket(owner_id=user.id, kind=new.kind)
    session.add(ticket)
    await session.commit()
    return ticket


@router.get("", response_model=list[TicketOut])
async def mine(user: CurrentUser, session: SessionDep) -> list[Ticket]:
    rows = await session.scalars(
        select(Ticket).where(Ticket.owner_id == user.id).order_by(Ticket.id)
    )
    return list(rows)
