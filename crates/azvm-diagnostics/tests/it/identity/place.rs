//! Where the machine is, and models that tell nothing.

use super::*;

#[test]
fn the_model_is_not_asked_with_a_token_that_arm_turned_down() {
    for (status, code) in [(401, "ExpiredAuthenticationToken"), (503, "ServerTimeout")] {
        let ran = World::healthy()
            .with(Route::Target, Reply::arm_error(status, code, "…"))
            .run();
        assert_eq!(ran.asked(Route::Model), 0, "{code}");
    }
    let page = Reply::new(403, "<html>blocked</html>");
    let stranger = World::healthy().with(Route::Target, page).run();
    assert_eq!(stranger.asked(Route::Model), 0);
    let silent = World::healthy().with(Route::Target, Deed::Close).run();
    assert_eq!(silent.asked(Route::Model), 0);
    let ran = World::healthy().with(Route::Target, denied()).run();
    assert_eq!(ran.asked(Route::Model), 1);
}

#[test]
fn a_model_that_cannot_be_read_is_no_verdict() {
    for deed in [
        Deed::Close,
        Reply::arm_error(403, "AuthorizationFailed", "No.").into(),
        Reply::arm_error(429, "TooManyRequests", "…").into(),
        Reply::arm(200, "[]").into(),
        Reply::new(404, "<html>").into(),
        Deed::Hang(std::time::Duration::from_secs(10)),
    ] {
        check(World::healthy().with(Route::Model, deed), &[]);
    }
}

#[test]
fn a_machine_has_moved_when_arm_has_its_vm_id_elsewhere() {
    let ran = check(
        nowhere().with(Route::Machines, moved_to("new-rg")),
        &["HOST-010"],
    );
    sure(&ran, "HOST-010", Confidence::High);
    let expected = "az vm update -g new-rg -n web-07 --set tags.fixVM=1";
    assert_eq!(ran.finding("HOST-010").remedy.commands[0].run, expected);
    // Among machines without anything to say.
    let mut list = machines_with("new-rg");
    for odd in [json!(null), json!({"id": "x", "properties": null})] {
        list["value"].as_array_mut().unwrap().insert(0, odd);
    }
    let ran = check(
        nowhere().with(Route::Machines, Reply::arm(200, list.to_string())),
        &["HOST-010"],
    );
    sure(&ran, "HOST-010", Confidence::High);
    // The whole list, and it is not there.
    let ran = check(nowhere(), &["HOST-010"]);
    sure(&ran, "HOST-010", Confidence::Likely);
    let more = json!({"value": [], "nextLink": "https://management.azure.com/next"}).to_string();
    check(nowhere().with(Route::Machines, Reply::arm(200, more)), &[]);
    for deed in [
        Deed::Close,
        denied().into(),
        Reply::arm(200, "{\"value\": 7}").into(),
        Reply::arm(200, "{\"value\": [7]}").into(),
    ] {
        check(nowhere().with(Route::Machines, deed), &[]);
    }
    let answer =
        |body: Value| World::healthy().with(Route::Model, Reply::arm(200, body.to_string()));
    // Another machine has its name now.
    let mut other = machine_body("web-07", &system_only());
    other["properties"]["vmId"] = json!(OTHER_ID);
    let ran = check(answer(other), &["HOST-010"]);
    sure(&ran, "HOST-010", Confidence::Likely);
    // ARM writes it in other letters.
    let mut upper = machine_body("web-07", &system_only());
    upper["id"] = json!(machine_id("WEB-07").replace(GROUP, "APP-RG"));
    check(answer(upper), &[]);
}

