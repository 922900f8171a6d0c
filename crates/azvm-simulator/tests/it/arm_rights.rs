//! Resource Manager's decisions about who may do what.

use azvm_simulator::Simulator;

use crate::wire::{arm, arm_method, arm_token, start, start_toml};

const GROUP: &str = "/subscriptions/{sub}/resourceGroups/{rg}?api-version=2021-04-01";

fn scenario(role: &str, scope: &str) -> String {
    let base = include_str!("../../scenarios/no-role.toml");
    format!(
        "{base}\n[[role_assignment]]\nid = \"fa4e0000-0008-4000-8000-000000000009\"\n\
         principal_id = \"fa4e0000-0004-4000-8000-00000000000b\"\nrole = \"{role}\"\nscope = \"{scope}\"\n"
    )
}

async fn status(simulator: &Simulator, token: &str, target: &str) -> u16 {
    arm(simulator, token, target).await.status
}

#[tokio::test]
async fn a_denial_names_who_what_and_where() {
    let simulator = start("no-role").await;
    let token = arm_token(&simulator, "").await;
    let world = simulator.world();
    let identity = world.system_identity().unwrap();
    let sub = world.subscription_id();
    for (target, action) in [
        ("", "Microsoft.Resources/subscriptions/read"),
        (
            "/locations",
            "Microsoft.Resources/subscriptions/locations/read",
        ),
        (
            "/resourcegroups",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ),
        (
            "/resourceGroups/rg-azvm-demo",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ),
        (
            "/resourceGroups/rg-missing",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ),
        (
            "/resourceGroups/rg-azvm-demo/providers/Microsoft.Compute/virtualMachines/vm-azvm-demo",
            "Microsoft.Compute/virtualMachines/read",
        ),
        ("/resourceGroups/g/providers/N/t/n/u/m", "N/t/u/read"),
        (
            "/providers/Microsoft.Authorization/roleAssignments",
            "Microsoft.Authorization/roleAssignments/read",
        ),
        (
            "/resourceGroups/rg-azvm-demo/providers/Microsoft.Authorization/permissions",
            "Microsoft.Authorization/permissions/read",
        ),
    ] {
        let answer = arm(
            &simulator,
            &token,
            &format!("/subscriptions/{sub}{target}?api-version=2022-04-01"),
        )
        .await;
        // The scope is what stands before the last collection.
        let scope = match target {
            "/locations" | "/resourcegroups" => "",
            other => other
                .split("/providers/Microsoft.Authorization")
                .next()
                .unwrap(),
        };
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope \
             '/subscriptions/{sub}{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            identity.client_id, identity.object_id
        );
        let expected =
            format!(r#"{{"error":{{"code":"AuthorizationFailed","message":"{message}"}}}}"#);
        assert_eq!((answer.status, answer.body), (403, expected), "{target}");
    }
    assert_eq!(
        arm_method(&simulator, &token, "HEAD", GROUP).await.status,
        403
    );
}

#[tokio::test]
async fn without_a_role_there_is_no_subscription_but_a_tenant() {
    let simulator = start("no-role").await;
    let token = arm_token(&simulator, "").await;
    let answer = arm(&simulator, &token, "/subscriptions?api-version=2022-12-01").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"value":[]}"#)
    );
    let tenants = arm(&simulator, &token, "/tenants?api-version=2022-12-01").await;
    assert_eq!(
        tenants.json()["value"][0]["tenantId"],
        simulator.world().tenant_id()
    );
}

#[tokio::test]
async fn a_role_holds_at_its_scope_and_below() {
    let vm = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/vm-azvm-demo?api-version=2024-07-01";
    let subscription = "/subscriptions/{sub}?api-version=2022-12-01";
    for (scope, expected) in [
        ("/", [200, 200, 200]),
        ("subscription", [200, 200, 200]),
        ("resource-group", [403, 200, 200]),
        ("virtual-machine", [403, 403, 200]),
    ] {
        let simulator = start_toml(&scenario("Reader", scope)).await;
        let token = arm_token(&simulator, "").await;
        let mut statuses = Vec::new();
        for target in [subscription, GROUP, vm] {
            statuses.push(status(&simulator, &token, target).await);
        }
        assert_eq!(statuses, expected, "{scope}");
        // The subscription is visible from any of these scopes.
        let subscriptions = arm(&simulator, &token, "/subscriptions?api-version=2022-12-01")
            .await
            .json();
        assert_eq!(
            subscriptions["value"].as_array().unwrap().len(),
            1,
            "{scope}"
        );
    }
}

#[tokio::test]
async fn a_role_holds_for_its_principal_only() {
    let simulator = start("healthy").await;
    let user = arm_token(
        &simulator,
        &format!(
            "&client_id={}",
            simulator.world().user_identities()[0].client_id
        ),
    )
    .await;
    assert_eq!(status(&simulator, &user, GROUP).await, 200);
    assert_eq!(
        status(
            &simulator,
            &user,
            "/subscriptions/{sub}?api-version=2022-12-01"
        )
        .await,
        403
    );
}

#[tokio::test]
async fn a_role_that_lacks_the_action_does_not_help() {
    let simulator = start_toml(&scenario("Virtual Machine Contributor", "resource-group")).await;
    let token = arm_token(&simulator, "").await;
    assert_eq!(status(&simulator, &token, GROUP).await, 200);
    let identities = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30";
    assert_eq!(status(&simulator, &token, identities).await, 403);
}

#[tokio::test]
async fn a_propagating_role_takes_effect_after_two_denials() {
    let simulator = start("propagating").await;
    let token = arm_token(&simulator, "").await;
    // None of these asks for what the role would give.
    for target in [
        "/subscriptions?api-version=2022-12-01",
        "/tenants?api-version=2022-12-01",
        "/subscriptions/{sub}?api-version=2022-12-01",
        "/nowhere?api-version=2022-12-01",
    ] {
        for _ in 0..3 {
            assert_ne!(status(&simulator, &token, target).await, 401, "{target}");
        }
    }
    assert_eq!(status(&simulator, "x", GROUP).await, 401);
    assert_eq!(
        arm(&simulator, &token, "/subscriptions?api-version=2022-12-01")
            .await
            .body,
        r#"{"value":[]}"#
    );
    let assignments = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()&api-version=2022-04-01";
    assert_eq!(status(&simulator, &token, GROUP).await, 403);
    assert_eq!(status(&simulator, &token, assignments).await, 403);
    assert_eq!(status(&simulator, &token, GROUP).await, 200);
    let list = arm(&simulator, &token, assignments).await.json();
    let created_on = list["value"][0]["properties"]["createdOn"]
        .as_str()
        .unwrap();
    assert!(
        !created_on.starts_with("2024-01-01"),
        "made at the simulator's start, not {created_on}"
    );
}
