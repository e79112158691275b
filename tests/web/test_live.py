"""The live state, asked for and streamed."""

import json
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient

from tests.web.calls import sign_in
from tests.web.fakes import FakeFactory, part
from web.live import MOST_STREAMS


def states(client: FlaskClient, address: str = "/live") -> Iterator[dict[str, Any]]:
    """The snapshots of a stream, as they come."""
    answer = client.get(address, buffered=False)
    assert answer.mimetype == "text/event-stream"
    try:
        for chunk in answer.iter_encoded():
            if chunk.startswith(b"data: "):
                yield json.loads(chunk[6:])
    finally:
        answer.close()


def test_the_state_can_be_asked_for(client: FlaskClient) -> None:
    state = client.get("/live/state?station=ring").get_json()
    assert [one["name"] for one in state["stations"]] == ["ring"]
    assert client.get("/live/state?station=nobody").status_code == 404


def test_a_stream_gives_a_snapshot_at_once(client: FlaskClient, factory: FakeFactory) -> None:
    stream = states(client)
    assert [one["name"] for one in next(stream)["stations"]] == ["board", "ring", "blister"]
    stream.close()  # type: ignore[attr-defined]


def test_a_stream_says_who_is_signed_in(client: FlaskClient, factory: FakeFactory) -> None:
    sign_in(client)
    stream = states(client, "/live?station=board")
    assert next(stream)["person"] == {"name": "Mia Roth", "role": "operator"}
    factory.people.sessions.clear()
    factory.clock.passed_s += 3
    assert next(stream)["person"] is None
    stream.close()  # type: ignore[attr-defined]


def test_a_part_that_waits_is_not_kept_back(client: FlaskClient, factory: FakeFactory) -> None:
    stream = states(client)
    next(stream)
    factory.live.said["ring"]["waiting"] = [part(1)]  # the clock stands: no time has passed
    assert next(stream)["stations"][1]["waiting"][0]["number"] == 1
    stream.close()  # type: ignore[attr-defined]


def test_a_stream_ends_with_the_server(client: FlaskClient, factory: FakeFactory) -> None:
    stream = states(client)
    next(stream)
    factory.stopping.set()
    assert list(stream) == []


def test_there_is_a_cap_on_streams_and_it_is_given_back(
    client: FlaskClient, factory: FakeFactory
) -> None:
    open_ones = [client.get("/live", buffered=False) for _ in range(MOST_STREAMS)]
    refused = client.get("/live")
    assert (refused.status_code, set(refused.get_json())) == (503, {"error"})
    assert client.get("/live/state").status_code == 200
    for one in open_ones:
        one.close()
    again = client.get("/live", buffered=False)
    assert again.status_code == 200
    again.close()
