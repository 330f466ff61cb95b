from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel

from ledger.domain import NotEnoughMoney
from ledger.orm import start_mappers
from ledger.services import AccountService
from ledger.unit_of_work import UnitOfWork

start_mappers()
app = FastAPI()


def get_service() -> AccountService:
    return AccountService(UnitOfWork())


Service = Annotated[AccountService, Depends(get_service)]


class Opening(BaseModel):
    owner: str
    deposit: int


class Transfer(BaseModel):
    source: str
    target: str
    amount: int


@app.post("/accounts", status_code=201)
async def open_account(body: Opening, service: Service) -> int | None:
    return (await service.open(body.owner, body.deposit)).id


@app.get("/accounts")
async def list_accounts(service: Service) -> dict[str, int]:
    return {account.owner: account.balance for account in await service.list()}


@app.post("/transfers", status_code=204)
async def transfer(body: Transfer, service: Service) -> None:
    try:
        await service.transfer(body.source, body.target, body.amount)
    except LookupError:
        raise HTTPException(404) from None
    except NotEnoughMoney:
        raise HTTPException(409) from None
