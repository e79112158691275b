from inspector.simulator.parts import STATIONS, kinds_of, views_of
from inspector.simulator.samples import GOOD, faint, samples


def test_each_class_has_its_first_parts() -> None:
    for station in STATIONS:
        labels = [sample.label for sample in samples(station, each=2)]
        assert labels.count(GOOD) == 2 * len(views_of(station))
        assert all(labels.count(kind) == 2 for kind in kinds_of(station))


def test_a_sample_shows_the_defect_it_is_named_for() -> None:
    for sample in samples("ring", each=1):
        if sample.defect is not None:
            assert (sample.defect.kind, sample.defect.view) == (sample.label, sample.view)


def test_the_faint_sample_is_faint() -> None:
    shown = faint("board", below_sigma=2.0).defect
    assert shown is not None
    assert shown.sigma < 2.0
