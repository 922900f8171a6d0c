//! What a program and a person are told when it does not work.

use crate::scripted::Scripted;
use crate::support::{
    LIMIT, arm, arm_builder, audience, builder, group_id, identity, imds_requests, requests, start,
    start_with,
};
use azvm_identity::{
    Audience, Error, FailureKind, Hint, IdentitySelector, ManagedIdentity, ProtocolError,
    ResourceId, Service, Token,
};
use azvm_simulator::{Server, Simulator};
use std::time::Duration;
use tokio::time::Instant;

/// The error and its causes, one per line.
fn chain(error: &Error) -> String {
    let mut shown = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        shown += &format!("\n{error}");
        cause = error.source();
    }
    shown
}

#[track_caller]
fn check(error: &Error, chain_of: &str, hints: &[Hint], is_retryable: bool) {
    assert_eq!(chain(error), chain_of);
    assert_eq!(error.hints(), hints);
    assert_eq!(error.is_retryable(), is_retryable);
}

async fn token(simulator: &Simulator) -> Result<Token, Error> {
    identity(simulator).token(&audience()).await
}

/// The error of a token request that this answer is given to.
async fn refused_by(answer: &str) -> (Error, Scripted) {
    refused_selector(answer, IdentitySelector::System).await
}

async fn refused_selector(answer: &str, selector: IdentitySelector) -> (Error, Scripted) {
    let server = Scripted::start(answer);
    let identity = ManagedIdentity::builder()
        .endpoint(server.endpoint().parse().unwrap())
        .selector(selector)
        .deadline(Duration::from_millis(900)) // no retry fits in
        .build();
    let audience = audience();
    let call = tokio::time::timeout(LIMIT, identity.token(&audience));
    (call.await.unwrap().unwrap_err(), server)
}

#[tokio::test]
async fn without_an_identity_the_vm_is_to_be_given_one() {
    let simulator = start("no-identity").await;
    let error = token(&simulator).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(rejection) if rejection.status() == 400));
    check(
        &error,
        "the metadata service refused a token\nIMDS answered 400 invalid_request: Identity not found",
        &[Hint::AssignIdentity],
        false,
    );
    assert_eq!(imds_requests(&simulator).len(), 1, "a 400 is not retried");
}

#[tokio::test]
async fn with_several_identities_one_is_to_be_chosen() {
    let simulator = start("two-user-identities").await;
    let error = token(&simulator).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)));
    check(
        &error,
        "the metadata service refused a token\nIMDS answered 400 invalid_request: Multiple user assigned identities \
         exist, please specify the clientId / resourceId of the identity in the token request",
        &[Hint::ChooseIdentity],
        false,
    );
}

#[tokio::test]
async fn an_identity_that_is_not_assigned_is_not_found() {
    let simulator = start("healthy").await;
    let unknown = "ffffffff-0000-4000-8000-000000000000".parse().unwrap();
    let identity = builder(&simulator)
        .selector(IdentitySelector::ClientId(unknown))
        .build();
    let error = identity.token(&audience()).await.unwrap_err();
    assert_eq!(error.hints(), [Hint::AssignIdentity]);
}

#[tokio::test]
async fn an_unknown_audience_is_to_be_checked() {
    let simulator = start("healthy").await;
    let audience = Audience::new("https://management.azure.com/.default").unwrap();
    let error = identity(&simulator).token(&audience).await.unwrap_err();
    let Error::Refused(rejection) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(rejection.error(), Some("invalid_resource"));
    assert!(
        rejection
            .description()
            .unwrap()
            .starts_with("AADSTS500011: ")
    );
    assert_eq!(error.hints(), [Hint::CheckAudience]);
    assert!(!error.is_retryable());
}

/// The healthy scenario whose first answers are this one.
async fn fails_first(times: u8, fault: &str) -> Simulator {
    start_with(&format!(
        "[[fault]]\nserver = \"imds\"\npath_prefix = \"/metadata\"\ntimes = {times}\n{fault}"
    ))
    .await
}

#[tokio::test]
async fn a_refusal_is_remembered_for_a_while() {
    let simulator = fails_first(
        1,
        "status = 400\n\
         json = { error = \"invalid_request\", error_description = \"Identity not found\" }",
    )
    .await;
    let (first, other) = (identity(&simulator), identity(&simulator));
    for _ in 0..3 {
        let error = first.token(&audience()).await.unwrap_err();
        assert!(matches!(error, Error::Refused(_)));
    }
    assert_eq!(imds_requests(&simulator).len(), 1);
    let vault = Audience::new("https://vault.azure.net").unwrap();
    assert!(first.token(&vault).await.is_ok(), "another question");
    assert!(other.token(&audience()).await.is_ok(), "another memory");
}

