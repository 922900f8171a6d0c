//! Whether the token is of the identity that was asked for: a selector that was ignored must not go unnoticed.

use crate::golden::{NOW, ask, jwt, ok};
use azvm_imds::{AccessToken, Guid, IdentitySelector, ProtocolError};

const CLIENT: &str = "0a1b2c3d-0000-4000-8000-00000000000c";
const OBJECT: &str = "0a1b2c3d-0000-4000-8000-00000000000b";
const OTHER: &str = "ffffffff-0000-4000-8000-000000000000";
const ID: &str = "/subscriptions/0a1b/resourceGroups/rg-1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1";

fn guid(text: &str) -> Guid {
    text.parse().unwrap()
}

fn client() -> IdentitySelector {
    IdentitySelector::ClientId(guid(CLIENT))
}

fn object() -> IdentitySelector {
    IdentitySelector::ObjectId(guid(OBJECT))
}

fn resource() -> IdentitySelector {
    IdentitySelector::ResourceId(ID.parse().unwrap())
}

/// Reads an answer with this token and these further members.
fn read(
    selector: IdentitySelector,
    token: &str,
    members: &str,
) -> Result<AccessToken, ProtocolError> {
    let body = format!(r#"{{"access_token":"{token}","expires_in":"86400"{members}}}"#);
    ask(selector).read(&ok(&body), NOW)
}

#[track_caller]
fn check_same(selector: IdentitySelector, token: &str, members: &str) {
    let token_read = read(selector, token, members).unwrap();
    assert_eq!(token_read.secret().expose(), token);
}

/// `answered` is whose token came instead.
#[track_caller]
fn check_other(selector: IdentitySelector, token: &str, members: &str, answered: &str) {
    let error = read(selector.clone(), token, members).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("asked for {selector}, got a token for {answered}")
    );
    assert_eq!(error.summary(), "the selector was ignored");
    let ProtocolError::IgnoredSelector(ignored) = error else {
        panic!("{error:?}");
    };
    assert_eq!((ignored.asked(), ignored.answered()), (&selector, answered));
}

#[test]
fn the_client_id_in_the_answer_is_compared() {
    check_same(client(), "t", &format!(r#","client_id":"{CLIENT}""#));
    check_same(
        client(),
        "t",
        &format!(r#","client_id":"{}""#, CLIENT.to_uppercase()),
    );
    check_other(client(), "t", &format!(r#","client_id":"{OTHER}""#), OTHER);
}

#[test]
fn the_answer_counts_before_the_claim() {
    let token = jwt(&format!(r#"{{"appid":"{OTHER}"}}"#));
    check_same(client(), &token, &format!(r#","client_id":"{CLIENT}""#));
    check_other(client(), &token, "", OTHER);
    check_other(client(), &token, r#","client_id":"""#, OTHER);
    let token = jwt(&format!(r#"{{"azp":"{CLIENT}"}}"#));
    check_same(client(), &token, "");
}

#[test]
fn the_object_id_in_the_claims_is_compared() {
    let token = jwt(&format!(r#"{{"oid":"{}"}}"#, OBJECT.to_uppercase()));
    check_same(object(), &token, &format!(r#","client_id":"{OTHER}""#));
    let token = jwt(&format!(r#"{{"oid":"{OTHER}","sub":"{OBJECT}"}}"#));
    check_other(object(), &token, "", OTHER);
}

#[test]
fn the_resource_id_in_the_claims_is_compared_whatever_its_case() {
    let lower = ID.replace("resourceGroups", "resourcegroups");
    for answered in [ID, &lower, &ID.to_uppercase(), &format!("{ID}/")] {
        let token = jwt(&format!(r#"{{"xms_mirid":"{answered}"}}"#));
        check_same(resource(), &token, "");
    }
}

#[test]
fn the_resource_id_of_another_identity_or_of_the_vm_is_noticed() {
    for answered in [
        ID.replace("id-1", "id-10"),
        ID.replace("rg-1", "rg-2"),
        "/subscriptions/0a1b/resourcegroups/rg-1/providers/Microsoft.Compute/virtualMachines/vm-1"
            .into(),
        "not an ID".into(),
    ] {
        let token = jwt(&format!(r#"{{"xms_mirid":"{answered}"}}"#));
        check_other(resource(), &token, "", &answered);
    }
}

#[test]
fn an_object_id_in_the_answer_counts_before_the_claim() {
    let token = jwt(&format!(r#"{{"oid":"{OTHER}"}}"#));
    check_same(object(), &token, &format!(r#","object_id":"{OBJECT}""#));
    check_other(object(), "t", &format!(r#","object_id":"{OTHER}""#), OTHER);
    for nothing in ["\"\"", "null", "7", "[]"] {
        check_other(
            object(),
            &token,
            &format!(r#","object_id":{nothing}"#),
            OTHER,
        );
    }
}

#[test]
fn a_resource_id_in_the_answer_counts_before_the_claim() {
    let other = ID.replace("id-1", "id-2");
    let token = jwt(&format!(r#"{{"xms_mirid":"{other}"}}"#));
    let lower = ID.to_lowercase();
    check_same(resource(), &token, &format!(r#","msi_res_id":"{lower}""#));
    check_same(
        resource(),
        "t",
        &format!(r#","msi_res_id":"{}""#, ID.replace('/', "\\/")),
    );
    check_other(
        resource(),
        "t",
        &format!(r#","msi_res_id":"{other}""#),
        &other,
    );
    check_other(resource(), &token, r#","msi_res_id":"""#, &other);
}

#[test]
fn an_id_of_another_kind_proves_nothing() {
    let members = format!(r#","client_id":"{OTHER}""#);
    check_same(object(), "t", &members);
    check_same(resource(), "t", &members);
    let token = jwt(&format!(r#"{{"appid":"{OTHER}","oid":"{OBJECT}"}}"#));
    check_same(object(), &token, &members);
}

#[test]
fn an_opaque_token_proves_nothing_and_passes() {
    for selector in [client(), object(), resource()] {
        for token in [
            "opaque",
            "a.b.c",
            "e30.e30.c2ln",
            &jwt(r#"{"oid":null,"appid":"","xms_mirid":""}"#),
        ] {
            check_same(selector.clone(), token, "");
        }
    }
}

#[test]
fn without_a_selector_anybody_may_answer() {
    let token = jwt(&format!(r#"{{"oid":"{OTHER}","xms_mirid":"{ID}"}}"#));
    check_same(
        IdentitySelector::System,
        &token,
        &format!(r#","client_id":"{OTHER}""#),
    );
}

#[test]
fn selectors_name_themselves() {
    let shown = |selector: &IdentitySelector| format!("{} | {selector}", selector.kind());
    assert_eq!(
        shown(&IdentitySelector::System),
        "system | system-assigned, or the only one"
    );
    assert_eq!(shown(&client()), format!("client_id | client_id {CLIENT}"));
    assert_eq!(shown(&object()), format!("object_id | object_id {OBJECT}"));
    assert_eq!(
        shown(&resource()),
        format!("resource_id | resource_id {ID}")
    );
}
