//! The requests, without their bearer: add it with `Request::with_bearer`.

use alloc::format;
use alloc::string::String;
use azvm_exchange::{Request, encode_query_value};
use azvm_resource_id::ResourceId;

/// For resource groups.
pub const RESOURCE_GROUP_API_VERSION: &str = "2021-04-01";
/// For subscriptions.
pub const SUBSCRIPTION_API_VERSION: &str = "2022-12-01";
/// For role assignments and whatever else `Microsoft.Authorization` has.
pub const AUTHORIZATION_API_VERSION: &str = "2022-04-01";

/// `GET` of anything that has an ID. The api-version depends on the resource's type.
pub fn get(id: &ResourceId, api_version: &str) -> Request {
    let mut target = id.to_url_path();
    target.push_str("?api-version=");
    encode_query_value(api_version, &mut target);
    accept_json(target)
}

/// `GET` of a subscription, meant to be sent *without* a token: the 401 that follows proves that ARM itself answered,
/// and its `WWW-Authenticate` names the subscription's tenant.
pub fn probe(subscription_id: &str) -> Request {
    let mut target = String::from("/subscriptions/");
    encode_query_value(subscription_id, &mut target);
    accept_json(format!("{target}?api-version={SUBSCRIPTION_API_VERSION}"))
}

/// The role assignments that count at `scope` for a principal: inherited ones and those of its groups included.
/// Needs `Microsoft.Authorization/roleAssignments/read` there, which Reader has.
pub fn role_assignments(scope: &ResourceId, object_id: &str) -> Request {
    let mut target = scope.to_url_path();
    if target == "/" {
        target.clear(); // the tenant
    }
    target.push_str("/providers/Microsoft.Authorization/roleAssignments?api-version=");
    target.push_str(AUTHORIZATION_API_VERSION);
    target.push_str("&$filter=");
    // A quote inside an OData literal is doubled.
    let filter = format!(
        "atScope() and assignedTo('{}')",
        object_id.replace('\'', "''")
    );
    encode_query_value(&filter, &mut target);
    accept_json(target)
}

fn accept_json(target: String) -> Request {
    Request::get(target).with_header("Accept", "application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let group: ResourceId = "/subscriptions/s/resourceGroups/r g".parse().unwrap();
        assert_eq!(
            get(&group, "2021-04-01").target(),
            "/subscriptions/s/resourceGroups/r%20g?api-version=2021-04-01"
        );
        assert_eq!(
            probe("s/../t").target(),
            "/subscriptions/s%2F..%2Ft?api-version=2022-12-01"
        );
        assert_eq!(
            role_assignments(&group, "o'x").target(),
            "/subscriptions/s/resourceGroups/r%20g/providers/Microsoft.Authorization/roleAssignments\
             ?api-version=2022-04-01&$filter=atScope%28%29%20and%20assignedTo%28%27o%27%27x%27%29"
        );
    }
}
