"""Pictures are found by their digest or their view, and by nothing else."""

import pytest
from flask.testing import FlaskClient

from tests.web.fakes import JPEG, PICTURE


def test_a_picture_is_found_by_its_digest(client: FlaskClient) -> None:
    answer = client.get(f"/pictures/{PICTURE}")
    assert (answer.data, answer.mimetype) == (JPEG, "image/jpeg")
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_newest_picture_of_a_view_is_never_kept(client: FlaskClient) -> None:
    answer = client.get("/pictures/live/ring/side")
    assert answer.data == JPEG
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/" + "0" * 64,
        "/pictures/" + PICTURE.upper(),
        "/pictures/" + PICTURE + ".jpg",
        "/pictures/..%2f..%2fetc%2fpasswd",
        "/pictures/../../etc/passwd",
        "/pictures/%00",
        "/pictures/live/board/side",
        "/pictures/live/nobody/top",
        "/pictures/live/..%2f/top",
    ],
)
def test_anything_else_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.get_json()) == {"error"}
