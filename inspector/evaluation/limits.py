"""Score limits of a model's classes, chosen on pictures that neither trained it nor will judge it.

The rule: a missed defect is a recall and a false reject costs a part, so the good parts that may
be rejected (`FALSE_REJECTS`) are spent where each of them buys the most clear defects.

1. Every class begins with all good parts below its limit.
2. As long as a class can take in more clear defects within what may still be rejected, the limit
   goes down in the class that gains the most defects for each further good part rejected.
3. Each limit then lies in the middle, on the logit scale, between the best score of a good part
   that passes and the lowest score of a clear defect that is found: both sides keep a margin.

Where there are no good pictures, nothing can be said of false rejects; `balanced_limit` then weighs
what is found wrongly beside the defects against what is missed of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from inspector.domain.detection import Hits

FALSE_REJECTS = 0.006
_LEAST, _MOST = 0.02, 0.95

Scores = npt.NDArray[np.float64]
Lows = dict[str, float]


def chosen_limits(
    good: Mapping[str, Scores],
    clear: Mapping[str, Scores],
    *,
    false_rejects: float = FALSE_REJECTS,
) -> dict[str, float]:
    """Return the limit of each class, rounded to four digits; a score at the limit rejects.

    Args:
        good: for each class, its highest score on each good part; part by part the same order.
        clear: for each class, its highest score on each part with a clear defect of this class.
        false_rejects: the share of the good parts that may be rejected.
    """
    lows = {kind: float(scores.max()) for kind, scores in good.items()}
    spent = false_rejects * len(next(iter(good.values())))
    while cuts := list(_affordable(good, clear, lows, spent)):
        gain, kind, low = max(cuts)
        if not gain:
            break
        lows[kind] = low
    return {kind: _limit(low, clear[kind]) for kind, low in lows.items()}


def balanced_limit(hits: Hits) -> float:
    """Return the limit with the highest F1: as many defects found, and as few other finds, as can.

    F1 = 2 · right / (found + marked), counted in boxes that overlap a marked one by half or more.
    """
    right = np.cumsum(hits.hit[0])
    f1 = 2 * right / (np.arange(1, len(right) + 1) + hits.marked)
    last = np.append(np.diff(hits.scores) < 0, True)  # equal scores are found together
    if not len(right) or not right[-1]:
        return _MOST
    best = int(np.argmax(np.where(last[: len(right)], f1, -1.0)))
    below = hits.scores[best + 1] if best + 1 < len(right) else 0.0
    return _bounded(_middle(float(below), float(hits.scores[best])))


def _affordable(
    good: Mapping[str, Scores], clear: Mapping[str, Scores], lows: Lows, most: float
) -> Iterator[tuple[float, str, float]]:
    """Yield defects gained per good part lost, class and new low of each step within `most`."""
    rejected = _rejected(good, lows)
    for kind, low in lows.items():
        for lower in sorted({*good[kind][good[kind] < low]}, reverse=True):
            lost = int((rejected | (good[kind] > lower)).sum())
            if lost > most:
                break
            gained = int(((clear[kind] > lower) & (clear[kind] <= low)).sum())
            yield gained / max(lost - int(rejected.sum()), 0.5), kind, float(lower)


def _rejected(good: Mapping[str, Scores], lows: Lows) -> npt.NDArray[np.bool_]:
    """Return for each good part whether any class rejects it."""
    over = [good[kind] > low for kind, low in lows.items()]
    return np.asarray(np.any(over, axis=0), np.bool_)


def _limit(low: float, clear: Scores) -> float:
    found = clear[clear > low]
    limit = _middle(low, float(found.min())) if found.size else low + 1e-4
    return _bounded(limit)


def _bounded(limit: float) -> float:
    return round(min(max(limit, _LEAST), _MOST), 4)


def _middle(low: float, high: float) -> float:
    """Return the value half-way between two scores on the logit scale."""
    ends = np.clip([low, high], 1e-4, 1 - 1e-4)
    half = float(np.log(ends / (1 - ends)).mean())
    return 1 / (1 + float(np.exp(-half)))
