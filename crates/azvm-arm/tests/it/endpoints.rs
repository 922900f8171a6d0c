//! Which hosts may be sent a token.

use azvm_arm::Endpoint;

/// `shown` is the endpoint as it shows itself.
#[track_caller]
fn check(text: &str, shown: &str, is_plain_http: bool) {
    let endpoint: Endpoint = text.parse().unwrap();
    assert_eq!(endpoint.to_string(), shown);
    assert_eq!(endpoint.is_plain_http(), is_plain_http);
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
fn https_may_be_anywhere() {
    check(
        "https://management.azure.com",
        "https://management.azure.com",
        false,
    );
    check(
        "HTTPS://Arm.Corp.Example:8443/",
        "https://arm.corp.example:8443",
        false,
    );
    check("https://[::1]:8443", "https://[::1]:8443", false);
}

#[test]
fn plain_http_is_for_loopback_only() {
    check("http://127.0.0.1:8080", "http://127.0.0.1:8080", true);
    check("http://[::1]", "http://[::1]", true);
    check("http://localhost:80", "http://localhost", true);
    let reason = "an ARM endpoint is https, or plain http on loopback";
    for text in [
        "http://management.azure.com",
        "http://169.254.169.254",
        "http://10.0.0.4",
        "http://localhost.example",
        "http://0.0.0.0:80",
        "http://127.0.0.1.example",
    ] {
        check_refused(text, reason);
    }
}

#[test]
fn what_is_no_origin_is_refused_with_its_cause() {
    check_refused(
        "management.azure.com",
        "not an endpoint: expected http://HOST[:PORT]",
    );
    check_refused(
        "ftp://management.azure.com",
        "not an endpoint: expected the scheme http or https",
    );
    check_refused(
        "https://management.azure.com/subscriptions",
        "not an endpoint: expected an endpoint without a path or query",
    );
    check_refused(
        "https://management.azure.com@evil.example",
        "not an endpoint: a user name does not belong in an endpoint",
    );
    check_refused(
        "https://management.azure.com:0",
        "not an endpoint: expected a port from 1 to 65535",
    );
}
