"""Nothing is different with `--gate=off`, and with the gate no setting of another plugin is."""

import asyncio
import inspect
import logging
import os
import sys
import threading
import time
import warnings

import pytest

LOOPS = []


def of_gate(function):
    code = getattr(inspect.unwrap(function), "__code__", None)
    return hasattr(function, "__wrapped__") or (code and "behavior_gate" in code.co_filename)


async def test_off():
    assert not asyncio.get_running_loop().get_debug()
    assert sys.get_coroutine_origin_tracking_depth() == 0
    for function in (
        *(time.sleep, open, os.stat, warnings._showwarnmsg, asyncio.BaseEventLoop.run_forever),
        *(logging.Logger.callHandlers, asyncio.Runner.run),
    ):
        assert not of_gate(function)
    assert {thread.name for thread in threading.enumerate()} == {"MainThread"}
    time.sleep(0.001)


@pytest.mark.parametrize("number", [1, 2])
async def test_each_test_has_a_loop_of_its_own(number, request):
    LOOPS.append(asyncio.get_running_loop())
    assert len(set(LOOPS)) == number
    assert request.config.getini("asyncio_default_test_loop_scope") == "function"
    assert not request.config.getini("asyncio_default_fixture_loop_scope")


@pytest.mark.gate_allow("slow", reason="what is logged of it")
async def test_debug_mode_logs_no_more(caplog):
    async def busy():
        end = time.thread_time() + 0.15
        while time.thread_time() < end:
            pass

    await asyncio.create_task(busy())
    assert [one for one in caplog.records if one.levelno > logging.DEBUG] == []
