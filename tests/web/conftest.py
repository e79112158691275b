import pytest
from flask.testing import FlaskClient

from tests.web.fakes import FakeFactory
from web import create_app


@pytest.fixture
def factory() -> FakeFactory:
    return FakeFactory()


@pytest.fixture
def client(factory: FakeFactory) -> FlaskClient:
    return create_app(factory.services()).test_client()
