"""Who can hear the nodes: this machine, and not through shared memory."""

import os
import socket
import struct
from pathlib import Path

from rclpy.context import Context

from tests.emulated.graph import Beside

OWN = Path("/proc/self")


def own_udp_addresses() -> set[str]:
    """Addresses that this process's UDP sockets are bound to."""
    inodes = {os.readlink(link)[8:-1] for link in (OWN / "fd").iterdir() if is_socket(link)}
    rows = [line.split() for line in (OWN / "net/udp").read_text().splitlines()[1:]]
    found = {row[1].split(":")[0] for row in rows if row[9] in inodes}
    return {socket.inet_ntoa(struct.pack("=I", int(address, 16))) for address in found}


def is_socket(link: Path) -> bool:
    try:
        return os.readlink(link).startswith("socket:")
    except FileNotFoundError:
        return False


def test_nodes_listen_on_the_loopback_interface_only(context: Context) -> None:
    node = Beside(context)
    try:
        addresses = own_udp_addresses()
        threads = {(task / "comm").read_text().strip() for task in (OWN / "task").iterdir()}
    finally:
        node.close()
    assert addresses == {"127.0.0.1"}, addresses
    assert any(name.startswith("dds.") for name in threads)
    assert not any(name.startswith("dds.shm") for name in threads), threads
