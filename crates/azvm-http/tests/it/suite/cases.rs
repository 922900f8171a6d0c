//! Answers of fixed bytes: what the server says after it has read the request, before it closes its half.

use super::Expect::{self, Answer, Failure};
use azvm_exchange::FailureKind::{Closed, Protocol, TooLarge};
use azvm_exchange::Phase::{Body, FirstByte};

/// Name, bytes, and how the exchange ends. *Whole* answers also end without the connection's end.
pub(super) const ANSWERS: &[(&str, &[u8], Expect)] = &[
    // The status line.
    ("nothing", b"", Failure(Closed, FirstByte)),
    ("half a status line", b"HTTP/1.1 20", Failure(Closed, FirstByte)),
    ("half a head", b"HTTP/1.1 200 OK\r\nX: y\r\n", Failure(Closed, FirstByte)),
    ("HTTP/0.9", b"<html>old</html>\r\n", Failure(Protocol, FirstByte)),
    ("HTTP/1.0 (whole)", b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", Answer(200, "old")),
    ("HTTP/1.0 up to the end", b"HTTP/1.0 200 OK\r\n\r\nold", Answer(200, "old")),
    (
        "HTTP/1.0 with chunks",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Failure(Protocol, FirstByte),
    ),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Failure(Protocol, FirstByte)),
    ("HTTP/2 in a status line", b"HTTP/2.0 200 OK\r\n\r\n", Failure(Protocol, FirstByte)),
    (
        "a settings frame of HTTP/2",
        b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64",
        Failure(Protocol, FirstByte),
    ),
    ("a garbage status line", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a status of two digits", b"HTTP/1.1 99 Low\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a status of four digits", b"HTTP/1.1 2000 High\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a status of letters", b"HTTP/1.1 abc Odd\r\n\r\n", Failure(Protocol, FirstByte)),
    ("an alert of TLS", b"\x15\x03\x01\0\x02\x02\x46", Failure(Protocol, FirstByte)),
    // Headers.
    ("a header without a colon", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a NUL in a header", b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a NUL in a name", b"HTTP/1.1 200 OK\r\nX\0: a\r\n\r\n", Failure(Protocol, FirstByte)),
    (
        "non-ASCII in a header (whole)",
        b"HTTP/1.1 200 OK\r\nX: a\xff\xfe\r\nContent-Length: 2\r\n\r\nok",
        Answer(200, "ok"),
    ),
    ("non-ASCII in a name", b"HTTP/1.1 200 OK\r\nX\xff: a\r\n\r\n", Failure(Protocol, FirstByte)),
    ("a folded header", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", Failure(Protocol, FirstByte)),
    // Where the body ends.
    (
        "a Content-Length that is too small (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nbody",
        Answer(200, "bo"),
    ),
    (
        "a Content-Length that is too large",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
        Failure(Closed, Body),
    ),
    (
        "a Content-Length twice, the same (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
        Answer(200, "body"),
    ),
    (
        "a Content-Length twice, not the same (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
        Failure(Protocol, FirstByte),
    ),
    (
        "a Content-Length below zero (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nbody",
        Failure(Protocol, FirstByte),
    ),
    (
        "a Content-Length above 64 bits (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nbody",
        Failure(Protocol, FirstByte),
    ),
    (
        "a Content-Length of 10 GB (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nbody",
        Failure(TooLarge, Body),
    ),
    (
        "a Content-Length of one byte above the cap (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\nbody",
        Failure(TooLarge, Body),
    ),
    (
        "a Content-Length beside chunks (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Answer(200, "ok"),
    ),
    (
        "a chunk size that is no number (whole)",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbody",
        Failure(Protocol, Body),
    ),
    (
        "a chunk size above 64 bits (whole)",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nbody",
        Failure(Protocol, Body),
    ),
    (
        "a chunk size below zero (whole)",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nbody",
        Failure(Protocol, Body),
    ),
    (
        "a chunk longer than it says (whole)",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbody\r\n",
        Failure(Protocol, Body),
    ),
    (
        "a chunk that is cut off",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo",
        Failure(Closed, Body),
    ),
    (
        "chunks without the last one",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
        Failure(Closed, Body),
    ),
    (
        "204 with a body (whole)",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody",
        Answer(204, ""),
    ),
    (
        "304 with a body (whole)",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody",
        Answer(304, ""),
    ),
    // What somebody else would act upon.
    (
        "gzip (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nno zip",
        Answer(200, "no zip"),
    ),
    (
        "407 (whole)",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
        Answer(407, ""),
    ),
    (
        "401 with a challenge (whole)",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"/etc/passwd\"\r\nContent-Length: 0\r\n\r\n",
        Answer(401, ""),
    ),
    (
        "a proxy's page",
        b"HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 squid\r\nContent-Type: text/html\r\n\r\n<html>502</html>",
        Answer(502, "<html>502</html>"),
    ),
    (
        "an upgrade (whole)",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbody",
        Answer(101, ""),
    ),
    (
        "early hints (whole)",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Answer(200, "ok"),
    ),
    (
        "a second answer behind the first (whole)",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray",
        Answer(200, "first"),
    ),
];
