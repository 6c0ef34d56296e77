"""Reads and writes dumps in DMP2, as docs/reference/dump-format.md describes them, independently of the Swift code.

usage: dmp2.py read FILE      print a dump as JSON; the key is in MEM_ENCRYPTION_KEY
       dmp2.py vectors        print the test vectors (Tests/DumpFormatTests/Fixtures/dmp2-vectors.json)

It needs the package `cryptography`, and the library libzstd.so.1, which every Debian has.
"""

import ctypes
import hashlib
import json
import os
import struct
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PREAMBLE = 96
LAST = 1 << 63
MAXIMUM = 66 << 20


class Refused(Exception):
    """The file is no dump that this key opens."""


class Zstandard:
    """The few functions of libzstd that are needed."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libzstd.so.1")
        self.library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
        for name in ("ZSTD_compress", "ZSTD_decompress", "ZSTD_compressBound", "ZSTD_findFrameCompressedSize"):
            getattr(self.library, name).restype = ctypes.c_size_t

    def expand(self, frame: bytes) -> bytes:
        size = self.library.ZSTD_getFrameContentSize(frame, ctypes.c_size_t(len(frame)))
        if size > MAXIMUM or self.library.ZSTD_findFrameCompressedSize(frame, ctypes.c_size_t(len(frame))) != len(
            frame
        ):
            raise Refused("a chunk is not one frame of Zstandard with its size")
        content = ctypes.create_string_buffer(max(1, size))
        if self.library.ZSTD_decompress(content, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame))) != size:
            raise Refused("a chunk can't be expanded")
        return content.raw[:size]

    def compress(self, content: bytes) -> bytes:
        bound = self.library.ZSTD_compressBound(ctypes.c_size_t(len(content)))
        frame = ctypes.create_string_buffer(bound)
        size = self.library.ZSTD_compress(
            frame, ctypes.c_size_t(bound), content, ctypes.c_size_t(len(content)), ctypes.c_int(1)
        )
        return frame.raw[:size]


def hkdf(material: bytes, salt: bytes, info: bytes, count: int) -> bytes:
    return HKDF(SHA256(), count, salt, info).derive(material)


def derive(key: str, bound: bytes) -> tuple[bytes, bytes]:
    """The file key and the commitment, from the preamble's first 56 bytes."""
    master = key.encode()
    salt = bound[16:48]
    if bound[5] == 2:
        n, r, p = 1 << bound[6], bound[7], bound[8]
        if n > 1 << 20 or r > 16 or p > 4 or 128 * n * r > 256 << 20:
            raise Refused("scrypt would cost too much")
        master = hashlib.scrypt(master, salt=salt[:16], n=n, r=r, p=p, maxmem=512 << 20, dklen=32)
    keys = hkdf(master, salt, b"gatehouse-dmp2-v1" + bound, 64)
    return keys[:32], keys[32:]


def chunks(data: bytes, key: bytes):
    """The contents of all chunks, each with whether it is the last."""
    cipher = AESGCM(key)
    position = PREAMBLE
    number = 0
    while True:
        header = data[position : position + 16]
        if len(header) < 16 or header[:4] != b"CHNK":
            raise Refused(f"no chunk at byte {position}")
        length, counter = struct.unpack("<IQ", header[4:])
        if counter & ~LAST != number or length > MAXIMUM:
            raise Refused(f"the wrong chunk at byte {position}")
        end = position + 16 + length + 16
        sealed = data[position + 16 : end]
        try:
            content = cipher.decrypt(bytes(4) + header[8:], sealed, header)
        except (InvalidTag, ValueError) as error:
            raise Refused(f"the chunk at byte {position} is not authentic") from error
        is_last = bool(counter & LAST)
        yield content, is_last
        position, number = end, number + 1
        if is_last:
            if position != len(data):
                raise Refused("bytes behind the last chunk")
            return


def entries(content: bytes):
    position = 0
    while position < len(content):
        if position + 5 > len(content):
            raise Refused("an entry is cut")
        kind, length = struct.unpack_from("<BI", content, position)
        end = position + 5 + length
        if end > len(content) or kind not in (1, 2):
            raise Refused("an entry is cut or of no known kind")
        yield kind, content[position + 5 : end]
        position = end


