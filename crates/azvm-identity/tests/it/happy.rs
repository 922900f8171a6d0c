//! A token, for each selector; and how often and in which words IMDS is asked for it.

use crate::support::{
    audience, builder, check_headers, identity, imds_requests, start, start_with,
};
use azvm_identity::{AccessToken, Audience, IdentitySelector, now};
use azvm_simulator::Simulator;

const TARGET: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";

/// The identity that answers has this object ID, and was asked for with this target.
#[track_caller]
fn check(
    simulator: &Simulator,
    claims: &azvm_identity::UnverifiedClaims,
    object_id: &str,
    target: &str,
) {
    assert_eq!(claims.object_id(), Some(object_id));
    assert_eq!(imds_requests(simulator).last().unwrap().target, target);
}

#[tokio::test]
async fn a_token_is_what_imds_issued() {
    let simulator = start("healthy").await;
    let token = identity(&simulator).token(&audience()).await.unwrap();
    assert_eq!(simulator.issued_tokens(), [token.secret().expose()]);
    let system = simulator.world().system_identity().unwrap();
    assert_eq!(token.client_id(), Some(system.client_id.as_str()));
    assert_eq!(token.resource(), Some("https://management.azure.com/"));
    let left = token.expires_on().seconds_since(now());
    assert!((86_390..=86_400).contains(&left), "{left}");
    assert!((86_390..=86_400).contains(&token.expires_in().as_secs()));
    let claims = token.claims().unwrap();
    assert_eq!(claims.audience(), Some("https://management.azure.com/"));
    assert_eq!(claims.tenant_id(), Some(simulator.world().tenant_id()));
    check(&simulator, &claims, &system.object_id, TARGET);
}

#[tokio::test]
async fn the_request_is_exact() {
    let simulator = start("healthy").await;
    identity(&simulator).token(&audience()).await.unwrap();
    let [request] = imds_requests(&simulator).try_into().unwrap();
    assert_eq!((request.method.as_str(), request.status), ("GET", 200));
    assert_eq!(request.target, TARGET);
    let headers = [("metadata", "true")];
    check_headers(&request, &simulator.imds_endpoint(), &headers);
}

#[tokio::test]
async fn each_selector_gets_its_identity() {
    let simulator = start("two-user-identities").await;
    for wanted in simulator.world().user_identities() {
        let guid = |text: &str| text.parse().unwrap();
        let encoded = wanted.resource_id.replace('/', "%2F");
        for (selector, parameter) in [
            (
                IdentitySelector::ClientId(guid(&wanted.client_id)),
                format!("client_id={}", wanted.client_id),
            ),
            (
                IdentitySelector::ObjectId(guid(&wanted.object_id)),
                format!("object_id={}", wanted.object_id),
            ),
            (
                IdentitySelector::ResourceId(wanted.resource_id.parse().unwrap()),
                format!("msi_res_id={encoded}"),
            ),
        ] {
            let identity = builder(&simulator).selector(selector.clone()).build();
            assert_eq!(identity.selector(), &selector);
            let token = identity.token(&audience()).await.unwrap();
            let claims = token.claims().unwrap();
            check(
                &simulator,
                &claims,
                &wanted.object_id,
                &format!("{TARGET}&{parameter}"),
            );
        }
    }
}

#[tokio::test]
async fn the_second_of_two_calls_is_answered_from_memory() {
    let simulator = start("healthy").await;
    let identity = identity(&simulator);
    let first = identity.token(&audience()).await.unwrap();
    let second = identity.clone().token(&audience()).await.unwrap();
    assert!(std::ptr::eq(&*first, &*second));
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_at_once_make_one_request() {
    let simulator = start("healthy").await;
    let identity = identity(&simulator);
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let identity = identity.clone();
            tokio::spawn(async move { identity.token(&audience()).await })
        })
        .collect();
    for call in calls {
        let token = call.await.unwrap().unwrap();
        assert_eq!(simulator.issued_tokens(), [token.secret().expose()]);
    }
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[tokio::test]
async fn another_audience_is_another_token_and_a_slash_makes_another_audience() {
    let simulator = start("healthy").await;
    let identity = identity(&simulator);
    let texts = [
        "https://management.azure.com/",
        "https://management.azure.com",
        "https://vault.azure.net",
    ];
    for text in texts.into_iter().chain(texts) {
        let token = identity.token(&Audience::new(text).unwrap()).await.unwrap();
        assert_eq!(token.claims().unwrap().audience(), Some(text));
    }
    assert_eq!(imds_requests(&simulator).len(), texts.len());
}

#[tokio::test]
async fn an_updating_service_is_waited_for() {
    let fault =
        "[[fault]]\nserver = \"imds\"\npath_prefix = \"/metadata/identity\"\ntimes = 1\nstatus = ";
    for (status, body) in [(410, ""), (404, ""), (503, "\nretry_after = 1")] {
        let simulator = start_with(&format!("{fault}{status}{body}\nbody = \"wait\"")).await;
        identity(&simulator).token(&audience()).await.unwrap();
        let statuses: Vec<_> = imds_requests(&simulator)
            .iter()
            .map(|request| request.status)
            .collect();
        assert_eq!(statuses, [status, 200]);
    }
}

#[tokio::test]
async fn throttling_passes() {
    let simulator = start("throttled").await;
    identity(&simulator).token(&audience()).await.unwrap();
    let requests = imds_requests(&simulator);
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [429, 429, 200]);
    let waited_millis = requests[2].at_millis - requests[1].at_millis;
    assert!((1_990..10_000).contains(&waited_millis), "{waited_millis}");
}

#[tokio::test]
async fn a_token_that_was_refused_is_forgotten_even_when_it_was_copied() {
    let simulator = start("healthy").await;
    let identity = identity(&simulator);
    let source = identity.audience(&audience());
    let copy = AccessToken::clone(&*source.token().await.unwrap());
    assert!(source.invalidate(&copy));
    assert!(!source.invalidate(&copy), "there is none any more");
    let again = AccessToken::clone(&*source.token().await.unwrap());
    assert!(identity.invalidate(&audience(), &again));
    assert_eq!(imds_requests(&simulator).len(), 2);
}
