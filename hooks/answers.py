"""A Jinja extension that refuses a bad answer at its prompt, and quotes a good one.

It is no hook: Cookiecutter runs the first of those after the last question.
"""

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
MAX_BYTES = 63  # The limit for a name in PostgreSQL.
TAKEN = {
    *("app", "conftest", "dev", "hooks", "migrations", "test", "tests"),
    *("argon2", "dns", "dotenv", "jwt", "multipart", "passlib", "xdist"),
    *("postgres", "template0", "template1"),
    *("aux", "con", "nul", "prn"),
    *("false", "n", "no", "null", "off", "on", "true", "y", "yes"),  # Not strings in YAML.
}
# Unicode classes of the characters that change the direction of the text.
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def tested_versions() -> dict[str, str]:
    """Return the version of each package that the template is tested with."""
    text = Path(__file__).with_name("tested-versions.txt").read_text(encoding="utf-8")
    return dict(line.split("==") for line in text.split())


def template_version() -> str:
    """Return the commit of this template, with the latest tag before it if there is one."""
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


def refuse(question: str, answer: object, reason: str) -> NoReturn:
    raise FailedHookException(f"Error: {question} is {answer!r:.80}: {reason}")


def check_text(answer: str, question: str) -> None:
    """Raise FailedHookException unless the answer is a single line of text."""
    if not answer.strip():
        refuse(question, answer, "it must not be blank.")
    kinds = {unicodedata.category(char) for char in answer}
    if "Cs" in kinds:
        refuse(
            question,
            answer,
            "it is not valid UTF-8. If your locale has another encoding, set PYTHONUTF8=1.",
        )
    if kinds & {"Cc", "Zl", "Zp"} or TURNS & {unicodedata.bidirectional(char) for char in answer}:
        refuse(question, answer, "it must be a single line, without control characters.")
    if answer != answer.strip():
        refuse(question, answer, "it must not begin or end with whitespace.")


def check_slug(answer: str, question: str) -> None:
    """Raise FailedHookException unless the answer can be every name that is made from it."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", answer):
        refuse(
            question,
            answer,
            "use lowercase letters, digits and single underscores, and start with a letter,"
            ' as in "my_backend".',
        )
    if len(answer) > MAX_BYTES:
        refuse(question, answer, f"a database name has at most {MAX_BYTES} characters.")
    if (
        answer in TAKEN
        or keyword.iskeyword(answer)
        or answer in getattr(sys, "stdlib_module_names", ())
        or answer.replace("_", "-") in tested_versions()
    ):
        refuse(question, answer, f'that name is already taken, try "{answer}_backend".')


def checked(answer: object, question: str) -> object:
    """Return the answer, or raise FailedHookException if it is invalid."""
    default = QUESTIONS[question]
    if isinstance(answer, Undefined):
        return ""  # From a replay file. It is checked before the directory is created.
    if isinstance(default, list):
        if answer not in default:
            refuse(question, answer, f"choose one of {', '.join(default)}.")
    elif not isinstance(answer, str):
        refuse(question, answer, "it must be text, in quotes.")
    elif question == "project_slug":
        check_slug(answer, question)
    else:
        check_text(answer, question)
    return answer


def directory(answers: dict[str, object]) -> object:
    """Return the slug, or raise FailedHookException if any answer is invalid."""
    for question in QUESTIONS:
        checked(answers.get(question), question)
    return answers["project_slug"]


def toml(text: str) -> str:
    """Quote any text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")


def markdown(text: str) -> str:
    """Escape what Markdown would treat as markup."""
    text = re.sub(r"([\\`*_\[\]<>&#|~$])", r"\\\1", text)
    return re.sub(r"^([-+]|\d+[.)])", lambda marker: f"{marker[0][:-1]}\\{marker[0][-1]}", text)


def refuse_options() -> None:
    """Refuse an option that does harm, and a question that cookiecutter would ignore."""
    context = click.get_current_context(silent=True)
    options = context.params if context else {}
    if options.get("skip_if_file_exists"):
        raise FailedHookException(
            "Error: --skip-if-file-exists would still overwrite Python files. Leave it out."
        )
    given = options.get("extra_context")
    for question in given if isinstance(given, dict) else ():
        if question not in QUESTIONS:
            raise FailedHookException(
                f"Error: unknown question {question!r:.80}. Choose from {', '.join(QUESTIONS)}."
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
        """Keep cookiecutter from rendering text that is not part of the template.

        The first answer that it renders is `__first`; before any file, it renders the directory's
        name.
        """
        if source == ASKED["__first"]:
            self.asking = True
        if (self.asking and source not in DEFAULTS) or os.path.isabs(source):
            return re.sub(r"\{(?=[{%#])", "{{ '{' }}", source)
        if source == "{{cookiecutter.project_slug}}":
            return "{{ cookiecutter | directory }}"
        return source
