"""A status that notes whether a test names it as a server error."""

import copy
import json
import pickle
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from support.gate import load

statuses = load("statuses")


@pytest.fixture
def named() -> list[int]:
    return []


@pytest.fixture
def status(named: list[int]) -> Any:
    status = statuses.Status(503)
    status.named = lambda one: named.append(int(one))
    return status


@pytest.mark.parametrize(
    "compare",
    [
        lambda status: status == 503,
        lambda status: status in (500, 503),
        lambda status: status in {503},
        lambda status: status in range(500, 600),
        lambda status: sorted([status, 200]) == [200, 503],
        lambda status: Counter([status]) == {503: 1},
        lambda status: status == HTTPStatus.SERVICE_UNAVAILABLE,
        lambda status: status >= 500,
        lambda status: 500 <= status < 600,
        lambda status: status > 499,
        lambda status: status // 100 == 5,
    ],
)
def test_a_server_error_is_named(
    compare: Callable[[Any], bool], status: Any, named: list[int]
) -> None:
    assert compare(status)
    assert set(named) == {503}


@pytest.mark.parametrize(
    "compare",
    [
        lambda status: status != 200,
        lambda status: status >= 400,
        lambda status: status > 399,
        lambda status: not status < 500,
        lambda status: status not in (200, 500),
    ],
)
def test_another_status_names_nothing(
    compare: Callable[[Any], bool], status: Any, named: list[int]
) -> None:
    assert compare(status)
    assert named == []


def test_it_is_an_int_in_all_else(status: Any, named: list[int]) -> None:
    assert (repr(status), str(status), f"{status:05}") == ("503", "503", "00503")
    assert json.dumps(status) == "503"
    assert hash(status) == hash(503)
    copies = (copy.copy(status), copy.deepcopy(status), pickle.loads(pickle.dumps(status)))
    assert [type(one) for one in copies] == [int, int, int]
    assert copies == (503, 503, 503)
    assert named == []
