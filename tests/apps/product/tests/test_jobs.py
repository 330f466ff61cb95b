"""The queue of jobs, its worker, and the progress of a job as server-sent events."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import Job, Status
from app.jobs.service import drain, enqueue
from app.todos.models import Todo, TodoList
from app.users.models import User
from tests.app_under_test import bearer
from tests.factories import UserFactory
from tests.product_factories import JobFactory


async def test_a_job_is_put_into_the_queue(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.post("/jobs", json={"kind": "count-todos"}, headers=token)

    assert response.status_code == 202
    job = (await session.scalars(select(Job))).one()
    assert (job.owner_id, job.kind, job.payload) == (user.id, "count-todos", {})


async def test_an_unknown_kind_of_job_is_refused(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    response = await client.post("/jobs", json={"kind": "mine-bitcoin"}, headers=token)

    assert response.status_code == 422


@pytest.mark.real_commits
class TestWorker:
    async def test_the_worker_does_a_job(
        self, client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
    ) -> None:
        job = (
            await client.post(
                "/jobs",
                json={"kind": "finish-all", "payload": {"list_id": todo.list_id}},
                headers=token,
            )
        ).json()

        progress = await client.get(f"/jobs/{job['id']}/events", headers=token)

        assert progress.status_code == 200
        assert progress.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert progress.text.endswith("event: status\ndata: done\n\n")
        await session.refresh(todo)
        assert todo.is_done
        done = await client.get(f"/jobs/{job['id']}", headers=token)
        assert (done.json()["status"], done.json()["result"]) == ("done", {"finished": 1})

    async def test_a_job_that_fails_keeps_the_reason(
        self, client: httpx.AsyncClient, token: dict[str, str]
    ) -> None:
        job = (await client.post("/jobs", json={"kind": "finish-all"}, headers=token)).json()

        progress = await client.get(f"/jobs/{job['id']}/events", headers=token)

        assert progress.text.endswith("data: failed\n\n")
        done = await client.get(f"/jobs/{job['id']}", headers=token)
        assert done.json()["error"] == "KeyError('list_id')"

    async def test_two_workers_share_the_queue(
        self, app: FastAPI, session: AsyncSession, user: User, todo: Todo
    ) -> None:
        for _ in range(12):
            await enqueue(session, user, "count-todos")
        await session.commit()

        counts = await asyncio.gather(*(drain(app.state.sessionmaker) for _ in range(2)))

        assert sum(counts) == 12
        rows = await session.execute(select(Job.status, Job.result))
        assert rows.all() == [(Status.DONE, {"todos": 1})] * 12


async def test_a_job_that_is_not_over_is_shown_as_it_is_when_the_time_is_up(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    job = await JobFactory.add(
        session, owner_id=user.id, run_at=datetime.now(UTC) + timedelta(hours=1)
    )

    response = await client.get(f"/jobs/{job.id}", params={"wait": 0.1}, headers=token)

    assert response.status_code == 200
    assert response.json()["status"] == "queued"


async def test_a_job_of_somebody_else_is_not_found(
    client: httpx.AsyncClient, session: AsyncSession, user: User, todo_list: TodoList
) -> None:
    job = await enqueue(session, user, "count-todos")
    other = bearer(await UserFactory.add(session))

    response = await client.get(f"/jobs/{job.id}", headers=other)

    assert response.status_code == 404
    assert response.json()["detail"] == "You have no such job."
