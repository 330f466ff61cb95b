"""A small cache and friends for asyncio, without dependencies."""

import asyncio
import functools
import logging
import pickle
import time
import warnings
import weakref

__all__ = ["Cache", "cached", "Batcher", "retry", "RateLimiter", "Lazy"]

logger = logging.getLogger("aiocachelet")


class Cache:
    """Keeps values for some seconds, and can be saved."""

    def __init__(self, ttl=60, clock=time.monotonic):
        self.ttl = ttl
        self.clock = clock
        self._values = {}
        self._locks = weakref.WeakValueDictionary()

    def get(self, key, default=None):
        until, value = self._values.get(key, (0, default))
        return value if until > self.clock() else default

    def set(self, key, value):
        self._values[key] = (self.clock() + self.ttl, value)

    def lock(self, key):
        return self._locks.setdefault(key, asyncio.Lock())

    def save(self, path):
        with open(path, "wb") as file:
            pickle.dump({key: value for key, (_, value) in self._values.items()}, file)

    @classmethod
    def load(cls, path, **options):
        cache = cls(**options)
        with open(path, "rb") as file:
            for key, value in pickle.load(file).items():
                cache.set(key, value)
        return cache

    def clear(self):
        warnings.warn("clear() is deprecated, make a new Cache", DeprecationWarning, stacklevel=2)
        self._values.clear()


def cached(cache):
    def decorate(function):
        @functools.wraps(function)
        async def wrapper(*args):
            lock = cache.lock((function, args))
            async with lock:
                value = cache.get((function, args))
                if value is None:
                    value = await function(*args)
                    cache.set((function, args), value)
                return value

        return wrapper

    return decorate


class Batcher:
    """Collects calls for a moment and answers them together."""

    def __init__(self, function, delay=0.005):
        self.function = function
        self.delay = delay
        self.waiting = {}
        self._timer = None

    async def __call__(self, key):
        loop = asyncio.get_running_loop()
        if key not in self.waiting:
            self.waiting[key] = loop.create_future()
        if self._timer is None:
            self._timer = loop.call_later(self.delay, self._flush)
        return await self.waiting[key]

    def _flush(self):
        self._timer = None
        waiting, self.waiting = self.waiting, {}
        self._task = asyncio.ensure_future(self._answer(waiting))

    async def _answer(self, waiting):
        try:
            results = await self.function(list(waiting))
        except Exception as error:
            for future in waiting.values():
                future.set_exception(error)
        else:
            for key, future in waiting.items():
                future.set_result(results[key])


def retry(times, on=Exception, delay=0):
    def decorate(function):
        @functools.wraps(function)
        async def wrapper(*args, **kwargs):
            for left in reversed(range(times)):
                try:
                    return await function(*args, **kwargs)
                except on as error:
                    logger.warning("%s failed: %s", function.__name__, error)
                    if not left:
                        raise
                    await asyncio.sleep(delay)

        return wrapper

    return decorate


class RateLimiter:
    def __init__(self, calls, period):
        self.period = period
        self._slots = asyncio.Semaphore(calls)

    async def __aenter__(self):
        await self._slots.acquire()
        asyncio.get_running_loop().call_later(self.period, self._slots.release)

    async def __aexit__(self, *error):
        pass


class Lazy:
    """`await lazy` makes the value once."""

    def __init__(self, factory):
        self._factory = factory
        self._task = None

    def __await__(self):
        if self._task is None:
            self._task = asyncio.ensure_future(self._factory())
        return asyncio.shield(self._task).__await__()
