"""The figures of the vision benchmark, from what all contenders took. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Figure, Target, spread
from benchmarks.taken import Rounds, shares
from inspector.vision.devices import HINTS

PICTURE_PX = 1280, 1024
"""1.3 megapixels, a common sensor."""
LEAST_VS_BARE = {320: Target(0.90, at_most=False), 640: Target(0.95, at_most=False)}
LEAST_VS_ULTRALYTICS, MOST_VS_ULTRALYTICS = Target(1.5, at_most=False), Target(0.85)
WHOLE, WHOLES = "whole path", "whole path, workers side by side"
SEEING, SEEINGS = "scaling, model, reading", "scaling, model, reading, side by side"
BARE, BARES = "bare session", "bare session, several streams"
NATIVE, NATIVES = "OpenVINO's own runtime", "OpenVINO's own runtime, several streams"
ULTRALYTICS = "Ultralytics predict"
KEYS = {
    WHOLE: "whole",
    WHOLES: "whole_side_by_side",
    SEEING: "seeing",
    SEEINGS: "seeing_side_by_side",
    BARE: "bare",
    BARES: "bare_streams",
    NATIVE: "native",
    NATIVES: "native_streams",
    ULTRALYTICS: "ultralytics",
}
OTHERS = (NATIVE, NATIVES, ULTRALYTICS)
"""Those of the training environment."""
ONE_BY_ONE = (WHOLE, SEEING, BARE, NATIVE, ULTRALYTICS)
VIEWS = 3
LARGE_STAGE = 0.05
CHECKS_APART = "digest and picture check are stages of their own: the other side has neither"
WHY = {
    "digest": "every byte of the picture is read once, and hashed",
    "check": "rows and columns of it are looked at for light, contrast, sharpness, part and view",
    "scaling": "the picture is scaled to the model's input, padded and put into its colour order",
    "reading": "the answer is checked, sorted and turned into findings",
}


@dataclass(slots=True)
class Case:
    """One size of the model's input.

    Attributes:
        px: That size.
        precision: That runs.
        rounds: What all contenders took.
        stage_ms: Of each stage of the whole path, measured one by one beside them.
        facts: Of the training environment: precision and versions; empty without it.
    """

    px: int
    precision: str
    rounds: Rounds = field(default_factory=Rounds)
    stage_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def ratio(self, contenders: Sequence[str], others: Sequence[str]) -> float | None:
        """Return the best rate of these over the best rate of others; None without others."""
        if not any(one in self.rounds.taken for one in others):
            return None
        rate_hz = self.rounds.rate_hz
        return rate_hz(self.rounds.best(contenders)) / rate_hz(self.rounds.best(others))

    @property
    def throughput_vs_bare(self) -> float:
        """Return the whole path at its best against the bare session at its best."""
        ratio = self.ratio((WHOLE, WHOLES), (BARE, BARES))
        assert ratio is not None
        return ratio

    def latency_vs_ultralytics(self, contender: str = WHOLE) -> float | None:
        """Return the median time of one picture against that of Ultralytics."""
        if ULTRALYTICS not in self.rounds.taken:
            return None
        own, other = (spread(self.rounds.ms(one)).p50 for one in (contender, ULTRALYTICS))
        return own / other


def figures_of(case: Case) -> Iterator[Figure]:
    """Return the figures of one case: ratios, then latencies, then rates, then stages."""
    key, name = f"vision.{case.px}px", f"{case.px} px {case.precision}"
    target = LEAST_VS_BARE.get(case.px)
    best = f"{case.rounds.best((WHOLE, WHOLES))} / {case.rounds.best((BARE, BARES))}"
    ratios = [
        ("throughput_vs_bare", "whole path / bare, throughput", (WHOLE, WHOLES), target, best),
        ("seeing_vs_bare", f"{SEEING} / bare, throughput", (SEEING, SEEINGS), target, CHECKS_APART),
        ("one_worker_vs_bare", "one worker alone / bare, throughput", (WHOLE,), target, ""),
    ]
    for which, said, contenders, wanted, note in ratios:
        value = case.ratio(contenders, (BARE, BARES))
        assert value is not None
        yield Figure(f"{key}.{which}", f"{name}: {said}", value, "", wanted, note)
    yield from _against_others(case, key, name)
    yield from _latencies(case, key, name)
    for contender in case.rounds.taken:
        rate_hz = case.rounds.rate_hz(contender)
        which = f"{key}.{KEYS[contender]}_per_s"
        yield Figure(which, f"{name}: {contender}", rate_hz, "/s")
    yield from _stages(case, key, name)


def _against_others(case: Case, key: str, name: str) -> Iterator[Figure]:
    same = case.ratio((WHOLE,), (BARE,))
    assert same is not None
    said = f"{name}: one worker / the same bare session"
    yield Figure(f"{key}.one_worker_vs_same_session", said, same)
    native = case.ratio((WHOLE, WHOLES), (NATIVE, NATIVES))
    if native is not None:
        said = f"{name}: whole path / OpenVINO's own runtime"
        yield Figure(f"{key}.throughput_vs_native", said, native)
    yield from _against_ultralytics(case, key, name)


def _against_ultralytics(case: Case, key: str, name: str) -> Iterator[Figure]:
    least, most = LEAST_VS_ULTRALYTICS, MOST_VS_ULTRALYTICS
    for which, (one, several), wanted, note in (
        ("", (WHOLE, WHOLES), (least, most), ""),
        ("seeing_", (SEEING, SEEINGS), (None, None), CHECKS_APART),
        ("bare_", (BARE, BARES), (None, None), "what would be reached if all of ours cost nothing"),
    ):
        throughput = case.ratio((one, several), (ULTRALYTICS,))
        latency = case.latency_vs_ultralytics(one)
        if throughput is None or latency is None:
            return
        for what, said, value, target in (
            ("throughput", "throughput", throughput, wanted[0]),
            ("latency", "latency p50", latency, wanted[1]),
        ):
            told = f"{name}: {one} / Ultralytics, {said}"
            yield Figure(f"{key}.{which}{what}_vs_ultralytics", told, value, "", target, note)


def _latencies(case: Case, key: str, name: str) -> Iterator[Figure]:
    for contender in ONE_BY_ONE:
        if contender not in case.rounds.taken:
            continue
        for views in (1, VIEWS):
            taken = spread(case.rounds.ms(contender, views))
            of = f"{name}: {contender}, {views} view{'s' if views > 1 else ''}"
            which = f"{key}.{KEYS[contender]}_{views}_views"
            yield Figure(f"{which}_p50_ms", f"{of}, p50", taken.p50, "ms")
            yield Figure(f"{which}_p99_ms", f"{of}, p99", taken.p99, "ms")


def _stages(case: Case, key: str, name: str) -> Iterator[Figure]:
    for stage, (ms, share) in shares(case.stage_ms).items():
        why = f": {WHY[stage]}" if share > LARGE_STAGE and stage in WHY else ""
        yield Figure(f"{key}.{stage}_ms", f"{name}: {stage}", ms, "ms", None, f"{share:.1%}{why}")


def versions(case: Case) -> str:
    """Return what the others were, and whether Ultralytics ran in our precision."""
    said = ", ".join(f"{name} {text}" for name, text in case.facts["versions"].items())
    ran = case.facts["precision"]
    own = HINTS[case.precision]
    same = "the same" if ran == own else f"NOT the same as ours ({own})"
    return f"{said}; Ultralytics ran in {ran}, {same}"


def short(case: Case) -> dict[str, object]:
    """Return the answer in a few figures."""
    whole, bare = spread(case.rounds.ms(WHOLE)), spread(case.rounds.ms(BARE))
    seeing = case.ratio((SEEING, SEEINGS), (BARE, BARES))
    assert seeing is not None
    answer: dict[str, object] = {
        "input_px": case.px,
        "precision": case.precision,
        "picture_px": list(PICTURE_PX),
        "throughput_vs_bare": round(case.throughput_vs_bare, 3),
        "seeing_vs_bare": round(seeing, 3),
        "latency_ms": {"p50": round(whole.p50, 3), "p99": round(whole.p99, 3)},
        "bare_latency_ms": {"p50": round(bare.p50, 3), "p99": round(bare.p99, 3)},
    }
    throughput = case.ratio((WHOLE, WHOLES), (ULTRALYTICS,))
    latency = case.latency_vs_ultralytics()
    if throughput is not None and latency is not None:
        answer["throughput_vs_ultralytics"] = round(throughput, 3)
        answer["latency_vs_ultralytics"] = round(latency, 3)
    return answer
