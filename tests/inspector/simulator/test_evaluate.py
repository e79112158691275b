import pytest

from inspector.domain.frame import BgrImage
from inspector.domain.share import Share
from inspector.simulator.evaluate import (
    JudgedPart,
    evaluated,
    evaluation_parts,
    judged,
    report,
)
from inspector.simulator.parts import Defect, PartTruth


def part(*sigmas: float) -> PartTruth:
    defects = tuple(Defect("scratch", "top", (0, 0, 10, 10), sigma) for sigma in sigmas)
    return PartTruth("ring", 1, defects)


def test_wilson_matches_the_published_example() -> None:
    """15 of 148: 6.2 % to 16.1 % (Newcombe 1998, table I, method 3)."""
    low, high = Share(15, 148).interval
    assert (low, high) == pytest.approx((0.0624, 0.1605), abs=5e-4)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_clear_defect_that_nothing_was_found_for_is_missed() -> None:
    seen = {"top": ("scratch",), "side": ()}
    unseen: dict[str, tuple[str, ...]] = {"top": (), "side": ()}
    figures = evaluated(
        "ring",
        [JudgedPart(part(4.0), seen), JudgedPart(part(4.0), unseen), JudgedPart(part(1.0), unseen)],
    )
    assert figures.missed_clear == Share(1, 2)
    assert figures.missed["scratch", 0.0, 2.0] == Share(1, 1)
    assert figures.kind_right == Share(1, 1)


def test_a_finding_in_the_other_view_does_not_count_as_found() -> None:
    found: dict[str, tuple[str, ...]] = {"top": (), "side": ("dent",)}
    assert evaluated("ring", [JudgedPart(part(4.0), found)]).missed_clear == Share(1, 1)


def test_a_good_part_with_a_finding_is_a_false_reject() -> None:
    found: dict[str, tuple[str, ...]] = {"top": ("dent",), "side": ()}
    figures = evaluated("ring", [JudgedPart(part(), found)])
    assert figures.false_rejects == Share(1, 1)
    assert "good parts rejected 1/1" in report(figures)


def test_every_view_is_judged() -> None:
    pictures: list[BgrImage] = []

    def judge(picture: BgrImage) -> list[str]:
        pictures.append(picture)
        return []

    parts = list(evaluation_parts("ring", good=1, bad=1))
    assert [p.bad for p in parts] == [False, True]
    judged(parts[0], judge)
    assert len(pictures) == 2


def test_another_draw_has_other_parts() -> None:
    seeds = [
        {part.seed for part in evaluation_parts("ring", good=2, bad=3, draw=draw)}
        for draw in (0, 1)
    ]
    assert len(seeds[0]) == len(seeds[1]) == 5
    assert not seeds[0] & seeds[1]
