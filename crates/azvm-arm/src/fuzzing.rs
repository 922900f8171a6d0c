//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::{
    ArmError, Challenge, Cloud, Endpoint, Operation, Pages, PagingError, Verdict, action_matches,
    evaluate,
};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use azvm_exchange::Response;
use core::fmt::Debug;

/// Any bytes as the body of an answer, good and bad, to every reader.
pub fn answer(data: &[u8]) {
    for status in [200, 403] {
        let response = Response::new(status, vec![], data.into());
        check(crate::read_resource(&response));
        check(crate::read_subscription(&response));
        check(crate::read_subscriptions(&response));
        check(crate::read_tenants(&response));
        check(crate::read_permissions(&response));
        check(crate::read_role_assignments(&response));
        check(crate::read_role_definition(&response));
        check(crate::read_role_definitions(&response));
        check(crate::read_deny_assignments(&response));
    }
}

fn check<T: Debug>(read: Result<T, ArmError>) {
    let Err(error) = read else {
        return;
    };
    let parts = (error.denied(), error.token_hints(), error.details());
    let more = (error.additional_info(), error.supported_api_versions());
    assert!(!error.sender().to_string().chars().any(char::is_control));
    // `Debug` escapes control characters, so only what is meant to be shown is looked at by character.
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control));
    assert!(shown.len() < 8_000);
    let _ = format!("{parts:?} {more:?}");
}

/// Any bytes as `WWW-Authenticate` headers, one a line.
pub fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for header in text.lines() {
        let challenges = Challenge::read_all(header);
        assert!(challenges.len() <= crate::MAX_CHALLENGES);
        assert_eq!(challenges.first(), Challenge::read(header).as_ref());
    }
    let header = |line: &str| ("WWW-Authenticate".to_string(), line.to_string());
    let response = Response::new(401, text.lines().map(header).collect(), vec![]);
    let _ = ArmError::read(&response).challenge();
}

/// Any body as permissions, and after the first line feed the action that is asked about.
pub fn permissions(data: &[u8]) {
    let split_at = data.iter().position(|byte| *byte == b'\n');
    let (body, action) = data.split_at(split_at.unwrap_or(data.len()));
    let action = String::from_utf8_lossy(action);
    let action = action.trim_start_matches('\n');
    let response = Response::new(200, vec![], body.into());
    let Ok(page) = crate::read_permissions(&response) else {
        return;
    };
    for operation in [Operation::Action(action), Operation::DataAction(action)] {
        let by_set = page.value.iter().any(|set| set.includes(operation));
        let verdict = evaluate(&page.value, operation);
        assert_eq!(by_set, verdict != Verdict::NotGranted);
    }
    for pattern in page.value.iter().flat_map(|set| &set.actions) {
        let upper = action.to_ascii_uppercase();
        assert_eq!(
            action_matches(pattern, action),
            action_matches(pattern, &upper)
        );
        assert!(action_matches(pattern, &pattern.replace('*', "")));
        assert!(action_matches(&format!("*{action}*"), action));
    }
}

/// Any text as a `nextLink`: what is followed stays at the endpoint, and can stand in a request line.
pub fn next_link(data: &[u8]) {
    let link = String::from_utf8_lossy(data);
    let body = serde_json::json!({ "value": [], "nextLink": link }).to_string();
    let page = crate::read_subscriptions(&Response::new(200, vec![], body.into_bytes()));
    let page = page.expect("a list with a link");
    let endpoint = Endpoint::from(Cloud::Public);
    match page.next_request(&endpoint) {
        Ok(None) => assert!(link.is_empty()),
        Ok(Some(request)) => {
            let target = request.target();
            assert!(target.starts_with('/') && !target.starts_with("//"));
            assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
            let origin = link.to_ascii_lowercase();
            assert!(origin.starts_with("https://management.azure.com"));
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
    let mut pages = Pages::new(endpoint);
    let first = pages.next_request(&page);
    if matches!(first, Ok(Some(_))) {
        assert_eq!(pages.next_request(&page), Err(PagingError::Repeated));
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    #[test]
    fn odd_bodies_do_no_harm() {
        let bodies: [&[u8]; 13] = [
            b"",
            b"{\"id\":\"/\",\"properties\":null}",
            b"{\"error\":{\"code\":\"\\u0007\",\"message\":\"perform action 'unfinished\"}}",
            b"{\"value\":[{\"properties\":{}}]}",
            b"{\"value\":[{}],\"nextLink\":\"https://management.azure.com/x\"}",
            b"{\"error\":{\"details\":[[],{\"additionalInfo\":[{\"info\":{\"a\":\"\\u001b\"}}]}]}}",
            b"{\"error\":{\"message\":\"linked scope(s) ',,,' allowed audiences '''''\"}}",
            b"Bearer claims=\"====\", Bearer \"\n\nBearer",
            b"{\"odata.error\":{\"code\":\"\",\"message\":{\"value\":[]}},\"message\":{\"value\":\"\\u001b\"}}",
            b"{\"error\":\"\\u0007\",\"error_description\":{}}",
            b"<!--<script><style>\x1b",
            b"<html><title>No<",
            &[0xff; 64],
        ];
        for body in bodies {
            super::answer(body);
            super::challenge(body);
            super::permissions(body);
            super::next_link(body);
        }
    }

    #[test]
    fn odd_permissions_do_no_harm() {
        for action in ["", "*", "a/b", "A*B*c", "\u{0}é"] {
            let body = format!(
                "{{\"value\":[{{\"actions\":[\"*\",\"a*b*c\",\"**\",\"\"],\"notActions\":[\"*/b\"],\
                 \"condition\":\"c\"}}]}}\n{action}"
            );
            super::permissions(body.as_bytes());
        }
    }

    #[test]
    fn odd_links_do_no_harm() {
        for link in [
            "https://management.azure.com/a?b=c d\"<é>",
            "https://management.azure.com:443/a/../b",
            "HTTPS://MANAGEMENT.AZURE.COM/a",
            "https://management.azure.com.evil.example/a",
            "https://management.azure.com?x",
            "//management.azure.com/a",
            "https://\u{7}/",
        ] {
            super::next_link(link.as_bytes());
        }
    }
}
