//! The table of clouds.

use azvm_arm::{Cloud, Endpoint};

/// `authority` and `arm` are hosts; `core` is the host of the older audience.
#[track_caller]
fn check(cloud: Cloud, environment: &str, authority: &str, arm: &str, core: &str) {
    assert_eq!(cloud.name(), environment);
    assert_eq!(cloud.to_string(), environment);
    assert_eq!(cloud.authority(), authority);
    assert_eq!(cloud.endpoint(), format!("https://{arm}"));
    assert_eq!(Endpoint::from(cloud).to_string(), cloud.endpoint());
    assert_eq!(cloud.audience(), format!("https://{arm}/"));
    let audiences = [
        format!("https://{arm}/"),
        format!("https://{arm}"),
        format!("https://{core}/"),
        format!("https://{core}"),
    ];
    assert_eq!(cloud.audiences().map(ToOwned::to_owned), audiences);
    for audience in audiences {
        assert_eq!(Cloud::of_audience(&audience), Some(cloud), "{audience}");
        assert_eq!(Cloud::of_audience(&format!("{audience}/.default")), None);
    }
    for name in [
        environment.to_owned(),
        environment.to_uppercase(),
        environment.to_lowercase(),
    ] {
        assert_eq!(Cloud::from_name(&name), Some(cloud), "{name}");
    }
}

#[test]
fn each_cloud_has_its_hosts_and_audiences() {
    check(
        Cloud::Public,
        "AzurePublicCloud",
        "login.microsoftonline.com",
        "management.azure.com",
        "management.core.windows.net",
    );
    check(
        Cloud::UsGovernment,
        "AzureUSGovernmentCloud",
        "login.microsoftonline.us",
        "management.usgovcloudapi.net",
        "management.core.usgovcloudapi.net",
    );
    check(
        Cloud::China,
        "AzureChinaCloud",
        "login.chinacloudapi.cn",
        "management.chinacloudapi.cn",
        "management.core.chinacloudapi.cn",
    );
}

#[test]
fn the_azure_cli_has_names_of_its_own() {
    for (name, cloud) in [
        ("AzureCloud", Cloud::Public),
        ("AzureUSGovernment", Cloud::UsGovernment),
        ("AzureChina", Cloud::China),
        ("public", Cloud::Public),
        ("usgovernment", Cloud::UsGovernment),
        ("china", Cloud::China),
    ] {
        assert_eq!(Cloud::from_name(name), Some(cloud), "{name}");
    }
}

#[test]
fn retired_and_unknown_clouds_are_none() {
    for name in ["AzureGermanCloud", "AzureStack", "", " AzurePublicCloud"] {
        assert_eq!(Cloud::from_name(name), None, "{name}");
    }
    for audience in [
        "https://vault.azure.net",
        "management.azure.com",
        "https://management.azure.com//",
        "",
    ] {
        assert_eq!(Cloud::of_audience(audience), None, "{audience}");
    }
}

#[test]
fn all_lists_each_cloud_once_and_the_public_one_first() {
    assert_eq!(
        Cloud::ALL,
        [Cloud::Public, Cloud::UsGovernment, Cloud::China]
    );
}
