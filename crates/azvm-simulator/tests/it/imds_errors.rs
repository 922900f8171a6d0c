//! IMDS's refusals, byte for byte where Azure's text is known.

use azvm_simulator::Simulator;

use crate::wire::{TOKEN, get, imds, send, start};

const METADATA_MISSING: &str =
    r#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
const IDENTITY_NOT_FOUND: &str =
    r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
const RESOURCE_MISSING: &str = r#"{"error":"invalid_request","error_description":"Required query variable 'resource' is missing"}"#;
const MULTIPLE: &str = r#"{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"}"#;
const VERSION: &str = r#"{"error":"Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds","newest-versions":["2025-04-07","2024-07-17","2024-03-15"]}"#;

#[track_caller]
fn check(answer: &crate::wire::Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(answer.header("server"), "IMDS/150.870.65.1854");
    assert_ne!(answer.header("date"), "");
}

#[tokio::test]
async fn the_metadata_header_is_missed_before_the_path_is_looked_at() {
    assert_eq!(METADATA_MISSING.len(), 88);
    let simulator = start("healthy").await;
    let endpoint = simulator.imds_endpoint();
    for target in [
        "/metadata/identity/oauth2/token",
        "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
        "/metadata/versions",
        "/metadata/instance?api-version=1",
        "/nowhere",
        "/",
    ] {
        for headers in [
            &[][..],
            &["Metadata: false"],
            &["Metadata:"],
            &["X-Metadata: true"],
            &["Metadata: true, true"],
        ] {
            check(
                &get(&endpoint, target, headers).await,
                400,
                METADATA_MISSING,
            );
        }
        check(
            &send(&endpoint, "DELETE", target, &[]).await,
            400,
            METADATA_MISSING,
        );
    }
}

#[tokio::test]
async fn the_metadata_header_is_taken_in_any_case() {
    let simulator = start("healthy").await;
    for header in [
        "Metadata: true",
        "metadata: True",
        "METADATA: TRUE",
        "MetaData:true",
        "Metadata:   true  ",
    ] {
        let answer = get(&simulator.imds_endpoint(), "/metadata/versions", &[header]).await;
        assert_eq!(answer.status, 200, "{header}");
    }
}

#[tokio::test]
async fn forwarded_requests_are_refused() {
    let simulator = start("healthy").await;
    let target = format!("{TOKEN}&resource=https://management.azure.com/");
    for header in ["X-Forwarded-For: 10.0.0.1", "x-forwarded-for:"] {
        let answer = get(
            &simulator.imds_endpoint(),
            &target,
            &["Metadata: true", header],
        )
        .await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_request"))
        );
    }
    assert!(simulator.issued_tokens().is_empty());
}

#[tokio::test]
async fn other_methods_are_refused_with_json() {
    let simulator = start("healthy").await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = send(
            &simulator.imds_endpoint(),
            method,
            "/metadata/versions",
            &["Metadata: true"],
        )
        .await;
        check(
            &answer,
            405,
            r#"{"error":"method_not_allowed","error_description":"Only GET is supported"}"#,
        );
    }
    let answer = send(
        &simulator.imds_endpoint(),
        "HEAD",
        "/metadata/versions",
        &["Metadata: true"],
    )
    .await;
    assert_eq!((answer.status, answer.body.as_str()), (405, ""));
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let simulator = start("healthy").await;
    for target in [
        "/metadata/versions?a=1&a=1",
        "/metadata/instance?api-version=2021-02-01&Api-Version=2021-02-01",
    ] {
        let answer = imds(&simulator, target).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_request"))
        );
    }
}

