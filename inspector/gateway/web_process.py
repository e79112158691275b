"""The web's process: the screens and the API over what the other processes publish."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import threading
import time
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import waitress
from waitress import wasyncore

from inspector.clock import SystemClock
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.people import SignedIn
from inspector.errors import BadInput, NotAllowed, StoreRefused
from inspector.gateway.keys import site_key
from inspector.gateway.store import review_queues_of
from inspector.gateway.web_figures import SiteFigures
from inspector.gateway.web_reviews import RecorderReviews
from inspector.ipc import JsonLines, Message, Runtime, read_status, write_status
from inspector.ports import Clock
from web import LARGEST_BODY_BYTES, create_app
from web.live import MOST_STREAMS
from web.services import (
    LineAway,
    Press,
    PressAnswer,
    RecorderAway,
    Services,
    Session,
    StationCard,
)

LINE_TIMEOUT_S = 2.0
RECORDER_TIMEOUT_S = 5.0
"""Checking a PIN takes long on purpose, and several people may sign in at once."""
THREADS = 2 * MOST_STREAMS
"""Each live screen holds one; as many again answer everything else."""
BEAT_S = 0.5
GONE_AFTER_MS = 10_000
"""A panel that was switched off gives its stream back after this."""


class LineStatus:
    """The line's published state, read again only when it was written again."""

    def __init__(self, site: Site, runtime: Runtime) -> None:
        self._runtime = runtime
        self._file = runtime.status / "line.json"
        self._cards = tuple(card_of(site, station) for station in site.stations)
        self._lock = threading.Lock()
        self._mark: object = None
        self._said: Message | None = None

    def stations(self) -> Sequence[StationCard]:
        """Return the stations of this site."""
        return self._cards

    def mark(self) -> object:
        """Return when the file was written; None while there is none."""
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def line(self) -> Mapping[str, object] | None:
        """Return what the file says."""
        with self._lock:
            mark = self.mark()
            if mark != self._mark or mark is None:
                self._said = read_status(self._runtime, "line") or self._said
                self._mark = mark
            return self._said


class PictureFolders:
    """Held pictures in shared memory, kept ones on the disk, and the newest of each view."""

    def __init__(self, site: Site, runtime: Runtime) -> None:
        self._held, self._latest = runtime.held, runtime.latest
        self._kept = Path(site.data) / "pictures"

    def picture(self, digest: str) -> bytes | None:
        """Return a picture by its digest; a moment ago held may be kept by now, so held twice."""
        held, kept = self._held / f"{digest}.jpg", self._kept / digest[:2] / f"{digest}.jpg"
        return content_of(held) or content_of(kept) or content_of(held)

    def latest(self, station: str, view: str) -> bytes | None:
        """Return the newest picture of a view."""
        return content_of(self._latest / f"{station}.{view}.jpg")


class LineCaller:
    """Presses go to the line over its socket, each on a connection of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self._socket = runtime.line_socket

    def override(self, press: Press) -> PressAnswer:
        """Return the line's answer."""
        try:
            with JsonLines(self._socket, LINE_TIMEOUT_S) as line:
                line.send({"hello": "web"})
                said = line.ask(message_of(press))
        except (OSError, ValueError) as error:
            raise LineAway(str(error)) from error
        if said is None:
            raise LineAway("the line closed the connection")
        return PressAnswer(
            state=str(said.get("state", "refused")),
            revision=int(str(said.get("revision", 0))),
            by=str(said.get("by", "")),
            why=str(said.get("why", "")),
        )


class Sessions(Protocol):
    """The database, as far as sessions go."""

    def signed_in(self, token: str, now: datetime) -> SignedIn | None:
        """Return whose session this is, or None; raises `StoreRefused`."""
        ...


class RecorderPeople:
    """Sign-in and sign-out go to the recorder; who a session is, the database says."""

    def __init__(self, runtime: Runtime, records: Sessions, clock: Clock) -> None:
        self._socket, self._records, self._clock = runtime.recorder_socket, records, clock

    def sign_in(self, badge: str, pin: str, address: str) -> Session:
        """Open a session."""
        said = self._ask({"do": "sign_in", "badge": badge, "pin": pin, "address": address})
        session = self.session(str(said["token"]))
        if session is None:
            raise RecorderAway("the new session is not in the database")
        return session

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._ask({"do": "sign_out", "token": token})

    def used(self, token: str) -> None:
        """Keep a session from ending as idle."""
        with contextlib.suppress(RecorderAway, NotAllowed, BadInput):
            self._ask({"do": "touch_session", "token": token})

    def session(self, token: str) -> Session | None:
        """Return the session behind a cookie; nobody is signed in while that cannot be read."""
        try:
            found = self._records.signed_in(token, self._clock.now())
        except StoreRefused:
            return None
        return Session(token, found.person, found.csrf) if found else None

    def _ask(self, message: Message) -> Message:
        try:
            with JsonLines(self._socket, RECORDER_TIMEOUT_S) as recorder:
                said = recorder.ask(message)
        except (OSError, ValueError) as error:
            raise RecorderAway(str(error)) from error
        if said is None:
            raise RecorderAway("the recorder closed the connection")
        if said.get("error"):
            raise NotAllowed(str(said["error"]))
        return said