#[tokio::test]
async fn what_may_be_gone_by_the_next_try_is_not_remembered() {
    let simulator = fails_first(2, "status = 429\nbody = \"later\"").await;
    let identity = builder(&simulator)
        .deadline(Duration::from_millis(900)) // only the first retry fits in
        .build();
    let error = identity.token(&audience()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert!(identity.token(&audience()).await.is_ok());
}

#[tokio::test]
async fn all_who_wait_get_the_same_error() {
    let simulator = start("no-identity").await;
    let (identity, audience) = (identity(&simulator), audience());
    let (first, second) = tokio::join!(identity.token(&audience), identity.token(&audience));
    assert_eq!(chain(&first.unwrap_err()), chain(&second.unwrap_err()));
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[tokio::test]
async fn throttling_that_does_not_end_in_time_is_said_to_be_temporary() {
    let simulator = start("throttled").await;
    let identity = builder(&simulator).deadline(Duration::from_secs(1)).build();
    let error = identity.token(&audience()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(rejection) if rejection.status() == 429));
    check(
        &error,
        "the metadata service has no token for now\nIMDS answered 429 too_many_requests: \
         Temporarily throttled, too many requests",
        &[Hint::ShareTokens],
        true,
    );
    assert_eq!(
        imds_requests(&simulator).len(),
        2,
        "the third try would come after the deadline"
    );
}

#[tokio::test]
async fn off_azure_it_is_over_quickly() {
    let simulator = start("not-azure").await;
    let started = Instant::now();
    let error = token(&simulator).await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let Error::Unreachable(service, failure) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*service, Service::Imds);
    // Windows repeats a refused connection for longer than it is given.
    assert!(matches!(
        failure.kind,
        FailureKind::Refused | FailureKind::Timeout
    ));
    assert!(
        chain(&error).starts_with("the metadata service cannot be reached\n"),
        "{}",
        chain(&error)
    );
    assert_eq!(error.hints(), [Hint::CheckNetwork]);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn without_a_role_the_code_and_a_hint_are_given() {
    let simulator = start("no-role").await;
    let error = arm(&simulator)
        .resource_group(&group_id(&simulator))
        .await
        .unwrap_err();
    let Error::Arm(refused) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refused.status(), refused.code()),
        (403, Some("AuthorizationFailed"))
    );
    let denied = refused.denied().unwrap();
    let object_id = &simulator.world().system_identity().unwrap().object_id;
    assert_eq!(denied.object_id.as_ref(), Some(object_id));
    assert_eq!(
        denied.action.as_deref(),
        Some("Microsoft.Resources/subscriptions/resourceGroups/read")
    );
    assert_eq!(denied.scope.as_deref(), Some(group_id(&simulator).as_str()));
    assert_eq!(error.hints(), [Hint::CheckRole]);
    assert!(!error.is_retryable());
    assert_eq!(
        requests(&simulator, Server::ArmHttps).len(),
        1,
        "a 403 is not retried"
    );
}

#[tokio::test]
async fn a_group_that_is_not_there_is_no_question_of_roles() {
    let simulator = start("healthy").await;
    let id: ResourceId = format!("{}-other", group_id(&simulator)).parse().unwrap();
    let error = arm(&simulator).resource_group(&id).await.unwrap_err();
    check(
        &error,
        "the Azure Resource Manager call failed\nARM answered 404 ResourceGroupNotFound: \
         Resource group 'rg-azvm-demo-other' could not be found.",
        &[],
        false,
    );
}

#[tokio::test]
async fn a_token_for_somebody_else_is_a_401() {
    let simulator = start("healthy").await;
    let audience = Audience::new("https://vault.azure.net").unwrap();
    let arm = arm_builder(&simulator).audience(audience).build().unwrap();
    let error = arm.resource_group(&group_id(&simulator)).await.unwrap_err();
    let Error::Arm(refused) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refused.status(), refused.code()),
        (401, Some("InvalidAuthenticationTokenAudience"))
    );
    let challenge = refused.challenge().unwrap();
    assert_eq!(
        challenge.tenant_id.as_deref(),
        Some(simulator.world().tenant_id())
    );
    assert_eq!(error.hints(), []);
}

#[tokio::test]
async fn what_is_no_resource_group_is_not_even_asked_for() {
    let simulator = start("healthy").await;
    let machine: ResourceId = simulator.world().vm_resource_id().parse().unwrap();
    let error = arm(&simulator).resource_group(&machine).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)));
    check(
        &error,
        &format!("not the ID of a resource group: {machine}"),
        &[],
        false,
    );
    assert_eq!(simulator.journal(), []);
}

