"""Servers that do one thing wrong, as a process of their own: `python3 -m soak.faults`. It prints the port.

The last part of a request's path names the fault; `RIGHT` has what the client must get. Other paths are answered well.
"""

import contextlib
import socket
import struct
import time

from soak.bodies import Pace, Reader, listen

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ngood"
# The size of the answer to `large`. It does not fit into the buffers on its way.
LARGE = 64 << 20

OK = b"HTTP/1.1 200 OK\r\n"
HALF_A_HEAD = OK + b"Content-Le"
COUNTED = OK + b"Content-Length: 100\r\n\r\nabc"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# Bytes that are no answer. The connection stays open behind them.
INVALID = {
    "garbage": b"\x16\x03\x01\x02\x00\r\n\r\n",
    "other-protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "bare-line-feeds": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "two-lengths": OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\ngood",
    "length-and-chunks": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "many-fields": OK + b"a: b\r\n" * 100_000 + b"Content-Length: 0\r\n\r\n",
    "long-field": OK + b"a: " + b"b" * 1_000_000 + b"\r\n\r\n",
}
# Bytes before the server closes the connection.
CLOSES = {
    "close": b"",
    "close-in-head": HALF_A_HEAD,
    "truncated": COUNTED,
    "truncated-chunk": CHUNKED + b"64\r\nabc",
    "no-last-chunk": CHUNKED + b"3\r\nabc\r\n",
}
# Bytes before the server resets the connection.
RESETS = {"reset": b"", "reset-in-head": HALF_A_HEAD, "reset-in-body": COUNTED}
# Bytes before the server does nothing more.
STOPS = {"slow": b"", "slow-in-head": HALF_A_HEAD, "slow-body": COUNTED, "half-closed": b"", "unread": b""}
# Bytes before a piece that comes again and again.
ENDLESS = {
    "endless-head": (OK, b"a: " + b"b" * 1000 + b"\r\n"),
    "endless-body": (CHUNKED, b"3e8\r\n" + b"b" * 1000 + b"\r\n"),
}

FAILED, LATE = "502 GTW006", "504 GTW010"
# A part of an answer, and the end of the connection.
BROKEN = {"broken off", "closed"}
# What a client may get. The fault `endless-body` is not here, since its answer is right and never ends.
RIGHT = {
    **{name: {FAILED} for name in (*INVALID, "close", "close-in-head", "reset", "reset-in-head", "half-closed")},
    "endless-head": {FAILED},
    **dict.fromkeys(("truncated", "truncated-chunk", "no-last-chunk", "slow-body"), BROKEN),
    **{name: {LATE} for name in ("slow", "slow-in-head", "unread")},
    # On a busy machine the reset may come before the gateway has read the head.
    "reset-in-body": {*BROKEN, FAILED},
}


def reset(one: socket.socket) -> None:
    """Ends a connection in the way of a process that crashed."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def wait_for_end(one: socket.socket) -> None:
    while one.recv(4096):
        pass


def serve(one: socket.socket) -> None:
    reader = Reader(one)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with one, contextlib.suppress(OSError):
        while head := reader.head():
            name = head[0].split(" ")[1].partition("?")[0].rsplit("/", 1)[1]
            if name == "unread":
                # Its buffers fill up with the request's body.
                time.sleep(30)
                return
            reader.body(head, Pace())
            if name in INVALID:
                one.sendall(INVALID[name])
            elif name == "large":
                one.sendall(OK + b"Content-Length: %d\r\n\r\n" % LARGE)
                for _ in range(LARGE >> 16):
                    one.sendall(bytes(1 << 16))
            elif any(name in faults for faults in (CLOSES, RESETS, STOPS, ENDLESS)):
                fail(one, name)
                return
            else:
                one.sendall(GOOD)


def fail(one: socket.socket, name: str) -> None:
    """Does a thing behind which the connection is of no use."""
    if name in CLOSES:
        one.sendall(CLOSES[name])
    elif name in RESETS:
        one.sendall(RESETS[name])
        # A reset takes along what was not read yet.
        time.sleep(0.1 if RESETS[name] else 0)
        reset(one)
    elif name in ENDLESS:
        first, piece = ENDLESS[name]
        one.sendall(first)
        # Until the gateway closes the connection, which is an error here.
        while True:
            one.sendall(piece)
    else:
        one.sendall(STOPS[name])
        if name == "half-closed":
            one.shutdown(socket.SHUT_WR)
        wait_for_end(one)


if __name__ == "__main__":
    listen(serve)
