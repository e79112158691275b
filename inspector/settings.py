"""What the model of every settings file is: frozen, and closed to what it does not know."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Settings(BaseModel):
    """Frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OnePassword(Settings):
    """Names a password in one of two places, and never holds it."""

    password_env: str = Field(
        default="", description="Environment variable that holds the password."
    )
    password_file: str = Field(
        default="", description="Or file with it, relative to the site, mode 0600 or stricter."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.password_env) == bool(self.password_file):
            msg = "give the password in either password_env or password_file"
            raise ValueError(msg)
        return self
