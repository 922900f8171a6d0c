//! Proxies that are hostile, or only in the way. The proxy is the server here, and plays the host behind it too.

use super::silent::{BUDGET, drip};
use super::tls::talk_tls;
use super::{Expect, PEAK_BYTES, Peer, Run, Server, check_no_bearer, run, runtime, silent};
use crate::fixture::{PATIENT, limits, read_request, wait_for_close};
use crate::tls::{Authority, names};
use azvm_exchange::{FailureKind, Phase};
use azvm_http::{Client, Exchanged, Proxy, ProxyRules, TransportError};
use rustls::{ServerConnection, StreamOwned};
use std::io::{Read, Write};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Resolved by nobody here: the proxy does that.
pub(crate) const HOST: &str = "management.azure.example";
pub(crate) const OPEN: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
const PASSWORD: &str = "open sesame";
const BASIC: &str = "QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

pub(crate) fn through(client: Client, proxy: &str) -> Client {
    client.with_proxy(ProxyRules::new(Proxy::parse(proxy).unwrap(), ""))
}

pub(crate) fn with_credentials(port: u16) -> String {
    format!("http://Aladdin:open%20sesame@127.0.0.1:{port}")
}

/// Runs one case; returns the exchange and all that the proxy heard.
fn tunnel(
    name: &str,
    client: Client,
    script: impl FnOnce(&mut Peer) + Send + 'static,
) -> (Result<Exchanged, TransportError>, String) {
    let server = Server::start(1, script);
    let client = through(client, &with_credentials(server.port));
    let origin = format!("https://{HOST}").parse().unwrap();
    let Run { result, peak_bytes } = run(&runtime(), &client, &origin, PATIENT);
    assert!(peak_bytes <= PEAK_BYTES, "{name}: {peak_bytes} bytes");
    drop(client);
    let heard = server.heard();
    check_no_bearer(name, &heard);
    (
        result,
        String::from_utf8_lossy(&heard.concat()).into_owned(),
    )
}

/// What a proxy was asked, which is all that it may see in clear.
fn connect_request() -> String {
    let agent = env!("CARGO_PKG_VERSION");
    format!(
        "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\nProxy-Authorization: Basic {BASIC}\r\nUser-Agent: azvm/{agent}\r\n\r\n"
    )
}

#[track_caller]
fn shows_no_credentials(name: &str, error: &TransportError) {
    let shown = format!("{error} {error:?} {}", error.to_failure());
    for secret in [PASSWORD, "open%20sesame", BASIC, super::BEARER] {
        assert!(!shown.contains(secret), "{name}: {shown}");
    }
}

/// Over a tunnel that is kept the second request goes through the proxy as the first did.
#[test]
fn a_kept_tunnel_is_still_one() {
    let authority = Authority::new();
    let config = authority.config(&names(&[HOST]));
    let server = Server::start(1, move |peer| {
        peer.head().unwrap();
        peer.say(OPEN);
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = StreamOwned::new(connection, peer);
        let (mut head, mut byte) = (Vec::new(), [0]);
        while stream.read(&mut byte).unwrap_or(0) == 1 {
            head.extend(byte);
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).unwrap();
            }
        }
    });
    let client = authority.client_within(limits().with_idle_age(PATIENT));
    let client = through(client, &with_credentials(server.port));
    let origin = format!("https://{HOST}").parse().unwrap();
    let runtime = runtime();
    for is_kept in [false, true] {
        let exchanged = run(&runtime, &client, &origin, PATIENT).result.unwrap();
        assert_eq!(exchanged.reused, is_kept);
        assert!(exchanged.proxied, "kept: {is_kept}");
    }
    drop((client, runtime));
    server.heard();
}

