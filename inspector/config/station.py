"""A station's settings, `stations/<name>.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from inspector.config.genicam import GenicamCamera
from inspector.domain.run_of_rejects import RunRule
from inspector.settings import Name, Settings

Score = Annotated[float, Field(ge=0, le=1)]
DeviceName = Literal["CPU", "GPU", "NPU"]


class SimulatedCamera(Settings):
    """A camera of the demo factory."""

    kind: Literal["simulated"] = Field(description="A camera of the demo factory.")


class FolderCamera(Settings):
    """Pictures from a folder, in the order of their names."""

    kind: Literal["folder"] = Field(description="Pictures from a folder.")
    path: str = Field(description="Folder with pictures, relative to the site.")
    rate_hz: float = Field(
        default=1.0, ge=0, le=1000, description="Pictures a second; 0: each when it is fetched."
    )
    loop: bool = Field(default=True, description="Start again after the last picture.")


class VideoCamera(Settings):
    """A video file."""

    kind: Literal["video"] = Field(description="A video file.")
    file: str = Field(description="The file, relative to the site.")
    speed: float = Field(
        default=1.0, ge=0, le=1000, description="Times its rate; 0: each picture when fetched."
    )
    loop: bool = Field(default=True, description="Start again after the last picture.")


class UsbCamera(Settings):
    """A USB camera, or what else Linux shows as a video device."""

    kind: Literal["usb"] = Field(description="A USB camera (V4L2).")
    device: str = Field(pattern=r"^/dev/[^ ]+$", description="Its device under /dev.")
    width_px: int = Field(default=0, ge=0, description="Width to ask of it; 0: as it is set.")
    height_px: int = Field(default=0, ge=0, description="Height to ask of it; 0: as it is set.")
    wanted_hz: float = Field(
        default=0.0, ge=0, description="Pictures a second to ask of it; 0: as it is set."
    )
    delay_ms: float = Field(default=0.0, ge=0, description="From an exposure to its picture.")


class RtspCamera(Settings):
    """A network camera that streams by RTSP."""

    kind: Literal["rtsp"] = Field(description="A network camera's stream (RTSP).")
    address: str = Field(description="rtsp://host/..., without user and password.")
    user: str = Field(default="", description="User at the camera; empty: none.")
    password_env: str = Field(
        default="", description="Environment variable that holds the password."
    )
    password_file: str = Field(
        default="", description="Or file with it, relative to the site, mode 0600 or stricter."
    )
    delay_ms: float = Field(default=0.0, ge=0, description="From an exposure to its picture.")

    @model_validator(mode="after")
    def _no_secret(self) -> RtspCamera:
        # Here and not at the field: what is said of a field repeats what stands there.
        for wrong, why in self._wrong():
            if wrong:
                raise ValueError(why)
        return self

    def _wrong(self) -> Iterator[tuple[bool, str]]:
        parts = urlsplit(self.address)
        there = parts.scheme == "rtsp" and parts.hostname and self.address.isprintable()
        yield not there, "address must be rtsp://host/..."
        yield "@" in parts.netloc, "address holds a user: name it in user, its password elsewhere"
        secrets = bool(self.password_env) + bool(self.password_file)
        why = "a user needs password_env or password_file, one of them, and nobody else does"
        yield secrets != bool(self.user), why


CameraSettings = Annotated[
    SimulatedCamera | FolderCamera | VideoCamera | UsbCamera | RtspCamera | GenicamCamera,
    Field(discriminator="kind"),
]


class PictureLimits(Settings):
    """What a picture must be before the model may look at it; grey values 0 to 255."""

    darkest_mean: float = Field(default=15, ge=0, le=255, description="Mean grey below: too dark.")
    brightest_mean: float = Field(
        default=240, ge=0, le=255, description="Mean grey above: too bright."
    )
    least_contrast: float = Field(
        default=4, ge=0, le=255, description="Standard deviation of grey below: flat."
    )
    width_px: int = Field(default=0, ge=0, description="Width it must have; 0: not checked.")
    height_px: int = Field(default=0, ge=0, description="Height it must have; 0: not checked.")
    least_part_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the picture that must differ from an empty belt; 0: not checked.",
    )
    least_sharpness: float = Field(
        default=0.0, ge=0, le=1, description="Sharpness below: blurred; 0: not checked."
    )
    least_likeness: float = Field(
        default=0.0, ge=0, le=1, description="Likeness to `looks_like` below: another scene."
    )
    looks_like: str = Field(
        default="",
        pattern=r"^([0-9a-f]{128})?$",
        description="What the view's good pictures look like, learned; empty: not checked.",
    )
    most_shift_px: float = Field(
        default=0, ge=0, description="Shift of the last pictures above: moved; 0: not checked."
    )
    usual_mean: float = Field(
        default=0, ge=0, le=255, description="Median of the good pictures; 0: not learned."
    )
    usual_contrast: float = Field(default=0, ge=0, le=255, description="The same of contrast.")
    usual_sharpness: float = Field(default=0, ge=0, le=1, description="The same of sharpness.")


class View(Settings):
    """One camera's look at the part."""

    name: Name = Field(description="Of this view; part of the PLC's node names.")
    at_counts: int = Field(ge=0, description="Encoder counts from the eye to this camera.")
    camera: CameraSettings = Field(description="Where its pictures come from.")
    check: PictureLimits = Field(
        default=PictureLimits(), description="What a picture must be before the model looks."
    )


