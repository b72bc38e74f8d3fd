"""Where the API listens, who may ask, and how much."""

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from ferdash.errors import ConfigError

TOKEN_CHARACTERS = 16
"""A token that is given has at least so many."""


@dataclass(frozen=True)
class ServeSettings:
    """data, analyses, checkpoints: folders, as the command line finds them. host, port: where it listens. token: what
    has to be sent along, as `Authorization: Bearer TOKEN`; None asks for none. allowed_hosts: names under which it may
    be asked besides those of this computer; * is any.

    Limits: picture_mb of one picture, pictures in one request, video_mb of a video; requests_per_minute from one
    address; at_once: requests that compute at the same time, waiting_s: how long others wait for that; upload_s: how
    long a request may take to arrive; cameras: WebSockets at the same time, idle_s: how long one may say nothing.
    """

    data: Path
    analyses: Path
    checkpoints: Path
    host: str = "127.0.0.1"
    port: int = 8600
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    picture_mb: int = 20
    pictures: int = 64
    video_mb: int = 400
    requests_per_minute: int = 3000
    at_once: int = 2
    waiting_s: float = 60.0
    upload_s: float = 120.0
    cameras: int = 4
    idle_s: float = 60.0

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < TOKEN_CHARACTERS:
            raise ConfigError(
                f"The token has {len(self.token)} characters; take {TOKEN_CHARACTERS} or more, or leave it out "
                "and one is made."
            )
        if not is_local(self.host) and self.token is None:
            raise ConfigError(f"On {self.host} others can reach ferdash; a token is needed there.")
        for name in ("picture_mb", "pictures", "video_mb", "requests_per_minute", "at_once", "cameras"):
            if getattr(self, name) < 1:
                raise ConfigError(f"The limit {name} is {getattr(self, name)}; choose 1 or more.")

    @property
    def body_bytes(self) -> int:
        """The largest request there can be: that of a video, or of all pictures."""
        return 1_000_000 * max(self.video_mb, self.picture_mb * self.pictures)


def is_local(host: str) -> bool:
    """Whether only this computer reaches an address.

    >>> is_local("localhost"), is_local("127.0.0.2"), is_local("::1"), is_local("0.0.0.0"), is_local("lab.example.org")
    (True, True, True, False, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def token_for(host: str, token: str | None) -> str | None:
    """The token in use: the one that is given; a new one where others can reach the address; else none."""
    return token or (None if is_local(host) else secrets.token_urlsafe(24))
