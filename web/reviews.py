"""Reviewing over the API: the next pictures of a queue, what is said of them, and undoing it."""

from __future__ import annotations

from flask import Blueprint, jsonify

from inspector.domain.people import Person, Right
from inspector.domain.review_queues import Queue
from web.api import Answer, body, known_id
from web.forms import ID, NextForm, ReviewForm, matching, only
from web.review_json import item
from web.security import changing, person_with
from web.services import Claimed, Json, Services


class ReviewApi:
    """Everything under `/api/v1/reviews`, one method for each address."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def waiting(self) -> Answer:
        """Return how much waits in each queue."""
        person = person_with(self._services, Right.LABEL)
        return jsonify(waiting_for(self._services, person))

    def next(self) -> Answer:
        """Give the next pictures of a queue to the person who asks."""
        by = changing(self._services, Right.LABEL)
        form = NextForm(body())
        taken = self._services.reviews.take(form.queue, by, form.count)
        shown = [self._item(claimed) for claimed in taken]
        return jsonify(items=[one for one in shown if one])

    def add(self) -> Answer:
        """Take what was said of a picture that was given to the person."""
        by = changing(self._services, Right.LABEL)
        form = ReviewForm(body(), "claim")
        said = self._services.reviews.order("add_review", by, form.fields)
        return jsonify(review=said["review"], missed_seed=bool(said.get("missed_seed")))

    def add_of(self, record: str) -> Answer:
        """Take what was said of a record by its id: as flagged, or found downstream."""
        by = changing(self._services, Right.LABEL)
        known_id(record)
        fields = ReviewForm(body(), "source").fields | {"record": record}
        said = self._services.reviews.order("add_review", by, fields)
        return jsonify(review=said["review"])

    def undo(self, review: int) -> Answer:
        """Take the person's own last word on a picture back, and give it to them again."""
        by = changing(self._services, Right.LABEL)
        values = body()
        only(values, {"request"})
        request = matching(values, "request", ID, "1 to 64 letters, digits, _ . : -")
        claimed, number = self._services.reviews.undo(review, request, by)
        return jsonify(review=number, item=self._item(claimed) if claimed else None)

    def _item(self, claimed: Claimed) -> Json | None:
        """Return a picture; None when retention has taken its record meanwhile."""
        subject, services = claimed.subject, self._services
        of = services.reviews.record_of(subject.id) if subject.is_seed else subject.id
        record = services.records.record(of) if of else None
        if record is None:
            return None
        cards = {card.name: card for card in services.live.stations()}
        return item(claimed, record, cards.get(record.station))


def blueprint(services: Services) -> Blueprint:
    """Return the addresses of reviewing under `/api/v1`."""
    pages, api = Blueprint("reviews", __name__, url_prefix="/api/v1"), ReviewApi(services)
    pages.get("/reviews/waiting")(api.waiting)
    pages.post("/reviews/next")(api.next)
    pages.post("/reviews")(api.add)
    pages.post("/reviews/<int:review>/undo")(api.undo)
    pages.post("/records/<record>/reviews")(api.add_of)
    return pages


def waiting_for(services: Services, person: Person) -> Json:
    """Return how much waits in each queue, and how much the person has answered lately."""
    queues = {queue.value: services.reviews.waiting(queue, person) for queue in Queue}
    shown = {
        name: {
            "waiting": one.parts,
            "for_you": one.for_you,
            "oldest": one.oldest.isoformat() if one.oldest else None,
        }
        for name, one in queues.items()
    }
    return {"queues": shown, "answered": services.reviews.answered_by(person)}
