//! What ARM says beside the status: its challenge, when to come back, and what it does not know of.

use crate::access::target;
use crate::ran::Ran;
use crate::replies::{ARM_AUDIENCE, Reply, TENANT, challenge, claims, group_answer, jwt};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmReachable, ArmTarget};
use azvm_diagnostics::Confidence;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const FAILED: &str = "AuthenticationFailed";
const PLAIN: &str = "Authentication failed.";

/// Exactly this code is found, with this confidence.
#[track_caller]
fn check(reply: Reply, code: &str, confidence: Confidence) -> Ran {
    let ran = target(reply).run();
    assert_eq!(ran.codes(), [code], "{}", ran.verbose_text());
    assert_eq!(ran.finding(code).confidence, confidence, "{}", ran.text());
    ran
}

fn cause<'a>(ran: &'a Ran, code: &str) -> &'a str {
    ran.finding(code).cause.as_deref().unwrap()
}

fn refused(code: &str, words: &str) -> Reply {
    Reply::arm_error(401, code, words)
}

/// A challenge with these parameters.
fn with(reply: Reply, parameters: &str) -> Reply {
    let uri = "authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"";
    reply.with(
        "WWW-Authenticate",
        format!("Bearer realm=\"\", {uri}, {parameters}"),
    )
}

/// The code of the second is in Azure/azure-sdk-for-python#4124; that of the third is documented for a header without a
/// token in it.
#[test]
fn a_token_is_said_to_be_lost_where_arm_says_so() {
    let ran = check(challenge(TENANT), "ARM-011", Confidence::High);
    assert_eq!(
        ran.evidence(ArmTarget, "challenge_error"),
        Some("invalid_token")
    );
    assert!(ran.finding("ARM-011").remedy.text.contains("proxy"));
    let malformed =
        "Authentication failed. The 'Authorization' header is provided in an invalid format.";
    let ran = check(
        refused("AuthenticationFailedInvalidHeader", malformed),
        "ARM-012",
        Confidence::High,
    );
    assert!(!ran.finding("ARM-012").remedy.text.contains("strips"));
    let empty = "Authentication failed. The 'Authorization' header is missing the access token.";
    check(
        refused("AuthenticationFailedMissingToken", empty),
        "ARM-011",
        Confidence::High,
    );
    check(
        refused("AuthenticationFailedMissingToken", "…"),
        "ARM-011",
        Confidence::High,
    );
    // The same code in other words may be about a token that was seen.
    for (words, confidence) in [
        (PLAIN, Confidence::Possible),
        (malformed, Confidence::Likely),
    ] {
        let ran = check(refused(FAILED, words), "ARM-012", confidence);
        assert!(cause(&ran, "ARM-012").contains("lost on the way (ARM-011)"));
    }
}

/// The header is that of Azure/azure-cli#31777, and in the spelling of AzureAD/microsoft-authentication-library-for-dotnet
/// (its CaeAppTests).
#[test]
fn a_claims_challenge_is_told_by_its_marks() {
    let words = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                 TokenIssuedBeforeRevocationTimestamp";
    let demanded = r#"{"access_token":{"nbf":{"essential":true, "value":"1752041837"}}}"#;
    let demand = format!(
        "error=\"insufficient_claims\", claims=\"{}\"",
        STANDARD.encode(demanded)
    );
    for name in ["error_description", "errorDescription"] {
        for (code, message) in [
            (FAILED, PLAIN),
            (FAILED, words),
            ("InvalidAuthenticationToken", words),
        ] {
            let reply = with(
                refused(code, message),
                &format!("{name}=\"{words}\", {demand}"),
            );
            let ran = check(reply, "ARM-012", Confidence::High);
            let finding = ran.finding("ARM-012");
            assert!(
                finding.title.contains("demands claims"),
                "{}",
                finding.title
            );
            let fix = &finding.remedy.text;
            assert!(
                !fix.contains("proxy") && !fix.contains("--arm-endpoint"),
                "{fix}"
            );
            assert!(cause(&ran, "ARM-012").contains("insufficient_claims: Continuous"));
            for (evidence, value) in [
                ("challenge_error", "insufficient_claims"),
                ("challenge_description", words),
                ("challenge_claims", demanded),
            ] {
                assert_eq!(ran.evidence(ArmTarget, evidence), Some(value));
            }
        }
    }
    // Either mark is enough, and nobody has to be able to read the claims.
    for parameters in ["error=\"insufficient_claims\"", "claims=\"?\""] {
        let ran = check(
            with(refused(FAILED, PLAIN), parameters),
            "ARM-012",
            Confidence::High,
        );
        assert!(ran.finding("ARM-012").title.contains("demands claims"));
    }
    let unread = check(
        with(refused(FAILED, PLAIN), "claims=\"?\""),
        "ARM-012",
        Confidence::High,
    );
    assert_eq!(
        unread.evidence(ArmTarget, "challenge_claims"),
        Some("not readable")
    );
    // A bad token is none.
    let other = with(
        refused("InvalidAuthenticationToken", "…"),
        "error=\"invalid_token\"",
    );
    let ran = check(other, "ARM-012", Confidence::High);
    assert!(!ran.finding("ARM-012").title.contains("claims"));
    assert_eq!(ran.evidence(ArmTarget, "challenge_claims"), None);
}

