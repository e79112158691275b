"""Changes a station's file as a person would: everything else stays, comments too."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import tomlkit
from pydantic import ValidationError
from tomlkit.items import InlineTable, Table

from inspector.config.station import Station
from inspector.errors import SettingsWrong

LEARNED = "# learned from"


def with_package(text: str, package: str) -> str:
    """Return a station's text with another package."""
    document = tomlkit.parse(text)
    document["package"] = package
    return tomlkit.dumps(document)


def with_limits(text: str, limits: Mapping[str, float]) -> str:
    """Return a station's text with these limits beside those that stand there already."""
    if not limits:
        return text
    document = tomlkit.parse(text)
    if "limits" not in document:
        document["limits"] = tomlkit.table()
    for kind, limit in limits.items():
        document["limits"][kind] = limit
    return tomlkit.dumps(document)


def with_picture_check(
    text: str, view: str, values: Mapping[str, float | str], *, note: str
) -> str:
    """Return a station's text with other limits for one view's pictures.

    Args:
        text: Of `stations/<name>.toml`, valid.
        view: One of its views.
        values: All settings of `views[].check`.
        note: From what they were learned; beside them as a comment, but never in place of a
            person's own.

    Raises:
        SettingsWrong: The limits cannot stand there.
    """
    document = tomlkit.parse(text)
    (table,) = (one for one in document["views"] if one["name"] == view)
    before = table.get("check")
    if isinstance(before, Table):
        check: Table | InlineTable = before
        for key, value in values.items():
            check[key] = value
    else:
        check = _on_one_line(values)
    comment = before.trivia.comment if before else ""
    if not comment or comment.startswith(LEARNED):
        comment = f"{LEARNED} {note}"
    check.comment(comment)
    check.trivia.comment_ws = "  "
    table["check"] = check
    changed = tomlkit.dumps(document)
    try:
        Station.model_validate(tomllib.loads(changed))
    except ValidationError as error:
        raise SettingsWrong("views", f"{view}.check", str(error.errors()[0]["msg"])) from error
    return changed


def _on_one_line(values: Mapping[str, float | str]) -> InlineTable:
    pairs = ", ".join(f"{key} = {tomlkit.item(value).as_string()}" for key, value in values.items())
    table = tomlkit.value(f"{{ {pairs} }}")
    assert isinstance(table, InlineTable)  # noqa: S101 - of the text above
    return table
