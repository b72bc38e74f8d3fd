"""What earlier versions wrote and what people typed then still works."""

import pytest

from ferdash import former_names


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("evaluate fernet --views ten-crop", "evaluate fernet --tta ten-crop"),
        ("evaluate fernet --views=flip --json", "evaluate fernet --tta=flip --json"),
        ("evaluate fernet --tta", "evaluate fernet --tta flip"),
        ("evaluate fernet --tta --json", "evaluate fernet --tta flip --json"),
        ("evaluate fernet --tta ten-crop", "evaluate fernet --tta ten-crop"),
    ],
)
def test_a_command_line_of_before(before: str, now: str) -> None:
    assert former_names.command_line(before.split()) == now.split()
    assert former_names.command_line(now.split()) == now.split()


@pytest.mark.parametrize(
    ("stored", "tta"),
    [
        ({"views": "ten-crop"}, "ten-crop"),
        ({"tta": True}, "flip"),
        ({"tta": False}, "plain"),
        ({"tta": "flip"}, "flip"),
    ],
)
def test_a_stored_protocol(stored: dict[str, object], tta: str) -> None:
    assert former_names.protocol({"split": "test", **stored}) == {"split": "test", "tta": tta}


def test_a_stored_protocol_that_does_not_say() -> None:
    assert former_names.protocol({"split": "test"}) == {"split": "test"}