#[test]
fn a_number_of_the_directory_is_a_code() {
    let numbered = |number: &str| {
        let words = format!(
            "error=\"invalid_token\", error_description=\"AADSTS{number}: The provided grant has expired …\""
        );
        with(refused(FAILED, PLAIN), &words)
    };
    let ran = check(numbered("50173"), "ARM-012", Confidence::Likely);
    assert!(ran.finding("ARM-012").remedy.text.contains("AADSTS50173"));
    assert!(!cause(&ran, "ARM-012").contains("TOKEN-005"));
    assert!(cause(&ran, "ARM-012").contains("says invalid_token: AADSTS50173: The provided grant"));
    check(numbered("700016"), "TOKEN-015", Confidence::Likely);
    check(numbered("500011"), "TOKEN-004", Confidence::Likely);
    let in_the_body = refused(FAILED, "AADSTS700016: Application was not found.");
    check(in_the_body, "TOKEN-015", Confidence::Likely);
    // Neither is a longer number, nor none; and a code of ARM's comes first.
    check(numbered("7000161"), "ARM-012", Confidence::Likely);
    check(numbered(""), "ARM-012", Confidence::Possible);
    let expired = refused("ExpiredAuthenticationToken", "AADSTS700016");
    check(expired, "TOKEN-005", Confidence::High);
}

#[test]
fn a_bare_401_says_what_its_challenge_says() {
    let words = "error=\"invalid_token\", error_description=\"The access token expired\"";
    let ran = check(
        with(Reply::arm(401, ""), words),
        "ARM-012",
        Confidence::High,
    );
    let expected = "ARM answered 401; the challenge says invalid_token: The access token expired; these words fit TOKEN-005, \
                    a token that has expired";
    assert_eq!(cause(&ran, "ARM-012"), expected);
    let bare = Reply::arm(401, "").with("WWW-Authenticate", "Bearer");
    let ran = check(bare, "ARM-012", Confidence::High);
    assert_eq!(cause(&ran, "ARM-012"), "ARM answered 401");
}

#[test]
fn a_challenge_may_quote_the_token() {
    let token = jwt(&claims(ARM_AUDIENCE));
    let claims = STANDARD.encode(format!("{{\"got\":\"Bearer {token}\"}}"));
    for parameters in [
        format!("error=\"{token}\", error_description=\"Bearer {token}\""),
        format!("claims=\"{claims}\""),
        format!("claims=\"{token}\""),
    ] {
        let world = World::healthy().with_token(token.clone());
        // `run` looks into the reports.
        let ran = world
            .with(Route::Target, with(refused(FAILED, PLAIN), &parameters))
            .run();
        let facts = format!("{:?}", ran.facts);
        assert!(
            !facts.contains(&token) && !facts.contains("eyJ0"),
            "{facts}"
        );
    }
}

