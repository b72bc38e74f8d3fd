"""A page that lists the operations. FastAPI's own fetches its scripts from the internet; this one fetches nothing."""

from html import escape
from typing import Any

STYLE = "body{font:16px/1.5 system-ui;max-width:60em;margin:2em auto;padding:0 1em}code{background:#8882;padding:.2em}"


def page(schema: dict[str, Any]) -> str:
    """HTML of an OpenAPI document: each operation with its parameters and answers, and the WebSocket."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(schema['info']['title'])}</title>",
        f"<style>{STYLE}</style><h1>{escape(schema['info']['title'])} {escape(schema['info']['version'])}</h1>",
        f"<p>{escape(schema['info']['description'])}</p><p><a href=/openapi.json>openapi.json</a></p>",
    ]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.append(_operation(method, path, operation))
    parts.append(
        "<h2><code>WebSocket /v1/live</code></h2><p>Send a picture as a binary message, get one JSON message back: "
        "timestamp_s, problem, faces with track, box_xyxy, emotion, probability, probabilities.</p>"
    )
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        f"<li><code>{escape(one['name'])}</code> ({escape(one['in'])}) {escape(one.get('description', ''))}</li>"
        for one in operation.get("parameters", [])
    ]
    answers = ", ".join(f"{status} {escape(one['description'])}" for status, one in operation["responses"].items())
    takes = "".join(f"<p>Takes {escape(kind)}.</p>" for kind in operation.get("requestBody", {}).get("content", {}))
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation.get('description', ''))}</p>"
        f"{takes}<ul>{''.join(rows)}</ul><p><small>Answers: {answers}.</small></p>"
    )
