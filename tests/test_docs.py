"""The documents agree with the code: every setting, every example, the ten-line script."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from inspector.cli import COMMANDS, commands
from inspector.config.loading import load_site
from inspector.config.plc_profile import PlcProfile
from inspector.config.site import SiteFile
from inspector.config.station import Station, View
from inspector.domain.accounting import Recorded, account
from inspector.domain.overriding import Press
from inspector.domain.verdict import Verdict
from inspector.gateway.__main__ import PROCESSES
from inspector.plc.contract import read_nodes, written_nodes
from inspector.scada.nodes import SPECS
from inspector.vision.manifest import LAYOUTS_OF, Manifest, package_schema
from inspector.vision.parity import SCORE_TOLERANCE
from inspector.vision.verifying import DEVICE_TOLERANCE
from tests.factory import Factory

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FILES: dict[str, type[BaseModel]] = {
    "stations/<name>.toml": Station,
    "stations/plc/<name>.toml": PlcProfile,
    "site.toml": SiteFile,
}
UNITS = {
    "_px": "px",
    "_s": "s",
    "_ms": "ms",
    "_counts": "counts",
    "_hz": "1/s",
    "_per_s": "counts/s",
}
"""By the end of a key, the longest end first."""


class Setting(NamedTuple):
    """One line of a table: what may stand there and what holds when nothing does."""

    range: str
    default: str


# --- docs/stations.md ---


@pytest.mark.parametrize("file", FILES)
def test_every_setting_is_in_the_document_with_its_range_and_default(file: str) -> None:
    documented = {key: Setting(row["range"], row["default"]) for key, row in rows_of(file).items()}
    assert documented == dict(settings_of(FILES[file]))


@pytest.mark.parametrize("file", FILES)
def test_every_setting_has_the_unit_that_its_name_says_and_a_meaning(file: str) -> None:
    for key, row in rows_of(file).items():
        unit = next((UNITS[end] for end in longest_first(UNITS) if key.endswith(end)), None)
        assert unit is None or row["unit"] == unit, key
        assert len(row["meaning"]) > 10, key


def test_the_example_of_an_industrial_camera_is_a_view() -> None:
    (view,) = tomllib.loads(code_blocks("stations.md", "toml")[2])["views"]
    assert View.model_validate(view).camera.kind == "genicam"


@pytest.mark.parametrize("model", FILES.values())
def test_every_setting_is_described_in_the_schema_that_the_command_prints(
    model: type[BaseModel],
) -> None:
    schema = model.model_json_schema()
    parts = schema.get("$defs", {})
    for name, part in {"": schema, **parts}.items():
        for key, field in part["properties"].items():
            # A field described in the very words of its table leaves it to the table.
            table = parts.get(field.get("$ref", "").rpartition("/")[2], {})
            assert {**table, **field}.get("description"), f"{name}.{key}"


def test_the_examples_of_the_document_are_a_site_that_loads(tmp_path: Path) -> None:
    station, plc = code_blocks("stations.md", "toml")[:2]
    name, profile = (re.search(r'^name = "(\w+)"', text, re.M) for text in (station, plc))
    assert name
    assert profile
    package = re.search(r'^package = "(\w+)"', station, re.M)
    assert package
    (tmp_path / "stations" / "plc").mkdir(parents=True)
    (tmp_path / "stations" / f"{name[1]}.toml").write_text(station)
    (tmp_path / "stations" / "plc" / f"{profile[1]}.toml").write_text(plc)
    shutil.copytree(ROOT / "models" / package[1], tmp_path / "models" / package[1])
    pictures = re.search(r'path = "([\w/]+)"', station)
    assert pictures
    (tmp_path / pictures[1]).mkdir(parents=True)
    site = load_site(tmp_path)
    assert site.stations[0].views[0].camera.kind == "folder"


# --- docs/checks.md ---

HAND_MADE = [
    {"who": "camera", "station": "ring", "run": 1, "part": 1, "view": "top", "picture": "a"},
    *(
        {"who": "plc", "event": "trigger", "station": "ring", "run": 1, "part": part}
        for part in range(1, 13)
    ),
    *(
        {
            "who": "plc",
            "event": "decided",
            "station": "ring",
            "run": 1,
            "part": part,
            "truth": truth,
            "action": action,
            "actuations": actuations,
        }
        for part, truth, action, actuations in (
            (1, "good", 1, 0),
            (2, "good", 2, 1),
            (3, "good", 3, 1),
            (4, "bad", 2, 1),
            (5, "bad", 3, 1),
            (6, "bad", 1, 0),
            (7, "bad", 4, 0),
            (8, "bad", 2, 2),
            (9, "good", 7, 1),
            (10, "good", 6, 0),
            (11, "phantom", 3, 1),
        )
    ),
]


FROM_THE_DATABASE = {"records", "in_gap", "wrong_picture", "duplicate_records", "unaccounted"}
FROM_THE_GATEWAY = {"late", "frames_dropped"}


def test_the_ten_line_script_gives_the_sums_that_the_command_gives(tmp_path: Path) -> None:
    file = tmp_path / "truth.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in HAND_MADE))
    ours = account(HAND_MADE, [Recorded((1, 6), "pass", {})]).as_json()
    theirs = sums_by_script(file)
    both = ours.keys() - FROM_THE_DATABASE - FROM_THE_GATEWAY
    assert {name: theirs.get(name) for name in both} == {name: ours[name] for name in both}
    assert all(ours[name] for name in both), "the example must have something in every figure"


def test_the_ten_line_script_has_ten_lines() -> None:
    assert len(the_script().splitlines()) == 10


def test_every_command_of_the_checks_exists_with_its_options() -> None:
    for block in code_blocks("checks.md", "sh"):
        for words in re.findall(r"(?:^|[\s/])inspector ((?:[a-z]+)(?: [^#|>\n]*)?)", block, re.M):
            known_command(words)


# --- README and docs/architecture.md ---


def test_every_node_of_the_plc_is_in_the_handshakes_table() -> None:
    table = (DOCS / "architecture.md").read_text("utf-8").partition("## The PLC handshake")[2]
    for node in (*read_nodes(["<view>"], 8), *written_nodes(["<view>"], 8)):
        name = re.sub(r"\[\d+\]", "[i]", node.name)
        first, _, last = name.rpartition(".")
        assert f"`{name}`" in table or f"`.{last}`" in table, name
        assert first.split(".")[0] in table


def test_every_node_for_scada_is_in_its_table_with_its_type() -> None:
    text = (DOCS / "scada.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([\w.]+)` \| ([\w\[\]]+) \|", text, re.M))
    listed = {"LastResult.Reasons"}
    types = {one.name: one.type.name + "[]" * (one.name in listed) for one in SPECS}
    assert told == types


def test_every_process_is_in_the_table_of_processes() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    for name in PROCESSES:
        assert name in text, name


def test_every_field_of_a_journal_entry_is_in_its_table() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition("## The journal")[2], re.M))
    for entry in written_entries():
        fields = set(re.findall(r"`(\w+)`", told[str(entry["kind"])])) | {"kind", "at", "station"}
        assert set(entry) <= fields, entry["kind"]


def written_entries() -> list[dict[str, object]]:
    """Return entries of every kind, as a line wrote them that has seen much."""
    factory = Factory()
    factory.cameras["top"].faults = {30: "miss"}
    factory.run(25)
    press = Press("p1", Verdict.REJECT, "Anna", True, 0, "2026-11-24T00:00:00+00:00")
    parts = factory.line.belt.parts
    passing = max(number for number, part in parts.items() if part.stands is Verdict.PASS)
    factory.line.press(factory.line.record(passing), press, {})
    factory.line.press("0" * 32, replace(press, press_id="p2"), {})
    factory.run(5)
    factory.cut()
    factory.run(60)
    factory.connect()
    factory.run_until_empty()
    entries = factory.journal.entries
    kinds = {"boot", "judged", "acked", "override", "latched", "correction", "decided", "gap"}
    assert {str(entry["kind"]) for entry in entries} == kinds | {"alarm"}
    return entries


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"inspector {name}" in text, name


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for file in (ROOT / "README.md", *DOCS.glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text("utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name}: {target}"


# --- reading the documents ---


def rows_of(file: str) -> dict[str, dict[str, str]]:
    """Return the rows of a file's table by key."""
    text = (DOCS / "stations.md").read_text("utf-8")
    section = text.partition(f"## `{file}`")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    assert lines, f"no table for {file}"
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        key, unit, allowed, default, meaning = (cell.strip() for cell in line[1:-1].split(" | "))
        assert key.strip("`") not in found, f"{key} stands twice"
        found[key.strip("`")] = {
            "unit": unit,
            "range": allowed,
            "default": default,
            "meaning": meaning,
        }
    return found


