//! Identities about which IMDS and Resource Manager do not agree.

use serde_json::{Value, json};

use crate::wire::{TOKEN, arm, arm_token, claims, imds, start};

const MACHINE: &str = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/vm-azvm-demo?api-version=2024-07-01";

async fn identity_block(simulator: &azvm_simulator::Simulator) -> Value {
    let token = arm_token(simulator, "").await;
    let answer = arm(simulator, &token, MACHINE).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["identity"].clone()
}

fn user_id(simulator: &azvm_simulator::Simulator, name: &str) -> String {
    let world = simulator.world();
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        world.subscription_id(),
        world.resource_group(),
    )
}

#[tokio::test]
async fn each_state_is_told_by_arm_and_refused_by_imds() {
    let simulator = start("many-identities").await;
    let block = identity_block(&simulator).await;
    assert_eq!(block["type"], "SystemAssigned, UserAssigned");
    for (name, listed, words) in [
        ("id-azvm-demo", Some("05"), None),
        ("id-azvm-deleted", None, Some("Identity not found")),
        ("id-azvm-recreated", Some("07"), Some("Identity not found")),
        (
            "id-azvm-inconsistent",
            Some("09"),
            Some("does not have access to identity"),
        ),
        ("id-azvm-arriving", Some("0a"), Some("Identity not found")),
    ] {
        let id = user_id(&simulator, name);
        let principal = listed.map(|n| format!("fa4e0000-00{n}-4000-8000-00000000000b"));
        assert_eq!(
            block["userAssignedIdentities"][&id]["principalId"],
            json!(principal),
            "{name}"
        );
        let asked = format!("{TOKEN}&resource=https://management.azure.com/&msi_res_id={id}");
        let answer = imds(&simulator, &asked).await;
        match words {
            None => assert_eq!(answer.status, 200, "{answer:?}"),
            Some(words) => {
                let body = answer.json();
                assert_eq!(
                    (answer.status, &body["error"]),
                    (400, &json!("invalid_request"))
                );
                let said = body["error_description"].as_str().unwrap();
                assert!(said.contains(words), "{name}: {said}");
            }
        }
    }
    let detached = user_id(&simulator, "id-azvm-detached");
    assert_eq!(block["userAssignedIdentities"][&detached], Value::Null);
}

#[tokio::test]
async fn what_was_made_again_has_another_principal_as_a_resource() {
    let simulator = start("many-identities").await;
    let token = arm_token(&simulator, "").await;
    let id = user_id(&simulator, "id-azvm-recreated");
    let target = format!("{id}?api-version=2023-01-31");
    let resource = arm(&simulator, &token, &target).await.json();
    assert_eq!(
        resource["properties"]["principalId"],
        "fa4e0000-0017-4000-8000-00000000000b"
    );
}

#[tokio::test]
async fn imds_hands_out_the_token_of_a_system_identity_that_is_renewed_or_gone() {
    const OLD: &str = "fa4e0000-0004-4000-8000-00000000000b";
    let simulator = start("renewed-identity").await;
    let block = identity_block(&simulator).await;
    assert_eq!(block["principalId"], "fa4e0000-0014-4000-8000-00000000000b");
    assert_eq!(claims(&arm_token(&simulator, "").await)["oid"], OLD);

    let simulator = start("removed-identity").await;
    assert_eq!(identity_block(&simulator).await, Value::Null);
    assert_eq!(claims(&arm_token(&simulator, "").await)["oid"], OLD);
    // Switched on, it is another one, for both.
    let again = simulator.set_system_identity(true).unwrap();
    let token = arm_token(&simulator, "").await;
    assert_eq!(claims(&token)["oid"], again.object_id);
    // Without the old one's role.
    assert_eq!(arm(&simulator, &token, MACHINE).await.status, 403);
}

#[tokio::test]
async fn a_persons_token_names_no_managed_identity() {
    let simulator = start("signed-in-person").await;
    let claims = claims(&arm_token(&simulator, "").await);
    assert_eq!(claims["idtyp"], "user");
    assert_eq!(claims["appid"], "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    assert_eq!(
        (&claims["xms_mirid"], &claims["xms_az_rid"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_uniform_scale_set_is_a_resource_with_its_instances_identities() {
    let simulator = start("scale-set").await;
    let token = arm_token(&simulator, "").await;
    let set = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-azvm-demo?api-version=2024-07-01";
    let set = arm(&simulator, &token, set).await.json();
    assert_eq!(set["properties"]["orchestrationMode"], "Uniform");
    let identity = simulator.world().system_identity().unwrap().clone();
    assert_eq!(set["identity"]["principalId"], identity.object_id);
    assert_eq!(set["id"], identity.resource_id);
}

#[tokio::test]
async fn a_moved_machine_is_where_arm_says() {
    let simulator = start("moved-machine").await;
    let told = imds(&simulator, "/metadata/instance?api-version=2021-02-01").await;
    let told = told.json()["compute"]["resourceId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(told.contains("/rg-azvm-old/"), "{told}");
    let token = arm_token(&simulator, "").await;
    let answer = arm(
        &simulator,
        &token,
        &format!("{told}?api-version=2024-07-01"),
    )
    .await;
    assert_eq!(
        (answer.status, answer.code()),
        (404, "ResourceNotFound".into())
    );
    assert_eq!(arm(&simulator, &token, MACHINE).await.status, 200);
}