#[tokio::test]
async fn a_broken_certificate_file_is_refused_before_anything_is_sent() {
    let simulator = start("healthy").await;
    let build = |pem: &str| arm_builder(&simulator).ca_pem(pem).build().unwrap_err();
    let error = build("not PEM");
    assert!(matches!(error, Error::Invalid(_)));
    check(
        &error,
        "certificate not trusted while in the TLS handshake: the extra CA file holds no certificate in PEM",
        &[],
        false,
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(build(broken), Error::Invalid(_)));
}

#[tokio::test]
async fn another_authority_is_not_trusted_and_gets_no_token() {
    let (simulator, other) = (start("healthy").await, start("healthy").await);
    let arm = arm_builder(&simulator)
        .ca_pem(other.ca_pem())
        .build()
        .unwrap();
    let error = arm.resource_group(&group_id(&simulator)).await.unwrap_err();
    let Error::Unreachable(service, failure) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (*service, failure.kind),
        (Service::Arm, FailureKind::Certificate)
    );
    assert!(chain(&error).starts_with(
        "Azure Resource Manager cannot be reached\ncertificate not trusted while in the TLS handshake"
    ));
    assert_eq!(error.hints(), []);
    assert!(!error.is_retryable());
    assert_eq!(requests(&simulator, Server::ArmHttps), []);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scripted::start("200 OK\nContent-Type: application/json\n\n{}");
    let answer = format!("302 Found\nLocation: {}/metadata\n\n", elsewhere.endpoint());
    let (error, server) = refused_by(&answer).await;
    check(
        &error,
        "the metadata service refused a token\nan unknown server answered 302",
        &[Hint::CheckResponder],
        false,
    );
    assert_eq!(
        (server.received().len(), elsewhere.received().len()),
        (1, 0)
    );
}

#[tokio::test]
async fn somebody_else_at_the_address_is_named() {
    let (error, _) = refused_by(
        "403 Forbidden\nContent-Type: text/plain\n\nconnecting to 169.254.169.254:80: connecting to 169.254.169.254:80: \
         connectex: A socket operation was attempted to an unreachable network.",
    )
    .await;
    check(
        &error,
        "the metadata service refused a token\nDocker Desktop's proxy answered 403: connecting to 169.254.169.254:80: \
         connecting to 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.",
        &[Hint::CheckResponder],
        false,
    );
    let (error, _) = refused_by("403 Forbidden\nConnection: close\n\n").await;
    check(
        &error,
        "the metadata service refused a token\nthe Guest Proxy Agent answered 403",
        &[Hint::CheckResponder],
        false,
    );
}

#[tokio::test]
async fn a_200_without_a_token_is_unexpected() {
    let (error, _) =
        refused_by("200 OK\nContent-Type: text/html\n\n<html>Please sign in</html>").await;
    check(
        &error,
        "the metadata service answered something else than the token\n\
         an unknown server answered 200, but the body is no token answer",
        &[Hint::CheckResponder],
        false,
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let body = "x".repeat(65 * 1024);
    let (error, _) = refused_by(&format!("200 OK\nContent-Type: text/plain\n\n{body}")).await;
    assert!(
        matches!(&error, Error::Unreachable(Service::Imds, failure) if failure.kind == FailureKind::TooLarge),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_token_of_another_identity_is_not_handed_out() {
    let asked = "0a1b2c3d-0000-4000-8000-00000000000c";
    let other = "ffffffff-0000-4000-8000-000000000000";
    let (error, server) = refused_selector(
        &format!("200 OK\n\n{{\"access_token\":\"t\",\"client_id\":\"{other}\",\"expires_in\":\"86400\"}}"),
        IdentitySelector::ClientId(asked.parse().unwrap()),
    )
    .await;
    assert!(
        matches!(&error, Error::Unexpected(error) if matches!(**error, ProtocolError::IgnoredSelector(_)))
    );
    assert_eq!(
        chain(&error),
        format!(
            "the metadata service answered something else than the token\n\
             asked for client_id {asked}, got a token for {other}"
        )
    );
    assert!(server.received()[0].contains(&format!("&client_id={asked} HTTP/1.1")));
}

#[tokio::test]
async fn a_403_of_a_proxy_is_no_question_of_roles() {
    let simulator = start("healthy").await;
    let proxy =
        Scripted::start("403 Forbidden\nContent-Type: text/html\n\n<html>Blocked by policy</html>");
    let arm = arm_builder(&simulator)
        .endpoint(proxy.endpoint().parse().unwrap())
        .build()
        .unwrap();
    let error = arm.resource_group(&group_id(&simulator)).await.unwrap_err();
    check(
        &error,
        "the Azure Resource Manager call failed\na server in ARM's place answered 403: Blocked by policy",
        &[Hint::CheckResponder],
        false,
    );
}
