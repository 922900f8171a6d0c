//! From page to page: at the endpoint that was asked, and not for ever.

use azvm_arm::{
    Cloud, Endpoint, MAX_NEXT_LINK_BYTES, MAX_PAGES, Page, Pages, PagingError, Subscription,
    read_subscriptions,
};
use azvm_exchange::Response;
use proptest::prelude::*;

fn page(link: &str) -> Page<Subscription> {
    let body = serde_json::json!({ "value": [], "nextLink": link }).to_string();
    read_subscriptions(&Response::new(200, vec![], body.into_bytes())).unwrap()
}

/// `expected` is the target of the request, or the error.
#[track_caller]
fn check_at(endpoint: &Endpoint, link: &str, expected: Result<&str, PagingError>) {
    let request = page(link).next_request(endpoint);
    let target = request.map(|request| request.unwrap().target().to_owned());
    assert_eq!(target, expected.map(ToOwned::to_owned), "{link}");
}

#[track_caller]
fn check(link: &str, expected: Result<&str, PagingError>) {
    check_at(&Cloud::Public.into(), link, expected);
}

fn foreign(host: &str) -> Result<&str, PagingError> {
    Err(PagingError::ForeignHost(host.into()))
}

#[test]
fn a_link_to_the_endpoint_becomes_a_request() {
    let target = "/subscriptions?api-version=2022-12-01&$skiptoken=ab%2Bc";
    check(&format!("https://management.azure.com{target}"), Ok(target));
    check(
        &format!("HTTPS://Management.Azure.Com:443{target}"),
        Ok(target),
    );
    let request = page("https://management.azure.com/a?b").next_request(&Cloud::Public.into());
    let request = request.unwrap().unwrap();
    assert_eq!(request.method().as_str(), "GET");
    assert_eq!(request.headers()[0].name, "Accept");
    assert!(!request.has_secret() && request.headers().len() == 1);
    let loopback: Endpoint = "http://127.0.0.1:8080".parse().unwrap();
    check_at(&loopback, "http://127.0.0.1:8080/a?b", Ok("/a?b"));
}

#[test]
fn what_providers_forget_to_encode_is_encoded() {
    check(
        "https://management.azure.com/a?$filter=atScope() and x eq 'é'&t={\"k\":<1>}\\%20",
        Ok("/a?$filter=atScope()%20and%20x%20eq%20'%C3%A9'&t={%22k%22:%3C1%3E}%5C%20"),
    );
}

#[test]
fn the_token_goes_to_no_other_host_port_or_scheme() {
    check(
        "https://evil.example/a?secret",
        foreign("https://evil.example"),
    );
    check(
        "https://management.azure.com.evil.example/",
        foreign("https://management.azure.com.evil.example"),
    );
    check(
        "https://management.azure.com:8443/a",
        foreign("https://management.azure.com:8443"),
    );
    check(
        "http://management.azure.com/a",
        foreign("http://management.azure.com"),
    );
    check(
        "https://management.azure.com.:443/a",
        foreign("https://management.azure.com.:443"),
    );
    check(
        "https://management.usgovcloudapi.net/a",
        foreign("https://management.usgovcloudapi.net"),
    );
    let loopback: Endpoint = "http://127.0.0.1:8080".parse().unwrap();
    check_at(
        &loopback,
        "http://127.0.0.1:8081/a",
        foreign("http://127.0.0.1:8081"),
    );
    check_at(
        &loopback,
        "http://localhost:8080/a",
        foreign("http://localhost:8080"),
    );
}

#[test]
fn what_is_no_url_of_arm_is_refused() {
    for link in [
        "/subscriptions?api-version=2022-12-01",
        "//management.azure.com/a",
        "management.azure.com/a",
        "https://management.azure.com",
        "https://management.azure.com/",
        "https://management.azure.com?a",
        "https://management.azure.com//evil.example/a",
        "https://management.azure.com@evil.example/a",
        "https://user:pw@management.azure.com/a",
        "https://management.azure.com\\@evil.example/a",
        "https://management.azure.com/a#b",
        "https://management.azure.com/a?b#c",
        "https://management.azure.com/a/../b",
        "https://management.azure.com/a/.%2E/b",
        "https://management.azure.com/a/%2e",
        "https://management.azure.com/a%2fb",
        "https://management.azure.com/a%5Cb",
        "https://management.azure.com/a b",
        "https://management.azure.com/é",
        "https://management.azure.com/a?b\r\nX: y",
        "ftp://management.azure.com/a",
        "https:/management.azure.com/a",
        "https://",
        "://",
    ] {
        check(link, Err(PagingError::Unreadable));
    }
}

