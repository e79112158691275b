"""What is wrong with the recorder, as every station's state says it.

The verdicts hold meanwhile, so no station is in *failure* for it: SCADA takes that for a station
that passes nothing. What is doubtful is what is kept of them.
"""

from __future__ import annotations

from inspector.domain.health import Condition, State
from inspector.ipc import Runtime, read_status

LOOK_EACH_S = 1.0
SILENT_S = 10.0
"""A recorder that was killed is back within two seconds; one that starts may need longer."""
SILENT = Condition(
    State.OUT_OF_SPECIFICATION,
    "the recorder does not run: records wait in the journal, and PASS is withheld once it is full. "
    "Why it ended stands in the terminal of `inspector run`",
)


class RecorderNotices:
    """The standing conditions of the recorder; `standing` is asked again and again.

    Args:
        runtime: Where it publishes its state.
        now_s: The monotonic clock: it has had no time to say anything before.
    """

    def __init__(self, runtime: Runtime, now_s: float) -> None:
        self._runtime = runtime
        self._heard_s, self._looked_s = now_s, now_s - LOOK_EACH_S
        self._standing: tuple[Condition, ...] = ()

    def standing(self, now_s: float) -> tuple[Condition, ...]:
        """Return what stands; the recorder's state is read once a second."""
        if now_s - self._looked_s >= LOOK_EACH_S:
            self._looked_s = now_s
            self._standing = self._look(now_s)
        return self._standing

    def _look(self, now_s: float) -> tuple[Condition, ...]:
        said = read_status(self._runtime, "recorder") or {}
        self._heard_s = max(self._heard_s, float(str(said.get("beat_s", 0))))
        if now_s - self._heard_s > SILENT_S:
            return (SILENT,)
        state = State(str(said.get("state", State.GOOD.value)))
        if state is State.GOOD:
            return ()
        shown = State.OUT_OF_SPECIFICATION if state is State.FAILURE else state
        return (Condition(shown, str(said.get("why", ""))),)
