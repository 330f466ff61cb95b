"""Is the picture of the README what a run prints today?"""

import re
from xml.etree import ElementTree

import pytest
from support.project import TEMPLATE, Project
from support.sample import SERVICE
from tools.picture import PICTURES, THEMES, TITLE, draw, path_of, shown


@pytest.fixture(scope="module")
def output(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    return shown(installed.copy(tmp_path_factory.mktemp("picture") / "my_backend"))


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_is_what_a_run_prints(output: str, theme: str) -> None:
    drawn = draw(output, theme)

    assert drawn == path_of(theme).read_text(encoding="utf-8"), (
        "The picture is out of date: uv run --directory tests python -m tools.picture"
    )


def test_the_readme_shows_a_picture_in_each_theme() -> None:
    named = re.findall(
        r'(?:src|srcset)="(.+)"', (TEMPLATE / "README.md").read_text(encoding="utf-8")
    )

    assert [TEMPLATE / path for path in named] == [path_of("dark"), path_of("light")]


def test_another_word_makes_a_picture_stale(output: str) -> None:
    changed = output.replace("never committed", "did not commit")

    assert draw(changed, "dark") != path_of("dark").read_text(encoding="utf-8")


def test_the_output_is_the_same_in_each_run(output: str) -> None:
    assert output.splitlines()[-1].removesuffix("\x1b[0m").endswith(" in 0.50s\x1b[0m")
    assert "/my_backend" not in output


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_loads_nothing_and_says_what_it_shows(theme: str) -> None:
    """GitHub shows no SVG with a script, and loads neither a font nor a style from outside."""
    root = ElementTree.parse(path_of(theme)).getroot()

    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {
        *("svg", "title", "rect", "text")
    }
    assert not [name for element in root.iter() for name in element.attrib if "href" in name]
    assert [element.text for element in root.iter() if element.get("id") == "title"] == [TITLE]
    shown_code = "".join("".join(root.itertext()).split())
    assert "".join(SERVICE.rpartition("\n\n\n")[2].split()) in shown_code


def test_a_line_is_as_wide_as_a_terminal() -> None:
    lines = ElementTree.fromstring(draw("a  b \x1b[31mred\x1b[0m\n" + 84 * "x" + " y", "dark"))

    texts = [(text.get("x"), text.get("y"), text.text) for text in lines.iter() if text.get("y")]
    assert texts[1:] == [
        *(("20", "34", "a"), ("45.2", "34", "b"), ("62", "34", "red")),
        *(("20", "54", 84 * "x"), ("20", "74", "y")),
    ]


def test_each_theme_has_a_picture_and_there_is_no_other() -> None:
    assert {path_of(theme) for theme in THEMES} == set(PICTURES.iterdir())
