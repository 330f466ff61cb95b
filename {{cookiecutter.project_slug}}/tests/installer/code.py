"""Finds the app, its engines, models and settings in Python source, without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from .app_settings import Setting, settings_of
from .changes import read
from .copies import FOLDERS
from .dependencies import declared
from .pytest_settings import load_toml
from .syntax import call_name, last_name
from .target import USUAL, Target, folders_of

APPS = {"FastAPI", "Starlette", "Litestar", "Quart"}
METADATA = {"declarative_base", "automap_base", "registry", "MetaData"}
SESSION_MAKERS = {"async_sessionmaker", "sessionmaker", "async_scoped_session", "scoped_session"}
KEEPERS = {"cache", "lru_cache"}
ENGINES = {"create_async_engine", "create_engine", "async_engine_from_config"}
# So many files of the tests show how they import the app.
MANY = 50
# Code beside an app that is not the app.
BESIDE = {"alembic", "migrations", "versions", "docs", "examples", "scripts", "benchmarks"}


@dataclass(frozen=True)
class Found:
    """A name of the app's code."""

    module: str
    name: str
    #: The file and line, for people.
    place: str
    kind: str = ""
    is_factory: bool = False
    needs_arguments: bool = False


@dataclass
class Code:
    """What was found, the likeliest first."""

    apps: list[Found] = field(default_factory=list)
    engines: list[Found] = field(default_factory=list)
    metadata: list[Found] = field(default_factory=list)
    models: list[Found] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    #: Instances of classes, which may hold the settings: `settings = Settings()`.
    instances: list[Found] = field(default_factory=list)
    #: Functions that keep what they return.
    cached: list[Found] = field(default_factory=list)
    #: The hosts that the app answers to.
    hosts: list[str] = field(default_factory=list)
    drivers: set[str] = field(default_factory=set)
    #: Where the address of an SQLite database is, for people.
    sqlite: list[str] = field(default_factory=list)
    alembic: Path | None = None
    #: The driver of migrations that have no event loop, where the app's has one.
    sync_driver: str = ""
    uses_sqlalchemy: bool = False
    #: Files in a syntax that this Python does not know.
    unread: list[str] = field(default_factory=list)


def look_at_code(target: Target) -> Code:
    code = Code()
    bases = bases_of(target)
    copied = [path for name in FOLDERS for path in folders_of(target.tests / name)]
    for folder in folders_of(target.root):
        parts = {*folder.relative_to(target.root).parts}
        if parts & {*USUAL} or folder in copied:
            continue
        if (folder / "alembic.ini").is_file() and code.alembic is None:
            code.alembic = folder / "alembic.ini"
            code.sync_driver = sync_driver_of(target.root, folder)
        if BESIDE.isdisjoint(parts):
            for path in filter(Path.is_file, sorted(folder.glob("*.py"))):
                if not re.match(r"(test_|conftest|noxfile)|.*_test\.py", path.name):
                    look_at_module(code, target, path, bases)
    code.apps = sorted_apps(code)
    code.metadata.sort(
        key=lambda one: (one.kind in {"MetaData", "registry"}, one.name != "Base", one.module)
    )
    return code


def on_sqlite(code: Code) -> list[str]:
    """What the fixtures can't do: give another kind of database to an engine made at import."""
    if not code.engines or not code.sqlite or code.drivers:
        return []
    return [
        f"{code.sqlite[0]} names SQLite, and the fixtures need PostgreSQL: in the tests, let the "
        "app make its engine from a postgresql+asyncpg:// URL, or copy the gate alone by "
        "--gate-only"
    ]


def sync_driver_of(root: Path, folder: Path) -> str:
    """The driver of Alembic's migrations, if their env.py is not async."""
    found = [path for path in folder.glob("*/env.py") if "context.configure" in read(path)]
    if not found or "async" in re.sub(r"asyncpg", "", read(found[0])):
        return ""
    packages = declared(root, load_toml(root / "pyproject.toml"))
    if "psycopg" in packages:
        return "psycopg"
    return "psycopg2" if packages & {"psycopg2", "psycopg2-binary"} else ""


def sorted_apps(code: Code) -> list[Found]:
    """The apps and their factories, the likeliest first."""
    kinds = {app.name: app.kind for app in code.apps if app.is_factory or app.needs_arguments}
    objects = [
        # `app = create_app()`, where the module may have imported the factory.
        replace(app, kind=kinds.get(app.kind, app.kind))
        for app in code.apps
        if not app.is_factory and app.kind in {*APPS, *kinds}
    ]
    factories = [app for app in code.apps if app.is_factory and not app.needs_arguments]
    objects, factories = sorted(objects, key=rank), sorted(factories, key=rank)
    # A factory reads the settings again. An app whose engine is there already needs none.
    return objects + factories if code.engines else factories + objects


