"""What the pictures of a site's views must be, as their settings say."""

from __future__ import annotations

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.vision.picture_check import CheckLimits


def checks_of(station: Station) -> dict[str, CheckLimits]:
    """Return what a picture must be, by view."""
    return {view.name: CheckLimits(**view.check.model_dump()) for view in station.views}


def checks_elsewhere(site: Site, station: Station) -> dict[str, CheckLimits]:
    """Return the same of all other stations' views, by what people call them."""
    others = [one for one in site.stations if one.name != station.name]
    return {
        f"view {view} of {other.name}": check
        for other in others
        for view, check in checks_of(other).items()
    }
