"""Reads and writes dumps: docs/reference/dump-format.md. The cipher is that of the system's libcrypto."""

import ctypes
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from gateway_benchmark import Unusable

Collections = dict[str, list[dict[str, Any]]]

MAGIC = b"DMP1"
INFORMATION = b"doorman-mem-dump-v1"
SET_TAG, GET_TAG = 17, 16


def _key(text: str, salt: bytes) -> bytes:
    extracted = hmac.digest(salt, text.encode(), hashlib.sha256)
    return hmac.digest(extracted, INFORMATION + b"\x01", hashlib.sha256)


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libcrypto.so.3")
    library.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
    library.EVP_aes_256_gcm.restype = ctypes.c_void_p
    return library


def _crypt(key: bytes, nonce: bytes, text: bytes, tag: bytes | None) -> tuple[bytes, bytes]:
    """Encrypts the text, or decrypts it if there is a tag to verify. Returns text and tag."""
    library = _library()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    output = ctypes.create_string_buffer(len(text) + 16)
    length = ctypes.c_int()
    kind = "Encrypt" if tag is None else "Decrypt"
    found = ctypes.create_string_buffer(tag or b"", 16)
    cipher = ctypes.c_void_p(library.EVP_aes_256_gcm())
    steps = [
        lambda: getattr(library, f"EVP_{kind}Init_ex")(context, cipher, None, key, nonce),
        lambda: getattr(library, f"EVP_{kind}Update")(context, output, ctypes.byref(length), text, len(text)),
        lambda: tag is None or library.EVP_CIPHER_CTX_ctrl(context, SET_TAG, 16, found),
        lambda: getattr(library, f"EVP_{kind}Final_ex")(context, ctypes.create_string_buffer(16), ctypes.byref(length)),
        lambda: tag is not None or library.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, found),
    ]
    try:
        if not all(step() == 1 for step in steps):
            raise Unusable("libcrypto can't encrypt or decrypt a dump")
    finally:
        library.EVP_CIPHER_CTX_free(context)
    return output.raw[: len(text)], found.raw


def read(path: Path, key: str) -> Collections:
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise Unusable(f"{path} is no dump")
    salt, nonce, text, tag = content[4:20], content[20:32], content[32:-16], content[-16:]
    plain, _ = _crypt(_key(key, salt), nonce, text, tag)
    return json.loads(plain)["data"]


def write(path: Path, key: str, data: Collections) -> None:
    envelope = {"version": 1, "created_at": "2026-01-01T00:00:00Z", "sanitized": False, "note": "encrypted at rest"}
    plain = json.dumps({**envelope, "data": data}, separators=(",", ":")).encode()
    salt, nonce = os.urandom(16), os.urandom(12)
    text, tag = _crypt(_key(key, salt), nonce, plain, None)
    path.write_bytes(MAGIC + salt + nonce + text + tag)
