"""An endpoint of a library hashes a password."""

from fastapi import APIRouter

import trap_accounts

SAYS = "trap_accounts.login() blocks the event loop in hashlib.scrypt()"

router = APIRouter()
router.include_router(trap_accounts.router)  # <-
