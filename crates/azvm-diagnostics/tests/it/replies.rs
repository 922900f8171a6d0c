//! What IMDS, ARM and those who stand between say, as captured and documented: `docs/protocol.md` has the sources.

use crate::wire::Deed;
use azvm_exchange::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-aaaa-4000-8000-000000000001";
pub(crate) const SUBSCRIPTION: &str = "22222222-aaaa-4000-8000-000000000002";
pub(crate) const OBJECT_ID: &str = "33333333-aaaa-4000-8000-000000000003";
pub(crate) const CLIENT_ID: &str = "44444444-aaaa-4000-8000-000000000004";
/// Of nobody.
pub(crate) const OTHER_ID: &str = "55555555-bbbb-4000-8000-000000000005";
pub(crate) const VM_ID: &str = "66666666-aaaa-4000-8000-000000000006";
pub(crate) const GROUP: &str = "app-rg";
pub(crate) const ARM_AUDIENCE: &str = "https://management.azure.com/";

pub(crate) fn group_id() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}")
}

pub(crate) fn machine_id(name: &str) -> String {
    format!(
        "{}/providers/Microsoft.Compute/virtualMachines/{name}",
        group_id()
    )
}

pub(crate) fn identity_id(name: &str) -> String {
    format!(
        "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        group_id()
    )
}

/// The wall clock, so many seconds later.
pub(crate) fn in_secs(secs: i64) -> i64 {
    azvm_identity::now().unix_seconds() + secs
}

pub(crate) fn http_date(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .unwrap()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

pub(crate) fn rfc3339(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .unwrap()
        .to_string()
}

/// One response. `Date` is added unless it was set or switched off.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    has_date: bool,
    reason: String,
}

impl Reply {
    /// Without any mark of a server.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![],
            body: body.into(),
            has_date: true,
            reason: String::new(),
        }
    }

    /// With these words in its status line, and none otherwise.
    pub(crate) fn saying(mut self, reason: &str) -> Self {
        self.reason = reason.into();
        self
    }

    /// As IMDS marks its own.
    pub(crate) fn imds(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, body)
            .with("Content-Type", "application/json; charset=utf-8")
            .with("Server", "IMDS/150.870.65.1854")
            .with("x-ms-request-id", "a1a1a1a1-0000-4000-8000-00000000000a")
    }

    pub(crate) fn imds_error(status: u16, error: &str, description: &str) -> Self {
        Self::imds(
            status,
            json!({"error": error, "error_description": description}).to_string(),
        )
    }

    /// As ARM marks its own.
    pub(crate) fn arm(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, body)
            .with("Content-Type", "application/json; charset=utf-8")
            .with("x-ms-request-id", "b2b2b2b2-0000-4000-8000-00000000000b")
            .with(
                "x-ms-correlation-request-id",
                "c3c3c3c3-0000-4000-8000-00000000000c",
            )
    }

    pub(crate) fn arm_error(status: u16, code: &str, message: &str) -> Self {
        Self::arm(
            status,
            json!({"error": {"code": code, "message": message}}).to_string(),
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Of this many seconds from now.
    pub(crate) fn dated(self, secs: i64) -> Self {
        self.with("Date", http_date(in_secs(secs)))
    }

    pub(crate) fn undated(mut self) -> Self {
        self.has_date = false;
        self
    }

    /// With `{host}` in the body replaced.
    pub(crate) fn at_host(mut self, host: &str) -> Vec<u8> {
        let body = String::from_utf8(self.body).unwrap();
        self.body = body.replace("{host}", host).into_bytes();
        self.bytes()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        let mut line = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        for (name, value) in &self.headers {
            line(name, value);
        }
        if self.has_date && !self.headers.iter().any(|(name, _)| *name == "Date") {
            line("Date", &http_date(in_secs(0)));
        }
        line("Content-Length", &self.body.len().to_string());
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

impl From<Reply> for Deed {
    fn from(reply: Reply) -> Self {
        Self::Write(reply.bytes())
    }
}

/// Text in the shape of a JWT with these claims; the signature is as good as any here.
pub(crate) fn jwt(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "scripted"});
    let signature = [0xA5; 256];
    let [header, claims] = [header, claims.clone()].map(|part| part.to_string().into_bytes());
    [header, claims, signature.to_vec()]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

pub(crate) fn claims(audience: &str) -> Value {
    json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "iat": in_secs(-300),
        "nbf": in_secs(-300),
        "exp": in_secs(86_400),
        "appid": CLIENT_ID,
        "idtyp": "app",
        "oid": OBJECT_ID,
        "tid": TENANT,
        "xms_mirid": machine_id("web-07"),
        "ver": "1.0",
    })
}

/// The answer of the token endpoint: members in alphabetical order, numbers as texts.
pub(crate) fn token_body(token: &str, client_id: &str) -> Value {
    json!({
        "access_token": token,
        "client_id": client_id,
        "expires_in": "86400",
        "expires_on": in_secs(86_400).to_string(),
        "ext_expires_in": "86399",
        "not_before": in_secs(-300).to_string(),
        "resource": ARM_AUDIENCE,
        "token_type": "Bearer",
    })
}

pub(crate) fn instance_body() -> Value {
    json!({
        "compute": {
            "azEnvironment": "AzurePublicCloud",
            "location": "westeurope",
            "name": "web-07",
            "osType": "Linux",
            "resourceGroupName": GROUP,
            "resourceId": machine_id("web-07"),
            "subscriptionId": SUBSCRIPTION,
            "tagsList": [],
            "vmId": VM_ID,
            "vmScaleSetName": "",
            "zone": "2",
        },
        "network": {"interface": []},
    })
}

