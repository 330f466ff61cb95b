"""A defect for each rule, which the self-test commits. They count as code of an application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from .. import rules
from ..rules import Rule
from . import blocking, database, requests, secrets, tasks

Plant = Callable[[], Coroutine[Any, Any, None]]

PLANTS: dict[Rule, Plant] = {
    rules.BLOCKING_SLEEP: blocking.sleep,
    rules.BLOCKING_FILE: blocking.read_file,
    rules.BLOCKING_NETWORK: blocking.receive,
    rules.BLOCKING_DNS: blocking.look_up,
    rules.BLOCKING_SUBPROCESS: blocking.run_program,
    rules.BLOCKING_DATABASE: blocking.query,
    rules.BLOCKING_LOCK: blocking.wait_for_lock,
    rules.BLOCKING_HASH: blocking.hash_password,
    rules.BLOCKING_INPUT: blocking.ask,
    rules.SLOW_CPU: blocking.compute,
    rules.SLOW_BLOCKED: blocking.wait_in_c,
    rules.LEAKED_TASK: tasks.leak_task,
    rules.UNSEEN_EXCEPTION: tasks.fail_unseen,
    rules.SWALLOWED_CANCELLATION: tasks.swallow_cancellation,
    rules.SWALLOWED_TIMEOUT: tasks.swallow_timeout,
    rules.LEFT_BEHIND: tasks.leave_timer,
    rules.NEVER_AWAITED: tasks.forget_to_await,
    rules.UNCLOSED: tasks.forget_to_close,
    rules.WRONG_THREAD: tasks.call_from_another_thread,
    rules.SERVER_ERROR: requests.return_500,
    rules.NO_ANSWER: requests.crash,
    rules.LATE_ERROR: requests.fail_after_answer,
    rules.LATE_COMMIT: database.commit_late,
    rules.SHARED_SESSION: database.share_connection,
    rules.HANG: requests.never_answer,
    rules.LOST_COMMIT: database.forget_to_commit,
    rules.FAILED_COMMIT: database.commit_after_failure,
    rules.SWALLOWED_ERROR: database.ignore_failure,
    rules.LEAKED_STATE: database.leave_setting,
    rules.CLOSED_SESSION: database.use_closed_session,
    rules.GLOBAL_SESSION: database.share_session,
    rules.SESSION_LEAK: database.leak_session,
    rules.CONNECTION_HELD: database.hold_connection,
    rules.SQL_INJECTION: database.inject,
    rules.N_PLUS_ONE: database.query_for_each,
    rules.LAZY_LOAD: database.load_lazily,
    rules.NAIVE_DATETIME: database.bind_naive_datetime,
    rules.PASSWORD_IN_RESPONSE: secrets.echo_password,
    rules.HASH_IN_RESPONSE: secrets.show_hash,
    rules.SECRET_IN_LOG: secrets.log_password,
    rules.PASSWORD_STORED: secrets.store_password,
    rules.KEY_LET_OUT: secrets.show_key,
}
