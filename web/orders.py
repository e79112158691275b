"""What people tell the recorder beside reviews: answers to alarms, lots and seeded defects."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.exceptions import NotFound

from inspector.domain.people import Right
from web.api import Answer, body
from web.forms import LotForm, SeedForm, only, text
from web.security import changing
from web.services import Services


class OrderApi:
    """One method for each address."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def answer_alarm(self, alarm: int) -> Answer:
        """Note who has seen an alarm, and what they did."""
        by = changing(self._services, Right.ANSWER_ALARM)
        values = body()
        only(values, {"did"})
        fields = {"alarm": alarm, "did": text(values, "did")}
        self._services.reviews.order("answer_alarm", by, fields)
        return jsonify(answered=True)

    def begin_lot(self, station: str) -> Answer:
        """Begin a lot at a station."""
        by = changing(self._services, Right.BEGIN_LOT)
        if all(card.name != station for card in self._services.live.stations()):
            raise NotFound("There is no such station.")
        fields = {"station": station, "name": LotForm(body()).name}
        said = self._services.reviews.order("begin_lot", by, fields)
        return jsonify(begun=bool(said["begun"]))

    def seed(self) -> Answer:
        """Put a picture with a known defect among those of the audit."""
        by = changing(self._services, Right.SEED_DEFECT)
        fields = SeedForm(body()).fields
        return jsonify(seed=self._services.reviews.order("add_seeded_defect", by, fields)["seed"])


def blueprint(services: Services) -> Blueprint:
    """Return the addresses under `/api/v1`."""
    pages, api = Blueprint("orders", __name__, url_prefix="/api/v1"), OrderApi(services)
    pages.post("/alarms/<int:alarm>/answers")(api.answer_alarm)
    pages.post("/stations/<station>/lots")(api.begin_lot)
    pages.post("/seeds")(api.seed)
    return pages
