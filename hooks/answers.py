"""A Jinja extension that refuses a bad answer at its question, and that quotes a good one."""

from __future__ import annotations

import json
import keyword
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any, NoReturn

import click
from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment, Undefined
from jinja2.ext import Extension

ASKED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "cookiecutter.json").read_text(encoding="utf-8")
)
QUESTIONS = {question: ASKED[question] for question in ASKED if not question.startswith("_")}
DEFAULTS = [default for default in ASKED.values() if isinstance(default, str)]
MAX_BYTES = 63  # of a name in PostgreSQL
TAKEN = {
    *("app", "conftest", "dev", "hooks", "migrations", "test", "tests"),
    *("argon2", "dns", "dotenv", "jwt", "multipart", "passlib", "xdist"),
    *("postgres", "template0", "template1"),
    *("aux", "con", "nul", "prn"),
    *("false", "n", "no", "null", "off", "on", "true", "y", "yes"),  # are no text in YAML
}
# Unicode's classes of the characters that turn the direction of the text after them.
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def tested_versions() -> dict[str, str]:
    """Return the version of each package that the template is tested with."""
    text = Path(__file__).with_name("tested-versions.txt").read_text(encoding="utf-8")
    return dict(line.split("==") for line in text.split())


def template_version() -> str:
    """Return the commit of this template, after the tag before it if there is one."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            cwd=Path(__file__).parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def refuse(question: str, answer: object, mend: str) -> NoReturn:
    raise FailedHookException(f"Error: {question} is {answer!r:.80}: {mend}")


def check_text(answer: str, question: str) -> None:
    """Raise FailedHookException unless the answer is one line of text."""
    if not answer.strip():
        refuse(question, answer, "it must not be blank.")
    kinds = {unicodedata.category(char) for char in answer}
    if "Cs" in kinds:
        refuse(question, answer, "it is not UTF-8; if the locale is another, set PYTHONUTF8=1.")
    if kinds & {"Cc", "Zl", "Zp"} or TURNS & {unicodedata.bidirectional(char) for char in answer}:
        refuse(question, answer, "write it in one line, without control characters.")
    if answer != answer.strip():
        refuse(question, answer, "it must not begin or end with a blank.")


def check_slug(answer: str, question: str) -> None:
    """Raise FailedHookException unless the answer can name everything it has to."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", answer):
        refuse(
            question,
            answer,
            "use lower-case letters, digits and single underscores, with a letter first,"
            ' such as "my_backend".',
        )
    if len(answer) > MAX_BYTES:
        refuse(question, answer, f"use at most {MAX_BYTES} characters, it names a database.")
    if (
        answer in TAKEN
        or keyword.iskeyword(answer)
        or answer in getattr(sys, "stdlib_module_names", ())
        or answer.replace("_", "-") in tested_versions()
    ):
        refuse(question, answer, f'something else has this name, try "{answer}_backend".')


def checked(answer: object, question: str) -> object:
    """Return the answer; raise FailedHookException if it is a bad one."""
    default = QUESTIONS[question]
    if isinstance(answer, Undefined):
        return ""  # Of a replay file. It is checked before the directory is made.
    if isinstance(default, list):
        if answer not in default:
            refuse(question, answer, f"choose one of {', '.join(default)}.")
    elif not isinstance(answer, str):
        refuse(question, answer, "write it as text, in quotes.")
    elif question == "project_slug":
        check_slug(answer, question)
    else:
        check_text(answer, question)
    return answer


def directory(answers: dict[str, object]) -> object:
    """Return the slug; raise FailedHookException if any answer is a bad one."""
    for question in QUESTIONS:
        checked(answers.get(question), question)
    return answers["project_slug"]


def toml(text: str) -> str:
    """Quote any text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")


def markdown(text: str) -> str:
    """Escape what Markdown would take for markup."""
    text = re.sub(r"([\\`*_\[\]<>&#|~$])", r"\\\1", text)
    return re.sub(r"^([-+]|\d+[.)])", lambda marker: f"{marker[0][:-1]}\\{marker[0][-1]}", text)


def refuse_options() -> None:
    """Refuse on the command line what cookiecutter would ignore."""
    context = click.get_current_context(silent=True)
    options = context.params if context else {}
    if options.get("skip_if_file_exists"):
        raise FailedHookException(
            "Error: --skip-if-file-exists would overwrite Python files all the same: leave it out."
        )
    given = options.get("extra_context")
    for question in given if isinstance(given, dict) else ():
        if question not in QUESTIONS:
            raise FailedHookException(
                f"Error: {question!r:.80} is no question: they are {', '.join(QUESTIONS)}."
            )


class Answers(Extension):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        refuse_options()
        self.asking = False
        for function in (checked, directory, toml, markdown):
            environment.filters[function.__name__] = function
        environment.globals["tested"] = tested_versions()
        environment.globals["template_version"] = template_version
        # `cruft update` bakes twice in one process, from two states of this file.
        sys.modules.pop(__name__, None)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Keep what is not the template's own from being rendered, as cookiecutter would do.

        Of the answers it renders `__first` first, and of the files the name of their directory.
        """
        if source == ASKED["__first"]:
            self.asking = True
        if (self.asking and source not in DEFAULTS) or os.path.isabs(source):
            return re.sub(r"\{(?=[{%#])", "{{ '{' }}", source)
        if source == "{{cookiecutter.project_slug}}":
            return "{{ cookiecutter | directory }}"
        return source
