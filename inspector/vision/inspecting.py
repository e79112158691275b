"""One picture from a file, judged by a package: no line, no camera, one view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.domain.finding import Finding, ViewResult
from inspector.domain.judging import Decision, judge
from inspector.domain.words import verdict_name
from inspector.errors import ModelFailed, PictureRefused
from inspector.vision.picture_check import CheckLimits, check_picture
from inspector.vision.picture_files import read_picture
from inspector.vision.runtime import Model


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came of one file.

    Attributes:
        file: As it was named or found.
        result: Of its only view; the file is the view's name.
        seen: All findings from the score floor, those below the limits too.
        refused: Why the file is no picture that can be judged, or "".
    """

    file: Path
    result: ViewResult
    seen: tuple[Finding, ...] = ()
    refused: str = ""

    @property
    def decision(self) -> Decision:
        """Return the verdict on a part that has this view only."""
        return judge({str(self.file): self.result}, (str(self.file),))

    def as_object(self) -> dict[str, object]:
        """Return what `--json` prints of it (docs/schemas/inspect.json)."""
        return {
            "file": str(self.file),
            "verdict": verdict_name(self.decision.verdict),
            "reasons": self.reasons(),
            "findings": [
                {"class": one.kind, "score": round(one.score, 4), "box": rounded_box(one)}
                for one in self.result.findings
            ],
        }

    def reasons(self) -> list[str]:
        """Return why, without the name of the view: there is one."""
        if self.result.missed:
            return [self.result.missed]
        return [f"{one.kind} {one.score:.2f}" for one in self.result.findings]


def inspected_file(file: Path, model: Model, checks: CheckLimits | None) -> Inspected:
    """Return what comes of one file; one that is no picture is unknown, with the cause.

    Args:
        file: PNG, JPEG or BMP.
        model: It looks even at a picture that may not be judged: what it sees there is in `seen`,
            and the verdict is unknown all the same.
        checks: What a picture must be; None: every picture may be judged.
    """
    view = str(file)
    try:
        image = read_picture(file)
    except PictureRefused as error:
        return Inspected(file, ViewResult(view, missed=str(error)), refused=str(error))
    height_px, width_px = image.shape[:2]
    missed = check_picture(image, checks).trouble if checks else ""
    try:
        result, seen = model.look_at_all(view, image)
    except ModelFailed as error:
        missed, seen = missed or str(error), ()
        result = ViewResult(view)
    if missed:
        result = ViewResult(view, missed=missed, width_px=width_px, height_px=height_px)
    return Inspected(file, result, seen)


def rounded_box(finding: Finding) -> list[float]:
    """Return a finding's box in hundredths of a pixel."""
    return [round(number, 2) for number in finding.box]
