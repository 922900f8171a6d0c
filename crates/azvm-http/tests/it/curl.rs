//! The variables of a proxy, read by real curl: it goes the same way as `ProxyRules` says, with the same credentials.
//!
//! Whatever a URL names, curl is made to connect to loopback. Skipped where there is no curl, or one from before 7.86.0,
//! which knows no networks in `NO_PROXY`.

use azvm_http::ProxyRules;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

/// URL's host and the variables, of which `PROXY` stands for the address of the proxy.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const PROXY: &str = "PROXY";
const NOWHERE: &str = "http://127.0.0.1:9";

macro_rules! except {
    ($list:literal) => {
        &[("https_proxy", PROXY), ("no_proxy", $list)]
    };
}

/// What the tests must not inherit.
const VARIABLES: [&str; 8] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Without networks of IPv6 and blanks between entries, in which versions of curl differ.
const CASES: &[Case] = &[
    ("www.example.com", &[]),
    ("www.example.com", &[("https_proxy", PROXY)]),
    ("www.example.com", &[("HTTPS_PROXY", PROXY)]),
    ("www.example.com", &[("all_proxy", PROXY)]),
    ("www.example.com", &[("ALL_PROXY", PROXY)]),
    ("www.example.com", &[("http_proxy", PROXY)]),
    ("www.example.com", &[("HTTP_PROXY", PROXY)]),
    (
        "www.example.com",
        &[("https_proxy", PROXY), ("HTTPS_PROXY", NOWHERE)],
    ),
    (
        "www.example.com",
        &[("HTTPS_PROXY", PROXY), ("all_proxy", NOWHERE)],
    ),
    (
        "www.example.com",
        &[("all_proxy", PROXY), ("ALL_PROXY", NOWHERE)],
    ),
    (
        "www.example.com",
        &[("https_proxy", ""), ("HTTPS_PROXY", PROXY)],
    ),
    (
        "www.example.com",
        &[("https_proxy", ""), ("all_proxy", ""), ("ALL_PROXY", PROXY)],
    ),
    ("localhost", &[("https_proxy", PROXY)]),
    ("127.0.0.1", &[("https_proxy", PROXY)]),
    (
        "www.example.com",
        &[("https_proxy", PROXY), ("no_proxy", "x"), ("NO_PROXY", "*")],
    ),
    (
        "www.example.com",
        &[("https_proxy", PROXY), ("no_proxy", ""), ("NO_PROXY", "*")],
    ),
    (
        "www.example.com",
        &[("https_proxy", PROXY), ("NO_PROXY", "example.com")],
    ),
    ("www.example.com", except!("*")),
    ("www.example.com", except!("*,x")),
    ("www.example.com", except!("*.example.com")),
    ("www.example.com", except!("example.com")),
    ("www.example.com", except!(".example.com")),
    ("www.example.com", except!("EXAMPLE.com.")),
    ("example.com", except!(".example.com")),
    ("nexample.com", except!("example.com")),
    ("example.com.org", except!("example.com")),
    ("www.example.com", except!("example.com:443")),
    ("www.example.com", except!("localhost, .example.com ,x")),
    ("www.example.com", except!(",,,example.com")),
    ("www.example.com", except!(".")),
    ("192.168.0.1", except!("192.168.0.1")),
    ("192.168.0.1", except!("192.168.0.0")),
    ("192.168.0.1", except!("192.168.0.0/16")),
    ("192.168.1.1", except!("foo, 192.168.0.0/24")),
    ("192.168.0.1", except!("192.168.0.1/32")),
    ("192.168.0.1", except!("192.168.0.1/33")),
    ("192.168.0.1", except!("192.168.0.1/0")),
    ("192.168.0.1", except!("0.0.0.0/0")),
    ("192.168.0.1", except!(".168.0.1")),
    ("192.168.0.1", except!("192.168.0.1:443")),
    ("[2001:db8::1]", except!("2001:db8::1")),
    ("[2001:db8::1]", except!("2001:db9::/32")),
    ("[2001:db8::1]", except!("[2001:db8::1]")),
    ("[2001:db8::1]", except!("2001:db8::1/129")),
];

