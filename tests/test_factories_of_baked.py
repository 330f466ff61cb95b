"""Do the factories of the baked project create rows of any model, as many as a test needs?"""

from pathlib import Path

from support.project import Project
from test_baked_suite import passed

FACTORIES = '''
import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from polyfactory import Use
from sqlalchemy import ForeignKey, String
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from tests.factories import RowFactory


class Base(DeclarativeBase): ...


class Mood(enum.Enum):
    glad = "g"
    sad = "s"


class Code(sa.TypeDecorator[str]):
    impl = String(3)
    cache_ok = True


class Kind(Base):
    """A column of each kind."""

    __tablename__ = "kinds"

    id: Mapped[int] = mapped_column(primary_key=True)
    small: Mapped[int] = mapped_column(sa.SmallInteger, unique=True)
    big: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    mood: Mapped[Mood]
    level: Mapped[str] = mapped_column(sa.Enum("low", "high", name="level"))
    uuid: Mapped[UUID] = mapped_column(unique=True)
    uuid_text: Mapped[str] = mapped_column(sa.Uuid(as_uuid=False), unique=True)
    day: Mapped[date] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    at_local: Mapped[datetime]
    hour: Mapped[time] = mapped_column(unique=True)
    span: Mapped[timedelta] = mapped_column(unique=True)
    price: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2), unique=True)
    ratio: Mapped[float] = mapped_column(unique=True)
    data: Mapped[dict[str, str]] = mapped_column(pg.JSONB)
    tags: Mapped[list[str]] = mapped_column(pg.ARRAY(String(3)))
    flag: Mapped[bool]
    blob: Mapped[bytes] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(pg.INET)
    remark: Mapped[str | None]
    twice: Mapped[int] = mapped_column(sa.Computed("small * 2"))
    initial = column_property(sa.literal_column("left(slug, 1)"))


class Big(Base):
    __tablename__ = "bigs"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)


class Small(Base):
    __tablename__ = "smalls"

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)


class Pair(Base):
    __tablename__ = "pairs"

    one: Mapped[int] = mapped_column(primary_key=True)
    two: Mapped[str] = mapped_column(String(20), primary_key=True)


class Country(Base):
    __tablename__ = "countries"

    code: Mapped[str] = mapped_column(String(2), primary_key=True)


class Shape(Base):
    __tablename__ = "shapes"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {
        "polymorphic_on": "kind",
        "polymorphic_identity": "shape",
        "version_id_col": version,
    }


class Circle(Shape):
    __tablename__ = "circles"

    name: Mapped[str] = mapped_column(ForeignKey("shapes.name"), primary_key=True)

    __mapper_args__ = {"polymorphic_identity": "circle"}


class City(Base):
    __tablename__ = "cities"

    id: Mapped[int] = mapped_column(primary_key=True)
    country_code: Mapped[str] = mapped_column(ForeignKey("countries.code"))
    country: Mapped[Country] = relationship()
    twin_id: Mapped[int | None] = mapped_column(ForeignKey("cities.id"))


class Visit(Base):
    __tablename__ = "visits"

    city_id: Mapped[int] = mapped_column(ForeignKey("cities.id"), primary_key=True)
    kind_id: Mapped[int] = mapped_column(ForeignKey("kinds.id"), primary_key=True)


class KindFactory(RowFactory[Kind]): ...
class BigFactory(RowFactory[Big]): ...
class SmallFactory(RowFactory[Small]): ...
class PairFactory(RowFactory[Pair]): ...
class CountryFactory(RowFactory[Country]): ...
class CircleFactory(RowFactory[Circle]): ...
class CityFactory(RowFactory[City]): ...
class VisitFactory(RowFactory[Visit]): ...


class CapitalFactory(RowFactory[City]):
    country = CountryFactory.build
    twin_id = Use(lambda: None)


@pytest.fixture(autouse=True)
async def tables(session: AsyncSession) -> None:
    await (await session.connection()).run_sync(Base.metadata.create_all)
    await session.commit()


@pytest.mark.parametrize("factory", [KindFactory, BigFactory, SmallFactory])
async def test_the_database_numbers_the_rows(session: AsyncSession, factory) -> None:
    rows = [await factory.add(session) for _ in range(300)]

    assert [row.id for row in rows] == list(range(1, 301))


@pytest.mark.parametrize("factory", [PairFactory, CountryFactory, CircleFactory])
async def test_no_two_rows_have_the_same_key(session: AsyncSession, factory) -> None:
    rows = [await factory.add(session) for _ in range(300)]

    assert len({sa.inspect(row).identity for row in rows}) == 300


async def test_values_are_plain(session: AsyncSession) -> None:
    kind = await KindFactory.add(session)

    assert kind.slug == f"slug {kind.small}"
    assert kind.small == kind.big > 0
    assert kind.price == Decimal(kind.small) / 100
    assert (kind.mood, kind.level, kind.flag, kind.remark) == (Mood.glad, "low", False, None)
    assert (kind.data, kind.tags) == ({}, [])


async def test_a_row_of_another_model_has_to_be_passed(session: AsyncSession) -> None:
    with pytest.raises(TypeError) as error:
        await CityFactory.add(session)
    assert str(error.value) == (
        "CityFactory.add() creates no rows of other models. "
        "Pass country=await CountryFactory.add(session) or country_code=..."
    )
    with pytest.raises(TypeError, match=r"Pass city_id=\\.\\.\\., kind_id=\\.\\.\\.$"):
        await VisitFactory.add(session)

    country = await CountryFactory.add(session)
    city = await CityFactory.add(session, country=country)
    other = await CityFactory.add(session, country_code=country.code)
    capital = await CapitalFactory.add(session)

    assert city.country_code == other.country_code == country.code != capital.country_code
'''


def test_rows_fit_their_models(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "project")
    path = project.path / "tests/test_rows.py"
    path.write_text(FACTORIES, encoding="utf-8")

    assert passed(project.succeed("run", "--frozen", "pytest", "tests/test_rows.py")) == 8
