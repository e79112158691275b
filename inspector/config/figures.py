"""The tables `[targets]` and `[costs]` of a site's `site.toml`: what its figures are held against.

`[costs]` is also the file of `inspector kpi advise --costs`, which has the guard rails beside it.
"""

from __future__ import annotations

from pydantic import Field

from inspector.domain.prices import Costs, Prices
from inspector.settings import Settings


class TargetSettings(Settings):
    """What the figures shall reach, by their ids; without a target a figure only stands there."""

    escape_rate: float = Field(
        default=0.01,
        gt=0,
        le=0.5,
        description="At most; audits that could not even show this give no escape rate.",
    )
    false_reject_rate: float | None = Field(default=None, gt=0, le=1, description="At most.")
    not_inspected_rate: float | None = Field(default=None, gt=0, le=1, description="At most.")
    first_pass_yield: float | None = Field(default=None, gt=0, le=1, description="At least.")

    def by_id(self) -> dict[str, float]:
        """Return the targets that are set, by the id of their figure."""
        return self.model_dump(exclude_none=True)


class CostSettings(Settings):
    """What errors cost at a site."""

    currency: str = Field(min_length=1, description="In which all amounts are.")
    escape: float = Field(gt=0, description="Cost of a bad part that passes.")
    false_reject: float = Field(ge=0, description="Cost of a good part that is rejected.")
    review: float = Field(default=0.0, ge=0, description="Cost of a look at a rejected part.")
    review_s: float = Field(default=0.0, ge=0, description="How long that look takes.")
    bad_part: float | None = Field(
        default=None, ge=0, description="Cost of a bad part that is rejected: scrap or rework."
    )
    standstill_hour: float | None = Field(
        default=None, ge=0, description="Cost of an hour in which a station cannot inspect."
    )

    @property
    def costs(self) -> Costs:
        """Return the costs as the estimator takes them."""
        return Costs(self.escape, self.false_reject, self.review, self.review_s)

    def prices(self) -> Prices:
        """Return them as the figures of a site take them."""
        return Prices(self.currency, self.costs, self.bad_part, self.standstill_hour)
