from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, ChangedMeanwhile, NotAuthenticated, problems
from app.memos import service
from app.memos.errors import MemoNotFound
from app.memos.models import Memo
from app.memos.schemas import MemoOut, MemoPage, MemoQuery, MemoUpdate, NewMemo

router = APIRouter(
    prefix="/memos", tags=["memos"], responses=problems(NotAuthenticated, AccountDisabled)
)


async def get_own_memo(memo_id: UUID, user: CurrentUser, session: SessionDep) -> Memo:
    return await service.get_memo(session, user, memo_id)


OwnMemo = Annotated[Memo, Depends(get_own_memo)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=MemoOut,
    responses=problems(ChangedMeanwhile),
)
async def create_memo(new: NewMemo, user: CurrentUser, session: SessionDep) -> Memo:
    memo = await service.create_memo(session, user, text=new.text)
    await session.commit()
    return memo


@router.get("")
async def list_memos(
    query: Annotated[MemoQuery, Query()], user: CurrentUser, session: SessionDep
) -> MemoPage:
    memos, cursor = await service.list_memos(session, user, **query.model_dump())
    return MemoPage(memos=[MemoOut.model_validate(memo) for memo in memos], next=cursor)


@router.get("/{memo_id}", response_model=MemoOut, responses=problems(MemoNotFound))
async def read_memo(memo: OwnMemo) -> Memo:
    return memo


@router.patch(
    "/{memo_id}", response_model=MemoOut, responses=problems(MemoNotFound, ChangedMeanwhile)
)
async def update_memo(changes: MemoUpdate, memo: OwnMemo, session: SessionDep) -> Memo:
    await service.update_memo(
        session,
        memo,
        changes.model_dump(exclude_unset=True, exclude={"version"}),
        version=changes.version,
    )
    await session.commit()
    return memo


@router.delete(
    "/{memo_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(MemoNotFound, ChangedMeanwhile),
)
async def delete_memo(memo: OwnMemo, session: SessionDep) -> None:
    await service.delete_memo(session, memo)
    await session.commit()
