"""A site of the demo's stations whose database holds parts, audits and pictures."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inspector.cli import commands
from inspector.storage.database import writing
from inspector.storage.image_files import KeptPictures
from inspector.storage.sql_feedback import Review, add_review, add_seeded_defect
from inspector.storage.sql_writing import SqlStore
from tests.auditing import a_log
from tests.databases import put_blank
from tests.journal_entries import START, Entry, decided, judged, numbered, pressed, view

ROOT = Path(__file__).parents[3]
PARTS = 40
KEPT = (1, 2, 3, 4, 30)
AUDITS = {2: "OK", 5: "NOK", 8: "OK", 32: "OK", 34: "OK"}
"""What the auditor said of each part that was drawn."""


def digest(n: int) -> str:
    """Return the name of part n's picture."""
    return hashlib.sha256(f"picture {n}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MadeSite:
    """The site; `run` is a command line of it, with nothing running."""

    folder: Path

    def run(self, name: str, *words: str) -> Result:
        return CliRunner().invoke(commands, [name, *words, "--site", str(self.folder)])

    def exported(self, target: Path, *words: str) -> dict[str, Any]:
        done = self.run("export", "records", str(target), *words, "--json")
        assert done.exception is None, done.exception
        manifest: dict[str, Any] = json.loads(done.stdout)
        return manifest

    def taken(self, file: Path, kind: str, *words: str) -> Result:
        return self.run("import-labels", str(file), "--format", kind, *words)


@pytest.fixture
def site(tmp_path: Path) -> MadeSite:
    return make_site(tmp_path / "site")


@pytest.fixture(scope="module")
def read_only_site(tmp_path_factory: pytest.TempPathFactory) -> MadeSite:
    """Give a site for what takes nothing."""
    return make_site(tmp_path_factory.mktemp("read") / "site")


def make_site(folder: Path) -> MadeSite:
    shutil.copytree(ROOT / "stations", folder / "stations")
    (folder / "models").symlink_to(ROOT / "models")
    data = folder / "data"
    put_blank(data)
    for n in KEPT:
        file = KeptPictures(data).file(digest(n))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"picture %d" % n)
    with writing(data) as engine:
        SqlStore(engine, a_log()).apply("ring", numbered(entries()), offset=1, now=START)
        with engine.begin() as connection:
            for n, word in AUDITS.items():
                said = Review(f"a{n}", "audit", word, "quin", record=f"ring-{n:06d}")
                add_review(connection, said, START + timedelta(minutes=n))
            seed = {"id": "S7", "station": "ring", "kind": "dent", "picture": digest(99)}
            add_seeded_defect(connection, START, **seed, made_from="ring-000001", person="quin")
            add_review(connection, Review("s", "seed", "NOK", "quin", seeded="S7"), START)
    return MadeSite(folder)


def entries() -> list[Entry]:
    """Return parts of which each 10th is rejected, in two strata, and what the PLC did."""
    made = []
    for n in range(1, PARTS + 1):
        rejected, stratum = n % 10 == 0, int(n > 30)
        score = 0.95 if rejected else n / 100
        drawn = {"stratum": stratum, "audit_pi": (0.1, 0.5)[stratum], "selected": n in AUDITS}
        views = [view(picture=digest(n), findings=found(rejected))]
        fields: dict[str, Any] = {"views": views, "score": score, "strata_version": 1, **drawn}
        made.append(judged(n, "reject" if rejected else "pass", **fields))
        made.append(decided(n, 2 if rejected else 1))
    return [*made, pressed(10, press="p10", verdict="pass")]


def found(rejected: bool) -> Sequence[object]:
    return [["scratch", 0.93, [10.0, 20.0, 30.0, 40.0]]] if rejected else []


Written = Callable[[str, object], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a file of labels, as JSON where it is no text."""

    def write(name: str, content: object) -> Path:
        file = tmp_path / name
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write
