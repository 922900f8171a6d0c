//! What Resource Manager answers to a caller who may read everything.

use serde_json::{Value, json};

use crate::wire::{arm, arm_method, arm_token, connect_tls, exchange, get, start};

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

#[tokio::test]
async fn the_subscription_the_tenant_and_the_group_are_there() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let (sub, tenant) = (
        simulator.world().subscription_id(),
        simulator.world().tenant_id(),
    );
    let read = async |target: &str| {
        let answer = arm(&simulator, &token, target).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer.json()
    };
    let subscriptions = read("/subscriptions?api-version=2022-12-01").await;
    let first = &subscriptions["value"][0];
    assert_eq!(
        (
            &first["subscriptionId"],
            &first["tenantId"],
            &first["state"]
        ),
        (&json!(sub), &json!(tenant), &json!("Enabled"))
    );
    assert_eq!(
        read("/subscriptions/{sub}?api-version=2022-12-01").await["displayName"],
        "azvm demo"
    );
    assert_eq!(
        read("/tenants?api-version=2020-01-01").await["value"][0]["tenantId"],
        tenant
    );
    assert_eq!(
        read("/subscriptions/{sub}/resourcegroups?api-version=2025-04-01").await["value"][0]["name"],
        "rg-azvm-demo"
    );
    let group =
        read("/SUBSCRIPTIONS/{sub}/RESOURCEGROUPS/RG-AZVM-DEMO?api-version=2025-04-01").await;
    assert_eq!(
        group["id"],
        format!("/subscriptions/{sub}/resourceGroups/rg-azvm-demo")
    );
    assert_eq!(group["properties"]["provisioningState"], "Succeeded");
    assert_eq!(group["tags"], json!({ "env": "demo" }));
    assert_eq!(
        read("/subscriptions/{sub}/locations?api-version=2022-12-01").await["value"][0]["name"],
        "westeurope"
    );
    assert_eq!(read("/subscriptions/{sub}/resourcegroups/{rg}/resources?api-version=2025-04-01").await["value"].as_array().unwrap().len(), 2);
    let types =
        &read("/subscriptions/{sub}/providers/Microsoft.ManagedIdentity?api-version=2024-11-01")
            .await["resourceTypes"];
    assert!(types[0]["apiVersions"].is_array());
}

