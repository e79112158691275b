"""The file with what errors cost at a site, for `inspector kpi advise`."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from inspector.config.figures import CostSettings
from inspector.domain.advice import Rails


class CostsFile(CostSettings):
    """What errors cost, as in `site.toml`, and the site's guard rails."""

    most_escapes: float | None = Field(
        default=None, gt=0, lt=1, description="The charter's upper bound of the escape rate."
    )
    changed_at: AwareDatetime | None = Field(
        default=None, description="When the limit was changed last."
    )
    version: int = Field(default=0, ge=0, description="Of the limit in force.")

    @property
    def rails(self) -> Rails:
        """Return the guard rails as the advice takes them."""
        return Rails(self.most_escapes, self.changed_at)