def main(site: Site, runtime: Runtime) -> None:
    """Serve until SIGTERM.

    Raises:
        BadInput: The port is in use, or may not be used.
    """
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    clock = SystemClock()
    records, figures = review_queues_of(site), SiteFigures(site, clock)
    key = site_key(Path(site.data))
    services = Services(
        live=LineStatus(site, runtime),
        records=records,
        figures=figures,
        pictures=PictureFolders(site, runtime),
        people=RecorderPeople(runtime, records, clock),
        line=LineCaller(runtime),
        reviews=RecorderReviews(runtime.recorder_socket, records, key, clock),
        clock=clock,
        stopping=stopping,
        hosts=own_names(),
    )
    try:
        serve(site, runtime, services, stopping)
    finally:
        records.close()
        figures.close()


def serve(site: Site, runtime: Runtime, services: Services, stopping: threading.Event) -> None:
    """Answer requests, and publish each second that the loop which accepts them goes round."""
    sockets: dict[int, object] = {}
    server = waitress.create_server(
        create_app(services),
        map=sockets,
        sockets=[listening(site)],
        threads=THREADS,
        connection_limit=200,
        channel_timeout=60,
        max_request_body_size=LARGEST_BODY_BYTES,
        outbuf_high_watermark=1024 * 1024,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )
    address = f"http://{site.host}:{site.port}/"
    beat_s = -BEAT_S
    while not stopping.is_set():
        if time.monotonic() - beat_s >= BEAT_S:
            beat_s = time.monotonic()
            write_status(runtime, "web", {"address": address})
        wasyncore.loop(timeout=BEAT_S / 2, use_poll=True, map=sockets, count=1)
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    server.close()
    wasyncore.close_all(sockets)


def listening(site: Site) -> socket.socket:
    """Return the open port; what it accepts inherits its options."""
    family = socket.AF_INET6 if ":" in site.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER_MS)
        listener.bind((site.host, site.port))
    except OSError as error:
        listener.close()
        raise BadInput(why_not_served(site, error)) from error
    return listener


def why_not_served(site: Site, error: OSError) -> str:
    """Return why the port cannot be had, in one sentence."""
    if error.errno == errno.EADDRINUSE:
        return f"port {site.port} is in use; choose another with --port"
    return f"port {site.port} cannot be used: {error.strerror or error}"


def card_of(site: Site, station: Station) -> StationCard:
    """Return what the settings say of a station."""
    manifest = tomllib.loads((site.package_folder(station) / "manifest.toml").read_text("utf-8"))
    return StationCard(
        name=station.name,
        title=station.title,
        views=tuple(view.name for view in station.views),
        travel_s=station.belt.travel_s,
        counts_per_s=station.belt.counts_per_s,
        override=station.override,
        limits={**manifest.get("limits", {}), **station.limits},
    )


def message_of(press: Press) -> Message:
    """Return a press as the line takes it (docs/architecture.md, "Messages")."""
    person = press.person
    return {
        "do": "override",
        "press_id": press.press_id,
        "record": press.record,
        "station": press.station,
        "verdict": press.verdict,
        "person": person.name if person else f"panel {press.panel}, nobody signed in",
        "role": person.role.value if person else "",
        "signed_in": person is not None,
        "panel": press.panel,
        "seen_revision": press.seen_revision,
        "painted_at": iso(press.painted_at),
    }


def iso(when: datetime) -> str:
    """Return a moment as the journal writes it."""
    return when.isoformat()


def content_of(file: Path) -> bytes | None:
    """Return a file's bytes, or None when there is none."""
    try:
        return file.read_bytes()
    except OSError:
        return None


def own_names() -> tuple[str, ...]:
    """Return the names that this computer has for others."""
    name = socket.gethostname()
    return (name, f"{name}.local")
