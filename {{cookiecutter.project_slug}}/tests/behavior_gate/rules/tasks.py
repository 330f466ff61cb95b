"""Tasks that are lost, and what swallows their end."""

from __future__ import annotations

from .rule import Rule

LEAKED_TASK = Rule(
    "tasks.leaked",
    "a task that is still running when its test is over",
    why="it keeps using what was already torn down, and nobody waits for it",
    fix="await it, start it in an asyncio.TaskGroup, or cancel and await it when its owner ends",
    bad="asyncio.create_task(send_mail(user))",
    good="async with asyncio.TaskGroup() as tasks:\n    tasks.create_task(send_mail(user))",
)
UNSEEN_EXCEPTION = Rule(
    "tasks.unseen-exception",
    "a task or callback whose exception is never seen",
    why="the work was not done, and in production only a log line says so",
    fix="await the task, start it in an asyncio.TaskGroup, or catch and handle the error inside it",
    bad="task = asyncio.create_task(send_mail(user))  # and never awaited",
    good="task = asyncio.create_task(send_mail(user))\n...\nawait task",
)
SWALLOWED_CANCELLATION = Rule(
    "tasks.swallowed-cancellation",
    "a task that goes on although it was cancelled",
    why="nobody can stop it: the server does not shut down before it is killed",
    fix="re-raise CancelledError after cleaning up, and await the task before its owner ends",
    bad="while True:\n    try:\n        await poll()\n"
    "    except BaseException:\n        log.exception('poll failed')",
    good="while True:\n    try:\n        await poll()\n"
    "    except Exception:\n        log.exception('poll failed')",
)
SWALLOWED_TIMEOUT = Rule(
    "tasks.swallowed-timeout",
    "a timeout that expires without a TimeoutError",
    why="the caller takes work that was broken off for done, and what follows has no time limit",
    fix="catch Exception and not BaseException inside the timeout, re-raise CancelledError after"
    " cleaning up, and catch TimeoutError around it",
    bad="async with asyncio.timeout(5):\n    try:\n        await fetch()\n"
    "    except BaseException:\n        log.exception('fetch failed')",
    good="async with asyncio.timeout(5):\n    try:\n        await fetch()\n"
    "    except Exception:\n        log.exception('fetch failed')",
)
LEFT_BEHIND = Rule(
    "tasks.left-behind",
    "a thread, process, timer or signal handler that outlives its test",
    why="it goes on in the next test, and in production when its application has shut down",
    fix="end it where its owner ends, in `finally` or after the `yield` of the lifespan: join the"
    " thread, wait for the process, cancel the timer, remove the handler",
    bad="thread = threading.Thread(target=poll)\nthread.start()",
    good="thread = threading.Thread(target=poll)\nthread.start()\ntry:\n    ...\n"
    "finally:\n    stopping.set()\n    await asyncio.to_thread(thread.join)",
)
