"""A row stays locked while another server is asked for something that needs no lock."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

GATE = "database.connection-held"

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/fees")
async def charge_fee(account_id: int, session: SessionDep) -> None:
    account = await session.get_one(Account, account_id, with_for_update=True)
    async with other_service() as rates:
        await rates.get("/fees")
    account.balance -= 1
    await session.commit()
