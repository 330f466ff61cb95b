import asyncio
import logging
import socket

from fastapi import APIRouter, Depends, Request

from accounts.api import get_store

router = APIRouter(prefix="/admin")
log = logging.getLogger(__name__)


@router.post("/save")
async def save(store=Depends(get_store)):
    with open(store.path, "w") as file:  # <- blocking.file
        file.write("{}")


@router.get("/resolve")
async def resolve():
    try:
        return socket.gethostbyname("localhost")  # <- blocking.dns
    except Exception:
        return None


@router.post("/import")
async def import_users(request: Request):
    data = await request.json()
    log.info("importing %s", data)  # <- secrets.log
    return len(data)


@router.get("/slow")
async def wait_for_ever():
    await asyncio.Event().wait()  # <- requests.hang
