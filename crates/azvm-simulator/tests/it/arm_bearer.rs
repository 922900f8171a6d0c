//! Resource Manager's checks before it looks at rights: version, token, method.

use crate::wire::{
    TOKEN, arm, arm_method, arm_token, exchange, get, imds, start, start_toml, token_for,
};

const GROUP: &str = "/subscriptions/{sub}/resourceGroups/{rg}?api-version=2021-04-01";

#[tokio::test]
async fn without_a_token_the_challenge_names_the_tenant() {
    let simulator = start("healthy").await;
    let target = "/subscriptions/x/resourceGroups/y?api-version=2021-04-01";
    let answer = get(&simulator.arm_http_endpoint(), target, &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.body,
        r#"{"error":{"code":"AuthenticationFailed","message":"Authentication failed. The 'Authorization' header is missing."}}"#
    );
    let challenge = format!(
        "Bearer authorization_uri=\"https://login.windows.net/{}\", error=\"invalid_token\", error_description=\"The authentication failed because of missing 'Authorization' header.\"",
        simulator.world().tenant_id()
    );
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert_eq!(answer.header("x-ms-failure-cause"), "gateway");
}

#[tokio::test]
async fn what_is_no_token_of_this_simulator_is_refused() {
    let (simulator, other) = (start("healthy").await, start("healthy").await);
    let own = arm_token(&simulator, "").await;
    let foreign = arm_token(&other, "").await;
    let (signed, signature) = own.rsplit_once('.').unwrap();
    let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
    for token in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        foreign.clone(),
        format!("{signed}."),
        format!("{signed}.{foreign_signature}"),
        format!("A{own}"),
        format!("{own}.{signature}"),
    ] {
        let answer = arm(&simulator, &token, GROUP).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "InvalidAuthenticationToken"),
            "{answer:?}"
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer "));
        assert!(!answer.body.contains(&token));
    }
    assert_eq!(arm(&simulator, &own, GROUP).await.status, 200);
}

