"""Pages for people."""

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.todos.models import TodoList
from tests.product_factories import TagFactory, TodoFactory


async def test_the_page_shows_lists_todos_and_tags(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    tags = [await TagFactory.add(session, name="dairy")]
    await TodoFactory.add(session, todo_list=todo_list, title="<Milk>", tags=tags)

    response = await client.get("/pages/lists", headers=token)

    assert response.status_code == 200
    assert "<h2>Groceries</h2>" in response.text
    assert "<li>&lt;Milk&gt; #dairy</li>" in response.text


async def test_robots_are_kept_away_from_the_pages_of_people(client: httpx.AsyncClient) -> None:
    response = await client.get("/pages/robots.txt")

    assert response.status_code == 200
    assert response.text == "User-agent: *\nDisallow: /pages/\n"


async def test_the_style_sheet_is_served(client: httpx.AsyncClient) -> None:
    response = await client.get("/static/style.css")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert "sans-serif" in response.text
