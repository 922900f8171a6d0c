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
            "kind = \"system\"",
            "kind = \"system\"\nstate = \"detached\"",
            "line 18: a system-assigned identity is attached, recreated or removed",
        ),
        (
            "kind = \"system\"",
            "kind = \"system\"\nstate = \"recreated\"",
            "line 19: what was made again needs again_client_id and again_object_id",
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

/// The healthy scenario in JSON.
const JSON: &str = r#"{
  "name": "mine", "summary": "A sentence: with \"quotes\", colons and \u00e9.",
  "azure": {
    "tenant_id": "fa4e0000-0001-4000-8000-000000000001",
    "subscription_id": "fa4e0000-0002-4000-8000-000000000001",
    "subscription_name": "s", "resource_group": "g", "location": "westeurope",
    "tags": { "a:b": "c" }
  },
  "vm": { "name": "v", "id": "fa4e0000-0003-4000-8000-000000000001" },
  "fault": [
    { "server": "imds", "path_prefix": "/", "status": 503, "json": { "a:b": [1, true] } }
  ]
}"#;

#[test]
fn json_is_read_like_toml() {
    let scenario = Scenario::from_json(JSON).unwrap();
    assert_eq!(
        scenario.summary(),
        "A sentence: with \"quotes\", colons and é."
    );
    assert_eq!(scenario.world.tags, [("a:b".to_owned(), "c".to_owned())]);
    let reply = scenario.faults[0].reply.as_ref().unwrap();
    assert_eq!(reply.body, r#"{"a:b":[1,true]}"#);
}

#[test]
fn json_errors_carry_their_line() {
    for (from, to, expected) in [
        ("\"vm\":", "\"wm\":", "line 9: unknown field `wm`"),
        ("503", "99", "line 11: a status is a number from 200 to 599"),
        ("westeurope", "west europe", "line 6: location has to be"),
        ("\"g\"", "null", "line 6: "),
        ("\"vm\": {", "\"vm\": [", "line 9: "),
    ] {
        assert!(JSON.contains(from), "{from}");
        let error = Scenario::from_json(&JSON.replacen(from, to, 1)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{to}: {error}");
    }
    for end in 0..JSON.len() {
        // Cut files are not valid; none makes the reader panic.
        if let Some(cut) = JSON.get(..end) {
            assert!(Scenario::from_json(cut).is_err());
        }
    }
}

#[test]
fn what_is_new_is_checked_too() {
    let refusal = |more: &str| {
        let error = Scenario::from_toml(&format!("{HEALTHY}\n{more}")).unwrap_err();
        error.message().to_owned()
    };
    for (more, expected) in [
        ("[arm]\npage_size = 0", "a page holds one item at least"),
        (
            "[arm]\nin_front = 'iis'",
            "in front of ARM there is an http-proxy-…, a captive-portal or an interceptor",
        ),
        (
            "[arm]\nreplicas = ['a b']",
            "a replica's region has to be letters, digits and - _ . ( ), not 'a b'",
        ),
        ("[imds]\nin_front = 'nobody'", "unknown variant `nobody`"),
        (
            "[[group]]\nname = 'RG-AZVM-DEMO'",
            "the group RG-AZVM-DEMO is there twice",
        ),
        (
            "[[resource]]\ntype = 'x'\nname = 'y'",
            "a type is a namespace and a name, as in Microsoft.Storage/storageAccounts",
        ),
        (
            "[[resource]]\ntype = 'x/y'\nname = 'z'\nresource_group = 'other'",
            "there is no group 'other'",
        ),
        (
            "[[event]]\ntype = 'Party'",
            "an event is one of Freeze, Reboot, Redeploy, Preempt, Terminate",
        ),
        (
            "[[fault]]\nserver = 'imds'\npath_prefix = '/'",
            "a fault needs a status, a delay_milliseconds, a drip_milliseconds or a connection",
        ),
        (
            "[[fault]]\nserver = 'imds'\npath_prefix = '/'\nconnection = 'reset'\ndrip_milliseconds = 1",
            "a fault has either connection or drip_milliseconds",
        ),
        (
            "[[fault]]\nserver = 'imds'\npath_prefix = '/'\nstatus = 500\nprobability = 1.5",
            "a probability is a number from 0 to 1",
        ),
        (
            "[[fault]]\nserver = 'imds'\npath_prefix = '/'\nstatus = 500\nbody_file = 'x'",
            "body_file is for scenarios that are read from a file",
        ),
        (
            "[[role_definition]]\nid = 'fa4e0000-0038-4000-8000-000000000001'\nname = 'reader'\nactions = []",
            "the role 'reader' is there already",
        ),
    ] {
        let found = refusal(more);
        assert!(found.starts_with(expected), "{more}: {found}");
    }
}

#[test]
fn a_file_may_name_the_body_of_a_fault() {
    let folder = std::env::temp_dir().join(format!("azvm-scenario-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.html"), "<html>").unwrap();
    let fault = "[[fault]]\nserver = 'imds'\npath_prefix = '/'\nstatus = 502\nbody_file = 'page.html'\ncontent_type = 'text/html'\n";
    let file = folder.join("mine.toml");
    std::fs::write(&file, format!("{HEALTHY}\n{fault}")).unwrap();
    let read = Scenario::from_file(&file);
    let page = folder.join("page.html");
    std::fs::write(&page, vec![b'#'; 1_048_577]).unwrap();
    let large_body = Scenario::from_file(&file);
    std::fs::remove_file(&page).unwrap();
    std::fs::create_dir(&page).unwrap(); // as a pipe is, no file to be read
    let no_body = Scenario::from_file(&file);
    std::fs::write(&file, vec![b'#'; 1_048_577]).unwrap();
    let large = Scenario::from_file(&file);
    std::fs::remove_dir_all(&folder).unwrap();
    let reply = read.unwrap().faults[0].reply.clone().unwrap();
    assert_eq!(
        (reply.body.as_str(), reply.content_type.as_str()),
        ("<html>", "text/html")
    );
    assert_eq!(
        large.unwrap_err().to_string(),
        "cannot read it: it is larger than 1 MiB"
    );
    for (body, error) in [
        (
            large_body,
            "cannot read 'page.html': it is larger than 1 MiB",
        ),
        (no_body, "cannot read 'page.html': it is not a regular file"),
    ] {
        let found = body.unwrap_err().to_string();
        assert!(found.ends_with(error), "{found}");
    }
}
