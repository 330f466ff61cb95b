"""An endpoint of a library reads a file of its own."""

from fastapi import APIRouter

import trap_accounts

router = APIRouter()
router.include_router(trap_accounts.get_terms_router())
