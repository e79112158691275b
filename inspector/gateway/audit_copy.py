"""The second place of the audit log's checkpoints: a folder elsewhere, a mounted share for one.

Each copying has a thread of its own, which nothing waits for: a share that is away may hang.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Final

from inspector.config.site import Site
from inspector.errors import BadInput
from inspector.gateway.audit import Auditing, checkpoints_file
from inspector.storage.checkpoint_file import mirror

EACH_S: Final = 5.0
HANGS_S: Final = 30.0

Work = Callable[[], None]


def in_a_thread(work: Work) -> None:
    """Start work that no end of the process waits for."""
    Thread(target=work, name="audit copy", daemon=True).start()


def copy_file(folder: Path, origin: str) -> Path:
    """Return the copy's file: each log has its own, so that several sites may share a folder."""
    return folder / f"{origin.replace('/', '-')}.checkpoints"


def copy_of(site: Site, auditing: Auditing, now_s: float) -> AuditCopy | None:
    """Return what keeps the copy that a site asks for, or None."""
    if not site.audit.copy_to:
        return None
    return AuditCopy(auditing, Path(site.folder) / site.audit.copy_to, now_s)


class AuditCopy:
    """Keeps the copy; `step` is called again and again, and never waits.

    Attributes:
        why: Why the copy is behind, "" when it is not.
        differs: What the copy has that our own file lacks: the log was cut or set back.
    """

    def __init__(
        self,
        auditing: Auditing,
        folder: Path,
        now_s: float,
        run: Callable[[Work], None] = in_a_thread,
    ) -> None:
        """Begin with the next step; `run` does the copying, now or later."""
        self._auditing, self._folder, self._run = auditing, folder, run
        self._began_s, self._copies = now_s - EACH_S, False
        self.why = self.differs = ""

    def step(self, now_s: float) -> None:
        """Begin to copy every few seconds, or say that the folder does not answer."""
        if self._copies:
            if now_s - self._began_s > HANGS_S:
                self.why = self._said("does not answer")
        elif now_s - self._began_s >= EACH_S:
            self._began_s, self._copies = now_s, True
            self._run(self._copy)

    def _copy(self) -> None:
        try:
            origin = self._auditing.log.signer.name
            mirror(checkpoints_file(self._auditing.data), copy_file(self._folder, origin))
        except OSError as error:
            self.why = self._said(f"cannot be written: {error.strerror}")
        except BadInput as error:
            self.differs = str(error)
        else:
            self.why = ""
        finally:
            self._copies = False

    def _said(self, what: str) -> str:
        return (
            f"the second copy of the audit log's checkpoints waits: {self._folder} {what}. "
            "Connect it again; what is owed comes by itself"
        )
