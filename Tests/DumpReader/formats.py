"""Writes the test vectors of what tasks of two versions exchange, independently of the Swift code: journals, messages
between tasks, messages about shares, and saved counters.

usage: formats.py journals    print Tests/DumpFormatTests/Fixtures/journal-vectors.json
       formats.py messages    print the bytes in the tests of messages, shares and counters, in hexadecimal digits

A version reads the vectors of the versions before it. So a new layout gets new vectors, and the old ones stay.
It needs the package `cryptography`.
"""

import hashlib
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from dmp2 import LAST, hkdf

LONG = "a key of at least thirty-two characters"
SHORT = "short key"
BEGINNING = 1024
MINIMUM, MAXIMUM = -(1 << 63), (1 << 63) - 1


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# Journals (docs/reference/dump-format.md)


def sealed(key: str, salt: bytes, contents: list[bytes], is_closed: bool) -> bytes:
    """A journal of these chunks."""
    is_short = len(key) < 32
    key_id = bytes(8) if is_short else hkdf(key.encode(), b"", b"gatehouse-key-id-v1", 8)
    bound = b"JRN1" + bytes([1, *([2, 15, 8, 1] if is_short else [1, 0, 0, 0]), 0]) + bytes(6) + salt + key_id
    master = key.encode()
    if is_short:
        master = hashlib.scrypt(master, salt=salt[:16], n=1 << 15, r=8, p=1, maxmem=64 << 20, dklen=32)
    keys = hkdf(master, salt, b"gatehouse-jrn1-v1" + bound, 64)
    data = bound + keys[32:] + bytes(8)
    for number, content in enumerate(contents + ([b""] if is_closed else [])):
        counter = struct.pack("<Q", number | (LAST if is_closed and number == len(contents) else 0))
        head = b"CHNK" + struct.pack("<I", len(content)) + counter
        data += head + AESGCM(keys[:32]).encrypt(bytes(4) + counter, content, head)
    return data


def padded(header: dict) -> bytes:
    return compact(header).ljust(BEGINNING - 96 - 32)


