"""Writes app_under_test.py from what is found in the code of an app, with each guess marked."""

from __future__ import annotations

import re
import sys
import textwrap

from .changes import Changes, Refusal
from .code import Code, Found, look_at_code
from .target import Target

FILE = "app_under_test.py"
USUAL = ("app", "client", "engine", "session")


def plan(changes: Changes, target: Target) -> list[str]:
    """Plan the file, where there is none, and say what is left to check.

    Raises:
        Refusal: The repository has nothing that the fixtures are for.
    """
    path = target.tests / FILE
    left = theirs_that_win(changes.read(target.conftest) or "", target)
    if path.is_file():
        return [*to_check(changes.read(path) or "", target.name(path)), *left]
    code = look_at_code(target)
    if not code.uses_sqlalchemy:
        raise Refusal(f"{target.root} does not use SQLAlchemy: copy the gate alone by --gate-only.")
    text = text_of(code, target)
    changes.write(path, text)
    return [*to_check(text, target.name(path)), *left]


def to_check(text: str, name: str) -> list[str]:
    lines = [str(n) for n, line in enumerate(text.splitlines(), 1) if "# GUESS" in line]
    if not lines:
        return []
    return [f"Check the guesses in {name}, and remove their marks: line {', '.join(lines)}"]


def theirs_that_win(conftest: str, target: Target) -> list[str]:
    """Their fixtures that have the names of ours."""
    names = [name for name in USUAL if re.search(rf"(?m)^(async )?def {name}\(", conftest)]
    if not names:
        return []
    ours = ", ".join(f"`isolated_{name}`" for name in names)
    theirs = ", ".join(f"`{name}`" for name in names)
    where = target.name(target.conftest)
    return [f"{where} has its own {theirs}, which win: ours are {ours}. Remove yours to use ours"]


def text_of(code: Code, target: Target) -> str:
    imports: set[str] = {"from collections.abc import AsyncGenerator"}
    imports.add("from contextlib import asynccontextmanager")
    migrate = migrate_of(code, target, imports)
    running = running_of(code, imports)
    helpers = sorted(name for name in ("rebound", "running") if f"{name}(" in running)
    package = "." if target.prefix else ""
    own = {one.module.partition(".")[0] for one in (*code.apps, *code.engines, *code.metadata)}
    own -= {"sqlmodel"}
    if helpers and not package:
        imports.add(f"from isolation import {', '.join(helpers)}")
        own.add("isolation")
    over_tcp = over_tcp_of(code)
    parts = [
        '"""What the fixtures need to know about this app. Check each GUESS."""',
        *sorted_imports(imports, own),
        *([f"from .isolation import {', '.join(helpers)}"] if helpers and package else []),
        *([over_tcp] if over_tcp else []),
    ]
    return "\n\n".join(parts) + f"\n\n\n{migrate}\n\n\n{running}\n"


def sorted_imports(lines: set[str], own: set[str]) -> list[str]:
    """The imports in groups, as isort and ruff sort them, one line for each module."""
    groups: list[dict[str, set[str]]] = [{}, {}, {}]
    for line in lines:
        head, _, names = line.partition(" import ")
        top = line.split()[1].partition(".")[0]
        number = 0 if top in sys.stdlib_module_names else 2 if top in own else 1
        groups[number].setdefault(head, set()).update({names} - {""})
    texts = []
    for group in groups:
        heads = sorted(group, key=lambda head: (head.startswith("from "), head.lower()))
        modules = [
            f"{head} import {', '.join(sorted(group[head]))}" if group[head] else head
            for head in heads
        ]
        texts += ["\n".join(modules)] if modules else []
    return texts


def over_tcp_of(code: Code) -> str:
    if code.url_setting is not None or not code.host_settings:
        return ""
    place = code.host_settings[0].place
    return f"# GUESS: {place} has the host of the database apart from the port.\nover_tcp = True"


def environment_of(code: Code) -> list[str]:
    """Statements that name the test database to the app's settings."""
    if code.url_setting is not None:
        one = code.url_setting
        return [
            f"# GUESS: {one.place} reads the address of the database.",
            f'environment.setenv("{one.name}", database_url)',
        ]
    lines: list[str] = []
    for one in code.host_settings:
        part = next(part for part, words in PARTS.items() if re.search(words, one.name.lower()))
        lines += [f'environment.setenv("{one.name}", str(url.{part} or ""))']
    if lines:
        guess = "# GUESS: these are the settings of the database."
        lines = [guess, "url = make_url(database_url)", *lines]
    return lines


# In this order: POSTGRES_USER names no database, although it has "postgres" in it.
PARTS = {
    "host": "host|server",
    "port": "port",
    "username": "user",
    "password": "pass",
    "database": "name|db|database",
}


