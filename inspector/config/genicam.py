"""The settings of a GigE Vision or USB3 Vision camera."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from inspector.settings import Settings

FeatureName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class GenicamCamera(Settings):
    """A GigE Vision or USB3 Vision camera."""

    kind: Literal["genicam"] = Field(description="A GigE Vision or USB3 Vision camera.")
    address: str = Field(
        default="",
        pattern=r"^(\d{1,3}(\.\d{1,3}){3})?$",
        description="IP address of a GigE Vision camera; empty: a USB3 Vision camera.",
    )
    serial: str = Field(
        default="", description="Serial number it must have; empty, with an address: any."
    )
    model: str = Field(default="", description="Model that it must be; empty: any.")
    features: dict[FeatureName, bool | int | float | str] = Field(
        default_factory=dict,
        description="Features by their GenICam names, written in this order and read back.",
    )

    @model_validator(mode="after")
    def _to_be_found(self) -> GenicamCamera:
        if not self.address and not self.serial:
            msg = "give the address of a GigE Vision camera or the serial of a USB3 Vision one"
            raise ValueError(msg)
        return self
