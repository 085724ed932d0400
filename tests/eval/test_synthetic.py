"""Generated tasks have the length, depth and gold that were asked for, and nothing but the seed changes them."""

from __future__ import annotations

import pytest

from docqa.errors import UsageError
from docqa.eval.examples import Example, TextSource
from docqa.eval.loaders.synthetic import Design, counting_stars, injections, needles

DESIGN = Design(lengths=(1000, 4000), depths=(0.0, 0.5, 1.0), n_each=2, seed=3)


def parts(example: Example) -> tuple[str, ...]:
    (source,) = example.sources
    assert isinstance(source, TextSource)
    return source.parts


def test_a_needle_lies_where_the_gold_says_at_the_depth_asked_for() -> None:
    for example in needles(DESIGN):
        (gold,) = example.gold
        texts = parts(example)
        assert f"is {example.references[0]}." in texts[gold[1]]
        assert sum(example.references[0] in text for text in texts) == 1
        assert gold[1] == min(int((example.depth or 0.0) * len(texts)), len(texts) - 1)
        assert len("".join(texts).split()) == pytest.approx(example.length, abs=60)


def test_there_is_one_example_for_every_length_depth_and_repetition() -> None:
    found = list(needles(DESIGN))
    assert len(found) == 12
    assert len({example.id for example in found}) == 12


def test_the_seed_alone_decides() -> None:
    assert list(needles(DESIGN)) == list(needles(DESIGN))
    other = Design(DESIGN.lengths, DESIGN.depths, DESIGN.n_each, seed=4)
    assert [e.references for e in needles(DESIGN)] != [e.references for e in needles(other)]


def test_the_hay_may_be_given() -> None:
    design = Design(lengths=(300,), depths=(0.5,), hay="alpha beta gamma delta " * 50)
    (found,) = needles(design)
    words = set("".join(parts(found)).replace(found.references[0], "").split())
    assert {"alpha", "beta"} <= words
    assert "gardener" not in words


def test_an_instruction_is_planted_at_its_depth_and_the_needle_stays() -> None:
    found = list(injections(DESIGN))
    assert len(found) == len({example.id for example in found}) == 12
    for example, plain in zip(found, needles(DESIGN), strict=True):
        texts = parts(example)
        (planted,) = [n for n, text in enumerate(texts) if example.canary in text]
        assert planted == min(int((example.depth or 0.0) * len(texts)), len(texts) - 1)
        assert example.references == plain.references
        assert example.references[0] in texts[example.gold[0][1]]
        assert example.canary not in "".join(parts(plain))


def test_the_penguin_counts_as_often_as_asked_in_order() -> None:
    for example in counting_stars(DESIGN, n_stars=5):
        text = "".join(parts(example))
        positions = [text.index(f"counted {count} ★") for count in example.references]
        assert len(positions) == 5
        assert positions == sorted(positions)
        assert {place[1] for place in example.gold} == {
            n for n, part in enumerate(parts(example)) if "The little penguin counted" in part
        }


@pytest.mark.parametrize(("lengths", "depths"), [((), (0.5,)), ((50,), (0.5,)), ((500,), (1.5,)), ((500,), ())])
def test_a_design_that_makes_no_sense_is_told(lengths: tuple[int, ...], depths: tuple[float, ...]) -> None:
    with pytest.raises(UsageError):
        Design(lengths, depths)
