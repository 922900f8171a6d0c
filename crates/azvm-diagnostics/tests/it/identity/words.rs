//! What the words of a refusal decide, and what they leave open.

use super::*;
use crate::replies::machine_id;

fn says(status: u16, error: &str, words: &str) -> Reply {
    Reply::imds_error(status, error, words)
}

/// Without a selector.
fn alone(refusal: Reply) -> World {
    World::healthy().with(Route::Token, refusal)
}

/// With one, and no token for anybody.
fn chosen(refusal: Reply) -> World {
    selecting(alone(refusal), by_id(&identity_id("app-id")))
}

#[test]
fn the_sentence_of_imds_is_known_in_any_case_and_as_any_error() {
    for words in [
        "Identity not found",
        "IDENTITY NOT FOUND",
        "Identity not found.",
    ] {
        for error in ["invalid_request", "Invalid_Request", "bad_request"] {
            let ran = check(alone(says(400, error, words)), &["IDSEL-001"]);
            sure(&ran, "IDSEL-001", Confidence::High);
            check(chosen(says(400, error, words)), &["IDSEL-007"]);
        }
    }
}

#[test]
fn as_much_in_other_words_is_likely() {
    for words in [
        "The requested identity has not been assigned to this resource",
        "No identity is assigned to the machine.",
        "The identity could not be found",
        "No User Assigned or Delegated Managed Identity found for specified ClientId",
        "The identity isn't assigned to this resource",
    ] {
        let ran = check(alone(says(400, "invalid_request", words)), &["IDSEL-001"]);
        sure(&ran, "IDSEL-001", Confidence::Likely);
        check(chosen(says(400, "invalid_request", words)), &["IDSEL-007"]);
    }
}

#[test]
fn words_that_are_not_known_are_kept_and_status_and_error_decide() {
    for words in ["Identit\u{e4}t nicht gefunden", "Etwas anderes", ""] {
        let refusal = || says(400, "invalid_request", words);
        for (world, code) in [
            (alone(refusal()), "IDSEL-001"),
            (chosen(refusal()), "IDSEL-007"),
        ] {
            let ran = check(world, &[code]);
            sure(&ran, code, Confidence::Possible);
            let cause = ran.finding(code).cause.as_deref().unwrap();
            assert!(cause.contains(words), "{cause}");
        }
    }
}

/// The directory's errors and the parameters of the request are other causes, whatever else is said.
#[test]
fn another_cause_is_not_taken_for_a_missing_identity() {
    for words in [
        "AADSTS90002: Tenant 'contoso' not found. Check the identity of the tenant.",
        "aadsts700016: the identity does not exist",
        "Required query variable 'resource' is missing",
        "The query parameter msi_res_id is malformed",
        "Attestation Token is missing",
    ] {
        let refusal = || says(400, "invalid_request", words);
        for world in [
            alone(refusal()),
            chosen(refusal()),
            refused("app-id", refusal()),
        ] {
            let ran = check(world, &["TOKEN-017"]);
            assert_eq!(ran.evidence(ImdsToken, "error_description"), Some(words));
        }
    }
    // No number of the directory, only its letters.
    check(
        alone(says(400, "invalid_request", "AADSTS: identity not found")),
        &["IDSEL-001"],
    );
}

#[test]
fn what_is_proven_needs_no_words() {
    let strange = || says(400, "invalid_request", "Etwas anderes");
    // The same request without the selector got a token.
    let hidden = Reply::arm_error(403, "AuthorizationFailed", "No.");
    let world = refused("app-id", strange()).with(Route::Model, hidden);
    let ran = check(world, &["IDSEL-007"]);
    sure(&ran, "IDSEL-007", Confidence::Likely);
    let ran = check(
        model(refused("app-id", strange()), &system_only()),
        &["IDSEL-007"],
    );
    sure(&ran, "IDSEL-007", Confidence::High);
    check(model(refused("app-id", strange()), &dead()), &["IDSEL-009"]);
    // It is attached and alive: then words alone could tell.
    let ran = check(
        model(refused("app-id", strange()), &attached())
            .with(Route::Identity, resource(USER_OBJECT)),
        &["IDSEL-008"],
    );
    sure(&ran, "IDSEL-008", Confidence::Possible);
    let ran = check(
        model(refused("app-id", not_found()), &attached())
            .with(Route::Identity, resource(USER_OBJECT)),
        &["IDSEL-008"],
    );
    sure(&ran, "IDSEL-008", Confidence::Likely);
}

#[test]
fn an_attachment_that_went_half_way_is_told_without_a_selector() {
    let machine = machine_id("web-07");
    for words in [
        format!("No managed service identities are associated with resource '{machine}'"),
        format!("The resource '{machine}' does not have access to identity 'app-id'."),
    ] {
        for (status, error) in [
            (400, "invalid_request"),
            (400, "BadRequest"),
            (403, "Forbidden"),
            (404, "NotFound"),
        ] {
            let ran = check(alone(says(status, error, &words)), &["IDSEL-016"]);
            sure(&ran, "IDSEL-016", Confidence::Likely);
            let finding = ran.finding("IDSEL-016");
            assert!(finding.cause.as_deref().unwrap().contains(&words));
            let lines = &finding.remedy.commands;
            assert_eq!(
                lines[0].run,
                format!("az vm identity show -g {GROUP} -n web-07")
            );
            for line in &lines[1..] {
                assert!(
                    line.run.ends_with("--identities '[system]'"),
                    "{}",
                    line.run
                );
            }
            check(chosen(says(status, error, &words)), &["IDSEL-016"]);
            // A 404 is tried again, and the next answer is for the default identity.
            if status == 404 {
                continue;
            }
            // The model has it not.
            let unattached = model(
                refused("app-id", says(status, error, &words)),
                &system_only(),
            );
            check(unattached, &["IDSEL-007"]);
        }
    }
    check(
        alone(says(403, "forbidden", "No identity found")),
        &["TOKEN-017"],
    );
}

/// In the form of most Azure services, with an object as `error`.
///
/// Source: Azure/azure-sdk-for-net#45547, which has the answer whole: by Kestrel, in chunks.
#[test]
fn an_object_as_error_is_read() {
    let nested = |status, code: &str, message: &str| {
        let body = json!({"error": {"code": code, "message": message, "details": []}});
        Reply::new(status, body.to_string()).with("Server", "Kestrel")
    };
    let code = "DefaultIdentityNotDefined";
    let ran = check(alone(nested(404, code, code)), &["IDSEL-022"]);
    sure(&ran, "IDSEL-022", Confidence::High);
    check(
        alone(nested(400, "invalid_request", "Identity not found")),
        &["IDSEL-001"],
    );
    check(alone(nested(404, "NotFound", "Gone")), &["IMDS-001"]);
    let ran = check(alone(nested(400, "BadRequest", "Gone")), &["TOKEN-017"]);
    assert_eq!(ran.evidence(ImdsToken, "error"), Some("BadRequest"));
    assert_eq!(ran.evidence(ImdsToken, "error_description"), Some("Gone"));
    let flat = Reply::imds(400, "{\"statusCode\":400,\"message\":\"Gone\"}");
    let ran = check(alone(flat), &["TOKEN-017"]);
    let cause = ran.finding("TOKEN-017").cause.as_deref();
    assert_eq!(cause, Some("IMDS answered 400: Gone"));
}
