"""What can't be done on the one connection of a test, and what to do instead."""

REAL_COMMITS = "Mark the test with `@pytest.mark.real_commits`, which gives it its own database."
FOR_ALL_TESTS = "For all tests, set `real_commits = True` in app_under_test.py."


class IsolationError(Exception):
    """Raised where a test would not do what production does."""

    has_left_the_app = False
    """The app has not caught it."""


class ConcurrentRequestsError(IsolationError):
    """Two simultaneous requests on the one connection of a test."""

    def __init__(self) -> None:
        super().__init__(
            "Two simultaneous requests on `client`, which has one connection: the result would be "
            f"meaningless. Use the `concurrent_client` fixture. {REAL_COMMITS}"
        )


class OverlappingTransactionsError(IsolationError):
    """A transaction that would have to wait for another one, which does not end."""

    def __init__(self, statement: str, other: str) -> None:
        super().__init__(
            f"Two transactions overlap on the one connection of the test: {_short(statement)!r} "
            f"ran while another session had neither committed nor rolled back {_short(other)!r}. "
            f"In production, each has its own connection. {REAL_COMMITS}"
        )


class SeparateConnectionError(IsolationError):
    """A connection that can't be the one of the test."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The test has one connection, but {reason}, which would not see what the test has "
            f"written. {REAL_COMMITS}"
        )


class OtherDriverError(SeparateConnectionError):
    """A driver, or a function of one, that can't use the connection of the test."""

    def __init__(self, driver: str) -> None:
        super().__init__(f"{driver} opens another one")
        self.args = (f"{self} {FOR_ALL_TESTS}",)


class OneConnectionError(IsolationError):
    """A statement that needs its own connection."""

    def __init__(self, statement: str, reason: str) -> None:
        super().__init__(
            f"On the one connection of the test, {reason}: {_short(statement)!r}. {REAL_COMMITS}"
        )


class OtherServerError(IsolationError):
    """An engine that can't connect to a test database."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The engine is for {name}, but the test databases are on PostgreSQL. Let the app make "
            "it with a postgresql:// URL in tests, or do without the isolation."
        )


class OuterTransactionError(IsolationError):
    """A statement that would end the transaction of the test."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            f"The statement {statement!r} would end the transaction of the test, and its changes "
            f"would stay. Use `session.commit()` or `session.rollback()`. {REAL_COMMITS}"
        )


def _short(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 80 else f"{line[:80]}..."
