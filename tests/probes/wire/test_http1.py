"""However the network cuts an answer or a body into pieces, the same comes out."""

import gzip
import zlib
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sentinel.probes.wire.body import Body
from sentinel.probes.wire.http1 import Answer

SQUEEZE: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}
CHUNKED = b"HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
SQUEEZED = gzip.compress(b"hello world")
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(SQUEEZED), SQUEEZED)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(marks)]


@given(st.sampled_from([CHUNKED, GZIPPED]), st.lists(st.integers(0, 500)))
def test_an_answer_reads_the_same_however_it_is_cut(answer: bytes, cuts: list[int]) -> None:
    reading = Answer(body_cap=100, no_body=False)
    for piece in pieces(answer, cuts):
        assert not reading.done
        reading.feed(piece)
    assert (reading.done, reading.status, reading.body()) == (True, 200, b"hello world")


@given(
    st.binary(max_size=300),
    st.integers(0, 300),
    st.lists(st.integers(0, 500)),
    st.sampled_from(["", "gzip", "deflate"]),
)
def test_a_body_is_cut_at_the_cap_and_only_there(data: bytes, cap: int, cuts: list[int], encoding: str) -> None:
    squeeze = SQUEEZE[encoding]
    body = Body(cap, encoding.encode())
    for piece in pieces(squeeze(data), cuts):
        body.feed(piece)
    assert body.finish() == data[:cap]
    assert body.truncated == (len(data) > cap)


def test_a_deflate_body_without_its_zlib_header_is_read_too() -> None:
    squeeze = zlib.compressobj(wbits=-15)
    body = Body(100, b"deflate")
    body.feed(squeeze.compress(b"hello") + squeeze.flush())
    assert body.finish() == b"hello"


def test_several_gzip_members_are_one_body() -> None:
    body = Body(100, b"GZIP")
    body.feed(gzip.compress(b"one ") + gzip.compress(b"two"))
    assert body.finish() == b"one two"


def test_padding_after_a_gzip_body_is_ignored() -> None:
    body = Body(100, b"gzip")
    body.feed(gzip.compress(b"one") + bytes(20))
    assert body.finish() == b"one"
