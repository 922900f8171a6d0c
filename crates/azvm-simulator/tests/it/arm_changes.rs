//! Resource Manager's writes, pages, throttling and further resources.

use azvm_simulator::{Grant, Simulator};
use serde_json::{Value, json};

use crate::wire::{Answer, address, arm, arm_token, connect, exchange, start, start_toml};

const ASSIGNMENTS: &str = "/subscriptions/{sub}/providers/Microsoft.Authorization/roleAssignments";
const NAME: &str = "fa4e0000-0028-4000-8000-000000000001";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

async fn send(
    simulator: &Simulator,
    token: &str,
    method: &str,
    target: &str,
    body: &Value,
) -> Answer {
    let target = target
        .replace("{sub}", simulator.world().subscription_id())
        .replace("{rg}", simulator.world().resource_group());
    let (endpoint, body) = (simulator.arm_http_endpoint(), body.to_string());
    let request = format!(
        "{method} {target}?api-version=2022-04-01 HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        address(&endpoint),
        body.len()
    );
    exchange(&mut connect(&endpoint).await, request.as_bytes()).await
}

fn with(more: &str) -> String {
    format!("{}\n{more}", include_str!("../../scenarios/no-role.toml"))
}

fn system(simulator: &Simulator) -> String {
    simulator
        .world()
        .system_identity()
        .unwrap()
        .object_id
        .clone()
}