def rank(app: Found) -> tuple[bool, bool, int]:
    """How likely an app is the one that is served: the lower, the likelier."""
    last = app.module.rpartition(".")[2]
    return (
        app.name not in {"app", "create_app", "make_app", "get_app"},
        last not in {"main", "app", "asgi", "server", "application"},
        app.module.count("."),
    )


def bases_of(target: Target) -> list[Path]:
    """The folders that the tests import from."""
    files = [path for path in sorted(target.tests.rglob("*.py")) if path.is_file()]
    texts = [read(path) for path in files[:MANY]]
    bases = [target.root / word for word in target.settings.words("pythonpath")]
    # Some import the folder itself: `from src.app import ...`.
    if not any(re.search(r"(?m)^\s*(from|import) src\b", text) for text in texts):
        bases.append(target.root / "src")
    return [*bases, target.root]


def module_of(bases: list[Path], path: Path) -> str:
    """The name by which the tests import a module."""
    within = [one for one in bases if path.is_relative_to(one)]
    base = max(within, key=lambda one: len(one.parts))
    if (base / "__init__.py").exists():
        base = bases[-1]
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def look_at_module(code: Code, target: Target, path: Path, bases: list[Path]) -> None:
    text = read(path)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        code.unread.append(f"{target.name(path)}:{error.lineno} ({error.msg})")
        return
    if re.search(r"(?m)^\s*(from|import) (sqlalchemy|sqlmodel)\b", text):
        code.uses_sqlalchemy = True
    module, place = module_of(bases, path), target.name(path)
    for node in tree.body:
        for name, value in assigned(node):
            called = call_name(value)
            found = Found(module, name, f"{place}:{node.lineno}", called)
            if called in ENGINES or (called in SESSION_MAKERS and makes_engine(value)):
                code.engines.append(found)
            elif called in METADATA and code.uses_sqlalchemy:
                code.metadata.append(found)
            elif called[:1].isupper() and called not in APPS:
                code.instances.append(found)
            elif called in APPS or re.search("app|factory", called, re.IGNORECASE):
                code.apps.append(found)
        if isinstance(node, ast.FunctionDef):
            where = f"{place}:{node.lineno}"
            needs = len(node.args.args) > len(node.args.defaults)
            made = Found(module, node.name, where, made_by(node), True, needs)
            if made.kind:
                code.apps.append(made)
            elif not needs and not KEEPERS.isdisjoint(map(decorator_name, node.decorator_list)):
                code.cached.append(replace(made, kind="engine" if makes_engine(node) else ""))
        elif isinstance(node, ast.ClassDef):
            look_at_class(code, Found(module, node.name, f"{place}:{node.lineno}"), node)
    known = {one.name for one in code.settings}
    code.settings += [one for one in settings_of(tree, place) if one.name not in known]
    code.hosts += trusted_hosts(tree)
    code.drivers |= set(re.findall(r"postgresql\+(\w+)", text))
    code.sqlite += [
        f"{place}:{number}"
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"[\"']sqlite(\+\w+)?://", line)
    ]


def assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def decorator_name(node: ast.expr) -> str:
    return call_name(node) or last_name(node)


def makes_engine(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Call) and call_name(one) in ENGINES for one in ast.walk(node))


def trusted_hosts(tree: ast.Module) -> list[str]:
    """The names in `allowed_hosts=[...]` that are no pattern."""
    lists = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "allowed_hosts"
    ]
    names = [one for node in lists if isinstance(node, ast.List) for one in node.elts]
    texts = [str(one.value) for one in names if isinstance(one, ast.Constant)]
    return [text for text in texts if "*" not in text]


def made_by(node: ast.FunctionDef) -> str:
    """The class of the app that a function returns, or nothing."""
    if last_name(node.returns) in APPS:
        return last_name(node.returns)
    if node.name.startswith("_"):
        return ""
    made = {
        name: call_name(value)
        for statement in ast.walk(node)
        if isinstance(statement, ast.stmt)
        for name, value in assigned(statement)
    }
    for statement in ast.walk(node):
        if isinstance(statement, ast.Return):
            kind = call_name(statement.value) or made.get(last_name(statement.value), "")
            if kind in APPS:
                return kind
    return ""


def look_at_class(code: Code, found: Found, node: ast.ClassDef) -> None:
    bases = {last_name(base) for base in node.bases}
    is_table = any(keyword.arg == "table" for keyword in node.keywords)
    decorators = {decorator_name(one) for one in node.decorator_list}
    if bases & {"DeclarativeBase", "DeclarativeBaseNoMeta"} or "as_declarative" in decorators:
        code.metadata.append(found)
    elif is_table or any(name == "__tablename__" for one in node.body for name, _ in assigned(one)):
        code.models.append(found)
        if is_table and all(one.module != "sqlmodel" for one in code.metadata):
            code.metadata.append(Found("sqlmodel", "SQLModel", found.place))
