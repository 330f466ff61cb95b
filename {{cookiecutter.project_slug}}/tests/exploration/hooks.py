"""What other plugins may want to know."""


def pytest_explored(nodeid: str, schedule: str) -> None:
    """One run of an exploration is over: the test goes on, however long it takes in all."""