class Belt(Settings):
    """Where things happen, in encoder counts from the eye, and how close parts are."""

    reject_at_counts: int = Field(gt=0, description="Eye to reject station.")
    answer_by_counts: int = Field(
        gt=0, description="A view that has not answered when the part is here is missing: UNKNOWN."
    )
    last_word_counts: int = Field(
        default=200, ge=0, description="No word is sent for a part closer than this to the reject."
    )
    smallest_spacing_ms: float = Field(gt=0, description="Shortest time between two parts.")
    counts_per_s: float = Field(gt=0, description="Belt speed in normal running.")

    @property
    def travel_s(self) -> float:
        """Return the time from eye to reject station in normal running."""
        return self.reject_at_counts / self.counts_per_s

    @property
    def smallest_spacing_counts(self) -> float:
        """Return the shortest distance between two parts in normal running."""
        return self.smallest_spacing_ms / 1000 * self.counts_per_s

    @model_validator(mode="after")
    def _in_order(self) -> Belt:
        if self.answer_by_counts >= self.reject_at_counts - self.last_word_counts:
            msg = "answer_by_counts must lie before reject_at_counts - last_word_counts"
            raise ValueError(msg)
        return self


class Device(Settings):
    """Where the model runs."""

    name: DeviceName = Field(default="CPU", description="OpenVINO device.")
    fallback: tuple[DeviceName, ...] = Field(
        default=(),
        max_length=2,
        description="Taken in this order where `name` does not run; empty: nothing is.",
    )
    precision: Literal["auto", "FP32", "BF16"] = Field(
        default="auto",
        description="auto: the faster of those that give the golden pictures' verdicts.",
    )
    threads: int = Field(
        default=1, ge=1, le=64, description="CPU threads for this station's model."
    )

    @property
    def in_order(self) -> tuple[DeviceName, ...]:
        """Return the device that is asked for, then those that may take its place."""
        return (self.name, *self.fallback)

    @model_validator(mode="after")
    def _each_once(self) -> Device:
        if len(set(self.in_order)) != len(self.in_order):
            msg = "fallback must name other devices than name, each once"
            raise ValueError(msg)
        return self


