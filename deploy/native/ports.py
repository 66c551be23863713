"""Loopback ports: one that is free, and whether somebody answers there. A free one is not held."""

import random
import socket

import httpx2


def free_port(first: int | None = None) -> int:
    """A free loopback port: the first one from `first` up, else a random one below the ephemeral range.

    In the ephemeral range a client that reconnects to a dead server could be given the server's own port and keep it.
    """
    candidates = range(first, first + 200) if first else random.sample(range(20_000, 32_000), 200)
    for port in candidates:
        if is_free(port):
            return port
    raise OSError(f"no free port from {candidates[0]} on")


def is_free(port: int) -> bool:
    """True when nobody listens on that loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed server's last connections don't count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(url: str) -> bool:
    """True when a GET is answered 200 within 2 s."""
    try:
        return httpx2.get(url, timeout=2, trust_env=False).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
