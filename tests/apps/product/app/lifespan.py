"""What lives as long as the app: the engine, clients of other services, the worker."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing import get_context

import httpx
from fastapi import FastAPI
from redis import asyncio as redis
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.admin.service import ensure_admin
from app.chat.rooms import Rooms
from app.config import Settings
from app.database import create_engine
from app.flags.service import load_flags
from app.jobs.worker import working
from app.migrated import migrations_of_this_version
from app.observability.logs import configure_logging
from app.security import hashing_threads, verify_password
from app.stats.service import warm


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    configure_logging(settings.log_file)
    settings.uploads.mkdir(parents=True, exist_ok=True)
    app.state.flags = load_flags(settings.flags_file)
    app.state.rooms = Rooms()
    async with AsyncExitStack() as stack:
        hashing_threads.limit(
            at_once=settings.password_hashes_at_once, waiting=settings.password_hashes_waiting
        )
        await verify_password("", None)
        engine = create_engine(settings.database_url, settings)
        app.state.migrations = migrations_of_this_version()
        stack.push_async_callback(engine.dispose)
        sessionmaker = async_sessionmaker(engine, expire_on_commit=False)
        app.state.sessionmaker = sessionmaker
        app.state.read_sessionmaker = async_sessionmaker(
            engine.execution_options(postgresql_readonly=True)
        )
        app.state.http = await stack.enter_async_context(httpx.AsyncClient(timeout=5))
        app.state.redis = await stack.enter_async_context(
            redis.from_url(settings.redis_url, decode_responses=True)
        )
        app.state.processes = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        stack.push_async_callback(asyncio.to_thread, app.state.processes.shutdown)
        async with app.state.sessionmaker() as session:
            if settings.admin_email and settings.admin_password:
                await ensure_admin(
                    session,
                    email=settings.admin_email,
                    password=settings.admin_password.get_secret_value(),
                )
            await session.commit()
            await warm(session, app.state.redis)
        app.state.worker = await stack.enter_async_context(
            working(app.state.sessionmaker, app.state.redis)
        )
        yield