#[test]
fn real_curl_goes_the_same_way() {
    let Some(curl) = Curl::find() else { return };
    for (host, variables) in CASES {
        let variables: Vec<_> = variables
            .iter()
            .map(|&(name, value)| match value {
                PROXY => (name, format!("http://127.0.0.1:{}", curl.proxy_port())),
                other => (name, other.to_owned()),
            })
            .collect();
        let is_proxied = curl.asks_the_proxy(host, &variables).is_some();
        assert_eq!(ours(host, &variables), is_proxied, "{host} {variables:?}");
    }
}

#[test]
fn real_curl_sends_the_same_credentials() {
    let Some(curl) = Curl::find() else { return };
    for credentials in [
        "Aladdin:open%20sesame",
        "u",
        "u:",
        ":p",
        "u:a:b",
        "u%2b:p%40%3A",
    ] {
        let address = format!("{credentials}@127.0.0.1:{}", curl.proxy_port());
        let variables = [("https_proxy", address.clone())];
        let theirs = curl.asks_the_proxy("example.com", &variables).unwrap();
        let ours = asked(&address, curl.proxy_port());
        let line = |text: &str| {
            let found = text
                .lines()
                .find(|line| line.starts_with("Proxy-Authorization: "));
            found.map(str::to_owned)
        };
        assert_eq!(line(&ours), line(&theirs), "{credentials}");
        assert!(line(&ours).is_some(), "{credentials}");
    }
}

fn ours(host: &str, variables: &[(&str, String)]) -> bool {
    let rules = ProxyRules::from_lookup(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    });
    let origin = format!("https://{host}").parse().unwrap();
    rules.unwrap().proxy_for(&origin).is_some()
}

/// What our client asks the proxy for, given its address.
fn asked(address: &str, port: u16) -> String {
    use crate::suite::{Server, run, runtime};
    let server = Server::start_all(1, |peer| {
        peer.head();
        peer.say(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    let address = address.replace(&port.to_string(), &server.port.to_string());
    let rules = ProxyRules::from_lookup(|name| (name == "https_proxy").then(|| address.clone()));
    let client = crate::tls::Authority::new()
        .client()
        .with_proxy(rules.unwrap());
    let origin = "https://example.com".parse().unwrap();
    let result = run(&runtime(), &client, &origin, crate::fixture::PATIENT).result;
    result.expect_err("the proxy refuses");
    String::from_utf8(server.heard().concat()).unwrap()
}

/// Real curl, a proxy that refuses everybody, and the host that curl reaches without it.
struct Curl {
    proxy: TcpListener,
    host: TcpListener,
}

impl Curl {
    #[expect(clippy::print_stderr, reason = "a test that skips says so")]
    fn find() -> Option<Self> {
        let version = Command::new("curl").arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        if !version.as_ref().is_ok_and(|text| knows_networks(text)) {
            eprintln!("skipped: no curl from 7.86.0 on is here ({version:?})");
            return None;
        }
        let listen = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            listener
        };
        Some(Self {
            proxy: listen(),
            host: listen(),
        })
    }

    fn proxy_port(&self) -> u16 {
        self.proxy.local_addr().unwrap().port()
    }

    /// The request that the proxy got, if it and not the host was connected to.
    fn asks_the_proxy(&self, host: &str, variables: &[(&str, String)]) -> Option<String> {
        let host_port = self.host.local_addr().unwrap().port();
        let mut command = Command::new("curl");
        for name in VARIABLES {
            command.env_remove(name);
        }
        let mut curl = command
            .args(["-q", "--silent", "--insecure", "--max-time", "20"])
            .args(["--connect-to", &format!("::127.0.0.1:{host_port}")])
            .arg(format!("https://{host}/"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let asked = loop {
            if let Ok((stream, _)) = self.proxy.accept() {
                break Some(refuse(stream));
            }
            if self.host.accept().is_ok() {
                break None;
            }
            assert!(curl.try_wait().unwrap().is_none(), "curl went elsewhere");
            std::thread::yield_now();
        };
        curl.wait().unwrap();
        asked
    }
}

fn refuse(mut stream: TcpStream) -> String {
    stream.set_nonblocking(false).unwrap();
    stream
        .set_read_timeout(Some(crate::fixture::PATIENT))
        .unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(refusal);
    String::from_utf8(request).unwrap()
}

/// `curl 7.88.1 (x86_64-…`
fn knows_networks(version: &str) -> bool {
    let number = version
        .strip_prefix("curl ")
        .and_then(|text| text.split(' ').next());
    let mut parts = number
        .unwrap_or_default()
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(7), Some(86))
}
