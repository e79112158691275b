"""Kept pictures are found by their digest, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.storage.image_files import KeptPictures

DIGEST = "ab" * 32


def test_a_kept_picture_is_found_by_its_digest(tmp_path: Path) -> None:
    pictures = KeptPictures(tmp_path)
    assert pictures.picture(DIGEST) is None
    file = tmp_path / "pictures" / "ab" / f"{DIGEST}.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"jpeg")
    assert pictures.file(DIGEST) == file
    assert pictures.picture(DIGEST) == b"jpeg"


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", DIGEST.upper(), DIGEST[:-1], DIGEST + "\n", "é" * 64]
)
def test_nothing_else_is_a_picture(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        KeptPictures(tmp_path).picture(name)
