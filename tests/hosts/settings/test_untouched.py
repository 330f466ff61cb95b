"""Nothing is different with `--gate=off`, and with the gate no setting of another plugin is."""

import asyncio
import logging
import os
import sys
import threading
import time
import warnings

import pytest

LOOPS = []


def of_gate(function):
    return "behavior_gate" in function.__module__


async def test_off():
    assert not asyncio.get_running_loop().get_debug()
    assert sys.get_coroutine_origin_tracking_depth() == 0
    assert not any(
        of_gate(one)
        for one in (time.sleep, open, os.stat, warnings._showwarnmsg, sys.unraisablehook)
        if hasattr(one, "__module__") and one.__module__
    )
    assert not of_gate(asyncio.BaseEventLoop.run_forever)
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
