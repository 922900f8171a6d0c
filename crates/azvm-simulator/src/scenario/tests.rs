//! Scenario files: what is read, and what is refused with which words.

use super::*;

const HEALTHY: &str = include_str!("../../scenarios/healthy.toml");

/// The healthy scenario with one piece of text replaced.
#[track_caller]
fn refusal(from: &str, to: &str) -> String {
    assert!(HEALTHY.contains(from), "{from}");
    Scenario::from_toml(&HEALTHY.replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn every_built_in_file_is_valid_and_named_after_itself() {
    for (name, text) in BUILT_IN {
        let scenario = Scenario::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(scenario.name(), name);
    }
}

#[test]
fn form_errors_carry_their_line() {
    assert!(
        refusal("[vm]", "[vm").starts_with("line 12: "),
        "{}",
        refusal("[vm]", "[vm")
    );
    let unknown = refusal("location =", "locaton = \"x\"\nlocation =");
    assert!(
        unknown.starts_with("line 9: unknown field `locaton`, expected one of "),
        "{unknown}"
    );
    let missing = refusal("location = \"westeurope\"\n", "");
    assert!(
        missing.starts_with("line 4: missing field `location`"),
        "{missing}"
    );
    let kind = refusal("kind = \"system\"", "kind = \"sytem\"");
    assert!(
        kind.starts_with("line 17: unknown variant `sytem`"),
        "{kind}"
    );
    assert!(
        Scenario::from_toml("")
            .unwrap_err()
            .message()
            .contains("missing field")
    );
}

#[test]
fn contradictions_carry_their_line() {
    for (from, to, expected) in [
        (
            "name = \"healthy\"",
            "name = \"a b\"",
            "line 1: name has to be letters, digits and - _ . ( ), not 'a b'",
        ),
        (
            "tenant_id = \"fa4e",
            "tenant_id = \"fake",
            "line 5: tenant_id has to be a GUID, not 'fake0000-0001-4000-8000-000000000001'",
        ),
        (
            "subscription_name",
            "cloud = \"AzureGermanCloud\"\nsubscription_name",
            "line 7: unknown cloud 'AzureGermanCloud'",
        ),
        (
            "client_id = \"fa4e0000-0005-4000-8000-00000000000c\"",
            "client_id = \"FA4E0000-0004-4000-8000-00000000000C\"",
            "line 24: the ID FA4E0000-0004-4000-8000-00000000000C is used twice",
        ),
        (
            "object_id = \"fa4e0000-0004-4000-8000-00000000000b\"",
            "object_id = \"fa4e0000-0004-4000-8000-00000000000c\"",
            "line 18: the ID fa4e0000-0004-4000-8000-00000000000c is used twice",
        ),
        (
            "kind = \"user\"\nname = \"id-azvm-demo\"",
            "kind = \"user\"",
            "line 22: a user-assigned identity needs a name",
        ),
        (
            "kind = \"user\"\nname = \"id-azvm-demo\"",
            "kind = \"system\"",
            "line 22: a VM has one system-assigned identity at most",
        ),
        (
            "kind = \"system\"",
            "kind = \"system\"\nname = \"x\"",
            "line 18: a system-assigned identity has no name of its own",
        ),
        (
            "role = \"Reader\"",
            "role = \"Raeder\"",
            "line 30: unknown role 'Raeder'",
        ),
        (
            "scope = \"subscription\"",
            "scope = \"group\"",
            "line 31: 'group' is no scope: write subscription, resource-group, virtual-machine or an ARM ID",
        ),
    ] {
        assert_eq!(refusal(from, to), expected);
    }
}

#[test]
fn role_assignments_name_existing_principals_and_have_ids_of_their_own() {
    let client = "fa4e0000-0004-4000-8000-00000000000c";
    let principal = refusal(
        "principal_id = \"fa4e0000-0004-4000-8000-00000000000b\"",
        &format!("principal_id = \"{client}\""),
    );
    assert_eq!(
        principal,
        format!("line 29: no identity of this scenario has the object ID {client}")
    );
    let twice = refusal(
        "fa4e0000-0008-4000-8000-000000000002",
        "fa4e0000-0008-4000-8000-000000000001",
    );
    assert_eq!(
        twice,
        "line 34: the ID fa4e0000-0008-4000-8000-000000000001 is used twice"
    );
}

#[test]
fn faults_are_checked() {
    let refusal = |fault: &str| {
        Scenario::from_toml(&format!("{HEALTHY}\n[[fault]]\nserver = \"imds\"\n{fault}"))
            .unwrap_err()
    };
    let lines = HEALTHY.lines().count();
    let error = refusal("path_prefix = \"metadata\"\nstatus = 429\n");
    assert_eq!(
        (error.line(), error.message()),
        (Some(lines + 4), "path_prefix has to start with a slash")
    );
    let error = refusal("path_prefix = \"/\"\nstatus = 99\n");
    assert_eq!(
        (error.line(), error.message()),
        (Some(lines + 5), "a status is a number from 200 to 599")
    );
    let error = refusal("path_prefix = \"/\"\nstatus = 429\nbody = \"x\"\njson = {}\n");
    assert_eq!(
        (error.line(), error.message()),
        (Some(lines + 7), "a fault has either json or body")
    );
}

#[test]
fn clouds_tokens_and_machines_can_be_set() {
    let text = HEALTHY.replacen(
        "[vm]",
        "[token]\nlifetime_seconds = 60\n\n[machine]\nlistens = true\n\n[vm]",
        1,
    );
    let scenario =
        Scenario::from_toml(&text.replacen("[azure]", "[azure]\ncloud = \"AzureChinaCloud\"", 1))
            .unwrap();
    assert_eq!(scenario.token_lifetime_secs, 60);
    assert_eq!(scenario.world.cloud.az_environment(), "AzureChinaCloud");
    assert_eq!(
        scenario.chassis_asset_tag(),
        Some("7783-7084-3265-9085-8269-3286-77")
    );
}

#[test]
fn no_text_makes_the_reader_panic() {
    for end in (0..HEALTHY.len()).filter(|end| HEALTHY.is_char_boundary(*end)) {
        // Whole files are valid, cut ones mostly are not.
        let _ = Scenario::from_toml(&HEALTHY[..end]);
    }
}
