//! Reading a resource group, over TLS and over plain HTTP on loopback.

use crate::support::{
    arm, arm_builder, audience, check_headers, group_id, identity, imds_requests, requests, start,
    start_with,
};
use azvm_identity::{Audience, Cloud, ManagedIdentity, Resource, ResourceId, ResourceManager};
use azvm_simulator::{Server, Simulator};

#[track_caller]
fn check(simulator: &Simulator, group: &Resource) {
    let world = simulator.world();
    assert_eq!(group.id, group_id(simulator).as_str());
    assert_eq!(group.name.as_deref(), Some(world.resource_group()));
    assert_eq!(
        group.resource_type.as_deref(),
        Some("Microsoft.Resources/resourceGroups")
    );
    assert_eq!(group.location.as_deref(), Some(world.location()));
    assert_eq!(group.state.as_deref(), Some("Succeeded"));
}

#[tokio::test]
async fn a_group_is_read_over_tls() {
    let simulator = start("healthy").await;
    let group = arm(&simulator)
        .resource_group(&group_id(&simulator))
        .await
        .unwrap();
    check(&simulator, &group);
}

#[tokio::test]
async fn a_group_is_read_over_plain_http_on_loopback() {
    let simulator = start("healthy").await;
    let arm = ResourceManager::builder(identity(&simulator), Cloud::Public)
        .endpoint(simulator.arm_http_endpoint().parse().unwrap())
        .ca_pem(simulator.ca_pem())
        .build()
        .unwrap();
    let group = arm.resource_group(&group_id(&simulator)).await.unwrap();
    check(&simulator, &group);
    assert_eq!(requests(&simulator, Server::ArmHttp).len(), 1);
}

#[tokio::test]
async fn the_request_is_exact_and_carries_the_token() {
    let simulator = start("healthy").await;
    let id = group_id(&simulator);
    arm(&simulator).resource_group(&id).await.unwrap();
    let [request] = requests(&simulator, Server::ArmHttps).try_into().unwrap();
    assert_eq!((request.method.as_str(), request.status), ("GET", 200));
    assert_eq!(request.target, format!("{id}?api-version=2021-04-01"));
    let headers = [
        ("accept", "application/json"),
        ("authorization", "<redacted>"),
    ];
    check_headers(&request, &simulator.arm_endpoint(), &headers);
}

#[tokio::test]
async fn calls_share_one_token_and_its_audience_is_the_clouds() {
    let simulator = start("healthy").await;
    let arm = arm(&simulator);
    for _ in 0..3 {
        arm.clone()
            .resource_group(&group_id(&simulator))
            .await
            .unwrap();
    }
    let [request] = imds_requests(&simulator).try_into().unwrap();
    assert!(
        request
            .target
            .ends_with("&resource=https%3A%2F%2Fmanagement.azure.com%2F")
    );
    assert_eq!(requests(&simulator, Server::ArmHttps).len(), 3);
}

#[tokio::test]
async fn another_audience_may_be_chosen() {
    let simulator = start("healthy").await;
    let audience = Audience::new("https://management.core.windows.net/").unwrap();
    let arm = arm_builder(&simulator).audience(audience).build().unwrap();
    arm.resource_group(&group_id(&simulator)).await.unwrap();
    let [request] = imds_requests(&simulator).try_into().unwrap();
    assert!(
        request.target.ends_with("management.core.windows.net%2F"),
        "{}",
        request.target
    );
}

#[tokio::test]
async fn anything_with_an_id_can_be_read() {
    let simulator = start("healthy").await;
    let arm = arm(&simulator);
    let subscription: ResourceId =
        format!("/subscriptions/{}", simulator.world().subscription_id())
            .parse()
            .unwrap();
    let read = arm.get(&subscription, "2022-12-01").await.unwrap();
    assert_eq!(read.name.as_deref(), Some("azvm demo"));
    assert_eq!(read.state.as_deref(), Some("Enabled"));
    let machine: ResourceId = simulator.world().vm_resource_id().parse().unwrap();
    let read = arm.get(&machine, "2024-07-01").await.unwrap();
    assert_eq!(
        read.resource_type.as_deref(),
        Some("Microsoft.Compute/virtualMachines")
    );
}

#[tokio::test]
async fn a_busy_arm_is_asked_again() {
    let simulator = start_with(
        "[[fault]]\nserver = \"arm\"\npath_prefix = \"/subscriptions\"\nstatus = 503\ntimes = 1\nbody = \"busy\"",
    )
    .await;
    arm(&simulator)
        .resource_group(&group_id(&simulator))
        .await
        .unwrap();
    let requests = requests(&simulator, Server::ArmHttps);
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 200]);
    assert_eq!(imds_requests(&simulator).len(), 1, "the token is kept");
}

#[tokio::test]
async fn a_role_that_arrives_needs_no_new_token() {
    let simulator = start("propagating").await;
    let arm = arm(&simulator);
    let id = group_id(&simulator);
    for _ in 0..2 {
        assert_eq!(
            arm.resource_group(&id).await.unwrap_err().to_string(),
            "the Azure Resource Manager call failed"
        );
    }
    check(&simulator, &arm.resource_group(&id).await.unwrap());
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[tokio::test]
async fn a_user_assigned_identity_can_call_arm() {
    let simulator = start("two-user-identities").await;
    let client_id = simulator.world().user_identities()[1]
        .client_id
        .parse()
        .unwrap();
    let identity = ManagedIdentity::builder()
        .endpoint(simulator.imds_endpoint().parse().unwrap())
        .selector(azvm_identity::IdentitySelector::ClientId(client_id))
        .build();
    let arm = ResourceManager::builder(identity.clone(), Cloud::Public)
        .endpoint(simulator.arm_endpoint().parse().unwrap())
        .ca_pem(simulator.ca_pem())
        .build()
        .unwrap();
    check(
        &simulator,
        &arm.resource_group(&group_id(&simulator)).await.unwrap(),
    );
    identity.token(&audience()).await.unwrap();
    assert_eq!(
        imds_requests(&simulator).len(),
        1,
        "the caller's identity and ARM's share the tokens"
    );
}
