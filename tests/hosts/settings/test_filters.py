import asyncio
import socket
import warnings

import pytest


async def loud():
    pass


async def quiet():
    pass


def test_warns():
    with pytest.warns(RuntimeWarning, match="'loud' was never awaited"):
        loud()


async def test_warns_in_a_loop():
    with pytest.warns(RuntimeWarning, match="'loud' was never awaited"):
        loud()
        await asyncio.sleep(0)


def test_recwarn(recwarn):
    loud()
    (caught,) = recwarn
    assert str(caught.message).startswith("coroutine 'loud' was never awaited")


def test_recorded_as_python_shows_it():
    with warnings.catch_warnings(record=True) as caught:
        socket.socket()
    assert caught == []


def test_recorded_always():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        socket.socket()
    assert len(caught) == 1


def test_coroutine_that_the_settings_ignore():
    quiet()


def test_file_that_the_settings_ignore(tmp_path):
    path = tmp_path / "quiet"
    path.touch()
    path.open()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_coroutine_that_the_mark_ignores():
    loud()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_socket_that_the_mark_ignores():
    socket.socket()


@pytest.mark.filterwarnings("ignore")
def test_all_that_the_mark_ignores():
    socket.socket()
    loud()


@pytest.mark.filterwarnings("ignore::RuntimeWarning:.*test_filters")
def test_coroutine_that_the_mark_ignores_in_this_module():
    loud()


@pytest.mark.filterwarnings("ignore::ResourceWarning:.*test_filters")
def test_socket_that_the_mark_ignores_in_this_module():
    socket.socket()


def test_what_a_context_ignores():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loud()
        socket.socket()


def test_bad_that_is_not_what_the_test_expects():
    with pytest.warns(UserWarning):
        warnings.warn("no", UserWarning)
        loud()


def test_bad_coroutine():
    loud()


def test_bad_socket():
    socket.socket()


@pytest.mark.filterwarnings("error")
def test_bad_coroutine_as_error():
    loud()


@pytest.mark.filterwarnings("error")
def test_bad_socket_as_error():
    socket.socket()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_bad_beside_another_filter():
    socket.socket()


@pytest.mark.filterwarnings("ignore::RuntimeWarning:elsewhere")
def test_bad_beside_a_filter_for_another_module():
    loud()


def test_bad_beside_a_filter_that_a_library_appends():
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning, append=True)
        socket.socket()
