"""What was kept is there, whatever the kill left half-written."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.simulator.retentive import HALF_BYTES, RetentiveFile, RetentiveFull


def test_a_new_file_has_nothing(tmp_path: Path) -> None:
    file = RetentiveFile(tmp_path / "demo" / "plc.retentive")
    assert file.kept() == b""
    file.close()


def test_the_last_content_is_kept(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        file = RetentiveFile(tmp_path / "r")
        file.keep(content)
        file.keep(content * 2)
        file.close()
        again = RetentiveFile(tmp_path / "r")
        assert again.kept() == content * 2
        again.close()


@settings(max_examples=50, deadline=None)
@given(damage=st.integers(0, 60), at=st.integers(0, 40))
def test_a_half_written_content_leaves_the_one_before(
    damage: int, at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("r") / "r"
    file = RetentiveFile(path)
    file.keep(b"first" * 4)
    file.keep(b"second" * 4)
    file.close()
    content = bytearray(path.read_bytes())
    # Generation 2 lies in the first half; anything of it may be torn.
    content[at] ^= (damage % 255) + 1
    path.write_bytes(content)
    again = RetentiveFile(path)
    assert again.kept() in (b"first" * 4, b"second" * 4)
    assert at >= 20 + 24 or again.kept() == b"first" * 4
    again.close()


def test_too_much_is_refused(tmp_path: Path) -> None:
    file = RetentiveFile(tmp_path / "r")
    with pytest.raises(RetentiveFull):
        file.keep(bytes(HALF_BYTES))
    file.close()
