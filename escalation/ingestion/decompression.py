"""Bodies as they were before an SDK compressed them, never longer than a bound: a bomb is refused while it unfolds."""

import zlib
from collections.abc import Callable, Iterator

from config.errors import DomainError, PayloadTooLarge, UnsupportedMediaType

CHUNK = 65536


class BrokenCompression(DomainError):
    code = "broken-compression"
    remedy = "send the whole body, compressed as `Content-Encoding` says"


class UnknownEncoding(UnsupportedMediaType):
    code = "unknown-encoding"
    remedy = "compress by gzip, deflate or br, or not at all"


def decompressed(body: bytes, encoding: str, *, most: int) -> bytes:
    """The body without its encodings, of at most `most` bytes.

    Raises UnknownEncoding, BrokenCompression, PayloadTooLarge.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in {"", "identity"}:
            continue
        unfold = _UNFOLDERS.get(name)
        if unfold is None:
            known = ", ".join(_UNFOLDERS)
            raise UnknownEncoding(f"Content-Encoding {name[:40]!r} is not read here. Send one of {known}, or none.")
        body = _bounded(unfold(body), most)
    if len(body) > most:
        raise _too_large(most)
    return body


def _bounded(parts: Iterator[bytes], most: int) -> bytes:
    whole = bytearray()
    for part in parts:
        whole += part
        if len(whole) > most:
            raise _too_large(most)
    return bytes(whole)


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body has more than {most:,} bytes without its compression. Send less at once.")


def _gzip(body: bytes) -> Iterator[bytes]:
    """Every member of it, as `cat a.gz b.gz` makes several."""
    while body:
        reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
        yield from _inflated(reader, body)
        body = reader.unused_data


def _deflate(body: bytes) -> Iterator[bytes]:
    """With zlib's wrapping, as the standard has it, or bare, as some clients send it."""
    is_wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    reader = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
    yield from _inflated(reader, body)
    if reader.unused_data:  # bare deflate has no checksum: plain text may seem to be a little of it
        raise BrokenCompression("The compressed body goes on behind its end.")


def _inflated(reader: "zlib._Decompress", body: bytes) -> Iterator[bytes]:
    rest = body
    try:
        while not reader.eof:
            part = reader.decompress(rest, CHUNK)
            rest = reader.unconsumed_tail
            if not part and not rest:
                break
            yield part
    except zlib.error as error:
        raise BrokenCompression("The body is not compressed as Content-Encoding says.") from error
    if not reader.eof:
        raise BrokenCompression("The compressed body ends before it is whole. Send it again.")


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli

    reader, rest = brotli.Decompressor(), body
    try:
        while True:
            part = reader.process(rest, output_buffer_limit=CHUNK)
            rest = b""
            if part:
                yield part
            if reader.is_finished():
                return
            if not part:
                break
    except brotli.error as error:
        raise BrokenCompression("The body is not compressed as Content-Encoding says.") from error
    raise BrokenCompression("The compressed body ends before it is whole. Send it again.")


_UNFOLDERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,  # which Python's SDK takes by itself where its process has the package
}
