//! What to type for an instance of a scale set: a uniform one has its identity from the set, a flexible one is a machine.

use super::*;

const COMPUTE: &str = "Microsoft.Compute";

fn in_set(world: World, is_uniform: bool) -> World {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{COMPUTE}");
    let id = match is_uniform {
        true => format!("{group}/virtualmachinescalesets/web/virtualMachines/3"),
        false => machine_id("web_1a2b3c"),
    };
    world.with_compute(&json!({"resourceId": id, "name": "web_3", "vmScaleSetName": "web"}))
}

fn lines(ran: &Ran, code: &str) -> Vec<String> {
    let commands = &ran.finding(code).remedy.commands;
    commands.iter().map(|command| command.run.clone()).collect()
}

fn alone(words: &str) -> World {
    let refusal = Reply::imds_error(400, "invalid_request", words);
    World::healthy().with(Route::Token, refusal)
}

#[test]
fn an_identity_is_given_to_the_set_of_a_uniform_instance() {
    let world = || alone("Identity not found");
    let ran = check(in_set(world(), true), &["IDSEL-001"]);
    assert_eq!(
        lines(&ran, "IDSEL-001"),
        [
            format!("az vmss identity assign -g {GROUP} -n web"),
            format!(
                "Update-AzVmss -ResourceGroupName {GROUP} -VMScaleSetName web -IdentityType SystemAssigned"
            ),
        ]
    );
    for world in [in_set(world(), false), world()] {
        let ran = check(world, &["IDSEL-001"]);
        let lines = lines(&ran, "IDSEL-001").join("\n");
        assert!(lines.starts_with("az vm identity assign -g "), "{lines}");
        assert!(
            !lines.contains("vmss") && !lines.contains("Vmss"),
            "{lines}"
        );
    }
}

#[test]
fn a_token_names_the_set_of_a_uniform_instance_or_another_one() {
    let set = |name: &str| {
        let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}");
        format!("{group}/providers/{COMPUTE}/virtualMachineScaleSets/{name}")
    };
    let named = |name: &str| World::healthy().with_claims(&json!({"xms_mirid": set(name)}));
    let is_found = |world: World| world.run().codes().contains(&"TOKEN-009");
    assert!(is_found(in_set(named("web-other"), true)));
    assert!(!is_found(in_set(named("web"), true)));
    assert!(!is_found(in_set(named("WEB"), true)));
    // An instance of a flexible one is a machine of its own.
    assert!(!is_found(in_set(named("web"), false)));
}

#[test]
fn every_remedy_of_a_uniform_instance_is_about_its_set() {
    let several = || alone("Multiple user assigned identities exist");
    let missing = || refused("app-id", not_found());
    let half = || alone(NO_ACCESS);
    let unknown = || alone("AADSTS90002: no tenant");
    for (code, world) in [
        ("IDSEL-002", several()),
        ("IDSEL-007", missing()),
        ("IDSEL-016", half()),
        ("TOKEN-017", unknown()),
    ] {
        let ran = in_set(world, true).run();
        let lines = lines(&ran, code).join("\n");
        for word in ["az vm ", "AzVM ", "web_3", "SCALE_SET"] {
            assert!(!lines.contains(word), "{code}: {lines}");
        }
    }
    let ran = in_set(missing(), true).run();
    let id = identity_id("app-id");
    let assign = format!("az vmss identity assign -g {GROUP} -n web --identities {id}");
    assert!(lines(&ran, "IDSEL-007").contains(&assign));
}
