"""Where the pictures that are kept lie: `data/pictures/<first two>/<digest>.jpg`."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.errors import BadInput

_DIGEST = re.compile(r"[0-9a-f]{64}")


class KeptPictures:
    """The picture files of a site; written by the workers (`ipc.write_whole`), read here.

    A picture's name is the BLAKE3 of its pixels and nothing else, so no request can leave the
    folder.
    """

    def __init__(self, data: Path) -> None:
        """Take a site's data folder; nothing is opened."""
        self._folder = data / "pictures"

    def file(self, digest: str) -> Path:
        """Return where this picture lies or would lie.

        Raises:
            BadInput: Not 64 hexadecimal digits.
        """
        if not _DIGEST.fullmatch(digest):
            raise BadInput("a picture's name is 64 hexadecimal digits")
        return self._folder / digest[:2] / f"{digest}.jpg"

    def picture(self, digest: str) -> bytes | None:
        """Return the JPEG, or None when it was not kept; raises `BadInput` as `file`."""
        try:
            return self.file(digest).read_bytes()
        except FileNotFoundError:
            return None
