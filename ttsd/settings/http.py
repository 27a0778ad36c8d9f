"""What can be configured about the HTTP API: the table `[http]`.

Pure data; `Settings` puts this table into the whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ttsd.frozen import frozen
from ttsd.settings.marks import Duration, Help, Range, Size


@frozen(kw_only=True)
class HttpSettings:
    """`[http]`: the HTTP API, for web pages, phones, stream decks and other programs."""

    enabled: Annotated[bool, Help("Whether there is one.")] = False
    host: Annotated[
        str, Range(1, 255), Help("The address it listens at; others than loopback need a token.")
    ] = "127.0.0.1"
    port: Annotated[int, Range(1, 65535), Help("The port it listens at.")] = 7870
    token_file: Annotated[
        Path | None, Help("A file with the token that every request must carry; default: none is asked for.")
    ] = None
    names: Annotated[
        tuple[str, ...], Help("Names it is reached by, besides localhost and addresses; others are refused.")
    ] = ()
    origins: Annotated[
        tuple[str, ...], Help("Web pages that may use it besides its own, such as https://example.org.")
    ] = ()
    workers: Annotated[
        int, Range(1, 16), Help("Texts synthesised at a time, each by engine processes of its own.")
    ] = 2
    waiting: Annotated[int, Range(0, 1000), Help("Texts that may wait for their turn; more are refused.")] = (
        16
    )
    per_client: Annotated[
        int, Range(1, 1000), Help("Texts of one address at a time, waiting ones included; more are refused.")
    ] = 8
    clients: Annotated[
        int, Range(1, 10_000), Help("Requests and WebSockets at a time; more are refused.")
    ] = 512
    patience: Annotated[Duration, Range(0.1, 600), Help("Longest wait of a text for its turn.")] = Duration(
        20.0
    )
    timeout: Annotated[
        Duration, Range(1, 600), Help("Longest wait for a client that sends or takes nothing.")
    ] = Duration(30.0)
    max_text: Annotated[int, Range(1, 200_000), Help("Characters of one text.")] = 20_000
    max_upload: Annotated[Size, Range(1024, 1 << 30), Help("Bytes of one upload.")] = Size(20 << 20)
    idle_unload: Annotated[
        Duration, Range(1, None), Help("Its engine processes end after so long without a text.")
    ] = Duration(300.0)

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        if self.host.lower() == "localhost":
            return True
        import ipaddress  # needed only by a daemon that has it

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