def code_blocks(document: str, language: str) -> list[str]:
    """Return a document's code blocks in a language."""
    text = (DOCS / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def the_script() -> str:
    """Return the script that computes the sums, as it stands in the document."""
    (script,) = code_blocks("checks.md", "python")
    return str(script)


def sums_by_script(file: Path) -> dict[str, int]:
    """Return what the script prints about the file, run without anything of ours."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", the_script(), str(file)],
        check=True,
        capture_output=True,
        text=True,
    )
    printed: dict[str, int] = json.loads(ran.stdout)
    return printed


def known_command(words: str) -> None:
    """Fail when a command of ours, or an option of it, does not exist."""
    name, *rest = words.split()
    command: Any = commands.get_command(click.Context(commands), name)
    if hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    for word in rest:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"inspector {words}"


# --- reading the code ---


def settings_of(model: type[BaseModel], under: str = "") -> Iterator[tuple[str, Setting]]:
    """Yield every key of a settings file that a person can write, with range and default."""
    for name, field in model.model_fields.items():
        key, members = under + name, members_of(field)
        if named := named_table(field):
            yield key, Setting("name → table", default_of(field))
            yield from settings_of(named, f"{key}.<name>.")
            continue
        if get_origin(field.annotation) is tuple and members:
            yield key, Setting(range_of(field), default_of(field))
            key += "[]"
        if not members:
            yield key, Setting(range_of(field), default_of(field))
        found: dict[str, Setting] = {}
        for member in members:
            for inner, setting in settings_of(member, f"{key}."):
                # The same key may stand in the tables of several kinds.
                before = found.get(inner, setting)
                both = f"{before.range}, {setting.range}" if before != setting else setting.range
                found[inner] = setting._replace(range=both)
        yield from found.items()


def members_of(field: FieldInfo) -> list[type[BaseModel]]:
    """Return the tables that may stand at a field: none for a plain value."""
    return [one for one in flat(field.annotation) if isinstance(one, type) and is_table(one)]


def named_table(field: FieldInfo) -> type[BaseModel] | None:
    """Return the table of which a field holds one for each name, or None."""
    if get_origin(field.annotation) is not dict:
        return None
    value = get_args(field.annotation)[1]
    return value if isinstance(value, type) and is_table(value) else None


def flat(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation consists of: members of a union, items of a list."""
    if get_origin(annotation) in (Union, types.UnionType, tuple, Annotated):
        for one in get_args(annotation):
            yield from flat(one)
    else:
        yield annotation


def is_table(one: type) -> bool:
    return issubclass(one, BaseModel)


def default_of(field: FieldInfo) -> str:
    """Return a default as TOML writes it, or *required*."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return f"`{json.dumps(value)}`"


def range_of(field: FieldInfo) -> str:
    """Return in words what a field takes."""
    annotation = when_set(field.annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if annotation is bool:
        return "`true`, `false`"
    if get_origin(annotation) is tuple:
        return f"{spoken(field.metadata)} {items_of(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return named_range(get_args(annotation)[1])
    if annotation is str:
        return text_range(field)
    whole = "whole number, " if annotation is int else ""
    return whole + spoken(field.metadata)


def named_range(value: Any) -> str:
    """Return in words what a table by name or class holds."""
    if get_origin(value) is types.UnionType:
        return "name → `true`, `false`, number or text"
    return f"class → {spoken(getattr(value, '__metadata__', ()))}"


def items_of(one: Any) -> str:
    if one is time:
        return "times of day"
    words = ", ".join(f"`{word}`" for word in get_args(one))
    return f"of {words}" if words else "tables"


def when_set(annotation: Any) -> Any:
    """Return the type of what a key holds when it is set."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    return next(one for one in get_args(annotation) if one is not type(None))


def text_range(field: FieldInfo) -> str:
    for one in field.metadata:
        pattern = getattr(one, "pattern", None)
        if pattern:
            return f"`{pattern}`"
    return f"{spoken(field.metadata)} characters" if field.metadata else "text"


def spoken(metadata: Any) -> str:
    """Return bounds in words: "0 to 1", "above 0", "above 0, up to 10", "0 or more"."""
    bounds: dict[str, Any] = {}
    for one in metadata:
        for part in one if isinstance(one, annotated_types.GroupedMetadata) else [one]:
            for kind in ("ge", "gt", "le", "min_length", "max_length"):
                if hasattr(part, kind):
                    bounds[kind] = getattr(part, kind)
            if isinstance(part, FieldInfo):
                return spoken(part.metadata)
    low = bounds.get("ge", bounds.get("min_length"))
    high = bounds.get("le", bounds.get("max_length"))
    if "gt" in bounds:
        return f"above {bounds['gt']:g}" + (f", up to {high:g}" if high is not None else "")
    if low is None and high is None:
        return "any number"
    if low is None:  # a text's length
        low = 0
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def longest_first(ends: dict[str, str]) -> list[str]:
    return sorted(ends, key=len, reverse=True)


# --- docs/packages.md ---


def test_every_key_of_a_manifest_is_in_the_document() -> None:
    schema = package_schema()
    text = (ROOT / "docs" / "packages.md").read_text("utf-8")
    for key, of in schema["properties"].items():
        inner = schema["$defs"].get(of.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
        parted = key in {"input", "output", "precision"}
        named = [f"{key}.{one}" for one in inner] if parted else [key]
        for one in named:
            assert f"`{one}`" in text, one


def test_every_layout_is_in_the_document_with_its_task() -> None:
    text = (ROOT / "docs" / "packages.md").read_text("utf-8")
    for task, layouts in LAYOUTS_OF.items():
        for layout in layouts:
            assert f"| `{layout}` | `{task}` |" in text, layout


def test_the_tolerances_of_the_document_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "packages.md").read_text("utf-8")
    assert text.count(f"within {SCORE_TOLERANCE}") == 3
    assert f"move by more than {DEVICE_TOLERANCE}" in text


def test_the_manifest_of_the_document_is_one() -> None:
    (text,) = code_blocks("packages.md", "toml")
    assert Manifest.model_validate(tomllib.loads(text)).task == "anomaly"
