"""node-opcua as a client of our server: it shares no code with the library that serves."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.domain.verdict import Verdict
from tests.inspector.scada.plant import PASSWORD, SHA, USER, Plant, decided_record, opened_plant
from tests.needs import require_nodeset, require_npm, require_program

pytestmark = pytest.mark.slow
CLIENT = Path(__file__).with_name("client.js")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    require_npm("node-opcua")
    nodeset = require_nodeset("Opc.Ua.MachineVision.NodeSet2.xml")
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # two of its own types share a name
    opened = opened_plant(tmp_path, nodeset=nodeset)
    yield opened
    opened.running.end()
    logging.getLogger("asyncua").setLevel(logging.NOTSET)


class NodeClient:
    """The client's process, line by line."""

    def __init__(self, plant: Plant) -> None:
        words = [
            require_program("node", package="nodejs"), CLIENT, plant.plan.endpoint,
            plant.ours.cert_der, plant.ours.key_pem, plant.plan.certificate, USER, PASSWORD, "ring",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            [*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def said(self) -> dict[str, Any]:
        """Return the next thing it says."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
        pytest.fail("the client ended")


def test_it_reads_a_station_encrypted_and_hears_of_each_result(plant: Plant) -> None:
    plant.source.waiting.append(decided_record(31))
    plant.running.wait_for_looks()
    client = NodeClient(plant)
    try:
        assert client.said() == {"what": "unencrypted", "refused": True}
        read = {"what": "read", "state": "good", "verdict": "pass", "recent": 1}
        assert client.said() == read
        assert client.said() == {"what": "listening"}
        plant.source.waiting.append(decided_record(32, Verdict.REJECT))
        event = client.said()
        assert (event["part"], event["result"]) == ("32", "rec-32")
        assert event["content"][:2] == ["reject", "rejected"]
        assert (event["simulated"], event["hash"]) == (True, SHA)
        assert client.process.wait(20) == 0
    finally:
        client.process.kill()
        client.process.communicate()
