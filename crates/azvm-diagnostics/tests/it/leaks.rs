//! A token that is echoed by whoever saw it stays out of facts, findings and reports. The checks are those of every run.

use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, Reply, claims, denied, group_body, instance_body, jwt, token_body,
};
use crate::wire::Route;
use crate::world::World;
use serde_json::{Value, json};

/// The ways in which a server quotes what it was sent.
fn echoes(token: &str) -> [String; 7] {
    [
        token.into(),
        format!("Bearer {token}"),
        format!("header 'Authorization: Bearer {token}' is not valid"),
        format!("{{\"headers\":{{\"authorization\":[\"Bearer {token}\"]}}}}"),
        format!("Authorization%3A%20Bearer%20{token}%0D%0A"),
        // The cut of a long text falls into the token.
        format!("{} Bearer {token}", "x".repeat(590)),
        token.split('.').next().unwrap_or_default().into(),
    ]
}

/// A token, and a world that hands it out.
fn with_token(change: impl Fn(World, &str) -> World) {
    let token = jwt(&claims(ARM_AUDIENCE));
    for echo in echoes(&token) {
        check(change(World::healthy().with_token(token.clone()), &echo));
    }
}

#[track_caller]
fn check(world: World) -> Ran {
    // `run` looks into the reports.
    let ran = world.run();
    let shown = format!("{:?}{:?}", ran.facts, ran.diagnosis);
    assert!(!shown.contains(&ran.token), "{shown}");
    assert!(!shown.contains("eyJ0"), "{shown}");
    ran
}

#[test]
fn arms_refusals_may_quote_the_token() {
    with_token(|world, echo| world.with(Route::Target, Reply::arm_error(403, echo, echo)));
    with_token(|world, echo| {
        world.with(
            Route::Target,
            Reply::arm_error(403, "AuthorizationFailed", echo),
        )
    });
    with_token(|world, echo| {
        let words = format!(
            "The client '{echo}' with object id '{echo}' … action '{echo}' … scope '{echo}'"
        );
        world.with(
            Route::Target,
            Reply::arm_error(403, "AuthorizationFailed", &words),
        )
    });
    with_token(|world, echo| world.with(Route::Target, Reply::new(502, echo)));
}

#[test]
fn arms_headers_may_quote_the_token() {
    with_token(|world, echo| {
        let reply = Reply::new(401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}")
            .with("x-ms-request-id", echo)
            .with("x-ms-correlation-request-id", echo)
            .with(
                "WWW-Authenticate",
                format!(
                    "Bearer authorization_uri=\"https://x/{}\", error=\"{echo}\"",
                    echo.replace('"', "\\\"")
                ),
            );
        world.with(Route::Target, reply)
    });
}

#[test]
fn arms_answers_may_quote_the_token() {
    with_token(|world, echo| {
        let mut body = group_body();
        for name in ["id", "name", "location"] {
            body[name] = json!(echo);
        }
        body["properties"]["provisioningState"] = json!(echo);
        world.with(Route::Target, Reply::arm(200, body.to_string()))
    });
    with_token(|world, echo| {
        world
            .with(Route::Target, denied())
            .with(Route::RoleAssignments, Reply::arm_error(403, echo, echo))
    });
}

#[test]
fn a_list_of_roles_may_quote_the_token() {
    let token = jwt(&claims(ARM_AUDIENCE));
    let properties = json!({
        "roleDefinitionId": token, "principalId": token, "principalType": token, "scope": token,
        "condition": token, "createdOn": token, "updatedOn": token,
    });
    let body = json!({"value": [{"id": token, "properties": properties}], "nextLink": token});
    let world = World::healthy()
        .with_token(token)
        .with(Route::Target, denied())
        .with(Route::RoleAssignments, Reply::arm(200, body.to_string()));
    // There is another page, so that the list proves nothing.
    assert_eq!(check(world).codes(), ["RBAC-021"]);
}