/// Source of the answer: *Troubleshoot common Azure deployment errors*.
#[test]
fn a_group_that_the_machine_has_left_is_missing_because_of_the_move() {
    let words = "Resource group 'app-rg' could not be found.";
    let gone = || {
        nowhere().with(
            Route::Target,
            Reply::arm_error(404, "ResourceGroupNotFound", words),
        )
    };
    let moved = || gone().with(Route::Machines, moved_to("new-rg"));
    let ran = check(moved(), &["HOST-010", "RID-007"]);
    assert_eq!((ran.causes(), ran.exit()), (vec!["HOST-010"], 1));
    assert_eq!(ran.status(HostPlatform), "ok");
    assert!(ran.evidence(HostPlatform, "arm_resource_id").is_some());
    let finding = ran.check(ArmTarget).findings.first().unwrap();
    assert!(
        finding.cause.as_deref().unwrap().contains("/new-rg/"),
        "{finding:?}"
    );
    let expected = "az vm update -g new-rg -n web-07 --set tags.fixVM=1";
    assert_eq!(finding.remedy.commands[0].run, expected);
    let place = machine_id("web-07").replace(GROUP, "new-rg");
    let tag = format!("Update-AzTag -ResourceId {place} -Tag");
    assert!(
        finding.remedy.commands[2].run.starts_with(&tag),
        "{finding:?}"
    );
    // Not proven, still in the group, or a group that somebody asked for.
    let ran = check(gone(), &["HOST-010", "RID-007"]);
    assert_eq!(ran.causes(), ["RID-007"]);
    let renamed = json!({"value": [{"id": machine_id("web-09"), "properties": {"vmId": VM_ID}}]});
    let renamed = gone().with(Route::Machines, Reply::arm(200, renamed.to_string()));
    assert_eq!(
        check(renamed, &["HOST-010", "RID-007"]).causes(),
        ["RID-007"]
    );
    let asked = moved().asking(|config| {
        let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/other-rg");
        config.with_target(id.parse().unwrap()).unwrap()
    });
    assert_eq!(check(asked, &["HOST-010", "RID-007"]).causes(), ["RID-007"]);
}

#[test]
fn a_machine_that_moved_is_not_another_machine() {
    let place = machine_id("web-07").replace(GROUP, "new-rg");
    let world = nowhere()
        .with(Route::Machines, moved_to("new-rg"))
        .with_claims(&json!({"xms_mirid": place}));
    check(world, &["HOST-010"]);
}

#[test]
fn letters_of_a_group_matter_only_where_they_are_the_same() {
    let target = |group: &str| {
        let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}");
        let id = id.parse().unwrap();
        World::healthy().asking(|config| config.with_target(id).unwrap())
    };
    let ran = check(target("App-Rg"), &["RID-002"]);
    assert_eq!(ran.status(ArmTarget), "warn");
    check(target(GROUP), &[]);
    // The answer is about another group; that is not a matter of letters.
    check(target("other-rg"), &["ARM-019"]);
}

#[test]
fn a_model_of_a_hostile_shape_is_survived() {
    let odd = [
        json!(null),
        json!(7),
        json!([["x"]]),
        json!({"x": 1e300}),
        json!("\u{1b}[2J"),
    ];
    let whole = machine_body("web-07", &attached());
    for value in &odd {
        for name in ["properties", "identity"] {
            let mut body = whole.clone();
            body[name] = value.clone();
            World::healthy()
                .with(Route::Model, Reply::arm(200, body.to_string()))
                .run();
            for member in body_members(&whole[name]) {
                let mut body = whole.clone();
                body[name][member] = value.clone();
                World::healthy()
                    .with(Route::Model, Reply::arm(200, body.to_string()))
                    .run();
            }
        }
    }
    let many: Vec<Value> = (0..20_000).map(|_| json!({"id": "x"})).collect();
    let many = json!({"value": many}).to_string();
    check(
        nowhere().with(Route::Machines, Reply::arm(200, many)),
        &["HOST-010"],
    );
    let names: Vec<String> = (0..2_000)
        .map(|at| identity_id(&format!("{at:0>120}")))
        .collect();
    let users: Vec<_> = names
        .iter()
        .map(|id| (id.as_str(), json!(null), json!(null)))
        .collect();
    let ran = model(refused(&"0".repeat(120), not_found()), &system_and(&users)).run();
    assert_eq!(ran.codes(), ["IDSEL-009"]);
    assert!(ran.verbose_text().len() < 20_000);
}

fn body_members(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}
