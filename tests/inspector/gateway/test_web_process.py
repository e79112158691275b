"""How the web process reaches the rest: status files, picture folders, the two sockets."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inspector.clock import SystemClock
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.domain.people import Person, Role, SignedIn
from inspector.errors import BadInput, NotAllowed, StoreRefused
from inspector.gateway.site_run import free_port
from inspector.gateway.web_process import (
    LineCaller,
    LineStatus,
    PictureFolders,
    RecorderPeople,
    message_of,
    serve,
)
from inspector.ipc import Runtime, read_status, write_status
from tests.web.fakes import FakeFactory
from web.services import LineAway, Press, RecorderAway

ROOT = Path(__file__).parents[3]
DIGEST = "ab" * 32
AT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
MIA = Person("p1", "Mia Roth", Role.OPERATOR, "1001", active=True, created_at=AT)
PRESS = Press("p1", "r1", "board", "pass", 0, AT, MIA, "line 1 left")


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(tmp_path / "run").make()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(ROOT, data=tmp_path / "data", port=free_port())


@dataclass
class Answering:
    """Somebody behind a socket: answers each message as told, in one connection after another."""

    path: Path
    answer: Mapping[str, object] | None
    heard: list[dict[str, Any]]

    def run(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                for line in lines:
                    self.heard.append(json.loads(line))
                    if self.answer is None:
                        break
                    if "do" in self.heard[-1]:
                        lines.write(json.dumps(self.answer).encode() + b"\n")
                        lines.flush()


@pytest.fixture
def somebody(runtime: Runtime) -> Iterator[Any]:
    """Starts one who answers at a socket."""
    started = []

    def start(path: Path, answer: Mapping[str, object] | None) -> list[dict[str, Any]]:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        one = Answering(path, answer, [])
        thread = threading.Thread(target=one.run, args=(listener,))
        thread.start()
        started.append((listener, thread))
        return one.heard

    yield start
    for listener, thread in started:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


class TestTheLinesStatus:
    def test_it_is_none_until_the_line_speaks(self, site: Site, runtime: Runtime) -> None:
        live = LineStatus(site, runtime)
        assert (live.mark(), live.line()) == (None, None)

    def test_it_is_read_anew_when_it_was_written_anew(self, site: Site, runtime: Runtime) -> None:
        live = LineStatus(site, runtime)
        for count in (1, 2):
            before = live.mark()
            write_status(runtime, "line", {"count": count})
            assert live.mark() != before
            said = live.line()
            assert said is not None
            assert said["count"] == count

    def test_a_station_brings_its_limits(self, site: Site, runtime: Runtime) -> None:
        cards = {card.name: card for card in LineStatus(site, runtime).stations()}
        assert cards["ring"].views == ("top", "side")
        assert cards["ring"].travel_s == 15.0
        assert all(0 < limit < 1 for limit in cards["ring"].limits.values())
        assert cards["ring"].limits


class TestPictures:
    def test_a_held_picture_is_found_and_then_the_kept_one(
        self, site: Site, runtime: Runtime
    ) -> None:
        pictures = PictureFolders(site, runtime)
        assert pictures.picture(DIGEST) is None
        (runtime.held / f"{DIGEST}.jpg").write_bytes(b"held")
        assert pictures.picture(DIGEST) == b"held"
        (runtime.held / f"{DIGEST}.jpg").unlink()
        kept = Path(site.data) / "pictures" / DIGEST[:2] / f"{DIGEST}.jpg"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"kept")
        assert pictures.picture(DIGEST) == b"kept"

    def test_the_newest_of_a_view_is_found(self, site: Site, runtime: Runtime) -> None:
        pictures = PictureFolders(site, runtime)
        assert pictures.latest("ring", "side") is None
        (runtime.latest / "ring.side.jpg").write_bytes(b"new")
        assert pictures.latest("ring", "side") == b"new"


class TestPresses:
    def test_a_press_goes_to_the_line_and_its_answer_comes_back(
        self, runtime: Runtime, somebody: Any
    ) -> None:
        answer = {"state": "sent", "revision": 1, "by": "Mia Roth", "why": ""}
        heard = somebody(runtime.line_socket, answer)
        said = LineCaller(runtime).override(PRESS)
        assert (said.state, said.revision, said.by) == ("sent", 1, "Mia Roth")
        assert heard == [{"hello": "web"}, message_of(PRESS)]
        assert heard[1]["painted_at"] == "2026-11-23T22:00:00+00:00"

    def test_without_a_person_the_panel_stands_for_it(self) -> None:
        said = message_of(replace(PRESS, person=None))
        assert said["person"] == "panel line 1 left, nobody signed in"
        assert (said["signed_in"], said["role"]) == (False, "")

    def test_no_line_or_one_that_hangs_up_is_away(self, runtime: Runtime, somebody: Any) -> None:
        with pytest.raises(LineAway):
            LineCaller(runtime).override(PRESS)
        somebody(runtime.line_socket, None)
        with pytest.raises(LineAway):
            LineCaller(runtime).override(PRESS)


class Sessions:
    """The database's answer to whose session a token is."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses

    def signed_in(self, token: str, now: datetime) -> SignedIn | None:
        if self.refuses:
            raise StoreRefused("not there")
        return SignedIn(MIA, "csrf", now, now) if token == "good" else None


