"""What a worker says to the line (docs/architecture.md, "Messages")."""

from __future__ import annotations

from inspector.config.station import Station
from inspector.domain.entries import finding_row
from inspector.domain.finding import ViewResult
from inspector.domain.frame import Frame
from inspector.domain.health import State
from inspector.gateway.view_reader import frame_head
from inspector.ipc import Message
from inspector.vision.runtime import Model


def model_message(station: Station, model: Model) -> Message:
    """Return what the line is told of the model that runs."""
    return {
        "do": "model",
        "recipe": station.recipe,
        "package": model.package_name,
        "sha256": model.model_sha256,
        "device_asked": model.ran.device_asked,
        "device": model.ran.device,
        "precision_asked": model.ran.asked,
        "precision": model.ran.precision,
        "why": model.ran.why,
        "limits": model.limits,
        "since": model.ran.since.isoformat(timespec="seconds"),
    }


def device_alarms(station: Station, model: Model) -> list[Message]:
    """Return an alarm for each step of a station's list, on where the model had to go further.

    The verdicts hold, the package was proven where it runs; somebody must see to the device.
    """
    alarms: list[Message] = []
    for device in station.device.in_order[:-1]:
        why = model.ran.passed_over.get(device, "")
        text = f"runs on {model.ran.device}, not on {device}: {why}" if why else ""
        alarm = {"do": "alarm", "name": f"device {device}", "text": text, "on": bool(why)}
        alarms.append({**alarm, "state": State.MAINTENANCE.value})
    return alarms


def seen_message(frame: Frame, result: ViewResult) -> Message:
    """Return what the line is told of a frame after the model looked, or could not."""
    return {
        "do": "seen",
        **frame_head(frame),
        "missed": result.missed,
        "picture": result.picture,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "findings": [finding_row(one) for one in result.findings],
        "top_scores": dict(result.top_scores),
        "model_ms": result.model_ms,
    }