#[test]
fn imds_may_quote_the_token_in_its_description_of_the_machine() {
    with_token(|world, echo| {
        let mut body = instance_body();
        for (_, value) in body["compute"].as_object_mut().unwrap() {
            *value = json!(echo);
        }
        world.with(Route::Instance, Reply::imds(200, body.to_string()))
    });
    with_token(|world, echo| {
        world.with(
            Route::IdentityInfo,
            Reply::imds(200, json!({"tenantId": echo}).to_string()),
        )
    });
}

#[test]
fn imds_may_quote_the_token_in_its_refusals_and_headers() {
    with_token(|world, echo| {
        let reply = Reply::imds_error(400, echo, echo);
        world.with(Route::ImdsProbe, reply)
    });
    with_token(|world, echo| {
        let body = json!({"error": echo, "newest-versions": [echo, echo]});
        world.with(Route::Token, Reply::imds(400, body.to_string()))
    });
    with_token(|world, echo| {
        let reply = Reply::new(400, "{\"error\":\"invalid_request\"}")
            .with("Server", format!("IMDS/1 {echo}"))
            .with("x-ms-request-id", echo);
        world.with(Route::Token, reply)
    });
}

#[test]
fn a_tokens_own_answer_and_claims_may_quote_tokens() {
    let inner = jwt(&claims(ARM_AUDIENCE));
    let mut outer = claims(ARM_AUDIENCE);
    for name in ["iss", "oid", "tid", "appid", "xms_mirid", "idtyp", "ver"] {
        outer[name] = json!(inner);
    }
    check(World::healthy().with_token(jwt(&outer)));
    check(
        World::healthy()
            .with_token(jwt(&outer))
            .with(Route::Target, denied()),
    );
    let mut body = token_body(&inner, CLIENT_ID);
    for name in ["client_id", "resource", "refresh_token"] {
        body[name] = json!(inner);
    }
    check(
        World::healthy()
            .with_token(inner)
            .with(Route::Token, Reply::imds(200, body.to_string())),
    );
}

#[test]
fn a_token_that_is_refused_as_malformed_is_not_shown() {
    let token = jwt(&claims(ARM_AUDIENCE));
    let world = || World::healthy().with_token(token.clone());
    let of = |body: Value| world().with(Route::Token, Reply::imds(200, body.to_string()));
    let mut body = token_body(&token, CLIENT_ID);
    body["token_type"] = json!(token);
    assert_eq!(check(of(body.clone())).codes(), ["IMDS-018"]);
    body["access_token"] = json!(format!("{token}\r\nX: y"));
    assert_eq!(check(of(body)).codes(), ["IMDS-018"]);
    // A 200 that is nothing but the token, and an error page with it.
    let ran = check(world().with(Route::Token, Reply::imds(200, token.clone())));
    assert_eq!(ran.codes(), ["IMDS-018"]);
    let ran = check(world().with(Route::Token, Reply::new(404, token.clone())));
    assert_eq!(ran.codes(), ["IMDS-006"]);
}

#[test]
fn the_token_goes_to_arm_and_nowhere_else() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    for seen in &ran.seen {
        let is_for_arm = matches!(
            seen.route,
            Some(Route::Target | Route::RoleAssignments | Route::Model)
        );
        let bearer = format!("Bearer {}", ran.token);
        let expected = is_for_arm.then_some(bearer.as_str());
        assert_eq!(seen.header("Authorization"), expected, "{:?}", seen.route);
        let metadata = seen.header("Metadata");
        let is_for_imds = matches!(
            seen.route,
            Some(Route::Instance | Route::IdentityInfo | Route::Token)
        );
        assert_eq!(metadata, is_for_imds.then_some("true"), "{:?}", seen.route);
    }
}

#[test]
fn a_token_of_any_shape_that_arm_quotes_is_cut_out() {
    let token = "opaque~Zx81+not/a-jwt==";
    let words = format!("The header 'Bearer {token}' is not accepted.");
    let body = json!({"error": {"code": "AuthorizationFailed", "message": words}}).to_string();
    let reply = Reply::new(403, body).with("x-ms-request-id", token);
    let world = World::healthy().with_token(token.into());
    let ran = world.with(Route::Target, reply).run();
    assert!(ran.verbose_text().contains("<redacted>"));
}
