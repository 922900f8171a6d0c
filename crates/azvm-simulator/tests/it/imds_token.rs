//! Tokens: their shape, who they are for, and in which forms they can be asked for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::json;

use crate::wire::{TOKEN, arm_token, claims, get, imds, part, start, start_toml, token_for};

#[tokio::test]
async fn the_answer_has_azures_members_in_azures_order() {
    let simulator = start("healthy").await;
    let resource = "https://management.azure.com/";
    let answer = imds(&simulator, &format!("{TOKEN}&resource={resource}")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json; charset=utf-8")
    );
    assert_eq!(answer.header("server"), "IMDS/150.870.65.1854");
    let body = answer.json();
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    let number = |member: &str| text(member).parse::<i64>().unwrap();
    let expected = format!(
        r#"{{"access_token":"{}","client_id":"{}","expires_in":"{}","expires_on":"{}","ext_expires_in":"86399","not_before":"{}","resource":"{resource}","token_type":"Bearer"}}"#,
        text("access_token"),
        simulator.world().system_identity().unwrap().client_id,
        number("expires_in"),
        number("expires_on"),
        number("not_before"),
    );
    assert_eq!(answer.body, expected);
    assert_eq!(number("expires_on") - number("not_before"), 86_700);
    assert!((86_395..=86_400).contains(&number("expires_in")));
}

#[tokio::test]
async fn the_token_is_a_signed_jwt_with_entras_claims() {
    let simulator = start("healthy").await;
    let world = simulator.world();
    let token = arm_token(&simulator, "").await;
    assert_eq!(token.split('.').count(), 3);
    let header = part(&token, 0);
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("JWT"), &json!("RS256"))
    );
    assert!(!header["kid"].as_str().unwrap().is_empty());
    assert_eq!(header["x5t"], header["kid"]);
    let identity = world.system_identity().unwrap();
    let issuer = format!("https://sts.windows.net/{}/", world.tenant_id());
    let mut claims = claims(&token);
    let time = |claim: &str| claims[claim].as_i64().unwrap();
    assert_eq!(
        (time("iat"), time("exp") - time("iat")),
        (time("nbf"), 86_700)
    );
    for opaque in ["aio", "rh", "uti"] {
        assert!(!claims[opaque].as_str().unwrap().is_empty());
    }
    assert!(claims["xms_tcdt"].is_number());
    for varying in ["aio", "exp", "iat", "nbf", "rh", "uti", "xms_tcdt"] {
        claims.as_object_mut().unwrap().remove(varying);
    }
    let expected = json!({
        "aud": "https://management.azure.com/", "iss": issuer, "appid": identity.client_id, "appidacr": "2", "idp": issuer, "idtyp": "app",
        "oid": identity.object_id, "sub": identity.object_id, "tid": world.tenant_id(), "ver": "1.0", "xms_mirid": world.vm_resource_id(),
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_user_assigned_identity_names_itself_with_lower_case_resourcegroups() {
    let simulator = start("healthy").await;
    let identity = &simulator.world().user_identities()[0];
    let claims =
        claims(&arm_token(&simulator, &format!("&client_id={}", identity.client_id)).await);
    let mirid = claims["xms_mirid"].as_str().unwrap();
    assert!(
        mirid.contains("/resourcegroups/") && mirid.eq_ignore_ascii_case(&identity.resource_id),
        "{mirid}"
    );
    assert_eq!(claims["xms_az_rid"], simulator.world().vm_resource_id());
}

#[tokio::test]
async fn anybody_can_verify_a_token_with_the_published_key() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let discovery = get(
        &simulator.arm_http_endpoint(),
        "/common/.well-known/openid-configuration",
        &[],
    )
    .await
    .json();
    assert_eq!(discovery["issuer"], claims(&token)["iss"]);
    let endpoint = simulator.arm_http_endpoint();
    let jwks_uri = discovery["jwks_uri"].as_str().unwrap();
    let path = jwks_uri.strip_prefix(&endpoint).unwrap();
    let keys = get(&endpoint, path, &[]).await.json();
    let key = keys["keys"][0].as_object().unwrap();
    assert_eq!(key["kid"], part(&token, 0)["kid"]);
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["alg", "e", "kid", "kty", "n", "use", "x5t"],
        "no private member"
    );
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let public = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let verify =
        |message: &str| public.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature);
    assert!(verify(signed).is_ok() && verify(&format!("{signed}x")).is_err());
}

