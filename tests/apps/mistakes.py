"""Mistakes that a hurried developer, or an assistant, would make in the product.

Each is a small edit, and a test of the product meets it. The comment `# <-` marks the line that has
to be named. What nobody tells of says why.
"""

from dataclasses import dataclass
from pathlib import Path

from apps.overlay import Edit

MARK = "# <-"


@dataclass(frozen=True)
class Mistake:
    """An edit, the test that meets it, and what has to be said of it."""

    name: str
    edits: tuple[Edit, ...]
    test: str
    #: The family of the gate that tells of it, or "test" where only an assertion does.
    detector: str | None
    #: A part of what it says.
    says: str
    #: Why nobody tells of it.
    missed: str
    #: Those with the same letter are planted together.
    run: str
    #: It concerns every test, and whichever meets it first tells of it.
    shared: bool

    def plant(self, project: Path) -> None:
        for edit in self.edits:
            new = edit.new.replace(MARK, f"{MARK} {self.name}")
            Edit(edit.path, edit.old, new).apply(project)

    def location(self, project: Path) -> str:
        """Where it stands when all of its run are planted: `path:line`."""
        (found,) = (
            f"{path}:{number}"
            for path in {edit.path for edit in self.edits}
            for number, line in enumerate(
                (project / path).read_text(encoding="utf-8").splitlines(), 1
            )
            if line.endswith(f"{MARK} {self.name}")
        )
        return found


def mistake(
    name: str,
    path: str,
    old: str,
    new: str,
    test: str,
    detector: str | None,
    says: str = "",
    *,
    missed: str = "",
    run: str = "a",
    shared: bool = False,
    more: tuple[Edit, ...] = (),
) -> Mistake:
    edits = (Edit(path, old, new), *more)
    return Mistake(name, edits, f"tests/test_{test}", detector, says, missed, run, shared)


