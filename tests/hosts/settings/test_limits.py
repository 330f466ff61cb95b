import asyncio

import pytest


async def wait():
    await asyncio.Event().wait()


async def test_bad():
    await wait()


@pytest.mark.timeout(1)
async def test_bad_by_its_own_limit():
    await wait()


@pytest.mark.timeout(timeout=1, func_only=True)
async def test_bad_by_the_limit_of_its_function():
    await wait()


@pytest.mark.timeout(5)
async def test_long_by_its_own_limit():
    await asyncio.sleep(0.7)


@pytest.mark.timeout(0)
async def test_long_without_a_limit():
    await asyncio.sleep(0.7)


@pytest.mark.gate_allow("requests.hang", reason="a soak test")
async def test_long_on_purpose():
    await asyncio.sleep(0.7)


async def test_long():
    await asyncio.sleep(0.7)