#[test]
fn a_tunnel_that_opens_carries_the_request_inside_tls() {
    let authority = Authority::new();
    let config = authority.config(&names(&[HOST]));
    let (result, heard) = tunnel("opens", authority.client(), move |peer| {
        assert_eq!(peer.head().unwrap(), connect_request());
        peer.say(OPEN);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let request = talk_tls(peer, config, answer, true);
        assert!(request.starts_with("GET /subscriptions?q=hush HTTP/1.1\r\n"));
        assert!(request.contains(super::BEARER));
        assert!(!request.contains("Proxy-") && !request.contains(BASIC));
    });
    Expect::Answer(200, "ok").check("opens", &result);
    assert!(heard.starts_with(&connect_request()));
    let exchanged = result.unwrap();
    assert!(exchanged.proxied && exchanged.peer.ip().is_loopback());
    assert!(!exchanged.timings.tunnel.is_zero() && !exchanged.timings.tls.is_zero());
}

/// The proxy says `answer` and hangs up; the exchange ends in the tunnel, and shows no more than `detail`.
#[track_caller]
fn check_answer(name: &str, answer: impl Into<Vec<u8>>, kind: FailureKind, detail: &str) {
    let answer = answer.into();
    let (result, heard) = tunnel(name, Authority::new().client(), move |peer| {
        peer.head();
        peer.say(&answer);
        peer.half_close();
    });
    Expect::Failure(kind, Phase::Tunnel).check(name, &result);
    let error = result.unwrap_err();
    assert_eq!(error.to_failure().detail, detail, "{name}");
    shows_no_credentials(name, &error);
    assert!(error.is_connect(), "{name}");
    assert_eq!(heard, connect_request(), "{name}");
}

#[test]
fn proxies_that_refuse() {
    let echo = format!("HTTP/1.1 403 {BASIC}\r\nX: {BASIC}\r\n\r\n{BASIC} {PASSWORD}");
    let glued = [OPEN, b"<html>sign in</html>"].concat();
    let challenge = "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\n\r\n";
    let page = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>no</html>";
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n";
    for (name, answer, detail) in [
        (
            "refused",
            "HTTP/1.1 403 Forbidden\r\n\r\n".as_bytes(),
            "403 Forbidden",
        ),
        (
            "wants more",
            challenge.as_bytes(),
            "407 Proxy Authentication Required",
        ),
        ("a page", page.as_bytes(), "502 Bad Gateway"),
        ("a redirect to itself", redirect.as_bytes(), "302 Found"),
        ("says what it was sent", echo.as_bytes(), "403 Forbidden"),
        (
            "bytes behind the head",
            &glued,
            "200 OK, and bytes before the tunnel's own",
        ),
    ] {
        check_answer(name, answer, FailureKind::Proxy, detail);
    }
}

#[test]
fn proxies_that_are_none() {
    let no_http = "the proxy's answer is not HTTP";
    for (name, answer) in [
        ("HTML", "<html>sign in</html>"),
        ("HTTP/2", "HTTP/2 200 OK\r\n\r\n"),
        ("TLS", "\u{15}\u{3}\u{1}\0\u{2}"),
    ] {
        check_answer(name, answer, FailureKind::Protocol, no_http);
    }
    for (name, answer) in [("nothing", ""), ("half a head", "HTTP/1.1 200 OK\r\nVia:")] {
        check_answer(name, answer, FailureKind::Closed, "the proxy hung up");
    }
    let for_ever = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
    let too_large = "the head of the proxy's answer is above its cap";
    check_answer(
        "is always about to",
        for_ever,
        FailureKind::TooLarge,
        too_large,
    );
}