#[test]
fn a_link_has_a_longest_length() {
    let fill = |bytes: usize| {
        let start = "https://management.azure.com/a?";
        format!("{start}{}", "x".repeat(bytes - start.len()))
    };
    let longest = fill(MAX_NEXT_LINK_BYTES);
    assert!(page(&longest).next_request(&Cloud::Public.into()).is_ok());
    check(&fill(MAX_NEXT_LINK_BYTES + 1), Err(PagingError::TooLong));
}

#[test]
fn an_error_and_a_debug_show_no_query() {
    let page = page("https://evil.example/a?sig=s3cret");
    let error = page.next_request(&Cloud::Public.into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list goes on elsewhere, at https://evil.example"
    );
    assert!(!format!("{page:?} {error:?}").contains("s3cret"));
    let token = format!("eyJ{}", "a".repeat(40));
    let error = crate::paging::page(&format!("https://{token}/a"))
        .next_request(&Cloud::Public.into())
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&token[3..]));
    assert_eq!(
        PagingError::Repeated.to_string(),
        "the pages of the list come again"
    );
    assert_eq!(
        PagingError::TooLong.to_string(),
        "the link to the next page is too long"
    );
    assert_eq!(
        PagingError::TooManyPages.to_string(),
        "the list has too many pages"
    );
    assert_eq!(
        PagingError::Unreadable.to_string(),
        "the link to the next page is no URL of ARM"
    );
}

fn link(number: usize) -> String {
    format!("https://management.azure.com/subscriptions?$skiptoken={number}")
}

/// How many pages are read until the end, when `next` has the number of the page after each.
fn walk(mut pages: Pages, next: impl Fn(usize) -> Option<usize>) -> (usize, Option<PagingError>) {
    let mut at = 0;
    for read in 1.. {
        let page = next(at).map_or_else(|| page(""), |next| page(&link(next)));
        match pages.next_request(&page) {
            Ok(None) => return (read, None),
            Ok(Some(_)) => at = next(at).unwrap(),
            Err(error) => return (read, Some(error)),
        }
    }
    unreachable!()
}

#[test]
fn a_list_is_read_to_its_end_or_to_the_limit() {
    let pages = || Pages::new(Cloud::Public.into());
    assert_eq!(walk(pages(), |_| None), (1, None));
    assert_eq!(walk(pages(), |at| (at < 6).then_some(at + 1)), (7, None));
    let last = MAX_PAGES - 1;
    assert_eq!(
        walk(pages(), |at| (at < last).then_some(at + 1)),
        (MAX_PAGES, None)
    );
    let endless = Some(PagingError::TooManyPages);
    assert_eq!(
        walk(pages(), |at| Some(at + 1)),
        (MAX_PAGES, endless.clone())
    );
    let short = pages().with_max_pages(3);
    assert_eq!(walk(short, |at| Some(at + 1)), (3, endless.clone()));
    assert_eq!(
        walk(pages().with_max_pages(0), |at| Some(at + 1)),
        (1, endless)
    );
    let page = page("https://evil.example/");
    assert_eq!(
        pages().next_request(&page),
        Err(PagingError::ForeignHost("https://evil.example".into()))
    );
}

proptest! {
    #[test]
    fn pages_that_come_again_are_noticed(tail in 0_usize..20, cycle in 1_usize..20) {
        let pages = Pages::new(Cloud::Public.into()).with_max_pages(1_000);
        let next = |at: usize| Some(if at + 1 == tail + cycle { tail } else { at + 1 });
        let (read, error) = walk(pages, next);
        prop_assert_eq!(error, Some(PagingError::Repeated));
        prop_assert!(read <= 3 * (tail + cycle) + 3, "{read}");
    }

    #[test]
    fn paging_never_leaves_the_host(
        scheme in prop::sample::select(&["https", "http", "HTTPS", "ftp", ""][..]),
        host in "(management\\.azure\\.com|[a-z.@:\\\\/%é]{0,20}){1,2}",
        rest in "(:[0-9]{0,5})?[/?#]?[ -~é]{0,40}",
    ) {
        let link = format!("{scheme}://{host}{rest}");
        let followed = page(&link).next_request(&Cloud::Public.into());
        if let Ok(Some(request)) = followed {
            let target = request.target();
            prop_assert!(target.starts_with('/') && !target.starts_with("//"), "{target}");
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target}");
            prop_assert_eq!(scheme.to_ascii_lowercase(), "https");
            let (_, rest) = link.split_once("://").unwrap();
            let after = rest.strip_prefix("management.azure.com");
            prop_assert!(after.is_some_and(|after| after.starts_with('/') || after.starts_with(":443/")), "{link}");
        }
    }
}
