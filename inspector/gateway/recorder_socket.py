"""JSON lines over a Unix socket, served from somebody else's loop, with a few threads for work."""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

LONGEST_LINE_BYTES: Final = 64 * 1024
MOST_CONNECTIONS: Final = 64
WORKERS: Final = 2
MOST_WAITING: Final = 16
"""Works that wait for their turn; more callers are told to come again."""

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that needs work first.

    Attributes:
        work: Done in another thread; touches nothing that others do.
        then: Makes the answer from what `work` returned, in the loop's thread.
    """

    work: Callable[[], Any]
    then: Callable[[Any], Answer]


@dataclass(slots=True, eq=False)
class _Caller:
    """One connection; it is answered in the order in which it asked, one at a time."""

    socket: socket.socket
    rest: bytes = b""
    waits: bool = False
    """An answer to it is being worked out."""


class AnsweringSocket:
    """Listens; `serve` answers whoever asked, and never waits for a caller or for work.

    Args:
        path: Where; mode 0600. Who listened there before is gone.
        answer: Called with each line's object; never raises.
        refuse: Makes the answer to what is no object, or comes when too much work waits.
    """

    def __init__(
        self,
        path: Path,
        answer: Callable[[Mapping[str, Any]], Answer | Later],
        refuse: Callable[[str], Answer],
    ) -> None:
        self._path, self._answer, self._refuse = path, answer, refuse
        self._callers: set[_Caller] = set()
        self._working: list[tuple[Future[Any], Later, _Caller]] = []
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pin")
        self._wake, self._waker = socket.socketpair()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(MOST_CONNECTIONS)
        self._selector = selectors.DefaultSelector()
        for one in (self._listener, self._wake, self._waker):
            one.settimeout(0)  # never waits
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self, timeout_s: float) -> None:
        """Answer what was asked; wait at most `timeout_s` for somebody to ask."""
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wake:
                self._wake.recv(4096)
            else:
                self._read(key.data)
        for done in [one for one in self._working if one[0].done()]:
            self._working.remove(done)
            self._finish(*done)

    def close(self) -> None:
        """Hang up on everybody; work that has not begun is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for caller in list(self._callers):
            self._hang_up(caller)
        self._selector.close()
        for one in (self._listener, self._wake, self._waker):
            one.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return the listening socket."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # gone again already
        if len(self._callers) >= MOST_CONNECTIONS:
            connection.close()
            return
        connection.settimeout(0)  # never waits
        caller = _Caller(connection)
        self._callers.add(caller)
        self._selector.register(connection, selectors.EVENT_READ, caller)

    def _read(self, caller: _Caller) -> None:
        try:
            more = caller.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        caller.rest += more
        if not more or len(caller.rest) > LONGEST_LINE_BYTES:
            self._hang_up(caller)
        else:
            self._answer_next(caller)

    def _answer_next(self, caller: _Caller) -> None:
        while not caller.waits and b"\n" in caller.rest and caller in self._callers:
            line, _, caller.rest = caller.rest.partition(b"\n")
            answer = self._answer_to(line)
            if isinstance(answer, Later):
                self._start(answer, caller)
            else:
                self._send(caller, answer)

    def _answer_to(self, line: bytes) -> Answer | Later:
        try:
            ask = json.loads(line)
        except ValueError:
            ask = None
        if not isinstance(ask, dict):
            return self._refuse("one JSON object a line is expected")
        answer = self._answer(ask)
        if isinstance(answer, Later) and len(self._working) >= MOST_WAITING:
            return self._refuse("Too much is asked at this moment; try again.")
        return answer

    def _start(self, later: Later, caller: _Caller) -> None:
        caller.waits = True
        future = self._pool.submit(later.work)
        self._working.append((future, later, caller))
        future.add_done_callback(lambda _: self._waker.send(b"."))

    def _finish(self, future: Future[Any], later: Later, caller: _Caller) -> None:
        caller.waits = False
        answer = later.then(future.result())
        if caller in self._callers:
            self._send(caller, answer)
            self._answer_next(caller)

    def _send(self, caller: _Caller, answer: Answer) -> None:
        try:
            caller.socket.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:  # gone, or does not read: an answer is far smaller than its buffer
            self._hang_up(caller)

    def _hang_up(self, caller: _Caller) -> None:
        if caller in self._callers:
            self._callers.discard(caller)
            self._selector.unregister(caller.socket)
            caller.socket.close()