#[tokio::test]
async fn every_selector_picks_its_identity_in_any_case() {
    let simulator = start("two-user-identities").await;
    for identity in simulator.world().user_identities() {
        let encoded = identity.resource_id.replace('/', "%2F");
        for selector in [
            format!("client_id={}", identity.client_id),
            format!("object_id={}", identity.object_id.to_uppercase()),
            format!("msi_res_id={}", identity.resource_id),
            format!("msi_res_id={}", encoded.to_lowercase()),
            format!("mi_res_id={encoded}"),
        ] {
            let claims = claims(&arm_token(&simulator, &format!("&{selector}")).await);
            assert_eq!(claims["oid"], identity.object_id, "{selector}");
        }
    }
}

#[tokio::test]
async fn without_a_selector_the_system_identity_goes_first_and_an_only_user_identity_second() {
    let simulator = start("healthy").await;
    assert_eq!(
        claims(&arm_token(&simulator, "").await)["oid"],
        simulator.world().system_identity().unwrap().object_id
    );
    let healthy = include_str!("../../scenarios/two-user-identities.toml");
    let (only_one, _) = healthy
        .split_once("[[identity]]\nkind = \"user\"\nname = \"id-azvm-other\"")
        .unwrap();
    let simulator = start_toml(only_one).await;
    assert_eq!(
        claims(&arm_token(&simulator, "").await)["oid"],
        simulator.world().user_identities()[0].object_id
    );
}

#[tokio::test]
async fn the_request_may_take_every_form_that_clients_use() {
    let simulator = start("healthy").await;
    let query = "api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com";
    for target in [
        format!("/metadata/identity/oauth2/token?{query}"),
        format!("/metadata/identity/oauth2/token/?{query}"),
        format!("//metadata/identity/oauth2/token/?{query}"),
        format!("/METADATA/identity/oauth2/token?{query}"),
        format!("http://169.254.169.254/metadata/identity/oauth2/token?{query}"),
        "/metadata/identity/oauth2/token?resource=https://management.azure.com&api-version=2019-08-01&xms_cc=CP1".to_owned(),
        format!("/metadata/identity/oauth2/token?&{query}&bypass_cache=true"),
    ] {
        let answer = imds(&simulator, &target).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(answer.json()["resource"], "https://management.azure.com", "{target}");
    }
    assert_eq!(simulator.issued_tokens().len(), 1);
    let headers = [
        "Metadata: true",
        "Content-Type: application/x-www-form-urlencoded",
    ];
    assert_eq!(
        get(
            &simulator.imds_endpoint(),
            &format!("{TOKEN}&resource=https://vault.azure.net"),
            &headers
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn a_token_is_kept_per_identity_and_exact_resource() {
    let simulator = start("healthy").await;
    let user = format!(
        "&client_id={}",
        simulator.world().user_identities()[0].client_id
    );
    let with_slash = token_for(&simulator, "https://management.azure.com/", "").await;
    let without = token_for(&simulator, "https://management.azure.com", "").await;
    let users = token_for(&simulator, "https://management.azure.com", &user).await;
    assert_eq!(
        token_for(&simulator, "https://management.azure.com/", "").await,
        with_slash
    );
    assert_eq!(
        simulator.issued_tokens(),
        [with_slash.clone(), without.clone(), users.clone()]
    );
    assert!(with_slash != without && without != users);
    assert_eq!(claims(&without)["aud"], "https://management.azure.com");
}

#[tokio::test]
async fn the_tenant_can_be_had_without_a_token() {
    let simulator = start("healthy").await;
    let answer = imds(&simulator, "/metadata/identity/info?api-version=2018-02-01").await;
    assert_eq!(
        answer.body,
        format!(r#"{{"tenantId":"{}"}}"#, simulator.world().tenant_id())
    );
}
