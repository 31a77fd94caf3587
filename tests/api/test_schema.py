"""The schema is whole, says what the API does, and every POST can be repeated."""

import io

import pytest
from django.core.management import call_command

from tests.api.crawl import views


@pytest.fixture(scope="module")
def schema():
    import yaml

    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return yaml.safe_load(out.getvalue())


def operations(schema):
    for path, found in schema["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", method, operation


def test_the_schema_is_valid_and_without_warnings(schema):
    assert schema["openapi"].startswith("3.")
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_operation_says_what_it_does_and_how_it_fails(schema):
    for name, method, operation in operations(schema):
        assert operation.get("summary"), name
        assert operation.get("tags") != ["api"], name
        assert {"401", "403", "404", "429", "default"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status.startswith("4"):
                assert list(answer["content"]) == ["application/problem+json"], name
        if method == "post":
            assert any(one["name"] == "Idempotency-Key" for one in operation["parameters"]), name


def test_every_post_may_be_repeated():
    assert [
        name for name, view in views().items() if hasattr(view, "post") and not hasattr(view.post, "is_idempotent")
    ] == []


def test_bodies_take_no_unknown_fields(schema):
    for name, component in schema["components"]["schemas"].items():
        if name.endswith("InRequest"):
            assert component["properties"], name