class Expects(Settings):
    """The PLC's line policy as this station expects it: a difference is shown, never written."""

    hold_after_unknown: int | None = Field(
        default=None, ge=0, description="Fail-safe rejects in a row that hold the line."
    )
    hold_after_silence_ms: int | None = Field(
        default=None, ge=0, description="Silence of the gateway that holds the line."
    )
    pass_all: bool | None = Field(default=None, description="The pass-all key.")
    allow_operator_pass: bool | None = Field(
        default=None, description="An operator may pass a part that the machine rejects."
    )
    auto_resume: bool | None = Field(
        default=None, description="The line starts again by itself after a hold."
    )


class AuditSettings(Settings):
    """How many passed parts people look at: what the escape rate is estimated from."""

    per_day: float = Field(
        default=50.0, gt=0, le=100_000, description="Passed parts that people can look at."
    )
    start_share: float = Field(
        default=0.01,
        gt=0,
        le=1,
        description="Share of the passed parts that is drawn until a day of them is known.",
    )


class RunOfRejects(Settings):
    """Rejected parts one behind the other: an alarm at once."""

    count: int = Field(
        default=3, ge=0, le=100, description="So many rejected parts are an alarm; 0: none are."
    )
    of: int = Field(
        default=0, ge=0, le=1000, description="Among so many parts; 0: one behind the other."
    )
    same_kind: bool = Field(
        default=True, description="Count together only those with a kind of defect in common."
    )

    def rule(self) -> RunRule:
        """Return what they say."""
        return RunRule(self.count, self.of or self.count, self.same_kind)

    @model_validator(mode="after")
    def _fits(self) -> RunOfRejects:
        if 0 < self.of < self.count:
            msg = "of must be at least count, or 0"
            raise ValueError(msg)
        return self


class Station(Settings):
    """One inspection point: `stations/<name>.toml`."""

    name: Name = Field(description="As the file; in records and addresses.")
    title: str = Field(min_length=1, max_length=40, description="What people call it.")
    package: Name = Field(description="Folder under models/.")
    recipe: str = Field(
        default="standard", min_length=1, max_length=64, description="Written on each record."
    )
    plc: Name = Field(description="File under stations/plc/, without .toml.")
    prefix: str = Field(min_length=1, max_length=64, description="Of this station's nodes.")
    override: bool = Field(
        default=True,
        description="Operators may change a verdict in time; needs a travel time of 6 s.",
    )
    limits: dict[str, Score] = Field(
        default_factory=dict,
        description="Score limits by class that replace the package's; 0 to 1.",
    )
    sample_share: float = Field(
        default=0.01, ge=0, le=1, description="Share of passed parts whose pictures are kept."
    )
    audit: AuditSettings = Field(
        default=AuditSettings(), description="How many passed parts are audited."
    )
    run_of_rejects: RunOfRejects = Field(
        default=RunOfRejects(), description="When rejected parts one behind the other are an alarm."
    )
    belt: Belt = Field(description="Distances, speed and spacing.")
    hold_rejects: bool = Field(
        default=False,
        description="Without an operator table: a reject is held back until shortly before its "
        "last moment, so that an operator can still change it.",
    )
    expects: Expects = Field(
        default=Expects(), description="The PLC's line policy as it should be."
    )
    device: Device = Field(default=Device(), description="Where the model runs.")
    views: tuple[View, ...] = Field(
        min_length=1, max_length=8, description="The cameras' looks at a part."
    )

    @model_validator(mode="after")
    def _views_fit(self) -> Station:
        names = [view.name for view in self.views]
        if len(set(names)) != len(names):
            msg = "views must have different names"
            raise ValueError(msg)
        late = [view.name for view in self.views if view.at_counts >= self.belt.answer_by_counts]
        if late:
            msg = f"view {late[0]} stands behind answer_by_counts"
            raise ValueError(msg)
        return self


def most_in_flight(station: Station) -> int:
    """Return how many parts can be between eye and reject station at the smallest spacing."""
    return int(station.belt.travel_s * 1000 / station.belt.smallest_spacing_ms) + 1
