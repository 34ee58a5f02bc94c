"""The strict parser that judges what arrives."""

import pytest
from support import corpora, strict_http

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


def test_requests_one_after_the_other_are_read_with_their_bodies():
    data = (HEAD + b"\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
            b"PUT /y HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")

    requests = strict_http.read(data)

    assert [r.method for r in requests] == [b"GET", b"POST", b"PUT"]
    assert [r.body for r in requests] == [b"", b"hi", b"abc"]
    assert requests[2].trailers == [(b"X-Sum", b"1")]


def test_nobody_reads_on_after_the_last_request():
    assert len(strict_http.read(b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n")) == 1
    assert len(strict_http.read(HEAD + b"Connection: close\r\n\r\n" + HEAD)) == 1


@pytest.mark.parametrize("data", [
    HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    HEAD + b"Content-Length: 1, 1\r\n\r\nx",
    HEAD + b"Content-Length: +1\r\n\r\nx",
    HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;a=\n\r\na\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n",
    HEAD + b"X : 1\r\n\r\n",
    HEAD + b"X: 1\r\n 2\r\n\r\n",
    HEAD + b"X: a\0b\r\n\r\n",
    HEAD + b"X: a\rb\r\n\r\n",
    HEAD + b"Host: b\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET a:80 HTTP/1.1\r\n\r\n",
    b"\r\n" + HEAD + b"\r\n",
])
def test_what_can_be_read_in_two_ways_is_ambiguous(data):
    with pytest.raises(strict_http.Ambiguous):
        strict_http.read(data)


@pytest.mark.parametrize("data", [
    HEAD, HEAD + b"Content-Length: 2\r\n\r\nx",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
])
def test_what_has_not_ended_is_incomplete(data):
    with pytest.raises(strict_http.Incomplete):
        strict_http.read(data)


def test_the_corpora_are_read_whole():
    assert len(corpora.gunicorn("valid")) == 62
    assert len(corpora.gunicorn("invalid")) == 81
    assert len(corpora.llhttp()) > 150
    assert corpora.gunicorn("valid")["004"].startswith(b"GET /silly HTTP/1.1\r\n")