pub(crate) fn group_body() -> Value {
    json!({
        "id": group_id(),
        "name": GROUP,
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded"},
    })
}

/// ARM's 401 to a request without a token.
pub(crate) fn challenge(tenant: &str) -> Reply {
    Reply::arm_error(
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )
    .with(
        "WWW-Authenticate",
        format!(
            "Bearer authorization_uri=\"https://login.windows.net/{tenant}\", error=\"invalid_token\", \
             error_description=\"The authentication failed because of missing 'Authorization' header.\""
        ),
    )
}

/// ARM's 403 for want of a role.
pub(crate) fn forbidden(object_id: &str, action: &str) -> Reply {
    let scope = group_id();
    Reply::arm_error(
        403,
        "AuthorizationFailed",
        &format!(
            "The client '{CLIENT_ID}' with object id '{object_id}' does not have authorization to perform action \
             '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh \
             your credentials."
        ),
    )
}

/// No right to the target.
pub(crate) fn denied() -> Reply {
    forbidden(
        OBJECT_ID,
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    )
}

/// No right to list role assignments either.
pub(crate) fn list_denied() -> Reply {
    forbidden(OBJECT_ID, "Microsoft.Authorization/roleAssignments/read")
}

pub(crate) fn group_answer() -> Reply {
    Reply::arm(200, group_body().to_string())
}

/// The machine as ARM describes it, with this `identity`, or none if it is null.
pub(crate) fn machine_body(name: &str, identity: &Value) -> Value {
    let mut body = json!({
        "id": machine_id(name),
        "name": name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "properties": {"vmId": VM_ID, "provisioningState": "Succeeded"},
    });
    if !identity.is_null() {
        body["identity"] = identity.clone();
    }
    body
}

pub(crate) fn machine_answer(identity: &Value) -> Reply {
    Reply::arm(200, machine_body("web-07", identity).to_string())
}

/// A system-assigned identity alone.
pub(crate) fn system_only() -> Value {
    json!({"type": "SystemAssigned", "principalId": OBJECT_ID, "tenantId": TENANT})
}

/// A system-assigned identity and user-assigned ones: resource ID, client ID and object ID, or null.
pub(crate) fn system_and(users: &[(&str, Value, Value)]) -> Value {
    let mut block = system_only();
    block["type"] = json!("SystemAssigned, UserAssigned");
    for (id, client, principal) in users {
        block["userAssignedIdentities"][id] = json!({"clientId": client, "principalId": principal});
    }
    block
}

/// A list with one role assignment, of these Unix times, of a role that nobody may look at.
pub(crate) fn assigned(created_on: i64, updated_on: i64) -> Reply {
    let mut given = given(OTHER_ID, &group_id(), 0);
    given["properties"]["createdOn"] = rfc3339(created_on).into();
    given["properties"]["updatedOn"] = rfc3339(updated_on).into();
    list(&[given])
}

/// One page of a list.
pub(crate) fn list(items: &[Value]) -> Reply {
    Reply::arm(200, json!({"value": items}).to_string())
}

/// The same with another page, at `{host}` or elsewhere.
pub(crate) fn list_with_more(items: &[Value], next_link: &str) -> Deed {
    let body = json!({"value": items, "nextLink": next_link});
    Deed::WriteAtHost(Reply::arm(200, body.to_string()))
}

/// A role of the identity's own, made so many seconds from now.
pub(crate) fn given(role_id: &str, scope: &str, secs: i64) -> Value {
    let time = rfc3339(in_secs(secs));
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{OTHER_ID}"),
        "name": OTHER_ID,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role_id}"),
            "principalId": OBJECT_ID,
            "principalType": "ServicePrincipal",
            "scope": scope,
            "condition": null,
            "createdOn": time,
            "updatedOn": time,
        },
    })
}

/// The same, given to a group.
pub(crate) fn given_to_group(role_id: &str, scope: &str, secs: i64) -> Value {
    let mut given = given(role_id, scope, secs);
    given["properties"]["principalId"] = TENANT.into();
    given["properties"]["principalType"] = "Group".into();
    given
}

/// The definition of a role with these actions.
pub(crate) fn role(name: &str, actions: &[&str], not_actions: &[&str]) -> Reply {
    Reply::arm(200, role_body(name, actions, not_actions).to_string())
}

pub(crate) fn role_body(name: &str, actions: &[&str], not_actions: &[&str]) -> Value {
    json!({
        "id": format!("/providers/Microsoft.Authorization/roleDefinitions/{OTHER_ID}"),
        "name": OTHER_ID,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name,
            "type": "CustomRole",
            "assignableScopes": [format!("/subscriptions/{SUBSCRIPTION}")],
            "permissions": [{
                "actions": actions,
                "notActions": not_actions,
                "dataActions": [],
                "notDataActions": [],
            }],
        },
    })
}

/// Those that an identity sees.
pub(crate) fn subscriptions(ids: &[&str]) -> Reply {
    let items = ids.iter().map(|id| {
        json!({"id": format!("/subscriptions/{id}"), "subscriptionId": id, "displayName": "prod", "state": "Enabled"})
    });
    list(&items.collect::<Vec<_>>())
}

/// Checked by its own kind, not by the crate under test.
#[test]
fn a_date_is_written_as_http_wants_it() {
    let date = http_date(784_111_777);
    assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(
        Timestamp::from_http_date(&date).map(Timestamp::unix_seconds),
        Some(784_111_777)
    );
}