def read(data: bytes, key: str) -> dict:
    """A dump's header and its documents by collection, as texts."""
    preamble = data[:PREAMBLE]
    if (
        len(preamble) < PREAMBLE
        or preamble[:5] != b"DMP2\x01"
        or preamble[5] not in (1, 2)
        or preamble[9] not in (0, 1)
    ):
        raise Refused("no DMP2 dump")
    if any(preamble[10:16]) or any(preamble[88:]) or (preamble[5] == 1 and any(preamble[6:9])):
        raise Refused("the preamble is damaged")
    file_key, commitment = derive(key, preamble[:56])
    if commitment != preamble[56:88]:
        raise Refused("another key")
    header = None
    collections: dict[str, list[str]] = {}
    present = None
    for content, is_last in chunks(data, file_key):
        if header is None:
            if is_last:
                raise Refused("a file without a trailer")
            header = json.loads(content)
            if header["version"] != 1:
                raise Refused("a later version")
        elif is_last:
            stated = [(entry["name"], entry["documents"]) for entry in json.loads(content)["collections"]]
            if stated != [(name, len(documents)) for name, documents in collections.items()]:
                raise Refused("the trailer counts otherwise")
        else:
            is_first = True
            for kind, entry in entries(Zstandard().expand(content) if preamble[9] else content):
                if kind == 1:
                    name = entry.decode()
                    if name != present and name in collections:
                        raise Refused("a collection comes twice")
                    present = name
                    collections.setdefault(name, [])
                elif is_first:
                    raise Refused("a chunk begins without its collection")
                else:
                    collections[present].append(entry.decode())
                is_first = False
    return {"header": header, "collections": collections}


def write(key: str, salt: bytes, header: dict, collections: dict[str, list[str]], compressed: bool, size: int) -> bytes:
    """A dump whose chunks have about `size` bytes of entries."""
    derivation = [2, 15, 8, 1] if len(key) < 32 else [1, 0, 0, 0]
    key_id = bytes(8) if len(key) < 32 else hkdf(key.encode(), b"", b"gatehouse-key-id-v1", 8)
    bound = b"DMP2" + bytes([1, *derivation, int(compressed)]) + bytes(6) + salt + key_id
    file_key, commitment = derive(key, bound)

    def entry(kind: int, content: bytes) -> bytes:
        return struct.pack("<BI", kind, len(content)) + content

    contents = [json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()]
    content = b""
    for name, documents in collections.items():
        content += entry(1, name.encode())
        for document in documents:
            record = entry(2, document.encode())
            if len(content) + len(record) > size:
                contents.append(Zstandard().compress(content) if compressed else content)
                content = entry(1, name.encode())
            content += record
    if content:
        contents.append(Zstandard().compress(content) if compressed else content)
    trailer = {"collections": [{"name": name, "documents": len(texts)} for name, texts in collections.items()]}
    contents.append(json.dumps(trailer, separators=(",", ":"), ensure_ascii=False).encode())
    data = bound + commitment + bytes(8)
    for number, content in enumerate(contents):
        counter = struct.pack("<Q", number | (LAST if number == len(contents) - 1 else 0))
        head = b"CHNK" + struct.pack("<I", len(content)) + counter
        data += head + AESGCM(file_key).encrypt(bytes(4) + counter, content, head)
    return data


def vectors() -> list[dict]:
    long, short = "a key of at least thirty-two characters", "short key"
    header = {"format": "DMP2", "version": 1, "created_at": "2026-11-23T20:11:37.454068Z"}
    ours = header | {"epoch": 3, "sequence": 17, "writer": "gatehouse/0.1.0", "predecessor": "00" * 32}
    other = header | {"writer": "dmp2.py"}
    some = {"users": ['{"_id":"1","name":"Jürgen"}', '{"_id":"2"}'], "apis": [], "groups": ['{"_id":"g"}']}
    cases = [
        ("compressed, one chunk", long, ours, some, True, 1 << 20),
        ("not compressed, a chunk for each document", long, ours, some, False, 1),
        ("a short key, another writer", short, other, some, True, 40),
        ("no collections", long, ours, {}, True, 1 << 20),
    ]
    return [
        {
            "name": name,
            "key": key,
            "header": head,
            "collections": [{"name": title, "documents": texts} for title, texts in collections.items()],
            "file": write(key, bytes(range(number, number + 32)), head, collections, compressed, size).hex(),
        }
        for number, (name, key, head, collections, compressed, size) in enumerate(cases)
    ]


def main() -> int:
    if sys.argv[1:] == ["vectors"]:
        print(json.dumps(vectors(), indent=1, ensure_ascii=False))
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == "read":
        try:
            dump = read(Path(sys.argv[2]).read_bytes(), os.environ["MEM_ENCRYPTION_KEY"])
        except Refused as refusal:
            print(f"dmp2.py: {sys.argv[2]}: {refusal}", file=sys.stderr)
            return 65
        json.dump(dump, sys.stdout, ensure_ascii=False)
        return 0
    print("\n".join((__doc__ or "").splitlines()[2:4]), file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