#[tokio::test]
async fn other_schemes_and_two_headers_are_refused() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let bearer = format!("Authorization: Bearer {token}");
    for headers in [
        &["Authorization: Basic eA=="][..],
        &["Authorization: Bearer"],
        &["Authorization:"],
        &[&bearer, &bearer],
    ] {
        let answer = get(
            &simulator.arm_http_endpoint(),
            "/tenants?api-version=2020-01-01",
            headers,
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "AuthenticationFailedInvalidHeader"),
            "{headers:?}"
        );
    }
    let lower_case = format!("authorization: bearer {token}");
    assert_eq!(
        get(
            &simulator.arm_http_endpoint(),
            "/tenants?api-version=2020-01-01",
            &[&lower_case]
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn the_audience_has_to_be_one_of_four_spellings() {
    let simulator = start("healthy").await;
    let spellings = [
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
        "https://management.azure.com/",
        "https://management.azure.com",
    ];
    for resource in spellings {
        let token = token_for(&simulator, resource, "").await;
        assert_eq!(
            arm(&simulator, &token, GROUP).await.status,
            200,
            "{resource}"
        );
    }
    let token = token_for(&simulator, "https://vault.azure.net", "").await;
    let answer = arm(&simulator, &token, GROUP).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "InvalidAuthenticationTokenAudience")
    );
    for named in ["https://vault.azure.net"].iter().chain(&spellings) {
        assert!(
            answer.body.contains(&format!("'{named}'")),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_client_that_asks_for_the_endpoint_itself_is_served() {
    let simulator = start("healthy").await;
    let token = token_for(&simulator, &simulator.arm_endpoint(), "").await;
    assert_eq!(arm(&simulator, &token, GROUP).await.status, 200);
}

#[tokio::test]
async fn an_expired_token_is_told_its_time() {
    let scenario = include_str!("../../scenarios/no-role.toml").to_owned()
        + "\n[token]\nlifetime_seconds = 1\n";
    let simulator = start_toml(&scenario).await;
    let token = arm_token(&simulator, "").await;
    let answer = loop {
        let answer = arm(&simulator, &token, "/tenants?api-version=2020-01-01").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "ExpiredAuthenticationToken")
    );
    let body = answer.json();
    let message = body["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("The access token expiry UTC time '")
            && message.ends_with(" AM'.") | message.ends_with(" PM'."),
        "{message}"
    );
    // IMDS has issued another one by now.
    assert_ne!(arm_token(&simulator, "").await, token);
}

#[tokio::test]
async fn the_version_is_looked_at_before_the_token() {
    let simulator = start("healthy").await;
    for target in ["/", "/subscriptions", "/subscriptions?api-version="] {
        let answer = get(&simulator.arm_http_endpoint(), target, &[]).await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.body,
            r#"{"error":{"code":"MissingApiVersionParameter","message":"The api-version query parameter (?api-version=) is required for all requests."}}"#
        );
    }
    for version in [
        "2021",
        "2021-04-01-beta",
        "2021-04-01-preview-preview",
        "latest",
    ] {
        let answer = get(
            &simulator.arm_http_endpoint(),
            &format!("/subscriptions?api-version={version}"),
            &[],
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InvalidApiVersionParameter"),
            "{version}"
        );
        assert!(answer.body.contains(version));
    }
    let answer = get(
        &simulator.arm_http_endpoint(),
        "/subscriptions?api-version=2025-05-31-preview",
        &[],
    )
    .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn writing_is_not_supported() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        let answer = arm_method(&simulator, &token, method, GROUP).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "MethodNotAllowed"),
            "{method}"
        );
    }
    let mut stream = crate::wire::connect(&simulator.arm_http_endpoint()).await;
    let head = format!(
        "POST /v1.0/directoryObjects/getByIds?api-version=2020-01-01 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 4\r\n\r\n{{}}  "
    );
    let answer = exchange(&mut stream, head.as_bytes()).await;
    assert_eq!(answer.status, 404);
    // The body was read: the connection serves on.
    assert_eq!(
        exchange(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn every_answer_carries_azures_headers() {
    let simulator = start("healthy").await;
    let token = format!("Authorization: Bearer {}", arm_token(&simulator, "").await);
    let correlation = "fa4e0000-00c0-4000-8000-000000000001";
    let headers = [
        &token,
        &format!("x-ms-correlation-request-id: {correlation}"),
        "x-ms-client-request-id: mine",
        "x-ms-return-client-request-id: true",
    ];
    let answer = get(
        &simulator.arm_http_endpoint(),
        "/tenants?api-version=2020-01-01",
        &headers,
    )
    .await;
    assert_eq!(answer.header("x-ms-correlation-request-id"), correlation);
    assert_eq!(answer.header("x-ms-client-request-id"), "mine");
    for answer in [
        answer,
        get(
            &simulator.arm_http_endpoint(),
            "/",
            &["x-ms-correlation-request-id: not-a-guid"],
        )
        .await,
    ] {
        assert_eq!(answer.header("x-ms-request-id").len(), 36);
        assert_eq!(answer.header("x-ms-correlation-request-id").len(), 36);
        assert!(
            answer
                .header("x-ms-routing-request-id")
                .starts_with("WESTEUROPE:20"),
            "{answer:?}"
        );
        assert!(
            answer
                .header("x-ms-ratelimit-remaining-subscription-reads")
                .parse::<u32>()
                .is_ok()
        );
        assert!(answer.header("date").ends_with(" GMT"));
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
}

#[tokio::test]
async fn imds_and_arm_know_nothing_of_each_others_paths() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    assert_eq!(
        imds(&simulator, "/subscriptions?api-version=2022-12-01")
            .await
            .status,
        404
    );
    assert_eq!(
        arm(
            &simulator,
            &token,
            &format!("{TOKEN}&resource=https://management.azure.com/")
        )
        .await
        .status,
        404
    );
}
