"""A row is updated, and inserted if there was none."""

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "scores rows (player=ada, points=7) 1 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Score(Base):
    __tablename__ = "scores"
    id: Mapped[int] = mapped_column(primary_key=True)
    player: Mapped[str]
    points: Mapped[int]


@router.put("/scores/{player}")
async def put(player: str, points: int, session: SessionDep) -> None:
    same = select(Score).where(Score.player == player)
    score = await session.scalar(same)  # <-
    if score is None:
        session.add(Score(player=player, points=points))
    else:
        score.points = points
    await session.commit()  # <-
