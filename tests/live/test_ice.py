"""Which ICE servers are used: none unless named, and nonsense is refused with an example."""

import pytest

from ferdash.errors import ConfigError
from ferdash.live.ice import EXAMPLE, ice_servers


@pytest.mark.parametrize("text", [None, "", "  ", "[]"])
def test_none_by_default(text):
    assert ice_servers(text) == []


def test_the_example_is_one():
    (server,) = ice_servers(EXAMPLE)
    assert server == {"urls": ["turn:turn.example.org:3478"], "username": "me", "credential": "secret"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("turn:me", "is not JSON"),
        ('{"urls": "turn:a"}', "must be a list"),
        ('["turn:a"]', "must be a list"),
        ('[{"url": "turn:a"}]', "no field “url”"),
        ('[{"username": "me"}]', "needs urls"),
        ('[{"urls": []}]', "needs urls"),
        ('[{"urls": "https://a"}]', "needs urls"),
    ],
)
def test_nonsense_is_refused_with_an_example(text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        ice_servers(text)
    assert EXAMPLE in str(caught.value)