class TestPeople:
    def people(self, runtime: Runtime, sessions: Sessions | None = None) -> RecorderPeople:
        return RecorderPeople(runtime, sessions or Sessions(), SystemClock())

    def test_signing_in_asks_the_recorder(self, runtime: Runtime, somebody: Any) -> None:
        heard = somebody(runtime.recorder_socket, {"ok": True, "token": "good", "csrf": "csrf"})
        session = self.people(runtime).sign_in("1001", "123456", "10.0.0.7")
        assert (session.person, session.csrf) == (MIA, "csrf")
        assert heard[0]["address"] == "10.0.0.7"

    def test_a_refusal_is_the_recorders_words(self, runtime: Runtime, somebody: Any) -> None:
        somebody(runtime.recorder_socket, {"ok": False, "error": "Too many wrong PINs."})
        with pytest.raises(NotAllowed, match="Too many wrong PINs"):
            self.people(runtime).sign_in("1001", "123456", "10.0.0.7")

    def test_without_the_recorder_nobody_signs_in(self, runtime: Runtime) -> None:
        with pytest.raises(RecorderAway):
            self.people(runtime).sign_in("1001", "123456", "10.0.0.7")

    def test_noting_a_use_never_fails(self, runtime: Runtime) -> None:
        self.people(runtime).used("good")

    def test_nobody_is_signed_in_while_the_database_cannot_be_read(self, runtime: Runtime) -> None:
        assert self.people(runtime).session("good") is not None
        assert self.people(runtime).session("other") is None
        assert self.people(runtime, Sessions(refuses=True)).session("good") is None


def asked(site: Site, path: str) -> http.client.HTTPResponse:
    """Return the answer to a GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    connection.request("GET", path, headers={"Connection": "close"})
    return connection.getresponse()


class TestServing:
    def test_it_answers_publishes_its_state_and_ends(self, site: Site, runtime: Runtime) -> None:
        factory = FakeFactory()
        thread = threading.Thread(
            target=serve, args=(site, runtime, factory.services(), factory.stopping)
        )
        thread.start()
        address = f"http://127.0.0.1:{site.port}"
        try:
            for _ in range(100):
                if read_status(runtime, "web"):
                    break
                time.sleep(0.02)
            said = read_status(runtime, "web")
            assert said is not None
            assert said["address"] == f"{address}/"
            answer = asked(site, "/api/v1/health")
            assert answer.status == 200
            assert answer.getheader("Server") is None
            answer.close()
            stream = asked(site, "/live")
            assert stream.readline() == b"retry: 1000\n"
            stream.close()
        finally:
            factory.stopping.set()
            thread.join(5)
        assert not thread.is_alive()

    def test_a_port_in_use_is_said_in_one_line(self, site: Site, runtime: Runtime) -> None:
        factory = FakeFactory()
        with socket.socket() as taken:
            taken.bind((site.host, site.port))
            taken.listen()
            with pytest.raises(BadInput, match=f"port {site.port} is in use"):
                serve(site, runtime, factory.services(), factory.stopping)
