"""Score limits of a model's classes, chosen on pictures that neither trained it nor will judge it.

The rule, for each class alone:

- *Low*: the lowest limit at which at most `FALSE_REJECTS` / (number of classes) of the good parts
  are rejected by this class.
- *High*: the highest limit at which at most `MISSED` of this class's clear defects are missed.
- Where low lies below high, the limit is their middle on the logit scale, so that both sides keep
  a margin.
- Where it does not, the model cannot keep both. Such classes share all of `FALSE_REJECTS` among
  them, as the others need little of it, and take low; the evaluation shows what that misses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

FALSE_REJECTS = 0.006
MISSED = 0.003
_LEAST, _MOST = 0.02, 0.95

Scores = npt.NDArray[np.float64]


def chosen_limits(good: Mapping[str, Scores], clear: Mapping[str, Scores]) -> dict[str, float]:
    """Return the limit of each class, rounded to four digits.

    Args:
        good: for each class, its highest score on each good part.
        clear: for each class, its highest score on each part with a clear defect of this class.
    """
    share = FALSE_REJECTS / len(good)
    hard = [kind for kind in good if _low(good[kind], share) >= _high(clear[kind])]
    wider = FALSE_REJECTS / max(len(hard), 1)
    return {
        kind: chosen_limit(good[kind], clear[kind], false_rejects=wider if kind in hard else share)
        for kind in good
    }


def chosen_limit(good: Scores, clear: Scores, *, false_rejects: float) -> float:
    """Return one class's limit by the rule above; a score at the limit rejects."""
    low, high = _low(good, false_rejects), _high(clear)
    limit = _middle(low, high) if low < high else low + 1e-4
    return round(min(max(limit, _LEAST), _MOST), 4)


def _low(good: Scores, false_rejects: float) -> float:
    return float(np.quantile(good, 1 - false_rejects, method="higher"))


def _high(clear: Scores) -> float:
    return float(np.quantile(clear, MISSED, method="lower"))


def _middle(low: float, high: float) -> float:
    """Return the value half-way between two scores on the logit scale."""
    ends = np.clip([low, high], 1e-4, 1 - 1e-4)
    half = float(np.log(ends / (1 - ends)).mean())
    return 1 / (1 + float(np.exp(-half)))
