//! The world as it changes while it runs.

use std::time::Duration;

use azvm_simulator::{Deny, Grant, Simulator};
use serde_json::Value;

use crate::wire::{TOKEN, arm, arm_token, claims, imds, start, start_toml, token_for};

const GROUP: &str = "/subscriptions/{sub}/resourceGroups/{rg}?api-version=2021-04-01";
const ARM: &str = "https://management.azure.com/";

async fn status(simulator: &Simulator, token: &str) -> u16 {
    arm(simulator, token, GROUP).await.status
}

fn system(simulator: &Simulator) -> String {
    simulator
        .snapshot()
        .system_identity()
        .unwrap()
        .object_id
        .clone()
}

async fn vm(simulator: &Simulator, token: &str) -> Value {
    let target = format!(
        "{}?api-version=2024-07-01",
        simulator.world().vm_resource_id()
    );
    arm(simulator, token, &target).await.json()
}

#[tokio::test]
async fn a_grant_propagates_by_replica_and_so_does_its_end() {
    let base = include_str!("../../scenarios/no-role.toml");
    let simulator = start_toml(&format!(
        "{base}\n[arm]\nreplicas = ['westeurope', 'northeurope']\n"
    ))
    .await;
    simulator.clock().set_speed(0);
    let token = arm_token(&simulator, "").await;
    assert_eq!(status(&simulator, &token).await, 403);
    assert_eq!(status(&simulator, &token).await, 403);
    let grant =
        Grant::new(system(&simulator), "Reader", "resource-group").with_propagation_secs([0, 600]);
    let id = simulator.grant(&grant).unwrap();
    // The replicas take turns, and their answers say which one it was.
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = arm(&simulator, &token, GROUP).await;
        let (region, _) = answer
            .header("x-ms-routing-request-id")
            .split_once(':')
            .unwrap();
        seen.push((answer.status, region.to_owned()));
    }
    let [west, north] = [
        (200, "WESTEUROPE".to_owned()),
        (403, "NORTHEUROPE".to_owned()),
    ];
    assert_eq!(seen, [west.clone(), north.clone(), west, north]);
    // Ten minutes take no time.
    simulator.clock().advance(Duration::from_secs(600));
    for _ in 0..2 {
        assert_eq!(status(&simulator, &token).await, 200);
    }
    simulator.revoke(&id).unwrap();
    assert!(simulator.revoke(&id).is_err());
    assert_eq!(
        [
            status(&simulator, &token).await,
            status(&simulator, &token).await
        ],
        [403, 200]
    );
    simulator.clock().advance(Duration::from_secs(600));
    assert_eq!(
        [
            status(&simulator, &token).await,
            status(&simulator, &token).await
        ],
        [403, 403]
    );
}

#[tokio::test]
async fn conditions_and_denials_have_their_own_words() {
    let simulator = start("no-role").await;
    let token = arm_token(&simulator, "").await;
    let (object_id, client_id) = (
        system(&simulator),
        simulator
            .world()
            .system_identity()
            .unwrap()
            .client_id
            .clone(),
    );
    let conditional = Grant::new(&object_id, "Reader", "subscription")
        .with_condition("@Resource[x] StringEquals 'y'");
    let id = simulator.grant(&conditional).unwrap();
    let scope = format!(
        "/subscriptions/{}/resourceGroups/rg-azvm-demo",
        simulator.world().subscription_id()
    );
    let who = format!("The client '{client_id}' with object id '{object_id}'");
    let read = "Microsoft.Resources/subscriptions/resourceGroups/read";
    let answer = arm(&simulator, &token, GROUP).await;
    assert_eq!(answer.code(), "AuthorizationFailed");
    assert_eq!(
        answer.json()["error"]["message"],
        format!(
            "{who} has an authorization with ABAC condition that is not fulfilled to perform action '{read}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
        )
    );
    simulator.revoke(&id).unwrap();
    simulator
        .grant(&Grant::new(&object_id, "Reader", "subscription"))
        .unwrap();
    assert_eq!(status(&simulator, &token).await, 200);

    let denial = simulator
        .deny(
            &Deny::new("locked", "resource-group")
                .with_actions(vec!["Microsoft.Resources/*".to_owned()]),
        )
        .unwrap();
    let answer = arm(&simulator, &token, GROUP).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "DenyAssignmentAuthorizationFailed")
    );
    assert_eq!(
        answer.json()["error"]["message"],
        format!(
            "{who} has permission to perform action '{read}' on scope '{scope}'; however, the access is denied because of the deny assignment with name 'locked' and Id '{}' at scope '{scope}'.",
            denial.replace('-', "")
        )
    );
    let list = "/subscriptions/{sub}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01";
    let listed = arm(&simulator, &token, list).await.json();
    assert_eq!(
        listed["value"][0]["properties"]["denyAssignmentName"],
        "locked"
    );
    assert_eq!(listed["value"][0]["name"], denial);
    simulator.undeny(&denial).unwrap();
    assert_eq!(status(&simulator, &token).await, 200);
}

