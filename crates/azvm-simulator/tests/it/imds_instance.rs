//! Instance metadata and the version list.

use serde_json::Value;

use crate::wire::{imds, start};

#[tokio::test]
async fn versions_are_listed_oldest_first() {
    let answer = imds(&start("healthy").await, "/metadata/versions").await;
    let body = answer.json();
    let versions: Vec<_> = body["apiVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version.as_str().unwrap())
        .collect();
    assert_eq!(
        (versions.len(), versions[0], versions[34]),
        (35, "2017-03-01", "2025-04-07")
    );
    assert!(versions.is_sorted());
}

#[tokio::test]
async fn every_primitive_of_the_document_is_text() {
    let simulator = start("healthy").await;
    let document = imds(
        &simulator,
        "/metadata/instance?api-version=2021-08-01&extended=true",
    )
    .await
    .json();
    fn check(value: &Value) {
        match value {
            Value::Object(members) => members.values().for_each(check),
            Value::Array(items) => items.iter().for_each(check),
            other => assert!(other.is_string(), "{other}"),
        }
    }
    check(&document);
    let world = simulator.world();
    let compute = &document["compute"];
    assert_eq!(compute["resourceId"], world.vm_resource_id());
    assert_eq!(compute["vmId"], world.vm_id());
    assert_eq!(compute["subscriptionId"], world.subscription_id());
    assert_eq!(compute["resourceGroupName"], world.resource_group());
    assert_eq!(compute["location"], world.location());
    assert_eq!(compute["azEnvironment"], "AzurePublicCloud");
    assert_eq!(compute["tags"], "env:demo");
    assert_eq!(
        document["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"],
        "10.0.0.4"
    );
    assert_eq!(document["extended"]["compute"]["ppsType"], "None");
}

#[tokio::test]
async fn paths_walk_down_the_document() {
    let simulator = start("healthy").await;
    let at = async |path: &str, query: &str| {
        let answer = imds(
            &simulator,
            &format!("/metadata/instance{path}?api-version=2021-02-01{query}"),
        )
        .await;
        (
            answer.status,
            answer.header("content-type").to_owned(),
            answer.body,
        )
    };
    let (json, text) = (
        "application/json; charset=utf-8".to_owned(),
        "text/plain; charset=utf-8".to_owned(),
    );
    assert_eq!(
        at("/compute/name", "&format=text").await,
        (200, text.clone(), "vm-azvm-demo".to_owned())
    );
    assert_eq!(
        at("/network/interface/0/macAddress", "&format=text")
            .await
            .2,
        "000D3AFA4E01"
    );
    assert_eq!(
        at("/network/interface/0/ipv4/subnet/0", "").await,
        (
            200,
            json.clone(),
            r#"{"address":"10.0.0.0","prefix":"24"}"#.to_owned()
        )
    );
    assert_eq!(
        at("", "&format=text").await,
        (200, text.clone(), "compute/\nnetwork/".to_owned())
    );
    assert_eq!(at("/network/interface", "&format=text").await.2, "0/");
    assert_eq!(at("/compute/", "&format=json").await.0, 200);
    assert_eq!(at("/compute/name", "").await.0, 400);
    assert_eq!(at("/compute/name", "&format=xml").await.0, 400);
    for wrong in [
        "/nothing",
        "/compute/Name",
        "/network/interface/1",
        "/network/interface/-1",
        "/compute/name/x",
        "//compute",
    ] {
        assert_eq!(
            at(wrong, "&format=text").await,
            (404, json.clone(), r#"{"error":"Not found"}"#.to_owned()),
            "{wrong}"
        );
    }
}
