//! Namespaces, types and words that are known well enough to notice a misspelling of them.
//!
//! Far from complete, on purpose: what is not here is simply not looked at.

/// A namespace and its types; a nested type stands as `parent/child`.
pub(super) const PROVIDERS: &[(&str, &[&str])] = &[
    (
        "Microsoft.Authorization",
        &[
            "denyAssignments",
            "locks",
            "policyAssignments",
            "policyDefinitions",
            "policySetDefinitions",
            "roleAssignments",
            "roleDefinitions",
        ],
    ),
    (
        "Microsoft.Compute",
        &[
            "availabilitySets",
            "disks",
            "galleries",
            "galleries/images",
            "galleries/images/versions",
            "hostGroups",
            "images",
            "proximityPlacementGroups",
            "snapshots",
            "sshPublicKeys",
            "virtualMachineScaleSets",
            "virtualMachineScaleSets/extensions",
            "virtualMachineScaleSets/virtualMachines",
            "virtualMachines",
            "virtualMachines/extensions",
            "virtualMachines/runCommands",
        ],
    ),
    (
        "Microsoft.ContainerService",
        &["managedClusters", "managedClusters/agentPools"],
    ),
    (
        "Microsoft.Insights",
        &["components", "dataCollectionRules", "diagnosticSettings"],
    ),
    (
        "Microsoft.KeyVault",
        &["managedHSMs", "vaults", "vaults/keys", "vaults/secrets"],
    ),
    (
        "Microsoft.ManagedIdentity",
        &[
            "identities",
            "userAssignedIdentities",
            "userAssignedIdentities/federatedIdentityCredentials",
        ],
    ),
    (
        "Microsoft.Management",
        &["managementGroups", "serviceGroups"],
    ),
    (
        "Microsoft.Network",
        &[
            "applicationGateways",
            "loadBalancers",
            "networkInterfaces",
            "networkSecurityGroups",
            "networkSecurityGroups/securityRules",
            "privateEndpoints",
            "publicIPAddresses",
            "routeTables",
            "virtualNetworks",
            "virtualNetworks/subnets",
        ],
    ),
    (
        "Microsoft.Resources",
        &[
            "deployments",
            "deploymentScripts",
            "resourceGroups",
            "tags",
            "templateSpecs",
        ],
    ),
    (
        "Microsoft.Storage",
        &[
            "storageAccounts",
            "storageAccounts/blobServices",
            "storageAccounts/fileServices",
        ],
    ),
    ("Microsoft.Web", &["serverFarms", "sites", "sites/slots"]),
];

/// Ends of request paths that do something to a resource rather than name one.
pub(super) const ACTIONS: &[&str] = &[
    "assess",
    "capture",
    "deallocate",
    "generalize",
    "instanceView",
    "listKeys",
    "overview",
    "performMaintenance",
    "powerOff",
    "reapply",
    "redeploy",
    "reimage",
    "restart",
    "runCommand",
    "start",
    "stop",
    "validate",
];

/// Pages of the portal that are not types of resources as well.
const PAGES: &[&str] = &["activityLog", "eventLogs", "overview", "resourceHealth"];

/// The same for pages of a subscription or a group, where no type can follow.
const SCOPE_PAGES: &[&str] = &["users"];

/// Types whose resources are below the tenant and nowhere else.
const TENANT_TYPES: &[(&str, &str)] = &[
    ("Microsoft.Billing", "billingAccounts"),
    ("Microsoft.Management", "managementGroups"),
    ("Microsoft.Management", "serviceGroups"),
];

/// What tools print where there is no value.
pub(super) const NO_VALUE: &[&str] =
    &["null", "none", "nil", "undefined", "[system]", "nan", "n/a"];

/// Whether it is the name of a page in the portal and can hardly be anything else.
pub(super) fn is_page(word: &str, is_type_possible: bool) -> bool {
    let is_in = |pages: &[&str]| pages.iter().any(|page| page.eq_ignore_ascii_case(word));
    is_in(PAGES) || (!is_type_possible && is_in(SCOPE_PAGES))
}

pub(super) fn is_tenant_type(namespace: &str, top_level_type: &str) -> bool {
    TENANT_TYPES.iter().any(|(known, kind)| {
        known.eq_ignore_ascii_case(namespace) && kind.eq_ignore_ascii_case(top_level_type)
    })
}

/// The top-level types of a namespace, when it is known.
pub(super) fn types_of(namespace: &str) -> Option<&'static [&'static str]> {
    let known = PROVIDERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(namespace));
    known.map(|(_, types)| *types)
}

/// Whether `child` is a known type directly below `parent`, a type without its namespace.
pub(super) fn is_child_type(namespace: &str, parent: &str, child: &str) -> bool {
    let types = types_of(namespace).unwrap_or_default();
    types.iter().any(|known| {
        known.rsplit_once('/').is_some_and(|(above, last)| {
            above.eq_ignore_ascii_case(parent) && last.eq_ignore_ascii_case(child)
        })
    })
}

/// The one known namespace that has this top-level type.
pub(super) fn namespace_of(top_level_type: &str) -> Option<&'static str> {
    let has = |types: &[&str]| {
        types
            .iter()
            .any(|known| known.eq_ignore_ascii_case(top_level_type))
    };
    let mut namespaces = PROVIDERS
        .iter()
        .filter(|(_, types)| has(types))
        .map(|(namespace, _)| *namespace);
    let only = namespaces.next();
    only.filter(|_| namespaces.next().is_none())
}
