"""Compressed bodies, and bombs."""

import gzip
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import PayloadTooLarge
from escalation.ingestion.decompression import BrokenCompression, UnknownEncoding, decompressed

MOST = 1_000_000


def _bare(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


WAYS = {"gzip": gzip.compress, "deflate": zlib.compress, "x-gzip": gzip.compress, "br": brotli.compress}


@given(body=st.binary(max_size=3000), way=st.sampled_from(sorted(WAYS)))
def test_what_was_compressed_comes_back_byte_for_byte(body: bytes, way: str):
    assert decompressed(WAYS[way](body), way, most=MOST) == body


def test_deflate_without_its_wrapping_is_read_too():
    assert decompressed(_bare(b"hello" * 50), "deflate", most=MOST) == b"hello" * 50


def test_several_members_of_gzip_are_one_body():
    assert decompressed(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", most=MOST) == b"one two"


def test_encodings_are_taken_off_in_the_reverse_of_their_order():
    assert decompressed(zlib.compress(gzip.compress(b"twice")), "gzip, deflate", most=MOST) == b"twice"


def test_a_body_without_encoding_is_as_it_is():
    assert decompressed(b"plain", "", most=MOST) == decompressed(b"plain", "identity", most=MOST) == b"plain"


@pytest.mark.parametrize("way", ["gzip", "deflate", "br"])
def test_a_bomb_is_refused_before_it_has_unfolded(way: str):
    bomb = WAYS[way](bytes(150 * 1024 * 1024))
    tracemalloc.start()
    with pytest.raises(PayloadTooLarge):
        decompressed(bomb, way, most=MOST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MOST


def test_a_plain_body_above_the_bound_is_refused():
    with pytest.raises(PayloadTooLarge):
        decompressed(b"x" * 11, "", most=10)


@pytest.mark.parametrize("way", ["gzip", "deflate", "br"])
def test_half_a_body_is_none(way: str):
    with pytest.raises(BrokenCompression):
        decompressed(WAYS[way](b"hello" * 1000)[:-6], way, most=MOST)


@pytest.mark.parametrize("way", ["gzip", "deflate", "br"])
def test_what_is_not_compressed_is_refused(way: str):
    with pytest.raises(BrokenCompression):
        decompressed(b"{}\n plain text", way, most=MOST)


def test_an_unknown_encoding_is_refused_and_told_what_would_do():
    with pytest.raises(UnknownEncoding, match="gzip"):
        decompressed(b"plain", "zstd", most=MOST)