/// Headers as in *Understand how Azure Resource Manager throttles requests* and *Troubleshooting API throttling errors*.
#[test]
fn when_to_come_back_is_shown() {
    let busy = |status, code| Reply::arm_error(status, code, "Slow down.");
    let reply = busy(429, "OperationNotAllowed")
        .with("Retry-After", "243")
        .with(
            "x-ms-ratelimit-remaining-resource",
            "Microsoft.Compute/HighCostGet3Min;0",
        )
        .with("x-ms-ratelimit-remaining-subscription-reads", "11");
    let ran = check(reply, "ARM-016", Confidence::High);
    assert!(cause(&ran, "ARM-016").ends_with("; it asks to come back in 4 min 3 s"));
    assert_eq!(ran.evidence(ArmTarget, "retry_after_s"), Some("243"));
    let left = "resource Microsoft.Compute/HighCostGet3Min: 0, subscription-reads: 11";
    assert_eq!(ran.evidence(ArmTarget, "budgets_left"), Some(left));
    // The kinds are Azure's own words.
    let hidden = crate::strict::strict(&ran, "salt");
    assert_eq!(hidden.evidence(ArmTarget, "budgets_left"), Some(left));

    let date = crate::replies::http_date(crate::replies::in_secs(40));
    let ran = check(
        busy(503, "ServerBusy").with("Retry-After", date),
        "ARM-017",
        Confidence::High,
    );
    let secs: u64 = ran
        .evidence(ArmTarget, "retry_after_s")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=40).contains(&secs), "{secs}");
    assert!(cause(&ran, "ARM-017").contains("; it asks to come back in "));
    // A page in its place may ask as well.
    let gateway = Reply::new(503, "<html>").with("Retry-After", "9");
    let probed = World::healthy().with(Route::ArmProbe, gateway).run();
    assert_eq!(probed.evidence(ArmReachable, "retry_after_s"), Some("9"));

    let past = crate::replies::http_date(crate::replies::in_secs(-40));
    let ran = check(
        busy(503, "ServerBusy").with("Retry-After", past),
        "ARM-017",
        Confidence::High,
    );
    assert!(!cause(&ran, "ARM-017").contains("come back"));

    // What asks for nothing is not said to, and what is left matters to nobody who is not throttled.
    let ran = check(busy(429, "TooManyRequests"), "ARM-016", Confidence::High);
    assert!(!cause(&ran, "ARM-016").contains("come back"));
    assert_eq!(ran.evidence(ArmTarget, "retry_after_s"), None);
    let refused = busy(403, "Forbidden").with("x-ms-ratelimit-remaining-subscription-reads", "11");
    let ran = check(refused, "ARM-021", Confidence::High);
    assert_eq!(ran.evidence(ArmTarget, "budgets_left"), None);
    assert!(target(group_answer()).run().codes().is_empty());
}

/// Reports of older versions kept the first of several under another name.
#[test]
fn what_was_left_is_read_from_an_older_report() {
    let reply = Reply::new(429, "{}").with("x-ms-ratelimit-remaining-subscription-reads", "0");
    let ran = check(reply, "ARM-016", Confidence::High);
    let mut report = ran.json();
    let refusal = report
        .pointer_mut("/facts/arm/target/samples/0/call/answer/refused")
        .unwrap();
    let budgets = refusal["budgets"].take();
    let (kind, remaining) = (&budgets[0]["kind"], &budgets[0]["remaining"]);
    refusal["budget"] = serde_json::json!({"name": kind, "remaining": remaining});
    refusal.as_object_mut().unwrap().remove("budgets").unwrap();
    let facts = azvm_diagnostics::read_report(report.to_string().as_bytes())
        .unwrap()
        .facts;
    let again = Ran::new(facts, vec![], vec![], String::new());
    assert_eq!(again.codes(), ["ARM-016"]);
    assert_eq!(
        again.evidence(ArmTarget, "budgets_left"),
        Some("subscription-reads: 0")
    );
}

/// The answers are in Azure/azure-rest-api-specs#14807 and JulianHayward/Azure-MG-Sub-Governance-Reporting#297 and #52:
/// they come as 404.
#[test]
fn a_type_that_arm_does_not_know_is_no_resource_that_is_not_there() {
    for code in [
        "InvalidApiVersionParameter",
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "NoRegisteredProviderFound",
    ] {
        for status in [400, 404] {
            let words = "The supported api-versions are '2015-01-01'.";
            check(
                Reply::arm_error(status, code, words),
                "ARM-014",
                Confidence::High,
            );
        }
    }
    // The words alone do not make it one.
    let words = "The resource type could not be found for api version '2021-04-01'.";
    check(
        Reply::arm_error(404, "ResourceNotFound", words),
        "RBAC-026",
        Confidence::High,
    );
    check(
        Reply::arm_error(404, "ResourceGroupNotFound", words),
        "RID-007",
        Confidence::High,
    );
}
