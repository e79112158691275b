"""A proposal becomes a version by one signature, for the limits that it was made for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspector.domain.limits import LimitProposal, LimitsVersion, signed, taken_back
from inspector.errors import BadInput

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FOUND = LimitsVersion(1, {"dent": 0.5, "scratch": 0.4}, "a" * 64, "", NOW, "found")
PROPOSAL = LimitProposal("ring", "dent", 1, 0.5, 0.4, {}, "ada", NOW, 7)
SIGNED = LimitsVersion(2, {"dent": 0.4, "scratch": 0.4}, "a" * 64, "Quinn", NOW, "finds", 7)


def test_a_signature_moves_the_limit_of_one_class() -> None:
    assert signed([FOUND], PROPOSAL, NOW) == {"dent": 0.4, "scratch": 0.4}
    assert FOUND.limits["dent"] == 0.5


def test_a_proposal_is_signed_once() -> None:
    with pytest.raises(BadInput, match="proposal 7 was signed before, as version 2"):
        signed([SIGNED, FOUND], PROPOSAL, NOW)


def test_a_proposal_for_other_limits_is_out_of_date() -> None:
    by_hand = replace(FOUND, number=2)
    with pytest.raises(BadInput, match="is for version 1 of ring, which has version 2 now"):
        signed([by_hand, FOUND], PROPOSAL, NOW)


def test_a_proposal_is_good_for_a_week() -> None:
    assert signed([FOUND], PROPOSAL, NOW + timedelta(days=7))
    with pytest.raises(BadInput, match="is older than 7 days"):
        signed([FOUND], PROPOSAL, NOW + timedelta(days=7, seconds=1))


def test_what_was_signed_can_be_taken_back_once() -> None:
    assert taken_back([SIGNED, FOUND], "ring") == FOUND
    back = LimitsVersion(3, FOUND.limits, FOUND.model, "Quinn", NOW, "rejects", takes_back=2)
    for versions in ([FOUND], [back, SIGNED, FOUND], [replace(FOUND, number=3), SIGNED, FOUND]):
        with pytest.raises(BadInput, match="no signed proposal to take back"):
            taken_back(versions, "ring")


def test_a_proposal_says_whether_it_lowers_protection() -> None:
    assert not PROPOSAL.lowers_protection
    assert replace(PROPOSAL, proposed=0.6).lowers_protection
