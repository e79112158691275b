"""A report as one HTML file that needs nothing else: no script, no address, charts as SVG."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspector.errors import BadInput

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PRINT_S = 120


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell; `mark` is "good", "warn" or "bad"."""

    text: str
    mark: str = ""

    @property
    def classes(self) -> str:
        """Return how it looks: a bare number stands at the right."""
        return f"{self.mark} number".strip() if _NUMBER.fullmatch(self.text) else self.mark


_NUMBER = re.compile(r"[-+]?[0-9][0-9,.]*")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; without one the first cell of each row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture of a part.

    Attributes:
        address: Of `thumbnails`, so within the page; empty where there is no picture.
        text: What it shows.
    """

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: sentences, then a table, then a chart, then pictures.

    Attributes:
        chart: Markup of `charts`; another text would be shown as a text.
    """

    title: str
    notes: tuple[str, ...] = ()
    table: Table | None = None
    chart: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A report.

    Attributes:
        result: What it comes to, in one line.
    """

    title: str
    result: Cell
    sections: tuple[Section, ...]


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """Return a table's row; a text is a cell without a mark."""
    return tuple(one if isinstance(one, Cell) else Cell(one) for one in cells)


def html(page: Page) -> str:
    """Return the whole file."""
    made = Environment(
        loader=PackageLoader("inspector.reports"), autoescape=True, undefined=StrictUndefined
    )
    return made.get_template("page.html").render(page=page)


def written(page: Page, out: Path, *, pdf: bool) -> list[Path]:
    """Write a report; return the files.

    Args:
        page: What to write.
        out: The HTML file; the PDF lies beside it.
        pdf: Whether to print it as well.

    Raises:
        BadInput: A file cannot be written, or there is no browser to print with.
    """
    try:
        out.write_text(html(page), "utf-8")
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror}") from None
    return [out, printed(out)] if pdf else [out]


def printed(file: Path) -> Path:
    """Return the PDF of an HTML file, by the print of a Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BadInput(f"{file} is written, but not its PDF: there is no Chromium to print it with")
    pdf = file.with_suffix(".pdf").absolute()
    pdf.unlink(missing_ok=True)
    rooted = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
        where = [f"--user-data-dir={profile}", f"--print-to-pdf={pdf}", file.absolute().as_uri()]
        try:
            command = [found, *rooted, *options, *where]
            subprocess.run(command, capture_output=True, timeout=PRINT_S, check=False)
        except subprocess.TimeoutExpired:
            raise BadInput(f"{pdf}: {found} printed nothing within {PRINT_S} s") from None
    if not pdf.exists():
        raise BadInput(f"{pdf}: {found} could not print it")
    return pdf