#[test]
fn a_head_without_end() {
    for (name, start, block) in [
        ("headers without end", "HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        ("a header without end", "HTTP/1.1 200 OK\r\nX: ", "y"),
        ("a reason without end", "HTTP/1.1 200 ", "y"),
    ] {
        let (result, _) = tunnel(name, Authority::new().client(), move |peer| {
            peer.head();
            peer.say(start.as_bytes());
            peer.flood(block);
        });
        Expect::Failure(FailureKind::TooLarge, Phase::Tunnel).check(name, &result);
    }
}

#[test]
fn a_proxy_that_resets() {
    let (result, _) = tunnel("resets", Authority::new().client(), Peer::reset);
    Expect::Failure(FailureKind::Reset, Phase::Tunnel).check("resets", &result);
}

/// It says that the tunnel is open, and then speaks for itself.
#[test]
fn a_tunnel_that_leads_to_html() {
    let (result, _) = tunnel("speaks HTML", Authority::new().client(), |peer| {
        peer.head();
        peer.say(OPEN);
        peer.read_exact(&mut [0; 5]).unwrap(); // the start of the client's hello
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>sign in</html>");
        peer.half_close();
    });
    Expect::Failure(FailureKind::NoTls, Phase::Tls).check("speaks HTML", &result);
}

#[test]
fn a_tunnel_that_leads_to_somebody_else() {
    let authority = Authority::new();
    let other = authority.config(&names(&["proxy.example"]));
    let inspection = Authority::new().config(&names(&[HOST]));
    for (name, config, kind) in [
        ("another host", other, FailureKind::CertificateName),
        ("inspection", inspection, FailureKind::Certificate),
    ] {
        let (result, _) = tunnel(name, authority.client(), move |peer| {
            peer.head();
            peer.say(OPEN);
            assert_eq!(talk_tls(peer, config, b"", true), "", "no request is sent");
        });
        Expect::Failure(kind, Phase::Tls).check(name, &result);
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let client = through(Authority::new().client(), &with_credentials(port));
    let origin = format!("https://{HOST}").parse().unwrap();
    let result = run(&runtime(), &client, &origin, PATIENT).result;
    Expect::Failure(FailureKind::Refused, Phase::Connect).check("absent", &result);
    let error = result.unwrap_err();
    let detail = error.to_failure().detail;
    let named = format!("at the proxy 127.0.0.1:{port}: ");
    assert!(detail.starts_with(&named), "{detail}");
    shows_no_credentials("absent", &error);
}

#[test]
fn proxies_that_stall() {
    let make = |port| {
        let client = through(Authority::new().client(), &with_credentials(port));
        (client, format!("https://{HOST}"))
    };
    let patience = limits().first_byte();
    assert!(patience < BUDGET);
    let (tunnel, tls) = ((Phase::Tunnel, patience), (Phase::Tls, patience));
    silent::check("never answers", make, tunnel, wait_for_close);
    silent::check(
        "drips its head",
        make,
        tunnel,
        async |mut stream: TcpStream| {
            read_request(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\nX: ".iter().copied();
            drip(stream, head.chain(std::iter::repeat(b'y'))).await;
        },
    );
    silent::check(
        "opens and is silent",
        make,
        tls,
        async |mut stream: TcpStream| {
            read_request(&mut stream).await;
            stream.write_all(OPEN).await.unwrap();
            wait_for_close(stream).await;
        },
    );
}

#[test]
fn exceptions_and_plain_http_go_past_the_proxy() {
    let (proxy, host) = (
        std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
        Server::start(1, |peer| {
            peer.head();
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }),
    );
    proxy.set_nonblocking(true).unwrap();
    let rules = |no_proxy| {
        let text = proxy.local_addr().unwrap().to_string();
        ProxyRules::new(Proxy::parse(&text).unwrap(), no_proxy)
    };
    let client = Authority::new().client().with_secrets_on_loopback(true);
    let plain = format!("http://127.0.0.1:{}", host.port).parse().unwrap();
    let client = client.with_proxy(rules(""));
    let result = run(&runtime(), &client, &plain, PATIENT).result;
    Expect::Answer(200, "ok").check("plain HTTP", &result);
    assert!(!result.unwrap().proxied);
    drop(host.heard());

    let authority = Authority::new();
    let config = authority.config(&names(&["localhost"]));
    let host = Server::start(1, move |peer| {
        talk_tls(
            peer,
            config,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            true,
        );
    });
    let origin = format!("https://localhost:{}", host.port).parse().unwrap();
    let client = authority
        .client()
        .with_proxy(rules("other.example, localhost"));
    let result = run(&runtime(), &client, &origin, PATIENT).result;
    Expect::Answer(200, "ok").check("an exception", &result);
    drop(host.heard());
    let nobody = proxy.accept().expect_err("the proxy was asked");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
