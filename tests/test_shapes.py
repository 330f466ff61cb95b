"""Does the gate fit repositories of others: each finding in them is known, and true.

A shape is a small repository under `tests/foreign`, with the gate copied into it. Its `shape.toml`
says what is to be found.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest
from support.shapes import SHAPES, WITH_GATE, Environment, Run, Shape, lay_out

BLIND = [shape for shape in SHAPES if shape.blind_spots]


def name_of(shape: Shape) -> str:
    return shape.name


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_the_gate_finds_what_is_wrong_and_nothing_else(
    shape: Shape, shapes_environment: Environment, tmp_path: Path
) -> None:
    path = lay_out(shape, tmp_path, planted=True)

    run = shapes_environment.pytest(shape, path, *WITH_GATE)

    assert run.found == shape.expected | shape.planted, run.output
    # How many tests each meets, the run without what is planted shows.
    assert reasons(run.blind_spots) == reasons(shape.blind_spots)
    # Each of the planted ones fails its own test, and the others fail none but those that are said.
    of_theirs = {test for test in failed_by_the_gate(run) if not is_planted(test, shape)}
    assert len(of_theirs) == sum(truth.tests for truth in shape.true), run.output
    assert run.bad == failed_by_the_gate(run), run.output
    good = {test for test in run.good if not is_planted(test, shape)}
    assert len(good) == shape.passed - len(of_theirs), run.output
    for finding in run.findings:
        place = finding["rule"], finding["path"], finding["line"]
        assert is_planted(finding["test"], shape) or place in shape.expected, finding


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_nothing_is_found_while_the_gate_is_off(
    shape: Shape, shapes_environment: Environment, tmp_path: Path
) -> None:
    run = shapes_environment.pytest(shape, lay_out(shape, tmp_path), "--gate=off")

    assert run.code == 0, run.output
    assert len(run.good) == shape.passed, run.output
    assert "behavior gate" not in run.output


@pytest.mark.parametrize("shape", BLIND, ids=name_of)
def test_a_strict_run_fails_where_the_gate_is_blind(
    shape: Shape, shapes_environment: Environment, tmp_path: Path
) -> None:
    path = lay_out(shape, tmp_path)

    run = shapes_environment.pytest(shape, path, "--override-ini=gate_strict=true")

    assert run.code == 1, run.output
    assert not run.bad, run.output
    for text in shape.blind_spots:
        assert f"behavior gate: blind spot: {text}\n" in run.output


def reasons(blind_spots: Iterable[str]) -> list[str]:
    return sorted(text.rpartition("(")[2] for text in blind_spots)


def failed_by_the_gate(run: Run) -> set[str]:
    return {finding["test"] for finding in run.findings}


def is_planted(test: str, shape: Shape) -> bool:
    return test.partition("::")[0] in shape.planted_tests
