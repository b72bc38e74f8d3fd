"""Which servers help a browser and this app to find a way to each other; none, unless a person names them."""

import json
from typing import Any

from ferdash.errors import ConfigError

EXAMPLE = '[{"urls": "turn:turn.example.org:3478", "username": "me", "credential": "secret"}]'
SCHEMES = ("stun:", "stuns:", "turn:", "turns:")


def ice_servers(text: str | None) -> list[dict[str, Any]]:
    """The servers of a JSON list as browsers take it (RTCIceServer: urls, username, credential); nothing gives none.

    >>> ice_servers(None)
    []
    >>> ice_servers('[{"urls": "stun:stun.example.org"}]')
    [{'urls': ['stun:stun.example.org']}]

    Raises ConfigError, with an example, for anything else.
    """
    if text is None or not text.strip():
        return []
    try:
        listed = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"FERDASH_ICE_SERVERS is not JSON ({error}). Write it like this: {EXAMPLE}") from error
    if not isinstance(listed, list) or not all(isinstance(server, dict) for server in listed):
        raise ConfigError(f"FERDASH_ICE_SERVERS must be a list of servers, like this: {EXAMPLE}")
    return [_server(server) for server in listed]


def _server(server: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(server) - {"urls", "username", "credential"}):
        raise ConfigError(f"A server in FERDASH_ICE_SERVERS has no field “{unknown[0]}”. Write it like this: {EXAMPLE}")
    urls = server.get("urls")
    urls = [urls] if isinstance(urls, str) else urls
    if not (isinstance(urls, list) and urls and all(isinstance(url, str) and url.startswith(SCHEMES) for url in urls)):
        raise ConfigError(
            f"A server in FERDASH_ICE_SERVERS needs urls that begin with {', '.join(SCHEMES)}. Write it like this: "
            f"{EXAMPLE}"
        )
    return server | {"urls": urls}