fn new_assignment(simulator: &Simulator, principal_id: &str) -> Value {
    let sub = simulator.world().subscription_id();
    json!({ "properties": {
        "roleDefinitionId": format!("/subscriptions/{sub}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
        "principalId": principal_id,
        "principalType": "ServicePrincipal",
    } })
}

#[tokio::test]
async fn an_owner_assigns_and_removes_roles_that_propagate() {
    let simulator = start_toml(&with("[arm]\npropagation_seconds = [60]\n")).await;
    simulator.clock().set_speed(0);
    let token = arm_token(&simulator, "").await;
    let user = simulator.attach("id-user").unwrap();
    let target = format!("{ASSIGNMENTS}/{NAME}");
    let body = new_assignment(&simulator, &user.object_id);
    let denied = send(&simulator, &token, "PUT", &target, &body).await;
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (403, "AuthorizationFailed")
    );
    assert!(
        denied
            .body
            .contains("Microsoft.Authorization/roleAssignments/write")
    );

    simulator
        .grant(&Grant::new(system(&simulator), "Owner", "subscription"))
        .unwrap();
    let made = send(&simulator, &token, "PUT", &target, &body).await;
    assert_eq!(
        (made.status, made.json()["name"].as_str()),
        (201, Some(NAME))
    );
    assert!(
        made.header("x-ms-ratelimit-remaining-subscription-writes")
            .parse::<u32>()
            .is_ok()
    );
    let again = send(&simulator, &token, "PUT", &target, &body).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (409, "RoleAssignmentExists")
    );

    let users_token = arm_token(&simulator, &format!("&client_id={}", user.client_id)).await;
    let group = "/subscriptions/{sub}/resourceGroups/{rg}?api-version=2021-04-01";
    assert_eq!(arm(&simulator, &users_token, group).await.status, 403);
    simulator
        .clock()
        .advance(std::time::Duration::from_secs(60));
    assert_eq!(arm(&simulator, &users_token, group).await.status, 200);

    assert_eq!(
        send(&simulator, &token, "DELETE", &target, &json!({}))
            .await
            .status,
        200
    );
    assert_eq!(
        send(&simulator, &token, "DELETE", &target, &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(arm(&simulator, &users_token, group).await.status, 200);
    simulator
        .clock()
        .advance(std::time::Duration::from_secs(60));
    assert_eq!(arm(&simulator, &users_token, group).await.status, 403);
}

#[tokio::test]
async fn assignments_that_cannot_be_are_refused() {
    let simulator = start("no-role").await;
    simulator
        .grant(&Grant::new(system(&simulator), "Owner", "subscription"))
        .unwrap();
    let token = arm_token(&simulator, "").await;
    let good = new_assignment(&simulator, &system(&simulator));
    let mut no_role = good.clone();
    no_role["properties"]["roleDefinitionId"] = json!("/x/nothing");
    let nobody = new_assignment(&simulator, "fa4e0000-dead-4000-8000-000000000001");
    let no_guid = format!("{ASSIGNMENTS}/mine");
    let target = format!("{ASSIGNMENTS}/{NAME}");
    for (target, body, code) in [
        (&target, &no_role, "RoleDefinitionDoesNotExist"),
        (&target, &nobody, "PrincipalNotFound"),
        (&target, &json!({}), "InvalidRequestContent"),
        (&no_guid, &good, "InvalidRoleAssignmentId"),
    ] {
        let answer = send(&simulator, &token, "PUT", target, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
    assert_eq!(
        send(&simulator, &token, "PATCH", &target, &good)
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn attaching_an_identity_takes_a_right_at_the_identity() {
    let simulator = start("no-role").await;
    let identity = simulator.attach("id-user").unwrap();
    simulator.detach("id-user").unwrap();
    simulator
        .grant(&Grant::new(
            system(&simulator),
            "Virtual Machine Contributor",
            "virtual-machine",
        ))
        .unwrap();
    let token = arm_token(&simulator, "").await;
    let vm = simulator.world().vm_resource_id().to_owned();
    let body = json!({ "identity": { "type": "SystemAssigned, UserAssigned", "userAssignedIdentities": { &identity.resource_id: {} } } });
    let linked = send(&simulator, &token, "PATCH", &vm, &body).await;
    assert_eq!(
        (linked.status, linked.code().as_str()),
        (403, "LinkedAuthorizationFailed")
    );
    for named in [
        "'Microsoft.Compute/virtualMachines/write'",
        "'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'",
        &format!("linked scope(s) '{}'", identity.resource_id),
    ] {
        assert!(linked.body.contains(named), "{named} in {}", linked.body);
    }
    assert!(simulator.snapshot().user_identities().is_empty());

    simulator
        .grant(&Grant::new(
            system(&simulator),
            "Managed Identity Operator",
            &identity.resource_id,
        ))
        .unwrap();
    let done = send(&simulator, &token, "PATCH", &vm, &body).await;
    assert_eq!(
        done.json()["identity"]["userAssignedIdentities"][&identity.resource_id]["clientId"],
        identity.client_id
    );
    assert_eq!(simulator.snapshot().user_identities(), [identity]);
    let none = json!({ "identity": { "type": "None" } });
    let done = send(&simulator, &token, "PUT", &vm, &none).await;
    assert!(done.json().get("identity").is_none(), "{done:?}");
    assert!(simulator.snapshot().system_identity().is_none());
}

#[tokio::test]
async fn long_lists_come_page_by_page() {
    let simulator = start_toml(&with("[arm]\npage_size = 2\n")).await;
    for _ in 0..5 {
        simulator
            .grant(&Grant::new(system(&simulator), "Reader", "subscription"))
            .unwrap();
    }
    let token = arm_token(&simulator, "").await;
    let mut target = format!("/{ASSIGNMENTS}?api-version=2022-04-01&$filter=atScope()");
    let mut names = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = arm(&simulator, &token, &target).await.json();
        let items = page["value"].as_array().unwrap();
        sizes.push(items.len());
        names.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["nextLink"].as_str() else {
            break;
        };
        target = next
            .strip_prefix(&simulator.arm_http_endpoint())
            .unwrap()
            .to_owned();
        assert!(target.contains("$filter=atScope()"), "{target}");
    }
    assert_eq!(sizes, [2, 2, 1]);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 5);
    let wrong = arm(
        &simulator,
        &token,
        &format!("{ASSIGNMENTS}?api-version=2022-04-01&$skiptoken=x"),
    )
    .await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "InvalidSkipToken")
    );
}

#[tokio::test]
async fn too_many_requests_are_told_to_wait() {
    let simulator = start("healthy").await;
    simulator.clock().set_speed(0);
    simulator.set_rate_limits(true);
    let token = arm_token(&simulator, "").await;
    let ask = async || arm(&simulator, &token, "/tenants?api-version=2020-01-01").await;
    let header = "x-ms-ratelimit-remaining-subscription-reads";
    assert_eq!(ask().await.header(header), "249");
    for _ in 0..249 {
        assert_eq!(ask().await.status, 200);
    }
    let refused = ask().await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "TooManyRequests")
    );
    assert_eq!(
        (refused.header("retry-after"), refused.header(header)),
        ("1", "0")
    );
    simulator.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn further_groups_resources_and_roles_are_there() {
    let more = r#"
[[group]]
name = "rg-other"
location = "northeurope"

[[resource]]
type = "Microsoft.Storage/storageAccounts"
name = "accountone"
resource_group = "rg-other"

[[role_definition]]
id = "fa4e0000-0038-4000-8000-000000000001"
name = "Group Lister"
actions = ["Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Authorization/roleDefinitions/read"]

[[role_assignment]]
principal_id = "fa4e0000-0004-4000-8000-00000000000b"
role = "group lister"
scope = "subscription"
"#;
    let simulator = start_toml(&with(more)).await;
    let token = arm_token(&simulator, "").await;
    let other = "/subscriptions/{sub}/resourceGroups/RG-OTHER";
    let group = arm(
        &simulator,
        &token,
        &format!("{other}?api-version=2021-04-01"),
    )
    .await
    .json();
    assert_eq!(
        (&group["name"], &group["location"]),
        (&json!("rg-other"), &json!("northeurope"))
    );
    let account = format!(
        "{other}/providers/Microsoft.Storage/storageAccounts/accountone?api-version=2023-01-01"
    );
    assert_eq!(arm(&simulator, &token, &account).await.status, 403);
    let roles = "/subscriptions/{sub}/providers/Microsoft.Authorization/roleDefinitions?$filter=type eq 'CustomRole'&api-version=2022-04-01";
    let roles = arm(&simulator, &token, &roles.replace(' ', "%20"))
        .await
        .json();
    assert_eq!(roles["value"][0]["properties"]["roleName"], "Group Lister");
    simulator
        .grant(&Grant::new(system(&simulator), "Reader", "subscription"))
        .unwrap();
    assert_eq!(
        arm(&simulator, &token, &account).await.json()["type"],
        "Microsoft.Storage/storageAccounts"
    );
    let list = arm(
        &simulator,
        &token,
        &format!("{other}/resources?api-version=2021-04-01"),
    )
    .await
    .json();
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    // Compute answers lists with the group in upper case.
    let machines =
        "/subscriptions/{sub}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01";
    let machines = arm(&simulator, &token, machines).await.json();
    assert!(
        machines["value"][0]["id"]
            .as_str()
            .unwrap()
            .contains("/resourceGroups/RG-AZVM-DEMO/")
    );
}
