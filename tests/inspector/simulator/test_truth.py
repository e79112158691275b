"""The evidence file: whole lines, each once."""

import json
from pathlib import Path

from inspector.simulator.truth import TruthFile


def test_two_writers_share_one_file(tmp_path: Path) -> None:
    one, two = TruthFile(tmp_path / "t"), TruthFile(tmp_path / "t")
    one.append([{"who": "plc", "station": "ring", "seq": 1}])
    two.append([{"who": "camera", "station": "ring"}])
    one.append(
        [{"who": "plc", "station": "ring", "seq": 2}, {"who": "plc", "station": "board", "seq": 9}]
    )
    lines = [json.loads(line) for line in (tmp_path / "t").read_text().splitlines()]
    assert [line["who"] for line in lines] == ["plc", "camera", "plc", "plc"]
    assert (one.last_seq("ring"), one.last_seq("board"), one.last_seq("blister")) == (2, 9, 0)
    one.close()
    two.close()


def test_a_line_cut_short_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('{"who": "plc", "station": "ring", "seq": 3}\n{"who": "plc", "sta')
    file = TruthFile(path)
    assert file.last_seq("ring") == 3
    file.append([{"who": "plc", "station": "ring", "seq": 4}])
    assert file.last_seq("ring") == 4
    file.close()
