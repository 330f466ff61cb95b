"""Todo lists, through HTTP."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.outbox.models import OutboxEvent
from app.todos.models import Priority, Tag, Todo, TodoList
from app.users.models import User
from tests.app_under_test import bearer
from tests.factories import UserFactory
from tests.product_factories import TagFactory, TodoFactory, TodoListFactory


async def test_a_list_is_stored(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.post("/lists", json={"title": " Big  plans! "}, headers=token)

    assert response.status_code == 201
    stored = (await session.scalars(select(TodoList))).one()
    assert (stored.owner_id, stored.title, stored.slug) == (user.id, "Big  plans!", "big-plans")
    assert response.json()["id"] == stored.id


async def test_two_lists_of_one_owner_have_different_titles(
    client: httpx.AsyncClient, todo_list: TodoList, token: dict[str, str]
) -> None:
    response = await client.post("/lists", json={"title": todo_list.title}, headers=token)

    assert response.status_code == 409
    assert response.json() == {
        "type": "/problems/title-taken",
        "title": "Title taken",
        "status": 409,
        "detail": "You have a list with this title.",
    }


async def test_my_lists_show_todos_and_tags(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    for number in range(8):
        todo_list = await TodoListFactory.add(session, owner=user, title=f"List {number}")
        tags = [await TagFactory.add(session, name=f"tag {number}")]
        await TodoFactory.add(session, todo_list=todo_list, title=f"Todo {number}", tags=tags)

    response = await client.get("/lists", headers=token)

    assert response.status_code == 200
    shown = [
        (x["title"], [(t["title"], [g["name"] for g in t["tags"]]) for t in x["todos"]])
        for x in response.json()
    ]
    assert shown == [(f"List {n}", [(f"Todo {n}", [f"tag {n}"])]) for n in range(8)]


async def test_lists_come_in_the_order_in_which_they_were_made(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    titles = ["c", "a", "b"]
    for title in titles:
        await TodoListFactory.add(session, owner=user, title=title)

    response = await client.get("/lists", headers=token)

    assert [x["title"] for x in response.json()] == titles


async def test_a_list_of_somebody_else_is_not_found(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    other = await TodoListFactory.add(session, owner=await UserFactory.add(session))

    response = await client.get(f"/lists/{other.id}/todos", headers=token)

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/list-not-found"


async def test_a_deleted_list_takes_its_todos_along(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    response = await client.delete(f"/lists/{todo.list_id}", headers=token)

    assert response.status_code == 204
    assert await session.scalar(select(func.count()).select_from(Todo)) == 0


async def test_a_todo_is_stored_with_its_tags(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    await TagFactory.add(session, name="shop")

    response = await client.post(
        f"/lists/{todo_list.id}/todos",
        json={
            "title": "Milk",
            "priority": "urgent",
            "due_at": "2030-01-01T12:00:00+01:00",
            "tags": ["Shop", "cold", "shop"],
        },
        headers=token,
    )

    assert response.status_code == 201
    assert response.json()["tags"] == [{"name": "cold"}, {"name": "shop"}]
    stored = (await session.scalars(select(Todo))).one()
    assert stored.priority is Priority.URGENT
    assert stored.due_at == datetime(2030, 1, 1, 11, tzinfo=UTC)
    assert await session.scalar(select(func.count()).select_from(Tag)) == 2


async def test_a_new_todo_is_announced(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    response = await client.post(
        f"/lists/{todo_list.id}/todos", json={"title": "Milk"}, headers=token
    )

    assert response.status_code == 201
    event = (await session.scalars(select(OutboxEvent))).one()
    assert (event.topic, event.payload["title"]) == ("todo-added", "Milk")


async def test_a_due_date_needs_a_time_zone(
    client: httpx.AsyncClient, todo_list: TodoList, token: dict[str, str]
) -> None:
    response = await client.post(
        f"/lists/{todo_list.id}/todos",
        json={"title": "Milk", "due_at": "2030-01-01T12:00:00"},
        headers=token,
    )

    assert response.status_code == 422
    assert response.json()["errors"][0]["type"] == "timezone_aware"


async def test_pages_follow_each_other(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    titles = [f"Todo {number:02}" for number in range(25)]
    for title in titles:
        await TodoFactory.add(session, todo_list=todo_list, title=title)

    seen, after = [], 0
    while after is not None:
        page = await client.get(
            f"/lists/{todo_list.id}/todos", params={"after": after, "size": 4}, headers=token
        )
        assert page.status_code == 200
        seen += [todo["title"] for todo in page.json()["items"]]
        after = page.json()["next"]

    assert seen == titles


@pytest.mark.parametrize(
    ("parameters", "titles"),
    [
        ({}, ["Buy milk", "Sell milk", "Sleep 100%"]),
        ({"is_done": True}, ["Sell milk"]),
        ({"priority": "high"}, ["Sell milk"]),
        ({"tag": "dairy"}, ["Buy milk"]),
        ({"search": "MILK"}, ["Buy milk", "Sell milk"]),
        ({"search": "%"}, ["Sleep 100%"]),
        ({"search": "milk", "is_done": False}, ["Buy milk"]),
    ],
)
async def test_todos_are_filtered(
    client: httpx.AsyncClient,
    session: AsyncSession,
    todo_list: TodoList,
    token: dict[str, str],
    parameters: dict[str, str],
    titles: list[str],
) -> None:
    dairy = await TagFactory.add(session, name="dairy")
    await TodoFactory.add(session, todo_list=todo_list, title="Buy milk", tags=[dairy])
    await TodoFactory.add(
        session, todo_list=todo_list, title="Sell milk", is_done=True, priority=Priority.HIGH
    )
    await TodoFactory.add(session, todo_list=todo_list, title="Sleep 100%")

    response = await client.get(f"/lists/{todo_list.id}/todos", params=parameters, headers=token)

    assert response.status_code == 200
    assert [todo["title"] for todo in response.json()["items"]] == titles


async def test_a_thousand_todos_are_imported_at_once(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    titles = [f"Todo {number}" for number in range(1000)]

    response = await client.post(f"/lists/{todo_list.id}/import", json=titles, headers=token)

    assert response.status_code == 201
    assert response.json() == 1000
    assert await session.scalar(select(func.count()).select_from(Todo)) == 1000


async def test_done_todos_are_removed_batch_by_batch(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    session.add_all(Todo(list_id=todo_list.id, title=str(n), is_done=n != 5) for n in range(751))
    await session.commit()

    response = await client.delete(f"/lists/{todo_list.id}/done", headers=token)

    assert response.status_code == 200
    assert response.json() == 750
    assert (await session.scalars(select(Todo.title))).all() == ["5"]


async def test_a_list_is_exported_page_by_page(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    session.add_all(Todo(list_id=todo_list.id, title=f"Todo {n}") for n in range(320))
    await session.commit()

    response = await client.get(f"/lists/{todo_list.id}/todos.csv", headers=token)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="groceries.csv"'
    header, *rows = response.text.splitlines()
    assert header == "id,title,is_done,priority,tags"
    assert [row.split(",")[1] for row in rows] == [f"Todo {n}" for n in range(320)]


async def test_a_list_is_backed_up_page_by_page(
    app: FastAPI,
    client: httpx.AsyncClient,
    session: AsyncSession,
    todo_list: TodoList,
    token: dict[str, str],
) -> None:
    session.add_all(Todo(list_id=todo_list.id, title=f"Todo {n}") for n in range(320))
    await session.commit()

    response = await client.post(f"/lists/{todo_list.id}/backup", headers=token)

    assert response.status_code == 201
    assert response.json() == 320
    path = app.state.settings.uploads / f"list-{todo_list.id}.jsonl"
    assert len(path.read_text(encoding="utf-8").splitlines()) == 320


async def test_a_todo_of_somebody_else_is_not_found(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo
) -> None:
    other = bearer(await UserFactory.add(session))

    response = await client.get(f"/todos/{todo.id}", headers=other)

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/todo-not-found"


async def test_a_todo_is_changed_where_something_is_given(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    response = await client.patch(
        f"/todos/{todo.id}", json={"is_done": True, "tags": ["cold"]}, headers=token
    )

    assert response.status_code == 200
    assert response.json()["tags"] == [{"name": "cold"}]
    await session.refresh(todo)
    assert (todo.title, todo.is_done, todo.version) == ("Milk", True, 2)


async def test_a_change_of_an_old_version_is_refused(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    response = await client.patch(
        f"/todos/{todo.id}", json={"title": "Oats", "version": 7}, headers=token
    )

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/changed-meanwhile"
    await session.refresh(todo)
    assert todo.title == "Milk"


@pytest.mark.real_commits
async def test_of_many_votes_at_once_each_counts(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    responses = await asyncio.gather(
        *(client.post(f"/todos/{todo.id}/votes", headers=token) for _ in range(5))
    )

    assert [response.status_code for response in responses] == [200] * 5
    await session.refresh(todo)
    assert todo.votes == 5