def under(lines: list[str], environment: list[str], imports: set[str]) -> list[str]:
    """Statements that run with the settings of the test database."""
    if not environment:
        return lines
    imports.add("import pytest")
    if any("make_url" in line for line in environment):
        imports.add("from sqlalchemy import make_url")
    inner = textwrap.indent("\n".join([*environment, *lines]), "    ")
    return ["with pytest.MonkeyPatch.context() as environment:", *inner.splitlines()]


def function(head: str, docstring: str, lines: list[str]) -> str:
    body = textwrap.indent("\n".join([f'"""{docstring}"""', *lines]), "    ")
    return f"{head}\n{body}"


def migrate_of(code: Code, target: Target, imports: set[str]) -> str:
    head = "def migrate(database_url: str) -> None:"
    docstring = "Build the schema in an empty database."
    if code.alembic is not None:
        imports |= {
            "from pathlib import Path",
            "from alembic import command",
            "from alembic.config import Config",
        }
        up = ".".join(["parent"] * (len(target.tests.relative_to(target.root).parts) + 1))
        ini = code.alembic.relative_to(target.root).as_posix()
        lines = [
            f"# GUESS: `alembic upgrade head` with {ini} builds the whole schema.",
            f'config = Config(Path(__file__).{up} / "{ini}")',
            'config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))',
            'command.upgrade(config, "head")',
        ]
        return function(head, docstring, under(lines, environment_of(code), imports))
    if not code.metadata:
        missing = 'raise NotImplementedError("create the tables in the database at this URL")'
        found = "# GUESS: neither an alembic.ini nor a declarative base was found."
        return function(head, docstring, [found, missing])
    base = code.metadata[0]
    metadata = base.name if base.kind == "MetaData" else f"{base.name}.metadata"
    imports |= {
        "import asyncio",
        "from sqlalchemy.ext.asyncio import create_async_engine",
        f"from {base.module} import {base.name}",
    }
    models = sorted({one.module for one in code.models} - {base.module})
    body = [f"# GUESS: {others(base, code.metadata)} has all tables."]
    if models:
        imports.add("from importlib import import_module")
        body = [
            f"{body[0][:-1]}, and these modules define them.",
            f"for module in ({', '.join(map(repr, models))},):".replace("'", '"'),
            "    import_module(module)",
        ]
    body += [
        "temporary = create_async_engine(database_url)",
        "async with temporary.begin() as connection:",
        f"    await connection.run_sync({metadata}.create_all)",
        "await temporary.dispose()",
    ]
    create = "async def create_tables(database_url: str) -> None:\n"
    create += textwrap.indent("\n".join(body), "    ")
    first = function(head, docstring, ["asyncio.run(create_tables(database_url))"])
    return f"{first}\n\n\n{create}"


def others(chosen: Found, found: list[Found]) -> str:
    """A thing and its place, with the places of those that were not chosen."""
    rest = [one.place for one in found if one is not chosen]
    return chosen.place + (f" (not {', '.join(rest)})" if rest else "")


def running_of(code: Code, imports: set[str]) -> str:
    head = "async def running_app(database_url: str) -> AsyncGenerator[{}, None]:"
    head = f"@asynccontextmanager\n{head}"
    docstring = "Start the app on a database, and stop it."
    if not code.apps:
        lines = [
            "# GUESS: no app was found: yield it here, started on this database.",
            'raise NotImplementedError("start the app")',
            "yield",
        ]
        return function(head.format("None"), docstring, lines)
    app = code.apps[0]
    imports.add(f"from {app.module} import {app.name}")
    imports.add(f"from {CLASSES[app.kind]} import {app.kind}")
    lines = []
    name = app.name
    guess = f"# GUESS: {others(app, code.apps)} is the app that your tests call."
    if app.is_factory:
        lines.append(f"app = {app.name}()")
        name = "app"
        guess = f"# GUESS: {others(app, code.apps)} makes the app, and needs no arguments."
    entered = [f"rebound({engine.name}, database_url)" for engine in code.engines]
    for engine in code.engines:
        imports.add(f"from {engine.module} import {engine.name}")
    places = [engine.place for engine in code.engines]
    with_engines = [
        f"# GUESS: {place} is an engine of the app, made at import." for place in places
    ]
    lines = [guess, *lines, *with_engines]
    lines += [f"async with {', '.join([*entered, f'running({name})'])}:", f"    yield {name}"]
    if len(lines[-2]) > 80:
        inner = "".join(f"    {one},\n" for one in [*entered, f"running({name})"])
        lines[-2:-1] = f"async with (\n{inner}):".splitlines()
    environment = [] if code.engines else environment_of(code)
    return function(head.format(app.kind), docstring, under(lines, environment, imports))


CLASSES = {
    "FastAPI": "fastapi",
    "Starlette": "starlette.applications",
    "Litestar": "litestar",
    "Quart": "quart",
}
