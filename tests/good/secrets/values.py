"""Values of common types in the answer."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> Any:
    return {"now": datetime.now(UTC), "id": uuid.uuid4(), "price": Decimal("1.10")}
