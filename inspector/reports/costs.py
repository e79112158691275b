"""The file with what errors cost at a site, for `inspector kpi advise`."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from inspector.domain.advice import Rails
from inspector.domain.threshold_cost import Costs
from inspector.settings import Settings


class CostsFile(Settings):
    """What errors cost, and the site's guard rails."""

    currency: str = Field(min_length=1, description="In which all amounts are.")
    escape: float = Field(gt=0, description="Cost of a bad part that passes.")
    false_reject: float = Field(ge=0, description="Cost of a good part that is rejected.")
    review: float = Field(default=0.0, ge=0, description="Cost of a look at a rejected part.")
    review_s: float = Field(default=0.0, ge=0, description="How long that look takes.")
    most_escapes: float | None = Field(
        default=None, gt=0, lt=1, description="The charter's upper bound of the escape rate."
    )
    changed_at: AwareDatetime | None = Field(
        default=None, description="When the limit was changed last."
    )
    version: int = Field(default=0, ge=0, description="Of the limit in force.")

    @property
    def costs(self) -> Costs:
        """Return the costs as the estimator takes them."""
        return Costs(self.escape, self.false_reject, self.review, self.review_s)

    @property
    def rails(self) -> Rails:
        """Return the guard rails as the advice takes them."""
        return Rails(self.most_escapes, self.changed_at)
