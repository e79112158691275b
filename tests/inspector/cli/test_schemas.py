"""Each `--json` has its schema, closed and with every figure explained; real values fit it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from inspector.cli import demo_evaluate
from inspector.cli.people import list_people
from inspector.cli.picture_status import picture_lines
from inspector.cli.status import model_line, read_site_status
from inspector.config.loading import load_site
from inspector.config.site import save_site
from inspector.domain.accounting import Sums
from inspector.errors import NothingRunning
from inspector.gateway.demo_report import StationReport
from inspector.gateway.worker_side import take_from_worker
from inspector.ipc import Runtime, write_status
from inspector.line.status import percentiles, station_status
from inspector.simulator.evaluate import JudgedPart, evaluated, evaluation_parts
from inspector.simulator.parts import views_of
from inspector.storage.database import writing
from inspector.supervisor import Child, Supervisor
from inspector.vision.picture_check import Features
from tests.factory import LAYOUT, Factory

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "schemas"
WITH_FIGURES = (
    *("audit-verify", "demo", "demo-evaluate", "evaluate", "kpi", "kpi-advise", "kpi-from-files"),
    *("plc-check", "status"),
)


def schema(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return read


def check(name: str, value: object) -> None:
    """Fail unless a value, once through JSON, fits the schema."""
    jsonschema.validate(
        json.loads(json.dumps(value)),
        schema(name),
        cls=jsonschema.Draft202012Validator,
        format_checker=jsonschema.FormatChecker(),
    )


def parts_of(node: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a schema with its place."""
    if isinstance(node, dict):
        yield path, node
        for key, inner in node.items():
            yield from parts_of(inner, f"{path}/{key}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from parts_of(inner, f"{path}/{number}")


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_every_schema_is_one_and_closed(file: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(file.stem))
    for path, part in parts_of(schema(file.stem)):
        if isinstance(part.get("properties"), dict):
            assert part.get("additionalProperties") is False, path
            assert set(part["required"]) <= set(part["properties"]), path


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_every_figure_is_explained(name: str) -> None:
    for path, part in parts_of(schema(name)):
        for key, figure in part.get("properties", {}).items():
            if isinstance(figure, dict):
                text = figure.get("description", resolved(name, figure).get("description", ""))
                assert len(text) > 5, f"{path}/{key}"


def resolved(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Return what a `$ref` within the file stands for."""
    where: Any = schema(name)
    for step in part.get("$ref", "#").split("/")[1:]:
        where = where[step]
    return dict(where)


# --- demo ---


@pytest.mark.parametrize("latencies", [(), (5.0, 6.5, 40.25)])
def test_the_sums_of_a_run_fit_their_schema(latencies: tuple[float, ...]) -> None:
    one = StationReport(Sums(triggered=3, good=3), latencies)
    stations = {"ring": one.as_json(), "board": one.as_json()}
    check("demo", {"schema": 1, "seed": 7, "stations": stations, "all": (one + one).as_json()})


def test_every_sum_is_in_the_schema_and_no_other() -> None:
    explained = set(schema("demo")["$defs"]["sums"]["properties"])
    assert explained == {*Sums().as_json(), "latency_ms"}


def test_a_figure_nobody_explained_is_refused() -> None:
    one = {**StationReport(Sums(), ()).as_json(), "new_figure": 1}
    with pytest.raises(jsonschema.ValidationError, match="new_figure"):
        check("demo", {"schema": 1, "seed": 1, "stations": {"ring": one}, "all": one})


# --- demo --evaluate ---


def test_the_figures_of_an_evaluation_fit_their_schema() -> None:
    views = views_of("ring")
    seen = [
        JudgedPart(part, {view: tuple(d.kind for d in part.defects) for view in views})
        for part in evaluation_parts("ring", good=2, bad=3)
    ]
    for parts in (seen, []):
        shown = demo_evaluate._as_json(evaluated("ring", parts))
        check("demo-evaluate", {"schema": 1, "parts": 3, "stations": {"ring": shown}})


# --- status ---


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """A runtime folder as a running site leaves it, with one live station."""
    runtime = Runtime(tmp_path / "runtime").make()
    site = load_site(ROOT, data=tmp_path / "data")
    save_site(site, runtime.site_file)
    with writing(Path(site.data)):
        pass
    child = Child("line", ["true"], {})
    supervisor = Supervisor([child], beat_age_s=lambda name: None, publish=lambda state: None)
    write_status(runtime, "supervisor", {"processes": supervisor.processes()})
    return runtime


def test_the_status_of_a_running_site_fits_its_schema(runtime: Runtime) -> None:
    factory = Factory()
    factory.run(20)
    live = station_status(factory.line, now_s=factory.clock.s)
    write_status(runtime, "line", {"plc": {}, "stations": {"ring": live}})
    last = asdict(Features(mean=75.25, contrast=42.0, part_share=0.3, sharpness=0.7))
    write_status(runtime, "worker-ring", {"views": {"top": {"picture": last}}})
    status = read_site_status(runtime)
    check("status", status)
    pictures = status["stations"]["ring"]["pictures"]
    assert (pictures["top"]["last"], pictures["side"]["last"]) == (last, None)
    (line,) = picture_lines(pictures)
    least = pictures["top"]["limits"]["least_sharpness"]
    assert line.startswith("view top: mean grey 75.2 (")
    assert line.endswith(f"sharpness 0.7 (from {least})")
    assert status["stations"]["ring"]["triggered"] > 0
    assert status["stations"]["ring"]["state"] == "good"


def test_the_status_has_the_model_beside_what_was_asked_for_and_its_times(
    runtime: Runtime,
) -> None:
    factory = Factory()
    told = {"do": "model", "package": "ring", "sha256": "ab" * 32, "why": "measured"}
    told |= {"device_asked": "GPU", "device": "CPU", "precision": "BF16", "precision_asked": "auto"}
    take_from_worker(factory.line, {**told, "since": "2026-11-27T08:00:00+00:00"})
    factory.run(20)
    take_from_worker(factory.line, {**told, "since": "2026-11-27T08:00:00+00:00"})
    live = station_status(factory.line, now_s=factory.clock.s)
    write_status(runtime, "line", {"plc": {}, "stations": {"ring": live}})
    status = read_site_status(runtime)
    check("status", status)
    model = status["stations"]["ring"]["model"]
    assert (model["device_asked"], model["precision_asked"]) == ("GPU", "auto")
    assert model["ms"]["p99"] >= model["ms"]["p50"] > 0
    assert model["takt_ms"] == LAYOUT.smallest_spacing_us / 1000 / 2  # two views
    assert model_line(status["stations"]["ring"]) == (
        f"model abababab on CPU in BF16 (asked: GPU auto) since 2026-11-27T08:00:00+00:00; "
        f"p50 {model['ms']['p50']} ms, p99 {model['ms']['p99']} ms, takt 200.0 ms a picture"
    )
    assert model_line(status["stations"]["board"]) == "no model runs"


def test_a_model_that_takes_the_place_of_another_has_no_times_yet() -> None:
    factory = Factory()
    factory.run(20)
    assert factory.line.model.took_ms
    told = {"do": "model", "package": "ring", "sha256": "cd" * 32, "device": "CPU"}
    told |= {"precision": "FP32", "since": "2026-11-27T09:00:00+00:00"}
    take_from_worker(factory.line, told)
    assert not factory.line.model.took_ms


def test_the_status_has_what_is_wrong_with_the_records(runtime: Runtime) -> None:
    why = "the database cannot be written now: database is locked"
    write_status(runtime, "recorder", {"state": "failure", "why": why})
    status = read_site_status(runtime)
    check("status", status)
    assert status["recorder"] == {"state": "failure", "why": why}


def test_the_status_fits_before_the_line_has_said_anything(runtime: Runtime) -> None:
    status = read_site_status(runtime)
    check("status", status)
    assert {one["state"] for one in status["stations"].values()} == {"failure"}


def test_no_status_where_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NothingRunning, match="make run"):
        read_site_status(Runtime(tmp_path))


def test_latencies_are_null_before_the_first_and_in_order_after() -> None:
    assert set(percentiles([]).values()) == {None}
    assert percentiles([1.0, 2.0, 9.0]) == {"p50": 2.0, "p99": 8.86, "max": 9.0}


# --- people ---


def test_the_list_of_people_fits_its_schema(tmp_path: Path) -> None:
    for folder in ("stations", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    ran = CliRunner().invoke(list_people, ["--site", str(tmp_path), "--json"])
    assert ran.exit_code == 0, ran.output
    check("people", json.loads(ran.stdout))
