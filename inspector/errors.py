"""Every error of this product, one tree.

InspectorError
├── BadInput               a person gave us something we cannot use: exit code 2, or a 4xx
│   ├── SettingsWrong      a file under stations/ or models/, with file and key
│   ├── PackageRefused     a model package that is damaged, incomplete or lies
│   ├── PictureRefused     a file that is not a picture we accept
│   ├── RowRefused         a row of a table that cannot be used, with file and line
│   ├── NotThere           what is asked about does not exist, or not for who asks
│   └── Overtaken          somebody else, or the same person, was there before
├── NothingRunning         a command needs a running gateway: exit code 3
├── CameraLost             the camera went away, or never answered
├── CameraTimeout          no frame within the time given
├── ProviderUnavailable    the device or precision asked for did not run
├── ModelFailed            the model ran and gave what cannot be used
│   └── ModelStopped       it did not come to its end, and may not look again
├── PlcRefused             the PLC said no, with what to do about it
├── PlcLost                the session with the PLC ended
├── JournalFull            the recorder is so far behind that the ring has no room
├── StoreRefused           the database cannot be used (newer, read-only, damaged)
│   ├── StoreFull          its disk is full
│   └── StoreDamaged       its file is not as it was written
└── NotAllowed             a person may not do this, or not any more
"""

from __future__ import annotations

from pathlib import Path


class InspectorError(Exception):
    """The root: whatever this product raises on purpose."""


class BadInput(InspectorError):
    """A person gave us something that cannot be used; the text is one clear sentence."""


class SettingsWrong(BadInput):
    """A settings file is wrong.

    Args:
        file: The file, relative to the site where possible.
        key: The key within it, dotted; empty when the file as a whole is wrong.
        why: What is wrong and what would be right, without a full stop.
    """

    def __init__(self, file: str, key: str, why: str) -> None:
        self.file, self.key, self.why = file, key, why
        super().__init__(f"{file}: {key}: {why}" if key else f"{file}: {why}")


class PackageRefused(BadInput):
    """A model package is damaged, incomplete, or not what its manifest says."""


class PictureRefused(BadInput):
    """A file is not a picture, or one that is too large."""


class RowRefused(BadInput):
    """A row of a table cannot be used.

    Args:
        file: The table.
        line: Where the row ends in it, from 1.
        why: What is wrong, one sentence without a full stop.
    """

    def __init__(self, file: Path, line: int, why: str) -> None:
        self.file, self.line, self.why = file, line, why
        super().__init__(f"{file}:{line}: {why}")


class NotThere(BadInput):
    """What is asked about does not exist, or not for the person who asks."""


class Overtaken(BadInput):
    """It has been done already, or was given to somebody else meanwhile."""


class NothingRunning(InspectorError):
    """The command needs a running gateway for this site."""


class CameraLost(InspectorError):
    """The camera of a view went away, or could not be reached."""

    def __init__(self, view: str, why: str) -> None:
        self.view, self.why = view, why
        super().__init__(f"camera of view {view}: {why}")


class CameraTimeout(InspectorError):
    """No frame came within the time given; the camera may still be well."""

    def __init__(self, view: str, timeout_s: float) -> None:
        self.view, self.timeout_s = view, timeout_s
        super().__init__(f"camera of view {view}: no frame within {timeout_s:g} s")


class ProviderUnavailable(InspectorError):
    """The device or precision that was asked for is not what would run."""


class ModelFailed(InspectorError):
    """The model ran, and its answer cannot be used (wrong shape, NaN)."""


class ModelStopped(ModelFailed):
    """The model stopped within a look (out of memory, for one): its session is used no more."""


class PlcRefused(InspectorError):
    """The PLC refused, for a reason that a person can mend at the PLC."""


class PlcLost(InspectorError):
    """The session with the PLC ended or never came up."""


class JournalFull(InspectorError):
    """The journal has no room left that the recorder has already read."""


class StoreRefused(BadInput):
    """The database cannot be used: written by a newer version, read-only, or damaged."""


class StoreFull(StoreRefused):
    """The disk with the database is full; nothing was written."""


class StoreDamaged(StoreRefused):
    """What the database's file holds is not what was written there."""


class NotAllowed(InspectorError):
    """This person may not do this, or not any more."""
