"""The deprecated `opcua` library as a client of our server: a SCADA that nobody updates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.inspector.scada.plant import CLIENT_URI, PASSWORD, USER, Plant, opened_plant
from tests.inspector.scada.plant import decided_record as decided
from tests.needs import require_module

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    require_module("opcua")
    opened = opened_plant(tmp_path_factory.mktemp("scada"))
    yield opened
    opened.running.end()


@contextlib.contextmanager
def old_client(plant: Plant, *, encrypted: bool) -> Iterator[Any]:
    opcua = require_module("opcua")
    policies = require_module("opcua.crypto.security_policies")
    client = opcua.Client(plant.plan.endpoint, timeout=3)
    client.application_uri = CLIENT_URI
    client.set_user(USER)
    client.set_password(PASSWORD)
    if encrypted:
        ours = (str(plant.ours.cert_der), str(plant.ours.key_pem))
        client.set_security(policies.SecurityPolicyBasic256Sha256, *ours)
    client.connect()
    try:
        yield client
    finally:
        client.disconnect()


def test_it_reads_results_encrypted(plant: Plant) -> None:
    plant.source.waiting.append(decided(41))
    plant.running.wait_for_looks()
    with old_client(plant, encrypted=True) as client:
        index = client.get_namespace_index("urn:inspector:scada")
        part = client.get_node(f"ns={index};s=ring.LastResult.PartNumber")
        level = client.get_node("i=2267")
        assert (part.get_value(), level.get_value()) == (41, 255)


def test_it_is_refused_without_encryption(plant: Plant) -> None:
    ua = require_module("opcua.ua")
    refused = pytest.raises(ua.UaError, match="No matching endpoints")
    with refused, old_client(plant, encrypted=False):
        pass


def test_its_write_is_refused(plant: Plant) -> None:
    ua = require_module("opcua.ua")
    with old_client(plant, encrypted=True) as client:
        index = client.get_namespace_index("urn:inspector:scada")
        node = client.get_node(f"ns={index};s=ring.StateWhy")
        with pytest.raises(ua.UaStatusCodeError, match="BadNotWritable"):
            node.set_value("all fine")
