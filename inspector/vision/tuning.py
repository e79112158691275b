"""An approval written into a package's manifest, in place of an older one."""

from __future__ import annotations

import tomlkit
from tomlkit.items import AoT

from inspector.vision.manifest import Approved


def with_approval(manifest: str, entry: Approved) -> str:
    """Return a manifest's text with the entry, in place of an older one of the same device.

    Everything else stays as it is, comments too.
    """
    table = tomlkit.parse(manifest)
    kept = [one for one in table.pop("approved", []) if not _same(one, entry)]
    entries = AoT([])
    for one in [*kept, entry.model_dump()]:
        entries.append(tomlkit.item(one))
    table["approved"] = entries
    return tomlkit.dumps(table)


def _same(one: object, entry: Approved) -> bool:
    of = Approved.model_validate(tomlkit.item(one).unwrap())
    keys = ("device", "device_class", "runtime")
    return all(getattr(of, key) == getattr(entry, key) for key in keys)
