"""A PLC's profile: what it must say, and what it may not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from inspector.config.plc_profile import PlcProfile, node_clashes, node_of
from inspector.plc.contract import (
    NAMES,
    OF_TRANSPORT,
    PLAIN,
    WRITTEN,
    Place,
    default_id,
    other_ways,
    pulled_nodes,
)

DOCS = Path(__file__).parents[3] / "docs" / "plc"
LINE1: dict[str, Any] = {
    "name": "line1",
    "endpoint": "opc.tcp://plc:4840",
    "user": "inspector",
    "password_env": "LINE1",
    "server_certificate": "line1.der",
    "namespace_uri": "urn:plc",
    "slot_count": 16,
}
PULL = {"host": "10.0.0.5", "user": "plc", "password_env": "PLC", "trust_dir": "trusted"}
NO_POLICY = {"policy": "None", "server_certificate": ""}


def profile(**changed: Any) -> PlcProfile:
    return PlcProfile.model_validate(LINE1 | changed)


def test_the_example_has_every_setting_and_says_what_holds_without_it() -> None:
    text = (DOCS / "example.toml").read_text("utf-8")
    values = tomllib.loads(text)
    example = PlcProfile.model_validate(values)
    for key in PlcProfile.model_fields:
        assert key in values or f"\n# {key} = " in text, key
    assert set(values["nodes"]) == {name for name in NAMES if PLAIN[name].id}
    assert {name: place.id for name, place in example.places.items()} == {
        name: place.id for name, place in PLAIN.items()
    }
    assert all(place.type for place in example.places.values() if place.id)


@pytest.mark.parametrize("transport", ["mailbox", "method"])
def test_the_example_has_the_nodes_of_the_other_ways_to_be_taken_instead(transport: str) -> None:
    text = (DOCS / "example.toml").read_text("utf-8")
    text = text.replace('transport = "tables"', f'transport = "{transport}"')
    for name in OF_TRANSPORT["tables"]:
        text = text.replace(f'"{name}" = ', f'# "{name}" = ')
    names = OF_TRANSPORT[transport]
    for name in names:
        assert f'# "{name}" = ' in text
        text = text.replace(f'# "{name}" = ', f'"{name}" = ')
    places = PlcProfile.model_validate(tomllib.loads(text)).places
    assert {name: places[name].id for name in names} == {name: default_id(name) for name in names}
    assert not places["Verdict.Slot"].id


@pytest.mark.parametrize("file", sorted((DOCS / "profiles").glob("*.toml")), ids=lambda f: f.stem)
def test_a_shipped_profile_is_in_order_as_it_stands(file: Path) -> None:
    one = PlcProfile.model_validate(tomllib.loads(file.read_text("utf-8")))
    assert one.name == file.stem
    stations = [("board", ("top",)), ("ring", ("top", "side"))]
    assert not list(node_clashes(one, stations))


def test_the_minimal_profile_lacks_whatever_may_be_lacking() -> None:
    text = (DOCS / "profiles" / "minimal.toml").read_text("utf-8")
    places = PlcProfile.model_validate(tomllib.loads(text)).places
    assert {name for name, place in places.items() if place.id} == {
        "Track.PartId",
        "Track.Encoder",
        "Track.Ring",
        "Camera.Ring",
        "Decision.Slots",
        "Verdict.Slot",
        "Link.GatewayHeartbeat",
        "Link.PlcHeartbeat",
    }


WRONG = [
    ({"policy": "None"}, "needs unencrypted = true beside it"),
    ({"unencrypted": True}, 'belongs to policy = "None", not to "Basic256Sha256"'),
    ({"password_env": ""}, "a user needs password_env or password_file"),
    ({"password_file": "line1.password"}, "a user needs password_env or password_file"),
    ({"user": ""}, "a user needs password_env or password_file"),
    ({"server_certificate": ""}, "one of server_certificate and trust_dir is needed"),
    ({"trust_dir": "trusted"}, "one of server_certificate and trust_dir is needed"),
    ({"slot_count": 48}, "slot_count must be a power of two"),
    ({"transport": "telepathy"}, "transport"),
    ({"nodes": {"Track.Part": {"id": "i=1"}}}, 'no node is called "Track.Part"'),
    ({"nodes": {"Track": {"PartId": {"id": "i=1"}}}}, "nodes.Track.PartId"),
    ({"nodes": {"Track.PartId": {"id": "i=1", "index": 3}}}, "nodes.Track.PartId.index"),
    ({"nodes": {"Track.PartId": {"id": "ns=3;i=1"}}}, 'must begin with "s=" or "i="'),
    ({"nodes": {"Track.PartId": {"id": "s="}}}, 'must begin with "s=" or "i="'),
    ({"nodes": {"Track.PartId": {"id": "s={station}.Id"}}}, "the id has {station}"),
    ({"nodes": {"Track.PartId": {"id": "s={view}.Id"}}}, "the id has {view}"),
    (
        {"nodes": {"Camera.Ring": {"id": "s=Cam{no}"}}},
        "that of this node may have {number}, {number_from_1}, {prefix}, {view}",
    ),
    ({"nodes": {"Verdict.Slot": {"id": "s={prefix}.Slot"}}}, "the id must hold {slot}"),
    ({"nodes": {"Verdict.Slot": {"type": "Boolean"}}}, "the type must be UInt32 or Int32"),
    ({"nodes": {"Config.PassAll": {"type": "UInt32"}}}, "the type must be Boolean"),
    ({"nodes": {"Track.PartId": {"id": ""}}}, "every PLC needs this node"),
    ({"nodes": {"Link.Epoch": {"id": ""}}}, "every PLC needs this node"),
    ({"nodes": {"Verdict.Mailbox": {"id": "i=1"}}}, "says that there is none"),
    ({"transport": "mailbox", "nodes": {"Verdict.Slot": {"id": "i={slot}"}}}, "there is none"),
    ({"transport": "mailbox", "nodes": {"Verdict.Taken": {"id": ""}}}, "every PLC needs"),
    ({"epoch": False, "nodes": {"Link.Epoch": {"id": "i=1"}}}, "says that there is none"),
    ({"sync": "standstill", "nodes": {"Sync.Answer": {"id": "i=1"}}}, "says that there is none"),
    ({"transport": "pull"}, 'transport = "pull" needs a table [pull]'),
    ({"pull": PULL}, 'a table [pull] belongs to transport = "pull", not to "tables"'),
    ({"transport": "pull", "pull": PULL | {"password_file": "both"}}, "give the password in"),
    ({"transport": "pull", "pull": PULL | {"trust_dir": ""}}, "pull.trust_dir"),
    ({"transport": "pull", "pull": PULL | {"colour": 1}}, "pull.colour"),
    (
        {"transport": "pull", "pull": PULL, "nodes": {"Link.GatewayEpoch": {"id": "i=1"}}},
        "says that there is none",
    ),
]


@pytest.mark.parametrize(("changed", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_contradicts_itself_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        profile(**changed)
    (first, *_) = refused.value.errors()
    assert says in f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def test_none_stands_only_with_its_own_word_and_needs_no_certificate() -> None:
    assert not profile(unencrypted=True, **NO_POLICY).encrypted
    assert profile().encrypted


def test_a_user_may_be_nobody_or_have_a_file() -> None:
    assert profile(user="", password_env="").user == ""
    assert profile(password_env="", password_file="line1.password").password_env == ""


def test_what_a_switch_leaves_out_is_nowhere() -> None:
    places = profile(epoch=False, operator_table=False, sync="standstill").places
    absent = {name for name, place in places.items() if not place.id}
    assert absent - set(other_ways("tables")) == {
        *("Link.Epoch", "Link.GatewayEpoch", "Operator.Slot", "Operator.Latched"),
        *("Sync.Request", "Sync.Answer"),
    }


def test_a_plc_that_reads_from_us_has_none_of_the_nodes_that_we_write_elsewhere() -> None:
    places = profile(transport="pull", pull=PULL).places
    absent = {name for name, place in places.items() if not place.id}
    assert absent == {*WRITTEN, *other_ways("pull")}
    assert [node.name for node in pulled_nodes(["top", "side"], 8, places)] == [
        "Link.GatewayHeartbeat",
        "Link.GatewayEpoch",
        "Sync.top.Request",
        "Sync.side.Request",
        "Verdict.Slot",
        "Operator.Slot",
    ]


def test_a_type_alone_leaves_the_node_where_it_is() -> None:
    places = profile(nodes={"Verdict.Slot": {"type": "Int32"}}).places
    assert places["Verdict.Slot"] == Place("s={prefix}.Verdict.Slot[{slot}]", "Int32")


def test_a_plc_that_fires_no_camera_needs_no_nodes_about_cameras() -> None:
    places = profile(sync="software_trigger").places
    assert {name for name, place in places.items() if not place.id} >= {
        "Camera.Ring",
        "Sync.Request",
        "Sync.Answer",
    }
    assert places["Track.Ring"].id


@pytest.mark.parametrize(
    ("nodes", "key"),
    [
        ({"Link.GatewayHeartbeat": {"id": "s=Heartbeat"}}, "Link.GatewayHeartbeat"),
        ({"Verdict.Slot": {"id": "s=Slot[{slot}]"}}, "Verdict.Slot"),
        ({"Operator.Slot": {"id": "s={prefix}.Verdict.Slot[{slot}]"}}, "Operator.Slot"),
        ({"Sync.Request": {"id": "s={prefix}.Request"}}, "Sync.Request"),
        ({"Link.PlcHeartbeat": {"id": "s={prefix}.Link.GatewayHeartbeat"}}, "GatewayHeartbeat"),
    ],
)
def test_two_nodes_of_which_one_is_written_cannot_be_one(nodes: dict[str, Any], key: str) -> None:
    stations = [("board", ("top", "side")), ("ring", ("top",))]
    found = list(node_clashes(profile(nodes=nodes), stations))
    assert found
    assert key in found[0][0]
    assert "already" in found[0][1]


@pytest.mark.parametrize(("hole", "numbers"), [("number", "01"), ("number_from_1", "12")])
def test_a_plc_may_count_its_cameras_from_0_or_from_1(hole: str, numbers: str) -> None:
    one = profile(nodes={"Camera.Ring": {"id": f's="{{prefix}}"."Cam{{{hole}}}"'}})
    views = ("top", "side")
    at = [node_of(one, f"Camera.{view}.Ring", prefix="board", views=views) for view in views]
    assert at == [f's="board"."Cam{number}"' for number in numbers]


def test_two_nodes_that_are_only_read_may_be_one() -> None:
    nodes = {"Camera.Ring": {"id": "s={prefix}.Track.Ring"}}
    assert not list(node_clashes(profile(nodes=nodes), [("board", ("top", "side"))]))


def test_a_numeric_id_that_is_no_number_once_it_is_filled_is_named() -> None:
    nodes = {"Track.PartId": {"id": "i={prefix}7"}}
    assert not list(node_clashes(profile(nodes=nodes), [("10", ("top",))]))
    ((key, why), *_) = node_clashes(profile(nodes=nodes), [("board", ("top",))])
    assert key == 'nodes."Track.PartId".id'
    assert "i=board7 is no numeric NodeId" in why


def test_the_schema_names_every_node() -> None:
    schema = PlcProfile.model_json_schema()
    assert schema["properties"]["nodes"]["propertyNames"] == {"enum": list(NAMES)}