#[tokio::test]
async fn groups_are_listed_by_tag() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    for (filter, count) in [
        (
            "tagName%20eq%20%27env%27%20and%20tagValue%20eq%20%27demo%27",
            1,
        ),
        ("tagName+eq+'other'", 0),
    ] {
        let answer = arm(&simulator, &token, &format!("/subscriptions/{{sub}}/resourcegroups?api-version=2025-04-01&$filter={filter}&$top=5")).await;
        assert_eq!(
            answer.json()["value"].as_array().unwrap().len(),
            count,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn head_tells_whether_a_group_is_there() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    for (group, status) in [("{rg}", 204), ("rg-missing", 404)] {
        let target =
            format!("/subscriptions/{{sub}}/resourcegroups/{group}?api-version=2025-04-01");
        assert_eq!(
            arm_method(&simulator, &token, "HEAD", &target).await.status,
            status
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    for (target, status, code) in [
        (
            "/subscriptions/{sub}/resourceGroups/rg-missing",
            404,
            "ResourceGroupNotFound",
        ),
        (
            "/subscriptions/{sub}/resourceGroups/rg-missing/providers/Microsoft.Compute/virtualMachines/vm",
            404,
            "ResourceGroupNotFound",
        ),
        (
            "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/vm",
            404,
            "ResourceNotFound",
        ),
        (
            "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/vm/providers/Microsoft.Authorization/permissions",
            404,
            "ResourceNotFound",
        ),
        (
            "/subscriptions/{sub}/providers/Microsoft.Nothing",
            404,
            "InvalidResourceNamespace",
        ),
        (
            "/subscriptions/{sub}/providers/Microsoft.Authorization/roleDefinitions/fa4e0000-dead-4000-8000-000000000001",
            404,
            "RoleDefinitionDoesNotExist",
        ),
        (
            "/subscriptions/{sub}/providers/Microsoft.Authorization/roleAssignments/fa4e0000-dead-4000-8000-000000000001",
            404,
            "RoleAssignmentNotFound",
        ),
        (
            "/subscriptions/{sub}/providers/Microsoft.Authorization/permissions/x",
            404,
            "NotFound",
        ),
        ("/subscriptions/nonsense", 400, "InvalidSubscriptionId"),
        ("/v1.0/servicePrincipals", 404, "NotFound"),
        ("/", 404, "InvalidResourceType"),
    ] {
        let answer = arm(
            &simulator,
            &token,
            &format!("{target}?api-version=2022-04-01"),
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{target}"
        );
    }
}

#[tokio::test]
async fn missing_subscriptions_and_groups_have_azures_texts() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let other = "fa4e0000-dead-4000-8000-000000000001";
    let answer = arm(
        &simulator,
        &token,
        &format!("/subscriptions/{other}/resourceGroups?api-version=2022-04-01"),
    )
    .await;
    assert_eq!(
        answer.body,
        format!(
            r#"{{"error":{{"code":"SubscriptionNotFound","message":"The subscription '{other}' could not be found."}}}}"#
        )
    );
    let answer = arm(
        &simulator,
        &token,
        "/subscriptions/{sub}/resourceGroups/rg-missing?api-version=2022-04-01",
    )
    .await;
    assert_eq!(
        answer.body,
        r#"{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'rg-missing' could not be found."}}"#
    );
    let answer = arm(
        &simulator,
        &token,
        "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/x?api-version=2024-07-01",
    )
    .await;
    assert_eq!(
        answer.body,
        r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.Compute/virtualMachines/x' under resource group 'rg-azvm-demo' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"}}"#
    );
}

#[tokio::test]
async fn the_vm_shows_its_identities_and_they_show_themselves() {
    for name in ["healthy", "two-user-identities", "no-role"] {
        let mut scenario = std::fs::read_to_string(format!(
            "{}/scenarios/{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        if name == "no-role" {
            scenario += "\n[[role_assignment]]\nid = \"fa4e0000-0008-4000-8000-000000000009\"\nprincipal_id = \"fa4e0000-0004-4000-8000-00000000000b\"\nrole = \"Contributor\"\nscope = \"virtual-machine\"\n";
        }
        let simulator = crate::wire::start_toml(&scenario).await;
        let world = simulator.world();
        let selector = world
            .user_identities()
            .first()
            .map_or(String::new(), |identity| {
                format!("&client_id={}", identity.client_id)
            });
        let token = arm_token(&simulator, &selector).await;
        let vm = arm(
            &simulator,
            &token,
            &format!("{}?api-version=2024-07-01", world.vm_resource_id()),
        )
        .await
        .json();
        let kind = match (world.system_identity(), world.user_identities()) {
            (Some(_), []) => "SystemAssigned",
            (Some(_), _) => "SystemAssigned, UserAssigned",
            (None, _) => "UserAssigned",
        };
        assert_eq!(
            (&vm["identity"]["type"], &vm["properties"]["vmId"]),
            (&json!(kind), &json!(world.vm_id()))
        );
        assert_eq!(
            vm["identity"]["principalId"].as_str(),
            world
                .system_identity()
                .map(|identity| identity.object_id.as_str())
        );
        for identity in world.user_identities() {
            let ids = json!({ "principalId": identity.object_id, "clientId": identity.client_id });
            assert_eq!(
                vm["identity"]["userAssignedIdentities"][&identity.resource_id],
                ids
            );
            let document = arm(
                &simulator,
                &token,
                &format!("{}?api-version=2024-11-30", identity.resource_id),
            )
            .await
            .json();
            assert_eq!(document["properties"]["clientId"], identity.client_id);
        }
    }
}

#[tokio::test]
async fn role_assignments_are_filtered() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let [system, user] = [
        simulator.world().system_identity().unwrap(),
        &simulator.world().user_identities()[0],
    ]
    .map(|identity| identity.object_id.as_str());
    let group = "/subscriptions/{sub}/resourceGroups/{rg}";
    let vm = simulator.world().vm_resource_id();
    for (scope, filter, expected) in [
        ("/subscriptions/{sub}", String::new(), vec![system, user]),
        ("/subscriptions/{sub}", "atScope()".to_owned(), vec![system]),
        (group, "atScope()".to_owned(), vec![system, user]),
        (group, "atScope%28%29".to_owned(), vec![system, user]),
        (
            "//subscriptions/{sub}",
            format!("assignedTo(%27{user}%27)"),
            vec![user],
        ),
        (
            "/subscriptions/{sub}",
            format!("principalId%20eq%20'{user}'"),
            vec![user],
        ),
        (
            "/subscriptions/{sub}",
            format!("principalId+eq+'{system}'"),
            vec![system],
        ),
        (
            "/subscriptions/{sub}",
            format!("atScope()%20and%20assignedTo('{user}')"),
            vec![],
        ),
        (
            vm,
            format!("atScope()+and+assignedTo('{user}')"),
            vec![user],
        ),
        (
            group,
            "principalId+eq+'fa4e0000-dead-4000-8000-000000000001'".to_owned(),
            vec![],
        ),
    ] {
        let target = format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}&api-version=2022-04-01"
        );
        let answer = arm(&simulator, &token, &target).await;
        let body = answer.json();
        let found: Vec<_> = body["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["properties"]["principalId"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{target}");
    }
    let answer = arm(&simulator, &token, "/subscriptions/{sub}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=nonsense").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "InvalidFilter")
    );
}