MISTAKES = [
    # --- blocking
    mistake(
        "sleep-between-feedbacks",
        "app/stats/router.py",
        '    await redis.rpush("feedback", said.text)\n',
        """\
    import time

    time.sleep(0.01)  # <-
    await redis.rpush("feedback", said.text)
""",
        "stats.py::test_feedback_is_taken_three_times_a_minute",
        "blocking",
        "time.sleep() blocks the event loop",
    ),
    mistake(
        "exists-on-the-loop",
        "app/files/router.py",
        "    if not await asyncio.to_thread(path.exists):\n",
        "    if not path.exists():  # <-\n",
        "files.py::test_a_file_that_was_removed_is_gone",
        "blocking",
        "blocks the event loop in os.stat()",
    ),
    mistake(
        "upload-by-plain-open",
        "app/files/service.py",
        """\
    async with aiofiles.open(folder / str(key), "wb") as file:
        while chunk := await upload.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
            await file.write(chunk)
""",
        """\
    with open(folder / str(key), "wb") as file:  # <-
        while chunk := await upload.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
            file.write(chunk)
""",
        "files.py::test_a_large_file_is_stored",
        "blocking",
        "open() blocks the event loop",
        run="b",
    ),
    mistake(
        "flags-read-at-each-request",
        "app/flags/service.py",
        "        if not request.app.state.flags.get(name, False):\n",
        """\
        flags = request.app.state.flags and load_flags(request.app.state.settings.flags_file)
        if not (flags and flags.get(name, False)):
""",
        "reports.py::test_the_busiest_days_come_first",
        "blocking",
        "pathlib.Path.read_text() blocks the event loop",
        run="b",
        more=(
            Edit(
                "app/flags/service.py",
                'tomllib.loads(path.read_text("utf-8")).items()}\n',
                'tomllib.loads(path.read_text("utf-8")).items()}  # <-\n',
            ),
        ),
    ),
    mistake(
        "wait-for-the-process",
        "app/reports/router.py",
        """\
    counts = await asyncio.get_running_loop().run_in_executor(
        request.app.state.processes, service.word_counts, titles, limit
    )
""",
        """\
    future = request.app.state.processes.submit(service.word_counts, titles, limit)
    counts = future.result()  # <-
""",
        "reports.py::test_words_are_counted_in_another_process",
        "blocking",
        "blocks the event loop",
    ),
    mistake(
        "sleep-in-a-resolver",
        "app/graph/schema.py",
        "        rows = await service.titles(info.context.session, info.context.user)\n",
        """\
        import time

        time.sleep(0.02)  # <-
        rows = await service.titles(info.context.session, info.context.user)
""",
        "graph.py::test_one_query_answers_with_lists_todos_and_comments",
        "blocking",
        "time.sleep() blocks the event loop",
    ),
    mistake(
        "sync-redis",
        "app/stats/service.py",
        "    kept = await redis.get(KEY)\n",
        """\
    import redis as sync

    try:
        kept = sync.from_url("redis://localhost:6399").get(KEY)  # <-
    except Exception:
        kept = None
""",
        "stats.py::test_the_figures_are_counted_anew_when_they_are_too_old",
        "blocking",
        "blocks the event loop",
    ),
    mistake(
        "pbkdf2-on-the-loop",
        "app/tickets/router.py",
        "    ticket = Ticket(owner_id=user.id, kind=new.kind)\n",
        """\
    import hashlib

    hashlib.pbkdf2_hmac("sha256", user.id.bytes, b"salt", 1000)  # <-
    ticket = Ticket(owner_id=user.id, kind=new.kind)
""",
        "tickets.py::test_a_pass_is_sold",
        "blocking",
        "hashlib.pbkdf2_hmac() blocks the event loop",
    ),
    mistake(
        "middleware-writes-a-file",
        "app/middleware.py",
        """\
        finally:
            if status != HTTPStatus.OK or not _is_health_check(scope):
""",
        """\
        finally:
            if status == 413:
                with open("/tmp/too-large.log", "a") as file:  # <-
                    file.write(scope["path"])
            if status != HTTPStatus.OK or not _is_health_check(scope):
""",
        "files.py::test_a_file_that_is_too_large_is_refused",
        "blocking",
        "open() blocks the event loop",
    ),
    mistake(
        "look-up-before-the-mail",
        "app/mails/service.py",
        "        await send(http, settings, mail)\n",
        """\
        import socket

        socket.getaddrinfo("localhost", 25)  # <-
        await send(http, settings, mail)
""",
        "comments.py::test_the_owner_gets_a_mail_about_a_comment",
        "blocking",
        "socket.getaddrinfo() blocks the event loop",
        run="b",
    ),
    # --- slow
    mistake(
        "checksum-in-python",
        "app/files/service.py",
        """\
        while chunk := await upload.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
            await file.write(chunk)
""",
        """\
        content = await upload.read()
        size = len(content)
        check = sum(byte * 31 % 7 for byte in content)  # <-
        digest.update(content + str(check % 1).encode()[1:])
        await file.write(content)
""",
        "files.py::test_a_large_file_is_stored",
        "slow",
        "of CPU time on the event loop",
    ),
    mistake(
        "compare-all-titles",
        "app/todos/service.py",
        "    if rows:\n        await session.execute(insert(Todo), rows)\n",
        """\
    import difflib

    for title in titles[:300]:
        difflib.get_close_matches(title, titles[:300])  # <-
    if rows:
        await session.execute(insert(Todo), rows)
""",
        "todos.py::test_a_thousand_todos_are_imported_at_once",
        "slow",
        "of CPU time on the event loop",
    ),
    # --- tasks
    mistake(
        "ping-that-never-ends",
        "app/chat/rooms.py",
        "        self._sockets[room].add(socket)\n",
        """\
        import asyncio

        async def ping() -> None:
            while True:
                await asyncio.sleep(30)
                await socket.send_json({"kind": "ping"})

        self._ping = asyncio.create_task(ping())  # <-
        self._sockets[room].add(socket)
""",
        "chat.py::test_nobody_hears_what_is_said_in_another_room",
        "tasks",
        "was still running when the test was over",
    ),
    mistake(
        "task-that-fails-unseen",
        "app/todos/router.py",
        """\
    await announce(session, "todo-added", {"id": todo.id, "title": todo.title})
    await session.commit()
""",
        """\
    await announce(session, "todo-added", {"id": todo.id, "title": todo.title})
    await session.commit()

    async def tell() -> None:
        print(todo.owner)  # <-

    asyncio.create_task(tell())
""",
        "todos.py::test_a_new_todo_is_announced",
        "tasks",
        "failed and nobody saw it",
        more=(Edit("app/todos/router.py", "import csv\n", "import asyncio\nimport csv\n"),),
    ),
    mistake(
        "loser-of-a-race-runs-on",
        "app/stats/router.py",
        "    return await service.cached(session, redis)\n",
        """\
    import asyncio

    async def later() -> dict[str, int]:
        await asyncio.sleep(60)
        return {}

    racers = [
        asyncio.create_task(service.cached(session, redis)),
        asyncio.create_task(later()),  # <-
    ]
    done, _ = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
    return done.pop().result()
""",
        "stats.py::test_the_figures_may_be_a_minute_old",
        "tasks",
        "was still running when the test was over",
    ),
    mistake(
        "background-task-fails",
        "app/mails/service.py",
        '        mail = Mail(recipient=recipient, subject="A new comment", body=comment.text)\n',
        """\
        who = comment.author.full_name  # <-
        mail = Mail(recipient=recipient, subject=f"A new comment of {who}", body=comment.text)
""",
        "comments.py::test_a_comment_is_stored",
        "requests",
        "MissingGreenlet",
        run="a",
    ),
    # --- requests
    mistake(
        "unique-violation-is-a-crash",
        "app/todos/service.py",
        """\
        if violated_constraint(error) == UNIQUE_TITLE:
            raise TitleTaken from error
        raise
    return todo_list
""",
        """\
        raise RuntimeError("could not create the list") from error  # <-
    return todo_list
""",
        "todos.py::test_two_lists_of_one_owner_have_different_titles",
        "requests",
        "500",
    ),
    mistake(
        "lock-taken-twice",
        "app/admin/router.py",
        "    user.is_active = False\n    await session.commit()\n",
        """\
    import asyncio

    lock = asyncio.Lock()
    async with lock:
        user.is_active = False
        async with lock:  # <-
            await session.commit()
""",
        "admin.py::test_an_admin_disables_a_user",
        "requests",
        "",
    ),
    mistake(
        "semaphore-not-released",
        "app/stats/router.py",
        """\
    await throttled(redis, f"refresh:{user.id}", limit=2, seconds=60)
    return await service.warm(session, redis)
""",
        """\
    await slots.acquire()  # <-
    await throttled(redis, f"refresh:{user.id}", limit=2, seconds=60)
    return await service.warm(session, redis)


import asyncio

slots = asyncio.Semaphore(2)
""",
        "stats.py::test_a_user_may_refresh_the_figures_twice_a_minute",
        "requests",
        "",
    ),
    mistake(
        "commit-after-yield",
        "app/tickets/router.py",
        """\
@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses={409: {"model": Conflict}},
)
async def buy(new: NewTicket, user: CurrentUser, session: SessionDep) -> Ticket | JSONResponse:
""",
        """\
async def committed(session: SessionDep) -> AsyncIterator[AsyncSession]:
    yield session
    await session.commit()  # <-


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=TicketOut,
    responses={409: {"model": Conflict}},
)
async def buy(
    new: NewTicket, user: CurrentUser, session: Annotated[AsyncSession, Depends(committed)]
) -> Ticket | JSONResponse:
""",
        "tickets.py::test_a_pass_is_sold",
        "requests",
        run="b",
        more=(
            Edit(
                "app/tickets/router.py",
                "    session.add(ticket)\n    await session.commit()\n",
                "    session.add(ticket)\n    await session.flush()\n",
            ),
            Edit(
                "app/tickets/router.py",
                "from fastapi import APIRouter, status\n",
                "from collections.abc import AsyncIterator\n"
                "from fastapi import APIRouter, Depends, status\n"
                "from sqlalchemy.ext.asyncio import AsyncSession\n",
            ),
        ),
    ),
    mistake(
        "tags-not-loaded",
        "app/todos/service.py",
        "        .options(selectinload(TodoList.todos).selectinload(Todo.tags))\n",
        "        .options(selectinload(TodoList.todos))\n",
        "todos.py::test_my_lists_show_todos_and_tags",
        "database",
        "before it was loaded",
        more=(
            Edit(
                "app/todos/router.py",
                "session: SessionDep) -> Sequence[TodoList]:\n",
                "session: SessionDep) -> Sequence[TodoList]:  # <-\n",
            ),
        ),
    ),
    mistake(
        "author-not-loaded",
        "app/chat/service.py",
        "        .options(joinedload(ChatMessage.author))\n",
        "",
        "chat.py::test_the_history_has_the_last_messages",
        "database",
        "before it was loaded",
        more=(
            Edit(
                "app/chat/router.py",
                " for m in messages]\n",
                " for m in messages]  # <-\n",
            ),
        ),
    ),
    mistake(
        "socket-handler-fails",
        "app/chat/router.py",
        """\
                    message = await service.say(session, room, user, said.text)
                    await session.commit()
""",
        """\
                    message = await service.say(session, room, user, said.text)
                    await session.commit()
                name = message.author.full_name or "somebody"  # <-
""",
        "chat.py::test_what_is_said_is_told_to_everybody_in_the_room",
        "requests",
        "DetachedInstanceError",
        run="b",
    ),
    mistake(
        "one-session-in-a-gather",
        "app/reports/router.py",
        "    todos = await service.due_between(session, user, begin, end)\n",
        """\
    todos, _ = await asyncio.gather(
        service.due_between(session, user, begin, end), service.titles_of(session, user)
    )
""",
        "reports.py::test_today_is_a_day_of_the_time_zone",
        "requests",
        "at the same time",
        run="m",
        more=(
            Edit(
                "app/reports/service.py",
                "    rows = await session.scalars(\n        select(Todo.title)",
                "    rows = await session.scalars(  # <-\n        select(Todo.title)",
            ),
        ),
    ),
    mistake(
        "asyncio-run-in-a-handler",
        "app/reports/router.py",
        "    todos = await service.due_between(session, user, begin, end)\n",
        """\
    todos = asyncio.run(service.due_between(session, user, begin, end))  # <-
""",
        "reports.py::test_today_is_a_day_of_the_time_zone",
        "requests",
        "500",
    ),
    mistake(
        "webhook-trusts-its-sender",
        "app/billing/router.py",
        """\
    try:
        event = PaymentEvent.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInput from error
""",
        "    event = PaymentEvent.model_validate_json(body)  # <-\n",
        "billing.py::test_a_webhook_that_makes_no_sense_is_refused",
        "requests",
        "500",
    ),
    # --- database: what is never committed
    mistake(
        "delete-not-committed",
        "app/todos/router.py",
        "    await service.delete_list(session, todo_list)\n    await session.commit()\n",
        "    await service.delete_list(session, todo_list)\n",
        "todos.py::test_a_deleted_list_takes_its_todos_along",
        "database",
        "never committed",
        more=(
            Edit(
                "app/todos/service.py",
                "    await session.delete(todo_list)\n    await session.flush()\n",
                "    await session.delete(todo_list)  # <-\n    await session.flush()\n",
            ),
        ),
    ),
    mistake(
        "mail-not-committed",
        "app/mails/service.py",
        "        session.add(mail)\n        await session.commit()\n",
        "        session.add(mail)  # <-\n        await session.flush()\n",
        "comments.py::test_the_owner_gets_a_mail_about_a_comment",
        "database",
        "never committed",
        run="c",
    ),
    mistake(
        "chat-not-committed",
        "app/chat/router.py",
        """\
                    message = await service.say(session, room, user, said.text)
                    await session.commit()
""",
        """\
                    message = await service.say(session, room, user, said.text)
""",
        "chat.py::test_what_is_said_is_told_to_everybody_in_the_room",
        "database",
        "never committed",
        more=(
            Edit(
                "app/chat/service.py",
                "    session.add(message)\n    await session.flush()\n",
                "    session.add(message)  # <-\n    await session.flush()\n",
            ),
        ),
    ),
    mistake(
        "audit-not-committed",
        "app/audit/service.py",
        """\
    async with sessionmaker.begin() as session:
        session.add(AuditEntry(actor_id=actor_id, action=action, outcome=outcome))
""",
        """\
    async with sessionmaker() as session:
        session.add(AuditEntry(actor_id=actor_id, action=action, outcome=outcome))
        await session.flush()
""",
        "admin.py::test_a_refused_request_is_in_the_audit_log",
        "test",
        "NoResultFound",
        run="b",
    ),
    mistake(
        "audit-never-flushed",
        "app/audit/service.py",
        """\
    async with sessionmaker.begin() as session:
        session.add(AuditEntry(actor_id=actor_id, action=action, outcome=outcome))
""",
        """\
    async with sessionmaker() as session:
        session.add(AuditEntry(actor_id=actor_id, action=action, outcome=outcome))  # <-
""",
        "admin.py::test_an_admin_may_count_users",
        "database",
        "never committed",
    ),
    mistake(
        "worker-does-not-commit",
        "app/jobs/service.py",
        "        while await run_next(session):\n            await session.commit()\n",
        "        while await run_next(session):\n",
        "jobs.py::TestWorker::test_the_worker_does_a_job",
        "database",
        "never committed",
        run="b",
        more=(
            Edit(
                "app/jobs/service.py",
                "    finished = await session.scalars(\n",
                "    finished = await session.scalars(  # <-\n",
            ),
        ),
    ),
    mistake(
        "core-update-not-committed",
        "app/admin/router.py",
        "    user.is_active = False\n    await session.commit()\n",
        """\
    await session.execute(  # <-
        update(User).where(User.id == user_id).values(is_active=False)
    )
""",
        "admin.py::test_an_admin_disables_a_user",
        "database",
        "never committed",
        run="b",
        more=(
            Edit(
                "app/admin/router.py",
                "\nfrom app.admin import service\n",
                "\nfrom sqlalchemy import update\n\nfrom app.admin import service\n",
            ),
        ),
    ),
    mistake(
        "raw-sql-not-committed",
        "app/billing/router.py",
        """\
        await announce(session, "payment-received", {"invoice": event.invoice})
    await session.commit()
""",
        """\
        await announce(session, "payment-received", {"invoice": event.invoice})
""",
        "billing.py::test_a_payment_that_is_told_twice_counts_once",
        "database",
        "never committed",
        run="b",
        more=(
            Edit(
                "app/billing/service.py",
                "    added = await session.scalar(\n",
                "    added = await session.scalar(  # <-\n",
            ),
        ),
    ),
    # --- database: N+1
    mistake(
        "refresh-in-a-loop",
        "app/comments/service.py",
        """\
        .options(joinedload(Comment.author))
        .order_by(Comment.id)
    )
    return rows.all()
""",
        """\
        .order_by(Comment.id)
    )
    comments = rows.all()
    for comment in comments:
        await session.refresh(comment, ["author"])  # <-
    return comments
""",
        "comments.py::test_comments_come_with_their_authors",
        "database",
        "sent the same SELECT",
    ),
    mistake(
        "query-for-each-list",
        "app/todos/service.py",
        """\
        .options(selectinload(TodoList.todos).selectinload(Todo.tags))
        .order_by(TodoList.id)
    )
    return rows.all()
""",
        """\
        .order_by(TodoList.id)
    )
    lists = rows.all()
    for todo_list in lists:
        todos = await session.scalars(  # <-
            select(Todo).where(Todo.list_id == todo_list.id).options(selectinload(Todo.tags))
        )
        set_committed_value(todo_list, "todos", todos.all())
    return lists
""",
        "todos.py::test_my_lists_show_todos_and_tags",
        "database",
        "sent the same SELECT",
        run="b",
        more=(
            Edit(
                "app/todos/service.py",
                "from sqlalchemy.orm import selectinload\n",
                "from sqlalchemy.orm import selectinload\n"
                "from sqlalchemy.orm.attributes import set_committed_value\n",
            ),
        ),
    ),
    mistake(
        "query-for-each-status-by-f-string",
        "app/billing/service.py",
        """\
        rows = await session.execute(
            select(Invoice.number, Invoice.status).where(
                Invoice.owner_id == owner.id, Invoice.number.in_(numbers[start : start + CHUNK])
            )
        )
        found |= dict(rows.all())
""",
        """\
        for number in numbers[start : start + 8]:
            rows = await session.execute(  # <-
                text(f"SELECT number, status FROM billing.invoices WHERE number = '{number}'")
            )
            found |= dict(rows.all())
""",
        "billing.py::test_the_state_of_many_invoices_is_looked_up",
        "database",
        "sent the same SELECT",
    ),
    mistake(
        "query-in-a-resolver",
        "app/graph/schema.py",
        "        rows = await info.context.loaders.comments.load(int(self.id))\n",
        """\
        async with info.context.loaders._sessionmaker() as session:
            rows = await session.scalars(  # <-
                select(CommentRow)
                .where(CommentRow.todo_id == int(self.id))
                .options(joinedload(CommentRow.author))
            )
""",
        "graph.py::test_one_query_answers_with_lists_todos_and_comments",
        "database",
        "sent the same SELECT",
        run="c",
        more=(
            Edit(
                "app/graph/schema.py",
                "from strawberry.fastapi",
                "from sqlalchemy import select\n"
                "from sqlalchemy.orm import joinedload\n"
                "from app.comments.models import Comment as CommentRow\n"
                "from strawberry.fastapi",
            ),
        ),
    ),
    mistake(
        "refresh-for-each-line-of-a-stream",
        "app/todos/router.py",
        """\
        tags = " ".join(tag.name for tag in todo.tags)
        writer.writerow([todo.id,""",
        """\
        await session.refresh(todo, ["tags"])  # <-
        tags = " ".join(tag.name for tag in todo.tags)
        writer.writerow([todo.id,""",
        "todos.py::test_a_list_is_exported_page_by_page",
        "database",
        "sent the same SELECT 320 times",
    ),
    # --- database: time, sessions
    mistake(
        "naive-datetime",
        "app/billing/service.py",
        """\
        invoice.status, invoice.paid_at = InvoiceStatus.PAID, func.now()
    await session.flush()
""",
        """\
        invoice.status, invoice.paid_at = InvoiceStatus.PAID, datetime.now()
    await session.flush()  # <-
""",
        "billing.py::test_a_payment_pays_an_invoice",
        "database",
        "without a time zone",
        more=(
            Edit(
                "app/billing/service.py",
                "import hmac\n",
                "import hmac\nfrom datetime import datetime\n",
            ),
        ),
    ),
    mistake(
        "naive-datetime-in-the-worker",
        "app/jobs/service.py",
        "    job.finished_at = func.now()\n    await session.flush()\n",
        "    job.finished_at = datetime.utcnow()\n    await session.flush()  # <-\n",
        "jobs.py::TestWorker::test_the_worker_does_a_job",
        "database",
        "without a time zone",
        more=(
            Edit(
                "app/jobs/service.py",
                "from typing import Any\n",
                "from datetime import datetime\nfrom typing import Any\n",
            ),
        ),
    ),
    mistake(
        "session-never-closed",
        "app/jobs/router.py",
        """\
        async with sessionmaker() as session:
            now = await session.scalar(select(Job.status).where(Job.id == job_id))
""",
        """\
        session = sessionmaker()  # <-
        now = await session.scalar(select(Job.status).where(Job.id == job_id))
""",
        "jobs.py::TestWorker::test_a_job_that_fails_keeps_the_reason",
        "database",
        "",
    ),
    mistake(
        "dependency-returns-a-session",
        "app/reports/router.py",
        '@router.get("/today")\n'
        "async def due_today("
        "user: CurrentUser, session: SessionDep, zone: TimeZone) -> list[Due]:\n",
        """\
async def reader(request: Request) -> AsyncSession:
    return request.app.state.sessionmaker()  # <-


@router.get("/today")
async def due_today(
    user: CurrentUser, session: Annotated[AsyncSession, Depends(reader)], zone: TimeZone
) -> list[Due]:
""",
        "reports.py::test_at_new_year_today_is_another_year_in_the_east",
        "database",
        "",
        run="c",
        more=(
            Edit(
                "app/reports/router.py",
                "from pydantic import BaseModel\n",
                "from pydantic import BaseModel\nfrom sqlalchemy.ext.asyncio import AsyncSession\n",
            ),
        ),
    ),
    mistake(
        "session-held-by-a-stream",
        "app/jobs/router.py",
        """\
    last = None
    while last is None or last is Status.QUEUED:
        async with sessionmaker() as session:
            now = await session.scalar(select(Job.status).where(Job.id == job_id))
        if now is not last:
            yield f"event: status\\ndata: {now}\\n\\n"
        if now is None:
            return
        last = now
        await asyncio.sleep(PROGRESS)
""",
        """\
    last = None
    async with sessionmaker() as session:
        while last is None or last is Status.QUEUED:
            now = await session.scalar(select(Job.status).where(Job.id == job_id))
            if now is not last:
                yield f"event: status\\ndata: {now}\\n\\n"
            last = now
            await asyncio.sleep(PROGRESS)  # <-
""",
        "jobs.py::TestWorker::test_the_worker_does_a_job",
        "database",
        "held a connection of the pool",
        run="c",
    ),
    # --- warnings
    mistake(
        "commit-without-await",
        "app/todos/router.py",
        """\
    count = await service.import_todos(session, todo_list, titles)
    await session.commit()
""",
        """\
    count = await service.import_todos(session, todo_list, titles)
    session.commit()  # <-
""",
        "todos.py::test_a_thousand_todos_are_imported_at_once",
        "warnings",
        "never awaited",
        run="b",
    ),
    mistake(
        "redis-without-await",
        "app/stats/router.py",
        '    await redis.rpush("feedback", said.text)\n',
        '    redis.rpush("feedback", said.text)  # <-\n',
        "stats.py::test_feedback_is_taken_three_times_a_minute",
        "warnings",
        "never awaited",
        run="b",
    ),
    mistake(
        "broadcast-without-await",
        "app/chat/router.py",
        '    await rooms.broadcast(room, {"kind": "left", "name": name})\n',
        '    rooms.broadcast(room, {"kind": "left", "name": name})  # <-\n',
        "chat.py::test_a_message_without_text_is_refused",
        "warnings",
        "never awaited",
        run="c",
    ),
    mistake(
        "client-never-closed",
        "app/billing/router.py",
        """\
    invoice.checkout_url = await service.open_checkout(
        request.app.state.http, settings.checkout_url, invoice
    )
""",
        """\
    http = httpx.AsyncClient()  # <-
    invoice.checkout_url = await service.open_checkout(http, settings.checkout_url, invoice)
""",
        "billing.py::test_an_invoice_is_stored_with_the_page_where_it_is_paid",
        "warnings",
        "AsyncClient",
        more=(
            Edit(
                "app/billing/router.py",
                "from fastapi import APIRouter",
                "import httpx\nfrom fastapi import APIRouter",
            ),
        ),
    ),
    mistake(
        "file-never-closed",
        "app/files/router.py",
        """\
    return FileResponse(path, media_type=stored.media_type, filename=stored.name)
""",
        """\
    head = await asyncio.to_thread(lambda: open(path, "rb").read(1))  # <-
    assert head
    return FileResponse(path, media_type=stored.media_type, filename=stored.name)
""",
        "files.py::test_a_file_comes_back_as_it_was",
        "warnings",
        "unclosed file",
        run="c",
    ),
    # --- secrets
    mistake(
        "registration-in-the-log",
        "app/auth/router.py",
        """\
) -> User:
    user = await create_user(
""",
        """\
) -> User:
    structlog.get_logger("app.auth").info("registering", given=registration.password)  # <-
    user = await create_user(
""",
        "observability.py::test_no_password_gets_into_the_log",
        "secrets",
        "logged the submitted password",
        more=(
            Edit(
                "app/auth/router.py",
                "from fastapi import APIRouter",
                "import structlog\nfrom fastapi import APIRouter",
            ),
        ),
    ),
    mistake(
        "registration-in-the-outbox",
        "app/auth/router.py",
        """\
        full_name=registration.full_name,
    )
""",
        """\
        full_name=registration.full_name,
    )
    await announce(session, "registered", registration.model_dump(mode="json"))
""",
        "auth.py::test_register_commits_the_user",
        "secrets",
        "stored the submitted password",
        run="b",
        more=(
            Edit(
                "app/outbox/service.py",
                "payload=payload))\n    await session.flush()\n",
                "payload=payload))\n    await session.flush()  # <-\n",
            ),
            Edit(
                "app/auth/router.py",
                "from app.users.models",
                "from app.outbox.service import announce\nfrom app.users.models",
            ),
        ),
    ),
    mistake(
        "hash-of-the-author",
        "app/comments/schemas.py",
        "    id: UUID\n    full_name: str | None\n",
        "    id: UUID\n    full_name: str | None\n    password_hash: str\n",
        "comments.py::test_comments_come_with_their_authors",
        "secrets",
        "password hash",
        run="b",
        more=(
            Edit(
                "app/comments/router.py",
                "session: SessionDep) -> Sequence[Comment]:\n",
                "session: SessionDep) -> Sequence[Comment]:  # <-\n",
            ),
        ),
    ),
    mistake(
        "hash-in-a-page",
        "app/pages/templates/lists.html",
        "<h1>{{ user.full_name or user.email }}</h1>",
        "<h1>{{ user.full_name or user.email }}</h1><!-- {{ user.password_hash }} -->",
        "pages.py::test_the_page_shows_lists_todos_and_tags",
        "secrets",
        "password hash",
        run="c",
        more=(
            Edit(
                "app/pages/router.py",
                "session: SessionDep) -> HTMLResponse:\n",
                "session: SessionDep) -> HTMLResponse:  # <-\n",
            ),
        ),
    ),
    mistake(
        "hash-in-the-cache-of-redis",
        "app/stats/router.py",
        '    await throttled(redis, f"refresh:{user.id}", limit=2, seconds=60)\n',
        """\
    await redis.set(f"user:{user.id}", user.password_hash)
    await throttled(redis, f"refresh:{user.id}", limit=2, seconds=60)
""",
        "stats.py::test_a_user_may_refresh_the_figures_twice_a_minute",
        None,
        missed="what goes to redis is not looked at",
        run="b",
    ),
    mistake(
        "hash-through-the-socket",
        "app/chat/router.py",
        """\
    await rooms.broadcast(room, {"kind": "joined", "name": name})
""",
        """\
    await rooms.broadcast(room, {"kind": "joined", "name": name, "hash": user.password_hash})
""",
        "chat.py::test_nobody_hears_what_is_said_in_another_room",
        "secrets",
        "sent a password hash in",
        more=(
            Edit(
                "app/chat/rooms.py",
                "                await socket.send_json(message)\n",
                "                await socket.send_json(message)  # <-\n",
            ),
        ),
        run="m",
    ),
    # --- the lifespan: each of these concerns all tests
    mistake(
        "worker-not-cancelled",
        "app/jobs/worker.py",
        """\
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
""",
        """\
    worker.task = asyncio.create_task(worker.run(), name="worker")  # <-
    yield worker
""",
        "stats.py::test_the_figures_may_be_a_minute_old",
        "tasks",
        "was still running when the test was over",
        run="d",
        shared=True,
    ),
    mistake(
        "git-asked-at-start",
        "app/lifespan.py",
        "    app.state.rooms = Rooms()\n",
        """\
    import contextlib
    import subprocess

    with contextlib.suppress(Exception):
        subprocess.run(["git", "--version"], capture_output=True)  # <-
    app.state.rooms = Rooms()
""",
        "stats.py::test_the_figures_are_there_when_the_app_has_started",
        "blocking",
        "subprocess",
        run="d",
        shared=True,
    ),
    mistake(
        "admin-not-committed",
        "app/lifespan.py",
        """\
                )
            await session.commit()
            await warm(session, app.state.redis)
""",
        """\
                )
""",
        "admin.py::test_the_first_admin_is_there_when_the_app_has_started",
        "database",
        "never committed",
        run="d",
        shared=True,
        more=(
            Edit(
                "app/users/service.py",
                "        session.add(user)\n",
                "        session.add(user)  # <-\n",
            ),
        ),
    ),
    mistake(
        "worker-swallows-its-cancellation",
        "app/jobs/worker.py",
        """\
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._work.wait()
""",
        """\
            try:
                await asyncio.wait_for(self._work.wait(), POLL)  # <-
            except (TimeoutError, asyncio.CancelledError):
                pass
""",
        "jobs.py::test_a_job_that_is_not_over_is_shown_as_it_is_when_the_time_is_up",
        "tasks",
        "task 'worker' was cancelled and goes on",
        run="g",
    ),
    # --- what tests of the project tell of, and not the gate
    mistake(
        "column-without-a-migration",
        "app/tickets/models.py",
        "    bought_at: Mapped[datetime]",
        "    used_at: Mapped[datetime | None]\n    bought_at: Mapped[datetime]",
        "migrations.py::test_no_model_has_drifted_from_the_migrations",
        "test",
        "used_at",
        run="m",
    ),
    mistake(
        "enum-value-without-a-migration",
        "app/jobs/models.py",
        '    FAILED = "failed"\n',
        '    FAILED = "failed"\n    CANCELLED = "cancelled"\n',
        "migrations.py::test_no_model_has_drifted_from_the_migrations",
        "test",
        "cancelled",
        run="m",
    ),
    mistake(
        "downgrade-forgets-a-table",
        "migrations/versions/0107_create_tickets.py",
        '    op.drop_table("tickets")\n    op.drop_table("pass_kinds")\n',
        '    op.drop_table("tickets")\n',
        "migrations.py::test_each_migration_can_be_undone_and_done_again",
        "test",
        "the downgrade of 0107 is incomplete",
        run="m",
    ),
    mistake(
        "check-then-sell",
        "app/tickets/router.py",
        """\
    left = await session.scalar(
        update(PassKind)
        .where(PassKind.name == new.kind, PassKind.left > 0)
        .values(left=PassKind.left - 1)
        .returning(PassKind.left)
    )
    if left is None:
""",
        """\
    kind = await session.get(PassKind, new.kind)
    if kind and kind.left:
        kind.left -= 1
    else:
""",
        "tickets.py::test_no_more_passes_are_sold_than_there_are",
        "test",
        "Counter",
        run="c",
    ),
]