#[tokio::test]
async fn identities_come_and_go() {
    let simulator = start("no-identity").await;
    let ask =
        async |selector: &str| imds(&simulator, &format!("{TOKEN}&resource={ARM}{selector}")).await;
    assert_eq!(ask("").await.status, 400);
    let one = simulator.attach("id-one").unwrap();
    assert_eq!(ask("").await.json()["client_id"], one.client_id);
    let two = simulator.attach("id-two").unwrap();
    assert!(
        ask("")
            .await
            .body
            .contains("Multiple user assigned identities exist")
    );
    assert_eq!(
        ask(&format!("&object_id={}", two.object_id)).await.status,
        200
    );
    simulator.detach("id-one").unwrap();
    assert!(simulator.detach("id-one").is_err());
    assert_eq!(
        ask(&format!("&client_id={}", one.client_id))
            .await
            .body
            .matches("Identity not found")
            .count(),
        1
    );
    assert_eq!(ask("").await.json()["client_id"], two.client_id);
    let system = simulator.set_system_identity(true).unwrap();
    assert_eq!(ask("").await.json()["client_id"], system.client_id);
    // Off and on again is another principal.
    assert_eq!(simulator.set_system_identity(false), None);
    assert_ne!(
        simulator.set_system_identity(true).unwrap().object_id,
        system.object_id
    );
    // What was attached before is the same when it is attached again.
    assert_eq!(simulator.attach("ID-ONE").unwrap(), one);
    assert!(simulator.attach("a/b").is_err());
}

#[tokio::test]
async fn an_attached_identity_may_be_slow_to_arrive() {
    let simulator = start("no-identity").await;
    simulator.clock().set_speed(0);
    let ask = async || {
        imds(&simulator, &format!("{TOKEN}&resource={ARM}"))
            .await
            .status
    };
    let identity = simulator
        .attach_slowly("id-slow", Duration::from_secs(90))
        .unwrap();
    assert_eq!(ask().await, 400);
    simulator.clock().advance(Duration::from_secs(90));
    assert_eq!(ask().await, 200);
    simulator
        .grant(&Grant::new(&identity.object_id, "Reader", "subscription"))
        .unwrap();
    let token = arm_token(&simulator, "").await;
    let ids =
        &vm(&simulator, &token).await["identity"]["userAssignedIdentities"][&identity.resource_id];
    assert_eq!(ids["clientId"], identity.client_id);
}

#[tokio::test]
async fn deleted_and_made_again_are_not_the_same() {
    let simulator = start("healthy").await;
    let user = simulator.world().user_identities()[0].clone();
    let token = arm_token(&simulator, "").await;
    let users_token = arm_token(&simulator, &format!("&client_id={}", user.client_id)).await;
    let listed = async || {
        vm(&simulator, &token).await["identity"]["userAssignedIdentities"][&user.resource_id]
            .clone()
    };
    let found = async |id: &str| {
        imds(
            &simulator,
            &format!("{TOKEN}&resource={ARM}&client_id={id}"),
        )
        .await
        .status
    };
    let resource = async || {
        arm(
            &simulator,
            &token,
            &format!("{}?api-version=2024-11-30", user.resource_id),
        )
        .await
    };

    simulator.delete_identity("id-azvm-demo").unwrap();
    assert_eq!(found(&user.client_id).await, 400);
    assert!(
        listed().await["clientId"].is_null(),
        "the VM lists it without IDs"
    );
    assert_eq!(resource().await.status, 404);
    // Tokens live on.
    assert_eq!(status(&simulator, &users_token).await, 200);

    let again = simulator.recreate_identity("id-azvm-demo").unwrap();
    assert_ne!(again.object_id, user.object_id);
    assert_eq!(
        resource().await.json()["properties"]["principalId"],
        again.object_id
    );
    assert_eq!(
        (found(&user.client_id).await, found(&again.client_id).await),
        (400, 400)
    );
    assert_eq!(listed().await["clientId"], user.client_id);
    // Detached and attached it works, without the old one's roles.
    simulator.detach("id-azvm-demo").unwrap();
    assert_eq!(simulator.attach("id-azvm-demo").unwrap(), again);
    let new_token = arm_token(&simulator, &format!("&client_id={}", again.client_id)).await;
    assert_eq!(status(&simulator, &new_token).await, 403);
    assert!(
        simulator.delete_identity("nobody").is_err()
            && simulator.recreate_identity("nobody").is_err()
    );
}