#[tokio::test]
async fn a_role_assignment_has_azures_members() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let sub = simulator.world().subscription_id();
    let list = arm(&simulator, &token, "/subscriptions/{sub}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01").await.json();
    let item = &list["value"][0];
    assert_eq!(item["type"], "Microsoft.Authorization/roleAssignments");
    assert_eq!(
        item["id"],
        format!(
            "/subscriptions/{sub}/providers/Microsoft.Authorization/roleAssignments/{}",
            item["name"].as_str().unwrap()
        )
    );
    let properties = &item["properties"];
    assert_eq!(properties["scope"], format!("/subscriptions/{sub}"));
    assert_eq!(
        properties["roleDefinitionId"],
        format!("/subscriptions/{sub}/providers/Microsoft.Authorization/roleDefinitions/{READER}")
    );
    assert_eq!(
        (&properties["principalType"], &properties["condition"]),
        (&json!("ServicePrincipal"), &Value::Null)
    );
    let single = arm(
        &simulator,
        &token,
        &format!("{}?api-version=2022-04-01", item["id"].as_str().unwrap()),
    )
    .await
    .json();
    assert_eq!(&single, item);
}

#[tokio::test]
async fn roles_and_permissions_are_told() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let read = async |target: &str| arm(&simulator, &token, target).await.json();
    let base = "/subscriptions/{sub}/providers/Microsoft.Authorization/roleDefinitions";
    let by_name = read(&format!(
        "{base}?$filter=roleName%20eq%20%27Reader%27&api-version=2022-05-01-preview"
    ))
    .await;
    assert_eq!(by_name["value"].as_array().unwrap().len(), 1);
    assert_eq!(by_name["value"][0]["name"], READER);
    let by_id = read(&format!("{base}/{READER}?api-version=2022-04-01")).await;
    assert_eq!(by_id, by_name["value"][0]);
    assert_eq!(
        by_id["properties"]["permissions"][0]["actions"],
        json!(["*/read"])
    );
    let reader = json!({ "value": [{ "actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": [] }] });
    let group = "/subscriptions/{sub}/resourcegroups/{rg}";
    let permissions = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    assert_eq!(read(&format!("{group}/{permissions}")).await, reader);
    assert_eq!(
        read(&format!(
            "{group}/providers/Microsoft.Compute//virtualMachines/vm-azvm-demo/{permissions}"
        ))
        .await,
        reader
    );
    let denials = read("/subscriptions/{sub}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01").await;
    assert_eq!(denials, json!({ "value": [] }));
}

#[tokio::test]
async fn a_cloud_can_be_registered_without_a_token() {
    let simulator = start("healthy").await;
    let endpoint = simulator.arm_http_endpoint();
    let cloud = get(&endpoint, "/metadata/endpoints?api-version=2022-09-01", &[])
        .await
        .json();
    assert_eq!(cloud["resourceManager"], endpoint);
    assert_eq!(
        cloud["authentication"]["audiences"][0],
        "https://management.core.windows.net/"
    );
    assert!(
        cloud["name"].is_string()
            && cloud["authentication"]["loginEndpoint"].is_string()
            && cloud["suffixes"].is_object()
    );
    assert!(
        get(&endpoint, "/metadata/endpoints?api-version=2019-05-01", &[])
            .await
            .json()
            .is_array()
    );
}

#[tokio::test]
async fn over_tls_the_authoritys_certificate_is_enough() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    for name in ["localhost", "127.0.0.1", "169.254.169.254", "::1"] {
        let mut stream = connect_tls(&simulator, simulator.ca_pem(), name)
            .await
            .unwrap();
        let request = format!(
            "GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        assert_eq!(
            exchange(&mut stream, request.as_bytes()).await.status,
            200,
            "{name}"
        );
    }
    assert!(
        connect_tls(&simulator, simulator.ca_pem(), "example.com")
            .await
            .is_err()
    );
    let other = start("healthy").await;
    assert!(
        connect_tls(&simulator, other.ca_pem(), "localhost")
            .await
            .is_err()
    );
    assert!(
        !simulator.ca_pem().contains("PRIVATE")
            && simulator.ca_pem().matches("BEGIN CERTIFICATE").count() == 1
    );
}