#[tokio::test]
async fn api_version_is_required_everywhere_but_for_the_versions() {
    let simulator = start("healthy").await;
    for path in [
        "/metadata/identity/oauth2/token",
        "/metadata/identity/info",
        "/metadata/instance",
        "/metadata/instance/compute",
    ] {
        for query in [
            "",
            "?api-version=",
            "?api-version=2018-02",
            "?api-version=2017-12-31x",
            "?api-version=latest",
            "?Api-Version=2021-02-01",
        ] {
            check(
                &imds(&simulator, &format!("{path}{query}")).await,
                400,
                VERSION,
            );
        }
    }
    check(
        &imds(&simulator, "/metadata/identity/info?api-version=2017-12-01").await,
        400,
        VERSION,
    );
    check(
        &imds(&simulator, "/metadata/instance?api-version=2021-02-02").await,
        400,
        VERSION,
    );
    assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
    assert_eq!(
        imds(&simulator, "/metadata/identity/info?api-version=2099-01-01")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let simulator = start("healthy").await;
    for target in [
        "/",
        "/metadata",
        "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
        "/metadata/Identity/oauth2/token?api-version=2018-02-01",
        "/metadata/instancex?api-version=2021-02-01",
        "/metadata/identity/oauth2/token/x?api-version=2018-02-01",
        "/metadata/../metadata/versions",
    ] {
        check(
            &imds(&simulator, target).await,
            404,
            r#"{"error":"Not found"}"#,
        );
    }
}

#[tokio::test]
async fn a_missing_resource_is_named() {
    let simulator = start("healthy").await;
    for query in ["", "&resource=", "&Resource=https://management.azure.com/"] {
        check(
            &imds(&simulator, &format!("{TOKEN}{query}")).await,
            400,
            RESOURCE_MISSING,
        );
    }
}

#[tokio::test]
async fn an_identity_that_is_not_there_is_not_found() {
    let target = format!("{TOKEN}&resource=https://management.azure.com/");
    check(
        &imds(&start("no-identity").await, &target).await,
        400,
        IDENTITY_NOT_FOUND,
    );
    let simulator = start("healthy").await;
    let object_id = &simulator.world().user_identities()[0].object_id;
    for selector in [
        "client_id=fa4e0000-dead-4000-8000-000000000000".to_owned(),
        "msi_res_id=/x".to_owned(),
        format!("client_id={object_id}"),
    ] {
        check(
            &imds(&simulator, &format!("{target}&{selector}")).await,
            400,
            IDENTITY_NOT_FOUND,
        );
    }
}

#[tokio::test]
async fn several_identities_need_a_choice() {
    let target = format!("{TOKEN}&resource=https://management.azure.com/");
    check(
        &imds(&start("two-user-identities").await, &target).await,
        400,
        MULTIPLE,
    );
}

#[tokio::test]
async fn selectors_exclude_each_other_and_have_values() {
    let simulator = start("healthy").await;
    let id = &simulator.world().user_identities()[0].client_id;
    for selectors in [
        format!("&client_id={id}&object_id={id}"),
        "&client_id=".to_owned(),
        "&msi_res_id=&mi_res_id=".to_owned(),
    ] {
        let answer = imds(
            &simulator,
            &format!("{TOKEN}&resource=https://management.azure.com/{selectors}"),
        )
        .await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some("invalid_request"))
        );
        assert_ne!(answer.body, IDENTITY_NOT_FOUND);
    }
}

#[tokio::test]
async fn an_unknown_resource_is_entras_to_refuse() {
    let simulator = start("healthy").await;
    for resource in [
        "https://bogus.example",
        "https://management.azure.com/.default",
        "https://management.chinacloudapi.cn/",
        "x%22%0d%0a",
    ] {
        assert_unknown_resource(&simulator, resource).await;
    }
    assert!(simulator.issued_tokens().is_empty());
}

async fn assert_unknown_resource(simulator: &Simulator, resource: &str) {
    let answer = imds(simulator, &format!("{TOKEN}&resource={resource}")).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, body["error"].as_str()),
        (400, Some("invalid_resource"))
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with("AADSTS500011: The resource principal named "),
        "{description}"
    );
    assert!(
        description.contains(simulator.world().tenant_id()),
        "{description}"
    );
    assert!(
        description.contains("\r\nTrace ID: ") && description.contains("\r\nCorrelation ID: "),
        "{description}"
    );
    assert_eq!(body["error_codes"][0], 500_011);
    assert!(
        answer
            .body
            .starts_with(r#"{"error":"invalid_resource","error_description":"#)
    );
}
