"""GraphQL."""

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.todos.models import Todo, TodoList
from app.users.models import User
from tests.factories import UserFactory
from tests.product_factories import CommentFactory, TagFactory, TodoFactory, TodoListFactory

EVERYTHING = "{ lists { title todos { title tags comments { text author } } } }"


async def test_one_query_answers_with_lists_todos_and_comments(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    author = await UserFactory.add(session, full_name="Grace")
    for number in range(6):
        todo_list = await TodoListFactory.add(session, owner=user, title=f"List {number}")
        tags = [await TagFactory.add(session, name=f"tag {number}")]
        todo = await TodoFactory.add(
            session, todo_list=todo_list, title=f"Todo {number}", tags=tags
        )
        await CommentFactory.add(session, todo=todo, author=author, text=f"Comment {number}")

    response = await client.post("/graphql", json={"query": EVERYTHING}, headers=token)

    assert response.status_code == 200
    assert response.json() == {
        "data": {
            "lists": [
                {
                    "title": f"List {number}",
                    "todos": [
                        {
                            "title": f"Todo {number}",
                            "tags": [f"tag {number}"],
                            "comments": [{"text": f"Comment {number}", "author": "Grace"}],
                        }
                    ],
                }
                for number in range(6)
            ]
        }
    }


async def test_a_mutation_adds_a_todo(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    response = await client.post(
        "/graphql",
        json={
            "query": 'mutation($id: ID!) { addTodo(listId: $id, title: "Milk") { title } }',
            "variables": {"id": str(todo_list.id)},
        },
        headers=token,
    )

    assert response.status_code == 200
    assert response.json() == {"data": {"addTodo": {"title": "Milk"}}}
    assert (await session.scalars(select(Todo.title))).all() == ["Milk"]


async def test_a_mutation_of_somebody_elses_list_is_an_error(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    other = await TodoListFactory.add(session, owner=await UserFactory.add(session))

    response = await client.post(
        "/graphql",
        json={"query": f'mutation {{ addTodo(listId: {other.id}, title: "Milk") {{ title }} }}'},
        headers=token,
    )

    assert response.status_code == 200
    assert response.json()["errors"][0]["message"] == "You have no such list."
    assert (await session.scalars(select(Todo))).all() == []


async def test_graphql_wants_a_token(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": EVERYTHING})

    assert response.status_code == 401
