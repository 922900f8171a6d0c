//! The built-in scenarios as a whole; what each does is in the other modules.

use azvm_simulator::Scenario;

use crate::wire::start;

const AZURE: &str = "7783-7084-3265-9085-8269-3286-77";

#[test]
fn every_file_is_built_in_and_says_what_it_is() {
    let folder = format!("{}/scenarios", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .replace(".toml", "")
        })
        .collect();
    let mut names: Vec<_> = Scenario::names().map(ToOwned::to_owned).collect();
    assert_eq!(names[0], "healthy");
    files.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, files);
    for scenario in Scenario::all() {
        assert_eq!(
            Scenario::named(scenario.name()).unwrap().summary(),
            scenario.summary()
        );
        assert!(scenario.summary().ends_with('.'), "{}", scenario.summary());
        assert_eq!(
            scenario.chassis_asset_tag() == Some(AZURE),
            !["azure-arc", "not-azure", "other-cloud"].contains(&scenario.name())
        );
    }
    assert!(Scenario::named("Healthy").is_none());
}

#[tokio::test]
async fn every_scenario_starts_with_a_world() {
    for name in Scenario::names() {
        let simulator = start(name).await;
        let world = simulator.world();
        for guid in [world.tenant_id(), world.subscription_id(), world.vm_id()] {
            assert!(
                guid.len() == 36 && &guid[14..15] == "4",
                "{guid} is shaped like a random GUID"
            );
        }
        assert_eq!(
            (world.resource_group(), world.location()),
            ("rg-azvm-demo", "westeurope")
        );
        let vm = match name {
            "scale-set" => "/virtualMachineScaleSets/vmss-azvm-demo/virtualMachines/3",
            "scale-set-left-out" => "/virtualMachineScaleSets/vmss-azvm-demo/virtualMachines/4",
            _ => "/virtualMachines/vm-azvm-demo",
        };
        assert!(world.vm_resource_id().ends_with(vm), "{name}");
        assert_eq!(simulator.scenario().name(), name);
        let counts = (
            world.system_identity().iter().count(),
            world.user_identities().len(),
        );
        let expected = match name {
            "healthy" | "many-identities" => (1, 1),
            "two-user-identities" => (0, 2),
            "no-identity" | "not-azure" | "deleted-identity" | "recreated-identity"
            | "slow-identity" | "scale-set-left-out" => (0, 0),
            _ => (1, 0),
        };
        assert_eq!(counts, expected, "{name}");
    }
}
