"""The review screen: one picture at a time, three queues, keyboard first."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from inspector.domain.people import Right
from inspector.domain.review_queues import Queue
from web.operator import panel_settings
from web.reviews import waiting_for
from web.security import person_with, session_of
from web.services import Services

TITLES: Final = {
    Queue.AUDIT: "Audit",
    Queue.DISAGREEMENT: "Disagreements",
    Queue.SECOND: "Second opinion",
}


def blueprint(services: Services) -> Blueprint:
    """Return `/review`, with one queue open (`?queue=`)."""
    pages = Blueprint("review", __name__)

    @pages.get("/review")
    def screen() -> Response:
        asked = request.args.get("queue", "")
        queue = Queue(asked) if asked in set(Queue) else Queue.AUDIT
        session = session_of(services)
        if session is None:
            return redirect(f"/sign-in?next=/review?queue={queue.value}", code=303)
        person = person_with(services, Right.LABEL)
        services.people.used(session.token)
        page = render_template(
            "review.html",
            queue=queue.value,
            titles={one.value: title for one, title in TITLES.items()},
            state=waiting_for(services, person),
            csrf=session.csrf,
            name=person.name,
            **panel_settings(),
        )
        return make_response(page)

    return pages
