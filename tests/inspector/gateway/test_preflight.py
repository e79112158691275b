"""What is looked at before any process starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.cameras import aravis as aravis_layer
from inspector.config.loading import load_site
from inspector.gateway.preflight import library_problems
from tests.faults.running import copied_site


@pytest.fixture
def without_aravis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(aravis_layer, "LIBRARIES", ("libaravis-of-no-such-version.so",))
    aravis_layer.aravis.cache_clear()
    yield
    aravis_layer.aravis.cache_clear()


@pytest.mark.usefixtures("without_aravis")
def test_a_view_whose_camera_needs_a_missing_library_is_one_sentence(tmp_path: Path) -> None:
    folder = copied_site(tmp_path)
    assert not list(library_problems(load_site(folder)))
    file = folder / "stations" / "board.toml"
    asks = '{ kind = "genicam", address = "192.168.7.5" }'
    file.write_text(file.read_text().replace('{ kind = "simulated" }', asks, 1))
    (problem,) = library_problems(load_site(folder))
    assert str(problem) == (
        "stations/board.toml: views.0.camera.kind: the Debian package libaravis-0.8-0 is missing: "
        "apt-get install it"
    )