#[tokio::test]
async fn a_new_member_is_in_the_lists_and_not_in_the_tokens() {
    let simulator = start("group-role-late").await;
    let group = "fa4e0000-0009-4000-8000-000000000001";
    let object_id = system(&simulator);
    let token = arm_token(&simulator, "").await;
    assert!(
        claims(&token)["groups"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );
    assert_eq!(status(&simulator, &token).await, 403);
    let list = format!(
        "/subscriptions/{{sub}}/resourceGroups/{{rg}}/providers/Microsoft.Authorization/roleAssignments\
         ?$filter=atScope()%20and%20assignedTo('{object_id}')&api-version=2022-04-01"
    );
    let listed = arm(&simulator, &token, &list).await.json();
    let items = listed["value"].as_array().unwrap();
    let is_groups = |item: &&Value| item["properties"]["principalId"] == group;
    assert_eq!(items.iter().filter(is_groups).count(), 1, "{listed}");
    // The next token knows.
    simulator.set_member(group, &object_id, true).unwrap();
    simulator.forget_tokens();
    let token = arm_token(&simulator, "").await;
    assert_eq!(status(&simulator, &token).await, 200);
}

#[tokio::test]
async fn a_groups_role_is_in_the_tokens_that_come_after_the_membership() {
    let group = "fa4e0000-0009-4000-8000-000000000001";
    let base = include_str!("../../scenarios/no-role.toml");
    let scenario = format!(
        "{base}\n[[principal_group]]\nid = '{group}'\nname = 'readers'\nmembers = []\n\
         [[role_assignment]]\nprincipal_id = '{group}'\nrole = 'Reader'\nscope = 'subscription'\n"
    );
    let simulator = start_toml(&scenario).await;
    let before = arm_token(&simulator, "").await;
    assert_eq!(status(&simulator, &before).await, 403);
    let object_id = system(&simulator);
    simulator.set_member(group, &object_id, true).unwrap();
    assert!(simulator.set_member("x", &object_id, true).is_err());
    // IMDS hands out the same token for a day, and the token does not know.
    assert_eq!(arm_token(&simulator, "").await, before);
    assert_eq!(status(&simulator, &before).await, 403);
    simulator.forget_tokens();
    let after = arm_token(&simulator, "").await;
    assert_eq!(claims(&after)["groups"][0], group);
    assert_eq!(status(&simulator, &after).await, 200);
    let assigned = format!(
        "/subscriptions/{{sub}}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('{object_id}')&api-version=2022-04-01"
    );
    let listed = arm(&simulator, &after, &assigned).await.json();
    assert_eq!(listed["value"][0]["properties"]["principalType"], "Group");
}

#[tokio::test]
async fn a_subscription_in_another_tenant_refuses_the_old_tokens() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let new_tenant = "fa4e0000-0001-4000-8000-000000000002";
    simulator.move_to_tenant(new_tenant).unwrap();
    assert!(simulator.move_to_tenant("x").is_err());
    let answer = arm(&simulator, &token, GROUP).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "InvalidAuthenticationTokenTenant")
    );
    let old_tenant = simulator.world().tenant_id();
    for tenant in [old_tenant, new_tenant] {
        assert!(
            answer
                .body
                .contains(&format!("https://sts.windows.net/{tenant}/")),
            "{}",
            answer.body
        );
    }
    assert!(answer.header("www-authenticate").contains(new_tenant));
    assert_eq!(simulator.snapshot().tenant_id(), new_tenant);
}

#[tokio::test]
async fn time_can_be_put_forward_and_tokens_count_down() {
    let simulator = start("healthy").await;
    simulator.clock().set_speed(0);
    let ask = async || imds(&simulator, &format!("{TOKEN}&resource={ARM}")).await;
    let first = ask().await.json();
    assert_eq!(first["expires_in"], "86400");
    simulator.clock().advance(Duration::from_secs(499));
    let second = ask().await;
    assert_eq!(second.json()["expires_in"], "85901");
    assert_eq!(second.json()["ext_expires_in"], "86399");
    for same in ["access_token", "expires_on", "not_before"] {
        assert_eq!(second.json()[same], first[same], "{same}");
    }
    let token = first["access_token"].as_str().unwrap();
    simulator.clock().advance(Duration::from_secs(86_400));
    let expired = arm(&simulator, token, GROUP).await;
    assert_eq!(expired.code(), "ExpiredAuthenticationToken");
    assert_ne!(ask().await.json()["access_token"], first["access_token"]);
    // The answers' own date goes with it.
    assert_ne!(second.header("date"), expired.header("date"));
}

#[tokio::test]
async fn clocks_may_be_wrong() {
    let healthy = include_str!("../../scenarios/healthy.toml");
    let ahead =
        format!("{healthy}\n[clock]\ndate_skew_seconds = -86400\ntoken_skew_seconds = 3600\n");
    let (right, wrong) = (start("healthy").await, start_toml(&ahead).await);
    let [right_date, wrong_date] = [
        imds(&right, "/metadata/versions").await,
        imds(&wrong, "/metadata/versions").await,
    ]
    .map(|answer| answer.header("date").to_owned());
    assert_ne!(right_date[..16], wrong_date[..16]);
    let token = token_for(&wrong, ARM, "").await;
    let answer = arm(&wrong, &token, GROUP).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "InvalidAuthenticationToken")
    );
}
