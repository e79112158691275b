"""Another model or other limits for a running station, taken over between two parts.

Limits are part of a model, so they come like one: proven and warmed up beside the old.

A request is a file in the runtime folder, so that a worker that is started anew begins with what
was taken over last. A new start of the site begins with the stations' files again.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from inspector.domain.frame import Frame
from inspector.errors import InspectorError
from inspector.ipc import Message, Runtime, read_status, write_whole
from inspector.vision.runtime import Model

POLL_S = 0.3
LOADS, WAITS, RUNS, REFUSED = "is loaded", "waits for its first part", "runs", "refused"

log = logging.getLogger(__name__)

Place = tuple[int, int]
"""A camera's session and the counter of a frame in it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a station shall use since; all empty where nothing was asked for.

    Attributes:
        limits: The station's own, by class.
    """

    package: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    request: str = ""


def request_of(runtime: Runtime, station: str) -> Path:
    """Return the file that says which package a running station shall use."""
    return runtime.use / f"{station}.json"


def ask_for(runtime: Runtime, station: str, package: str, limits: Mapping[str, float]) -> str:
    """Ask a running station to use these from some part on; return the request's name."""
    request = secrets.token_hex(8)
    wanted = {"package": package, "limits": dict(limits), "request": request}
    write_whole(request_of(runtime, station), json.dumps(wanted).encode())
    return request


def asked_for(runtime: Runtime, station: str) -> Asked:
    """Return what stands since the site was started; empty when nothing does."""
    try:
        wanted = json.loads(request_of(runtime, station).read_bytes())
    except FileNotFoundError:
        return Asked()
    return Asked(str(wanted["package"]), wanted["limits"], str(wanted["request"]))


def changed_model(
    runtime: Runtime, station: str, package: str, limits: Mapping[str, float], *, within_s: float
) -> str:
    """Ask a running station to use a package with limits; return what came of it, for people.

    Raises:
        InspectorError: The worker refused it, or did not answer in time.
    """
    request = ask_for(runtime, station, package, limits)
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        time.sleep(POLL_S)
        change = (read_status(runtime, f"worker-{station}") or {}).get("change")
        if not isinstance(change, dict) or change.get("request") != request:
            continue
        if change["state"] == REFUSED:
            raise InspectorError(str(change["why"]))
        if change["state"] in (WAITS, RUNS):
            return f"station {station}: {package} {change['state']}"
    raise InspectorError(f"the vision worker of {station} has not answered in {within_s:g} s")


class ModelChange:
    """The model that looks at each frame: one, or for some seconds two.

    `run` waits in a thread for a request and loads; `model_for` is the looking loop's; `hear` is
    told by the line from which frame of each view on the new one looks. So all views of a part
    have the same model, although the part reaches them one after the other.

    Args:
        model: The one that runs.
        limits: The station's own that it runs with.
        views: The station's.
        load: Opens a package with limits and proves it; raises `InspectorError`.
        ready: Called when a model stands ready: the line is to name the frames.
        refused: Called with one sentence when a package is not taken, with "" when one is.
    """

    def __init__(
        self,
        model: Model,
        views: Sequence[str],
        *,
        limits: Mapping[str, float],
        runtime: Runtime,
        station: str,
        load: Callable[[Asked], Model],
        ready: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        self.model = model
        self._next: Model | None = None
        self._from: Mapping[str, Place] | None = None
        self._old_views: set[str] = set()
        self._views = tuple(views)
        self._runtime, self._station = runtime, station
        self._load, self._ready, self._refused = load, ready, refused
        begun = asked_for(runtime, station).request
        self._asked = Asked(model.package_name, limits, begun)
        self.figures: dict[str, object] = {}
        self._tell(RUNS)

    def run(self, stop: Event) -> None:
        """Take requests until `stop`."""
        while not stop.wait(POLL_S):
            asked = asked_for(self._runtime, self._station)
            if asked.request != self._asked.request and self._next is None:
                before, self._asked = self._asked, asked
                self._take(asked, before)

    def _take(self, asked: Asked, before: Asked) -> None:
        self._tell(LOADS)
        try:
            model = self._load(asked)
        except InspectorError as error:
            why = f"package {asked.package} is not used, {before.package} goes on: {error}"
            log.error("%s", why)  # noqa: TRY400 - one line for people
            self._refused(why)
            self._tell(REFUSED, why)
            again = asked.request
            if asked_for(self._runtime, self._station).request == again:  # none came meanwhile
                again = ask_for(self._runtime, self._station, before.package, before.limits)
            self._asked = replace(before, request=again)
            return
        self._refused("")
        self._from, self._old_views, self._next = None, set(self._views), model
        self._tell(WAITS)
        self._ready()

    def hear(self, message: Message) -> None:
        """The line has named the first frame of each view; views out of sync are not among them."""
        places = message["from"]
        if self._next is not None and isinstance(places, dict):
            self._from = {view: (int(one[0]), int(one[1])) for view, one in places.items()}

    def model_for(self, frame: Frame) -> Model:
        """Return the model that looks at this frame."""
        new, places = self._next, self._from
        if new is None or places is None:
            return self.model
        session, counter = places.get(frame.view, (-1, 0))
        if frame.session == session and frame.counter < counter:
            return self.model
        self._old_views.discard(frame.view)
        if not self._old_views:
            self.model, self._next = new, None
            self._tell(RUNS)
        return new

    @property
    def longest_s(self) -> float:
        """Return what the slowest golden picture took, of both models while there are two."""
        new = self._next
        return max(self.model.longest_s, new.longest_s if new else 0.0)

    def _tell(self, state: str, why: str = "") -> None:
        self.figures = {
            "package": self._asked.package,
            "request": self._asked.request,
            "state": state,
            "why": why,
        }
