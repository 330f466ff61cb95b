"""Memos, over HTTP."""

from collections import Counter
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.memos.models import Memo
from app.users.models import User
from tests.app_under_test import PASSWORD, bearer
from tests.exploration.interleavings import Interleavings
from tests.factories import UserFactory
from tests.memos.factories import MemoFactory

MEMO_NOT_FOUND = {
    "type": "/problems/memo-not-found",
    "title": "Memo not found",
    "status": 404,
    "detail": "You have no such memo.",
}
BY_ID: list[tuple[str, dict[str, Any] | None]] = [
    ("GET", None),
    ("PATCH", {"text": "mine"}),
    ("DELETE", None),
]


@pytest.fixture
async def memo(session: AsyncSession, user: User) -> Memo:
    return await MemoFactory.add(session, owner=user, text="Milk")


async def test_create_memo_stores_it_and_returns_it(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.post("/memos", json={"text": "Milk"}, headers=token)

    memo = (await session.scalars(select(Memo))).one()
    assert memo.owner_id == user.id
    assert response.status_code == 201
    assert response.json() == {
        "id": str(memo.id),
        "owner": {"id": str(user.id), "full_name": None},
        "text": "Milk",
        "archived": False,
        "created_at": memo.created_at.isoformat().replace("+00:00", "Z"),
        "version": 1,
    }


async def test_create_memo_refuses_a_text_that_is_empty_too_long_or_cant_be_stored(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    for text in ("", "a\0b", "a" * 10_001, None):
        response = await client.post("/memos", json={"text": text}, headers=token)
        assert response.status_code == 422
        assert [error["loc"] for error in response.json()["errors"]] == [["body", "text"]]


async def test_read_memo_returns_it(
    client: httpx.AsyncClient, memo: Memo, token: dict[str, str]
) -> None:
    response = await client.get(f"/memos/{memo.id}", headers=token)

    assert response.status_code == 200
    assert (response.json()["id"], response.json()["text"]) == (str(memo.id), "Milk")


@pytest.mark.parametrize(("method", "body"), BY_ID)
async def test_a_memo_of_another_user_is_not_told_from_a_missing_one(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: dict[str, str],
    method: str,
    body: dict[str, Any] | None,
) -> None:
    theirs = await MemoFactory.add(session, owner=await UserFactory.add(session), text="theirs")

    for memo_id in (theirs.id, uuid4()):
        response = await client.request(method, f"/memos/{memo_id}", json=body, headers=token)
        assert response.status_code == 404
        assert response.json() == MEMO_NOT_FOUND

    await session.refresh(theirs)
    assert theirs.text == "theirs"


async def test_a_request_without_a_token_returns_401(client: httpx.AsyncClient) -> None:
    by_id = [(method, f"/memos/{uuid4()}") for method, _ in BY_ID]

    for method, path in [("POST", "/memos"), ("GET", "/memos"), *by_id]:
        response = await client.request(method, path, json={"text": "mine"})
        assert response.status_code == 401
        assert response.json()["type"] == "/problems/not-authenticated"


async def test_the_pages_have_no_gaps_or_doubles_while_memos_are_added_and_removed(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    before = {str((await MemoFactory.add(session, owner=user)).id) for _ in range(7)}
    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}

    while True:
        page = (await client.get("/memos", params=query, headers=token)).json()
        seen += [memo["id"] for memo in page["memos"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
        await client.post("/memos", json={"text": "new"}, headers=token)
        await client.delete(f"/memos/{seen[-1]}", headers=token)

    assert Counter(id_ for id_ in seen if id_ in before) == Counter(before)
    assert len(seen) == len(set(seen))


async def test_list_memos_combines_the_filters_with_the_pages(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    for text in ("50%", "500", "100%", "75%"):
        await MemoFactory.add(session, owner=user, text=text, archived=text != "75%")
    query = {"text": "%", "archived": "true", "limit": "1"}

    first = await client.get("/memos", params=query, headers=token)
    query["cursor"] = first.json()["next"]
    second = await client.get("/memos", params=query, headers=token)

    assert second.json()["next"] is None
    memos = first.json()["memos"] + second.json()["memos"]
    assert {memo["text"] for memo in memos} == {"50%", "100%"}


async def test_a_bad_cursor_returns_422(client: httpx.AsyncClient, token: dict[str, str]) -> None:
    right = "0" * 46

    for cursor in ("", "nonsense", "\0", right[1:], f"{right}0", f"-{right[1:]}", f"{right}\n"):
        response = await client.get("/memos", params={"cursor": cursor}, headers=token)
        assert response.status_code == 422
        assert response.json()["errors"] == [
            {
                "loc": ["query", "cursor"],
                "msg": "String should match pattern '^[0-9a-f]{46}$'",
                "type": "string_pattern_mismatch",
            }
        ]


async def test_a_bad_filter_returns_422(client: httpx.AsyncClient, token: dict[str, str]) -> None:
    for name, value in (("limit", "0"), ("limit", "101"), ("archived", "maybe"), ("text", "\0")):
        response = await client.get("/memos", params={name: value}, headers=token)
        assert response.status_code == 422
        assert [error["loc"] for error in response.json()["errors"]] == [["query", name]]


async def test_update_memo_changes_what_is_given_and_nothing_else(
    client: httpx.AsyncClient, session: AsyncSession, memo: Memo, token: dict[str, str]
) -> None:
    response = await client.patch(f"/memos/{memo.id}", json={"archived": True}, headers=token)

    assert response.status_code == 200
    assert (response.json()["archived"], response.json()["version"]) == (True, 2)
    await session.refresh(memo)
    assert (memo.text, memo.archived) == ("Milk", True)


async def test_update_memo_refuses_null(
    client: httpx.AsyncClient, memo: Memo, token: dict[str, str]
) -> None:
    for name in ("text", "archived"):
        response = await client.patch(f"/memos/{memo.id}", json={name: None}, headers=token)
        assert response.status_code == 422
        assert [error["loc"] for error in response.json()["errors"]] == [["body", name]]


async def test_update_memo_refuses_a_change_to_an_old_version(
    client: httpx.AsyncClient, session: AsyncSession, memo: Memo, token: dict[str, str]
) -> None:
    await client.patch(f"/memos/{memo.id}", json={"text": "Bread"}, headers=token)

    response = await client.patch(
        f"/memos/{memo.id}", json={"text": "Eggs", "version": 1}, headers=token
    )

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/changed-meanwhile"
    await session.refresh(memo)
    assert memo.text == "Bread"


async def test_delete_memo_removes_it(
    client: httpx.AsyncClient, session: AsyncSession, memo: Memo, token: dict[str, str]
) -> None:
    response = await client.delete(f"/memos/{memo.id}", headers=token)

    assert response.status_code == 204
    assert (await session.scalars(select(Memo.id))).all() == []
    assert (await client.get(f"/memos/{memo.id}", headers=token)).status_code == 404


async def test_a_memo_is_not_left_by_an_account_that_is_deleted_at_the_same_moment(
    concurrent_client: httpx.AsyncClient,
    concurrent_session: AsyncSession,
    interleavings: Interleavings,
) -> None:
    owner = await UserFactory.add(concurrent_session)

    def create() -> Awaitable[httpx.Response]:
        return concurrent_client.post("/memos", json={"text": "Milk"}, headers=bearer(owner))

    def delete() -> Awaitable[httpx.Response]:
        body = {"current_password": PASSWORD}
        return concurrent_client.request("DELETE", "/users/me", json=body, headers=bearer(owner))

    explored = await interleavings(create, delete)

    # One that is overtaken by the deletion finds no account.
    assert explored.outcomes == {(201, 204), (401, 204), (409, 204)}
