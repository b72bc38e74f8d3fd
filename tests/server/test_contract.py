"""What openapi.json promises, and what is answered: schemathesis makes the requests."""

from dataclasses import replace
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ferdash.server.app import create_app
from ferdash.server.settings import ServeSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


PROJECT = Path(__file__).parents[2]
OPERATIONS = [
    (method.upper(), path)
    for path, methods in create_app(ServeSettings(PROJECT, PROJECT, PROJECT)).openapi()["paths"].items()
    for method in methods
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_promised(start, method, path):
    app = start(requests_per_minute=1_000_000).app
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})

    @given(case=schema[path][method].as_strategy() | schema[path][method].as_strategy(GenerationMode.NEGATIVE))
    @settings(max_examples=15, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def answers(case):
        case.call_and_validate(checks=CHECKS, headers={"host": "localhost"})

    answers()


def test_the_page_and_the_document_name_every_operation(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/health",
        "/v1/models",
        "/v1/datasets",
        "/v1/datasets/{name}",
        "/v1/predict",
        "/v1/videos",
        "/v1/analyses",
        "/v1/analyses/{analysis_id}",
        "/v1/analyses/{analysis_id}/tables/{table}",
        "/v1/analyses/{analysis_id}/cancel",
    }
    page = client.get("/docs").text
    assert all(path in page for path in document["paths"])
    assert "http://" not in page.replace("http://localhost", "")
    assert "prohibited" in page


def test_datasets_say_what_they_hold_and_not_whom(client, demo_dataset):
    assert client.get("/v1/datasets").json() == ["demo"]
    facts = client.get("/v1/datasets/demo").json()
    assert (facts["images"], facts["hash"]) == (len(demo_dataset), demo_dataset.hash)
    assert facts["counts"]["happy"] == demo_dataset.counts().loc["happy"].to_dict()
    assert client.get("/v1/datasets/other").status_code == 404


def test_an_error_of_ours_is_one_calm_line(client, monkeypatch):
    monkeypatch.setattr(client.app.state.workshop, "models", lambda: 1 / 0)
    answer = client.get("/v1/models")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "Something went wrong inside ferdash; what exactly stands in the server's log."


def test_what_is_not_there_and_what_is_not_taken(client):
    assert client.get("/v2/predict").json()["detail"] == "There is nothing at /v2/predict; /docs lists what there is."
    answer = client.get("/v1/predict")
    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


def test_settings_of_one_server_are_not_those_of_another():
    plain = ServeSettings(PROJECT, PROJECT, PROJECT)
    one, two = create_app(plain), create_app(replace(plain, pictures=1))
    assert one.openapi() == two.openapi()
    assert one is not two


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/videos"])
def test_a_broken_form_is_refused_as_the_document_says(client, path):
    form = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post(path, content=b"--x\r\n\x12--x--\r\n", headers=form)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "400" in client.get("/openapi.json").json()["paths"][path]["post"]["responses"]
