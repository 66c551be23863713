"""A free loopback port. It is not held: start the server soon."""

import random
import socket


def free_port(first: int | None = None) -> int:
    """A free loopback port: the first one from `first` up, else a random one below the ephemeral range.

    In the ephemeral range a client that reconnects to a dead server could be given the server's own port and keep it.
    """
    candidates = range(first, first + 200) if first else random.sample(range(20_000, 32_000), 200)
    for port in candidates:
        if _can_bind(port):
            return port
    raise OSError(f"no free port from {candidates[0]} on")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed server's last connections don't count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
