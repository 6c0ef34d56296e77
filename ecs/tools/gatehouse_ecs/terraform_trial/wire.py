"""The part of Protocol Buffers that the plugin protocol needs here: numbers, texts and nested messages."""

from collections.abc import Iterator


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def fields(message: bytes) -> dict[int, bytes | int]:
    """The fields by number, and the last one of a repeated field."""
    return dict(_read(message))


def _read(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    position = 0
    while position < len(message):
        tag, position = _number(message, position)
        value, position = _number(message, position)
        if tag & 7 == 2:
            end = position + value
            yield tag >> 3, message[position:end]
            position = end
        else:
            yield tag >> 3, value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _number(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
