//! Servers that mean harm or do not know better: the run ends, nothing panics, and the report stays a report. What is
//! checked of every report is in `reports`.

use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, Reply, claims, denied, group_body, instance_body, jwt, token_body,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::ArmTarget;
use serde_json::{Value, json};

const ROUTES: [Route; 8] = [
    Route::ImdsProbe,
    Route::Instance,
    Route::IdentityInfo,
    Route::Token,
    Route::ArmProbe,
    Route::Target,
    Route::RoleAssignments,
    Route::Model,
];

/// A world where the list of roles is asked for, too.
fn world() -> World {
    World::healthy().with(Route::Target, denied())
}

#[track_caller]
fn check(world: World) -> Ran {
    let ran = world.run();
    // No answer makes a machine with Azure's mark another machine unless it carries another's mark.
    assert!([0, 1].contains(&ran.exit()), "{}", ran.verbose_text());
    ran
}

#[test]
fn any_body_with_any_status_on_any_path_is_survived() {
    let nested = |open: &str, close: &str| {
        let depth = 20_000;
        format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    let bodies: [Vec<u8>; 9] = [
        vec![],
        b"\x1b[2J\x1b]0;owned\x07\0\r\n\x9b31m".to_vec(),
        b"{\"error\":\"\\u001b[31m\\u202e\",\"compute\":{\"name\":\"\\u001b[2J\\u0000\"}}".to_vec(),
        b"\xff\xfe{\"error\": \xc3\x28}".to_vec(),
        b"\xef\xbb\xbf{\"error\":\"x\"}".to_vec(),
        b"{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":".to_vec(),
        nested("[", "]"),
        nested("{\"error\":", "}"),
        b"{\"error\":7,\"error_description\":{},\"newest-versions\":\"x\",\"value\":{},\"compute\":[]}".to_vec(),
    ];
    for route in ROUTES {
        for status in [200, 400, 503] {
            for body in &bodies {
                check(world().with(route, Reply::new(status, body.clone())));
            }
        }
    }
}

#[test]
fn a_megabyte_is_read_to_its_cap_and_no_further() {
    let long = "a".repeat(1_100_000);
    let quoted = json!({"error": {"code": long, "message": long}, "compute": {"name": long}});
    for route in ROUTES {
        check(world().with(route, Reply::imds(200, long.clone())));
        check(world().with(route, Reply::new(403, quoted.to_string())));
    }
    // Under the cap of ARM's answers, and the words are cut.
    let message = "Speak friend. ".repeat(60_000);
    let ran = check(world().with(
        Route::Target,
        Reply::arm_error(403, "AuthorizationFailed", &message),
    ));
    assert!(ran.evidence(ArmTarget, "message").unwrap().chars().count() <= 601);
    assert!(ran.json_text().len() < 30_000);
}

#[test]
fn heads_that_are_no_heads_are_survived() {
    let many: String = (0..200).map(|index| format!("X-{index}: y\r\n")).collect();
    let heads: [&[u8]; 9] = [
        b"",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: IMDS/\xff\x1b[31m\xfe\r\nx-ms-request-id: \xe9\x80\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 999 \xff\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nDate: Sun, 99 Foo 0000 25:61:61 GMT\r\nRetry-After: -1\r\n\r\n",
    ];
    for route in ROUTES {
        for head in heads {
            check(world().with(route, Deed::Write(head.to_vec())));
        }
        let flood = format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n");
        check(world().with(route, Deed::Write(flood.into_bytes())));
    }
}

/// The document with one member after the other replaced by values of the wrong kind.
fn mistyped(document: &Value) -> Vec<(String, Value)> {
    let wrong = [json!(null), json!(7), json!([["x"]]), json!({"x": 1e300})];
    let names: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
    let mut documents = vec![];
    for name in names {
        for value in &wrong {
            let mut changed = document.clone();
            changed[&name] = value.clone();
            documents.push((name.clone(), changed));
        }
    }
    documents
}

#[test]
fn a_machine_with_members_of_the_wrong_kind_is_still_a_machine() {
    for (name, compute) in mistyped(&instance_body()["compute"]) {
        let body = json!({"compute": compute}).to_string();
        let ran = check(World::healthy().with(Route::Instance, Reply::imds(200, body)));
        // A number is read as its text, and then 7 is a cloud, or a group, that is not there.
        if !compute[&name].is_number() {
            assert_eq!(ran.codes(), Vec::<&str>::new(), "{}", ran.verbose_text());
        }
    }
}

#[test]
fn claims_of_the_wrong_kind_are_no_failure() {
    for (name, claims) in mistyped(&claims(ARM_AUDIENCE)) {
        let ran = check(World::healthy().with_token(jwt(&claims)));
        assert_eq!(ran.exit(), 0, "{name}\n{}", ran.verbose_text());
    }
}

#[test]
fn a_token_answer_of_the_wrong_kind_is_a_token_or_none() {
    for (name, body) in mistyped(&token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID)) {
        let ran = check(World::healthy().with(Route::Token, Reply::imds(200, body.to_string())));
        let expected: &[&[&str]] = &[&[], &["IMDS-018"], &["TOKEN-012"]];
        assert!(
            expected.contains(&ran.codes().as_slice()),
            "{name}\n{}",
            ran.verbose_text()
        );
        assert!(name != "access_token" || ran.codes() == ["IMDS-018"]);
    }
}

#[test]
fn a_group_of_the_wrong_kind_is_a_group_or_not_arms() {
    for (name, body) in mistyped(&group_body()) {
        let ran = check(World::healthy().with(Route::Target, Reply::arm(200, body.to_string())));
        assert!(
            [&[][..], &["ARM-019"]].contains(&ran.codes().as_slice()),
            "{name}\n{}",
            ran.verbose_text()
        );
    }
}

#[test]
fn an_assignment_of_the_wrong_kind_proves_no_age() {
    let good = json!({
        "roleDefinitionId": "r", "principalId": "p", "principalType": "x", "scope": "s", "condition": "c",
        "createdOn": "2020-01-01T00:00:00Z", "updatedOn": "2020-01-01T00:00:00Z",
    });
    for (name, properties) in mistyped(&good) {
        let body = json!({"value": [{"properties": properties}]}).to_string();
        let ran = check(world().with(Route::RoleAssignments, Reply::arm(200, body)));
        assert!(
            [["RBAC-027"], ["RBAC-021"]].contains(&[ran.codes()[0]]),
            "{name}\n{}",
            ran.verbose_text()
        );
    }
}

/// Names that would do something if a shell read them.
#[cfg(unix)]
const NAMES: [&str; 16] = [
    "$(echo pwned)",
    "`echo pwned`",
    "a'; echo pwned; '",
    "a\"; echo pwned; \"",
    "a;b",
    "a|b",
    "a&b",
    "a b",
    "-rf",
    "--help",
    "~",
    "*",
    "!!",
    "#x",
    "a\\",
    "é$IFS",
];

/// A world whose remedies name the machine and its group.
fn named(name: &str) -> Ran {
    let refused = Reply::imds_error(400, "invalid_request", "Identity not found");
    let ran = World::healthy()
        .with_compute(&json!({"name": name, "resourceGroupName": name}))
        .with(Route::Token, refused)
        .run();
    assert_eq!(ran.codes(), ["IDSEL-001"], "{name}");
    ran
}

#[cfg(unix)]
#[test]
fn a_shell_takes_a_hostile_name_for_one_word() {
    for name in NAMES {
        let ran = named(name);
        let command = &ran.finding("IDSEL-001").remedy.commands[0];
        assert_eq!(command.shell, "az");
        // The words of the line, by a shell of flesh and blood; `az` itself is not run.
        let script = format!("set -- {}\nprintf '%s\\n' \"$@\"", command.run);
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        let words = String::from_utf8(output.stdout).unwrap();
        // bash and PowerShell escape a quote in different ways, so it is left to the reader.
        let [group, vm] = if name.contains('\'') {
            ["GROUP", "VM"]
        } else {
            [name, name]
        };
        let expected = ["az", "vm", "identity", "assign", "-g", group, "-n", vm];
        assert_eq!(
            words.lines().collect::<Vec<_>>(),
            expected,
            "{}",
            command.run
        );
    }
}

/// What PowerShell reads as the end of a text in single quotes.
const SINGLE_QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

#[test]
fn powershell_takes_a_hostile_name_for_one_word() {
    for quote in SINGLE_QUOTES {
        let name = format!("a{quote}; Restart-Computer #");
        let ran = named(&name);
        let command = &ran.finding("IDSEL-001").remedy.commands[1];
        assert_eq!(command.shell, "powershell");
        let doubled = format!("'a{quote}{quote}; Restart-Computer #'");
        let expected = format!(
            "$vm = Get-AzVM -ResourceGroupName {doubled} -Name {doubled}; \
             Update-AzVM -ResourceGroupName {doubled} -VM $vm -IdentityType SystemAssigned"
        );
        assert_eq!(command.run, expected);
    }
}

#[test]
fn a_scope_from_a_hostile_group_is_one_word_too() {
    let run = |group: &str| {
        World::healthy()
            .with_compute(&json!({"resourceGroupName": group}))
            .with(Route::Target, denied())
            .run()
    };
    for (group, quoted) in [
        ("$(reboot)", Some("/resourceGroups/$(reboot)'")),
        ("a b", Some("/resourceGroups/a b'")),
        // Each of the two shells that the line is for would want another escape.
        ("a'b", None),
    ] {
        let ran = run(group);
        let commands = &ran.finding("RBAC-021").remedy.commands;
        let scoped: Vec<&str> = commands
            .iter()
            .filter_map(|it| it.run.split_once(" --scope "))
            .map(|(_, scope)| scope)
            .collect();
        assert_eq!(scoped.len(), 2);
        for scope in scoped {
            let expected = quoted.map_or("SCOPE", |_| "'/subscriptions/");
            assert!(scope.starts_with(expected), "{scope}");
            assert!(scope.contains(quoted.unwrap_or_default()), "{scope}");
        }
    }
    // What cannot be an ID is not asked for, and nothing is claimed of it.
    for group in ["a/b", "..", "a?b#c\\d/e"] {
        let ran = run(group);
        assert_eq!(
            (ran.asked(Route::Target), ran.status(ArmTarget)),
            (0, "unknown")
        );
        assert_eq!(ran.exit(), 0);
    }
}

#[test]
fn escapes_in_names_never_reach_a_terminal() {
    let name = "\u{1b}[2J\u{1b}]0;owned\u{7}web\u{202e}70\r\n07";
    let ran = World::healthy()
        .with_compute(&json!({"name": name, "location": name, "zone": name, "vmId": name}))
        .with_claims(&json!({"idtyp": name, "iss": name}))
        .with(Route::Target, Reply::arm_error(403, name, name))
        .run();
    assert!(ran.text().contains("web 70"), "{}", ran.text());
}
