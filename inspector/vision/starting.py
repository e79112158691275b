"""A station's model on the first device of its list that runs it as it must."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from inspector.errors import ModelFailed, PackageRefused, ProviderUnavailable
from inspector.vision.runtime import Model

log = logging.getLogger(__name__)


def first_that_runs(devices: Sequence[str], opened: Callable[[str], Model]) -> Model:
    """Return the model on the first of these devices that has it and gives its golden verdicts.

    Args:
        devices: The wished one, then those that a station lets take its place.
        opened: Returns the proven model on a device.

    Raises:
        ProviderUnavailable, PackageRefused, ModelFailed: It does not run on the last one either.
    """
    *wished, last = devices
    passed_over: dict[str, str] = {}
    for device in wished:
        try:
            return _after(opened(device), passed_over)
        except (ProviderUnavailable, PackageRefused, ModelFailed) as error:
            log.warning("passed over: %s", error)
            passed_over[device] = str(error)
    return _after(opened(last), passed_over)


def _after(model: Model, passed_over: dict[str, str]) -> Model:
    model.ran = replace(model.ran, passed_over=passed_over)
    return model
