"""What the gate replaces still passes for the original."""

import asyncio
import builtins
import copy
import io
import os
import pathlib
import pickle
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import pytest

FUNCTIONS = [
    *(builtins.open, builtins.print, io.open, os.listdir, os.path.exists, os.stat, os.system),
    *(pathlib.Path.read_text, shutil.copy, socket.getaddrinfo, socket.socket.connect),
    *(subprocess.Popen, subprocess.run, time.sleep),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_is_pickled_and_copied(function):
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_mock_takes_its_signature(function):
    mock.create_autospec(function)


async def test_another_process_runs_it():
    with ProcessPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, time.sleep, 0.001)


def test_a_class_may_hold_it():
    class Clock:
        sleep = time.sleep
        stat = os.stat
        open = open

    Clock().sleep(0)
    assert Clock().stat(".").st_mode == os.stat(".").st_mode
    Clock().open(os.devnull).close()


def test_a_class_may_derive_from_it():
    class Mine(socket.socket):
        pass

    Mine().close()
    assert issubclass(type("Process", (subprocess.Popen,), {}), subprocess.Popen)


def test_a_mock_may_replace_it():
    with mock.patch("time.sleep") as sleep:
        time.sleep(60)
    sleep.assert_called_once_with(60)
    with mock.patch("builtins.open", mock.mock_open(read_data="text")):
        assert open("nothing").read() == "text"
    assert sys.modules["time"].sleep is FUNCTIONS[-1]
