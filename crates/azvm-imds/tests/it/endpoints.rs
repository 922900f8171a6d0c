//! Which addresses may be taken for IMDS.

use azvm_imds::{DEFAULT_ENDPOINT, Endpoint};

#[track_caller]
fn check(text: &str, shown: &str) {
    let endpoint: Endpoint = text.parse().unwrap();
    assert_eq!(endpoint.to_string(), shown);
    assert_eq!(endpoint.is_default(), shown == DEFAULT_ENDPOINT);
}

/// `reason` is the error and its causes.
#[track_caller]
fn check_refused(text: &str, reason: &str) {
    let error = text.parse::<Endpoint>().unwrap_err();
    let mut shown = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        shown += &format!(": {error}");
        cause = error.source();
    }
    assert_eq!(shown, reason, "{text}");
}

#[test]
fn the_default_is_the_documented_address_over_plain_http() {
    assert_eq!(Endpoint::default().to_string(), "http://169.254.169.254");
    assert_eq!(Endpoint::default().origin().port(), 80);
    assert_eq!(Endpoint::default().origin().authority(), "169.254.169.254");
    check("http://169.254.169.254", DEFAULT_ENDPOINT);
    check("http://169.254.169.254:80/", DEFAULT_ENDPOINT);
}

#[test]
fn loopback_and_link_local_are_for_stand_ins() {
    check("http://127.0.0.1:40342", "http://127.0.0.1:40342");
    check("http://LocalHost:8080", "http://localhost:8080");
    check("http://[::1]:8080", "http://[::1]:8080");
    check("http://169.254.169.254:8080", "http://169.254.169.254:8080");
    check("http://[fe80::1]", "http://[fe80::1]");
}

#[test]
fn no_other_host_is_asked() {
    for text in [
        "http://metadata.example",
        "http://10.0.0.4",
        "http://168.63.129.16",
        "http://169.254.169.254.example",
        "http://localhost.example",
        "http://0xa9fea9fe",
        "http://[::ffff:10.0.0.4]",
    ] {
        check_refused(text, "an IMDS endpoint is a loopback or link-local address");
    }
    check_refused("https://169.254.169.254", "an IMDS endpoint is plain http");
}

#[test]
fn what_is_no_origin_is_refused_with_its_cause() {
    check_refused(
        "169.254.169.254",
        "not an endpoint: expected http://HOST[:PORT]",
    );
    check_refused(
        "http://169.254.169.254/metadata",
        "not an endpoint: expected an endpoint without a path or query",
    );
    check_refused(
        "http://127.0.0.1@metadata.example",
        "not an endpoint: a user name does not belong in an endpoint",
    );
    let numbers = "http://2852039166".parse::<Endpoint>().unwrap_err();
    assert_eq!(numbers.to_string(), "not an endpoint");
}
