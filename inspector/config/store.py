"""The table `[store]` of a site's `site.toml`."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from inspector.settings import Settings


class StoreSettings(Settings):
    """The PostgreSQL database with the records; without the table they lie in a SQLite file."""

    url: str = Field(
        min_length=1, description='"postgresql://user@host:port/database", without a password.'
    )
    password_env: str = Field(
        default="", description="Environment variable that holds the password."
    )
    password_file: str = Field(
        default="", description="Or file with it, relative to the site, mode 0600 or stricter."
    )

    @model_validator(mode="after")
    def _an_address_without_a_password(self) -> Self:
        if self.password_env and self.password_file:
            msg = "give the password in either password_env or password_file"
            raise ValueError(msg)
        address = urlsplit(self.url)
        if address.scheme != "postgresql" or not address.path.strip("/"):
            msg = 'url is not "postgresql://user@host:port/database"'
            raise ValueError(msg)
        if address.password or "password=" in address.query:
            msg = "url holds a password: name it in password_env or password_file"
            raise ValueError(msg)
        return self
