"""What is behind the links of a todo."""

import httpx
import respx
from sqlalchemy.ext.asyncio import AsyncSession

from app.todos.models import TodoList
from tests.product_factories import TodoFactory


async def test_the_pages_behind_the_links_are_named(
    client: httpx.AsyncClient,
    session: AsyncSession,
    todo_list: TodoList,
    token: dict[str, str],
    internet: respx.MockRouter,
) -> None:
    for number in range(6):
        page = f"<html><title> Page {number} </title></html>"
        internet.get(f"https://example.com/{number}").respond(text=page)
    internet.get("https://example.com/gone").mock(side_effect=httpx.ConnectTimeout("too slow"))
    title = " ".join(f"https://example.com/{number}" for number in (*range(6), "gone", 0))
    todo = await TodoFactory.add(session, todo_list=todo_list, title=title)

    response = await client.get(f"/todos/{todo.id}/links", headers=token)

    assert response.status_code == 200
    assert response.json() == {
        **{f"https://example.com/{number}": f"Page {number}" for number in range(6)},
        "https://example.com/gone": None,
    }