def text(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def commit(number: int, time: int, actor: str | None, changes: list[tuple]) -> bytes:
    """A commit. A change is a collection, an id, the fingerprint before it, and the document after it."""
    data = struct.pack("<QqB", number, time, actor is not None) + text((actor or "").encode())
    data += struct.pack("<I", len(changes))
    for collection, name, before, after in changes:
        parts = (name is not None) | (before is not None) << 1 | (after is not None) << 2
        data += bytes([parts]) + text(collection.encode())
        data += b"" if name is None else text(name.encode())
        data += b"" if before is None else struct.pack("<Q", before)
        data += b"" if after is None else text(after.encode())
    return text(data)


def journals() -> list[dict]:
    first = commit(
        1,
        1_795_464_697_454_068,
        "ada",
        [("users", "u1", None, '{"_id":"u1","name":"Ü"}'), ("groups", None, (1 << 64) - 1, None)],
    )
    second = commit(2, -1, None, [("groups", "g", 7, '{"_id":"g"}')])
    third = commit(3, 0, "", [])
    header = {
        "format": "JRN1",
        "version": 1,
        "epoch": 3,
        "sequence": 17,
        "created_at": "2026-11-23T20:11:37.454068Z",
        "writer": "gatehouse/0.1.0",
        "start": {"epoch": 3, "sequence": 16, "commits": 5, "tag": "00ff"},
    }
    fresh = header | {"start": {"state": "empty"}}
    copy = header | {"version": 2, "start": {"dump": "00" * 32}, "copied_tag": "0f" * 16}
    tags = [bytes([number]) * 16 for number in (1, 2)]
    cases = [
        ("closed, after another journal", LONG, header, [first + second, third], True),
        ("open, of a short key, from an empty state", SHORT, fresh, [first, second, third], False),
        ("a copy under another key, after a dump", LONG, copy, [tags[0] + first + second, tags[1] + third], True),
    ]
    return [
        {
            "name": name,
            "key": key,
            "file": sealed(key, bytes(range(number, number + 32)), [padded(head), *chunks], is_closed).hex(),
        }
        for number, (name, key, head, chunks, is_closed) in enumerate(cases)
    ]


# Messages between tasks


def message(kind: str, fields: dict, body: bytes = b"") -> bytes:
    head = compact(fields | {"kind": kind})
    return struct.pack(">I", len(head)) + head + body


def envelope(content: bytes, direction: int, sender: bytes, receiver: bytes, counter: int) -> bytes:
    salt = b"gatehouse-message-secret-v1"
    name = hkdf(LONG.encode(), salt, b"gatehouse-message-name-v1", 8)
    secret = hkdf(LONG.encode(), salt, b"gatehouse-message-key-v1", 32)
    own = bytes(range(16))
    purpose = b"gatehouse-peer-call-v1" if direction == 1 else b"gatehouse-peer-answer-v1"
    header = b"GPM1" + bytes([direction]) + name + sender + receiver + struct.pack(">Q", counter) + own
    return header + AESGCM(hkdf(secret, own, purpose, 32)).encrypt(bytes(12), content, header)


# Shares of limits, and saved counters

RATE, THROTTLE, BANDWIDTH = 1, 2, 3


def counter_key(kind: int, name: bytes) -> bytes:
    return struct.pack(">BH", kind, len(name)) + name


def entry(kind: int, name: bytes, window: int, number: int, limit: int, amount: int) -> bytes:
    return counter_key(kind, name) + struct.pack(">IIqi", window, number, limit, amount)


def listed(elements: list[bytes]) -> bytes:
    return struct.pack(">I", len(elements)) + b"".join(elements)


def parts(values: list[tuple[int, int, int]]) -> bytes:
    return struct.pack(">H", len(values)) + b"".join(struct.pack(">Bqq", *value) for value in values)


def shares() -> dict[str, bytes]:
    one = entry(RATE, "Jürgen".encode(), 3600, 496_944, 1000, -250)
    other = entry(BANDWIDTH, b"", 86_400, 20_706, 5_000_000_000, 77)
    account = parts([(0, MINIMUM, MAXIMUM), (2, 7, 900)]) + parts([(40, MINIMUM, 9)])
    page = struct.pack(">III", 3, 1, 2) + account + struct.pack(">qq", MINIMUM, 77) + listed([one, other])
    line = entry(THROTTLE, b"j", 1, 1_789_000_000, 9, 0) + struct.pack(">qB", 8, 1)
    report = struct.pack(">BQQQB", 1, 0x1122334455667788, 0x99AABBCCDDEEFF00, 5, 1)
    report += struct.pack(">IIIQ", 3, 4, 5, 6)
    answer = struct.pack(">BQQQ", 1, 0x99AABBCCDDEEFF00, 0x1122334455667788, 5)
    answer += struct.pack(">qqQ", 1_789_000_000_123_456_789, 1_789_000_020, 6)
    return {
        "report": report + b"\0" + listed([line]),
        "report with a page": report + b"\1" + page + listed([]),
        "answer: unknown": answer + b"\0",
        "answer: page": answer + b"\1" + page,
        "answer: amounts": answer + b"\2" + listed([one, other]),
        "answer: legacy": answer + b"\3" + page,
        "answer: returned": answer + b"\4" + struct.pack(">I", 9),
        "counters": b"\1"
        + listed(
            [
                counter_key(RATE, "Jürgen".encode()) + struct.pack(">IIq", 3600, 496_944, 5),
                counter_key(BANDWIDTH, b"") + struct.pack(">IIq", 86_400, 20_706, 4_000_000_000),
            ]
        ),
    }


def messages() -> dict[str, bytes]:
    request = {
        "method": "POST",
        "path": "/platform/group?a=b",
        "fields": [["authorization", "Bearer token"], ["x-request-id", "x-1"]],
        "authority": "gateway.example",
        "client": "192.0.2.7",
    }
    place = {"journal": {"epoch": 3, "sequence": 17, "bytes": 2048}}
    answer = {"status": 201, "fields": [["content-type", "application/json"]]} | place
    contents = {
        "hello": message("hello", {"lag_ms": 12}, b"report"),
        "change": message("change", request, '{"group_name":"ü"}'.encode()),
        "place": message("place", {}),
        "done": message("done", answer, b"{}"),
        "done, not on the volume": message("done", {"status": 200, "fields": [], "unread": True}),
        "done with a place": message("done", place),
        "refused": message("refused", {"reason": "this task does not write"}),
    }
    standby, holder = bytes([1]) * 16, bytes([2]) * 16
    return (
        {
            "call": envelope(contents["change"], 1, standby, holder, 258),
            "answer": envelope(contents["done"], 2, holder, standby, 258),
        }
        | contents
        | shares()
    )


def main() -> int:
    if sys.argv[1:] == ["journals"]:
        print(json.dumps(journals(), indent=1, ensure_ascii=False))
        return 0
    if sys.argv[1:] == ["messages"]:
        print(json.dumps({name: data.hex() for name, data in messages().items()}, indent=1))
        return 0
    print("\n".join((__doc__ or "").splitlines()[3:5]), file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
