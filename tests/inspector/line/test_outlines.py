"""What a segmentation model drew goes with its finding from the worker to record and screen."""

import json

import numpy as np

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.frame import Frame
from inspector.gateway.worker_words import seen_message
from inspector.line.status import station_status
from tests.factory import Factory

PART = 40
CORNERS = [[10.0, 20.0], [50.5, 20.0], [50.5, 60.2]]


def test_an_outline_is_in_the_journal_and_on_the_screen_and_a_box_alone_is_as_it_was() -> None:
    drawn = Finding("scratch", 0.93, (10, 20, 40.5, 40.2), tuple((x, y) for x, y in CORNERS))
    result = ViewResult("top", (drawn, Finding("dent", 0.8, (1, 2, 3, 4))))
    frame = Frame("top", 1, 0, 0, np.zeros((4, 4, 3), np.uint8), 0.0)
    told = json.loads(json.dumps(seen_message(frame, result)))
    factory = Factory(bad_share=0)
    factory.told_instead[PART, "top"] = {
        **{key: told[key] for key in ("findings", "top_scores")},
        "picture": f"{PART}/top",
    }
    shown: list[object] = []
    for _ in range(3500):
        factory.step()
        said = json.loads(json.dumps(station_status(factory.line, now_s=factory.clock.s)))
        shown += [one["findings"] for one in said["waiting"] if one["number"] == PART]
    (entry,) = [one for one in factory.journal.of("judged") if one["number"] == PART]
    (row, plain) = entry["views"][0]["findings"]  # type: ignore[index]
    assert row == ["scratch", 0.93, [10, 20, 40.5, 40.2], CORNERS]
    assert plain == ["dent", 0.8, [1, 2, 3, 4]]
    assert shown[0] == [
        {
            **{"view": "top", "kind": "scratch", "score": 0.93, "box": [10, 20, 40.5, 40.2]},
            "outline": CORNERS,
        },
        {"view": "top", "kind": "dent", "score": 0.8, "box": [1, 2, 3, 4]},
    ]
