//! Every code that this project can report, with what it means and what to do.
//!
//! One entry a code, in the order of the chain. Codes are never renumbered or used for anything else. To add a finding:
//! write its entry below (or in `resource_id.rs`), list it in [`CATALOGUE`], and emit it in a rule.

use super::resource_id::*;
use super::{CommandTemplate, Entry};
use crate::finding::Severity;

pub(super) const fn bash(run: &'static str) -> CommandTemplate {
    CommandTemplate {
        shell: "bash",
        run,
        needs_root: false,
    }
}

const fn bash_as_root(run: &'static str) -> CommandTemplate {
    CommandTemplate {
        shell: "bash",
        run,
        needs_root: true,
    }
}

const fn powershell(run: &'static str) -> CommandTemplate {
    CommandTemplate {
        shell: "powershell",
        run,
        needs_root: false,
    }
}

const fn powershell_as_admin(run: &'static str) -> CommandTemplate {
    CommandTemplate {
        shell: "powershell",
        run,
        needs_root: true,
    }
}

pub(super) const TOKEN_PAGE: &str = "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token";
const IMDS_PAGE: &str =
    "https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service";
const FAQ_PAGE: &str = "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq";
const KNOWN_PAGE: &str =
    "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/known-issues";
const RBAC_PAGE: &str =
    "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting";
pub(super) const DEPLOY_PAGE: &str = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors";
const THROT_PAGE: &str = "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling";
const MSP_PAGE: &str =
    "https://learn.microsoft.com/azure/virtual-machines/metadata-security-protocol/overview";
const ARC_PAGE: &str =
    "https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication";

/// Every entry, in the order of the chain.
pub static CATALOGUE: &[&Entry] = &[
    &HOST_001, &HOST_002, &HOST_003, &HOST_007, &HOST_009, &HOST_011, &NET_001, &NET_002, &NET_003,
    &NET_004, &NET_012, &NET_014, &NET_019, &IMDS_001, &IMDS_002, &IMDS_003, &IMDS_004, &IMDS_006,
    &IMDS_007, &IMDS_008, &IMDS_009, &IMDS_010, &IMDS_013, &IMDS_018, &IMDS_022, &IDSEL_001,
    &IDSEL_002, &IDSEL_003, &IDSEL_005, &IDSEL_007, &TOKEN_001, &TOKEN_002, &TOKEN_003, &TOKEN_004,
    &TOKEN_005, &TOKEN_007, &TOKEN_009, &TOKEN_011, &TOKEN_012, &TOKEN_015, &TOKEN_017, &ARM_001,
    &ARM_003, &ARM_004, &ARM_005, &ARM_007, &ARM_009, &ARM_011, &ARM_012, &ARM_014, &ARM_016,
    &ARM_017, &ARM_019, &ARM_021, &RBAC_001, &RBAC_002, &RBAC_004, &RBAC_005, &RBAC_006, &RBAC_007,
    &RBAC_016, &RBAC_018, &RBAC_020, &RBAC_021, &RBAC_026, &RID_000, &RID_001, &RID_003, &RID_004,
    &RID_005, &RID_006, &RID_007, &RID_008, &RID_009, &RID_010, &RID_011, &RID_012, &RID_013,
    &RID_016, &RID_017, &RID_018, &RID_019, &RID_020, &RID_021, &RID_022, &RID_023, &RID_024,
    &RID_025, &RID_026, &RID_027, &RID_028, &RID_029, &RID_030, &RID_031, &RID_032, &RID_033,
];

pub(crate) static HOST_001: Entry = Entry {
    code: "HOST-001",
    category: "host",
    severity: Severity::Fail,
    title: "this is not an Azure virtual machine",
    meaning: "Nothing answers at the metadata address, and the firmware does not carry Azure's mark. On a laptop, a build agent or an on-premises machine there is no metadata service to ask.",
    told_apart: "The chassis asset tag differs from Azure's and IMDS is silent. With Azure's tag, silence is a network problem (NET-001 to NET-004).",
    fix: "Run this on the virtual machine. Elsewhere, sign in as a developer, or try the simulator.",
    commands: &[bash("{program} --simulate healthy")],
    links: &[IMDS_PAGE],
};

pub(crate) static HOST_002: Entry = Entry {
    code: "HOST-002",
    category: "host",
    severity: Severity::Fail,
    title: "another cloud's metadata service answers",
    meaning: "The address 169.254.169.254 is used by several clouds, and this answer carries the mark of another one.",
    told_apart: "The Server or Metadata-Flavor header names another cloud.",
    fix: "Run this on an Azure virtual machine.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static HOST_003: Entry = Entry {
    code: "HOST-003",
    category: "host",
    severity: Severity::Fail,
    title: "this is an Azure Arc machine, not an Azure virtual machine",
    meaning: "The Azure Arc agent answered. It hands out tokens at another address and asks for a challenge file first.",
    told_apart: "401 with WWW-Authenticate: Basic realm=<file>, which only the Arc agent sends.",
    fix: "Use a client that supports Arc, and check the agent.",
    commands: &[bash_as_root("azcmagent check")],
    links: &[ARC_PAGE],
};

pub(crate) static HOST_007: Entry = Entry {
    code: "HOST-007",
    category: "host",
    severity: Severity::Fail,
    title: "Docker Desktop's proxy answered",
    meaning: "In a container on a developer's machine the metadata address leads to Docker Desktop's proxy, which answers 403 for a network that does not exist.",
    told_apart: "403 with a body that starts with 'connecting to 169.254.169.254:80'.",
    fix: "Use a developer's credentials there, and this on the virtual machine.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static HOST_009: Entry = Entry {
    code: "HOST-009",
    category: "host",
    severity: Severity::Warn,
    title: "the machine's clock is wrong",
    meaning: "The clock differs from the servers' by more than a minute. Tokens then look expired or not yet valid, and TLS certificates may be refused.",
    told_apart: "The Date headers of IMDS and ARM were compared with the local clock.",
    fix: "Set the clock, and see that it is kept.",
    commands: &[
        bash_as_root("sudo chronyc makestep"),
        powershell_as_admin("w32tm /resync"),
    ],
    links: &[],
};

pub(crate) static HOST_011: Entry = Entry {
    code: "HOST-011",
    category: "host",
    severity: Severity::Warn,
    title: "the machine is in a cloud that is not known here",
    meaning: "IMDS names a cloud that this tool has no endpoint for, such as a private or a retired one; the public cloud was assumed.",
    told_apart: "azEnvironment is none of the known names.",
    fix: "Name the cloud, or its ARM endpoint and audience.",
    commands: &[bash("{doctor_for} --cloud NAME")],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_001: Entry = Entry {
    code: "NET-001",
    category: "network",
    severity: Severity::Fail,
    title: "there is no route to the metadata service",
    meaning: "The system has no way to 169.254.169.254. Azure's DHCP server hands out the route; a static configuration or a broken lease loses it.",
    told_apart: "Connecting failed at once with 'network unreachable'; a firewall would have let it time out or refused it.",
    fix: "Look at the route, then renew the DHCP lease of the primary network interface.",
    commands: &[
        bash("ip route get 169.254.169.254"),
        powershell("route print 169.254.169.254"),
    ],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_002: Entry = Entry {
    code: "NET-002",
    category: "network",
    severity: Severity::Fail,
    title: "the connection to the metadata service times out",
    meaning: "Packets to 169.254.169.254 vanish: a firewall drops them, or they leave through another interface than the primary one.",
    told_apart: "Connecting timed out. A missing route or a reject rule fails at once.",
    fix: "Look for a rule that drops the address, and for the interface that it leaves by.",
    commands: &[
        bash_as_root("sudo iptables -S OUTPUT; sudo nft list ruleset"),
        bash("ip route get 169.254.169.254"),
        powershell_as_admin("Get-NetFirewallRule -Action Block -Enabled True"),
    ],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_003: Entry = Entry {
    code: "NET-003",
    category: "network",
    severity: Severity::Fail,
    title: "the connection to the metadata service is refused",
    meaning: "Something answers for 169.254.169.254 and says no: a reject rule, or a redirection to a local port where nobody listens any more.",
    told_apart: "Connecting was refused at once. IMDS itself never refuses a connection.",
    fix: "Look for a reject rule or a redirection left behind by a proxy agent.",
    commands: &[bash_as_root(
        "sudo iptables -t nat -S; sudo iptables -S OUTPUT",
    )],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_004: Entry = Entry {
    code: "NET-004",
    category: "network",
    severity: Severity::Fail,
    title: "this user or process may not connect to the metadata service",
    meaning: "The system forbids the connection to this user or program, often on purpose.",
    told_apart: "Connecting failed with 'permission denied'; root or another user may succeed.",
    fix: "Ask who hardened this machine, and have this service account allowed.",
    commands: &[bash_as_root(
        "sudo iptables -S OUTPUT; systemctl show -p IPAddressDeny SERVICE",
    )],
    links: &[],
};

pub(crate) static NET_012: Entry = Entry {
    code: "NET-012",
    category: "network",
    severity: Severity::Note,
    title: "a proxy variable is set that other clients will obey for IMDS",
    meaning: "This tool goes to IMDS directly. A client that obeys HTTP_PROXY sends its metadata request to the proxy instead, which cannot reach IMDS and answers 403, 502 or HTML.",
    told_apart: "HTTP_PROXY or http_proxy is set, and NO_PROXY does not name 169.254.169.254.",
    fix: "Exempt the metadata and platform addresses from the proxy.",
    commands: &[
        bash(
            "export NO_PROXY=169.254.169.254,168.63.129.16 no_proxy=169.254.169.254,168.63.129.16",
        ),
        powershell("$env:NO_PROXY = '169.254.169.254,168.63.129.16'"),
    ],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_014: Entry = Entry {
    code: "NET-014",
    category: "network",
    severity: Severity::Fail,
    title: "something other than IMDS answers at its address",
    meaning: "The request went directly to the metadata address, and yet the answer is not from IMDS: a transparent proxy or a security product sits in between.",
    told_apart: "No 'Server: IMDS/…' header and no body of IMDS's form, though no proxy was used.",
    fix: "Exempt 169.254.169.254 in the product that intercepts it.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static NET_019: Entry = Entry {
    code: "NET-019",
    category: "network",
    severity: Severity::Fail,
    title: "the metadata service accepts the connection and does not answer",
    meaning: "The connection stands, but no answer came in time. The service on the host hangs, or something between swallows it.",
    told_apart: "Connecting worked and the first byte never came, which is neither a route nor a firewall rule.",
    fix: "Try again in a minute; if it stays, move the machine to another host.",
    commands: &[bash("az vm redeploy -g {group} -n {vm}")],
    links: &[IMDS_PAGE],
};

pub(crate) static IMDS_001: Entry = Entry {
    code: "IMDS-001",
    category: "imds",
    severity: Severity::Warn,
    title: "the metadata endpoint answers 404 while it is being updated",
    meaning: "IMDS documents 404 on the token path as 'being updated'.",
    told_apart: "404 from IMDS itself, which another path or a later try does not give.",
    fix: "Retry with a growing delay, as this tool does.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_002: Entry = Entry {
    code: "IMDS-002",
    category: "imds",
    severity: Severity::Warn,
    title: "the metadata service is being updated (410)",
    meaning: "IMDS answers 410 while it is updated, and documents that this ends within 70 seconds. A client that does not retry that long fails.",
    told_apart: "410 from IMDS itself.",
    fix: "Retry for at least 70 seconds, as this tool does.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_003: Entry = Entry {
    code: "IMDS-003",
    category: "imds",
    severity: Severity::Warn,
    title: "the metadata service throttles this machine (429)",
    meaning: "A machine may ask for 20 tokens a second and 5 at a time, all its processes together.",
    told_apart: "429 from IMDS itself.",
    fix: "Keep tokens until they expire and share them within a process; look for a program that asks in a loop.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static IMDS_004: Entry = Entry {
    code: "IMDS-004",
    category: "imds",
    severity: Severity::Fail,
    title: "the metadata service could not get a token from the directory (500)",
    meaning: "IMDS answered, but the service behind it failed.",
    told_apart: "500 with error 'unknown' from IMDS itself, after retries.",
    fix: "Wait and try again; if it stays, open a support request with the time and request id.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_006: Entry = Entry {
    code: "IMDS-006",
    category: "imds",
    severity: Severity::Fail,
    title: "the metadata service is unavailable",
    meaning: "IMDS, or the front before it, keeps answering with a server error.",
    told_apart: "5xx from IMDS or from its restarting front, after retries.",
    fix: "Try again in three minutes; if it stays, open a support request.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static IMDS_007: Entry = Entry {
    code: "IMDS-007",
    category: "imds",
    severity: Severity::Fail,
    title: "the metadata service does not know the request (401 unknown_source)",
    meaning: "The documented meaning is that the request's address is not as documented.",
    told_apart: "401 from IMDS itself.",
    fix: "Compare the endpoint with the documented one.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_008: Entry = Entry {
    code: "IMDS-008",
    category: "imds",
    severity: Severity::Fail,
    title: "the Metadata header did not arrive",
    meaning: "Something between this machine and IMDS removed the header 'Metadata: true'.",
    told_apart: "400 saying that the header is missing, to a request that carried it.",
    fix: "Look for a proxy or agent that rewrites requests.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_009: Entry = Entry {
    code: "IMDS-009",
    category: "imds",
    severity: Severity::Fail,
    title: "the metadata service does not offer the api-version",
    meaning: "The api-version that was sent is unknown there.",
    told_apart: "400 with a list 'newest-versions'.",
    fix: "Update this tool, or report the list that the service offers.",
    commands: &[],
    links: &[IMDS_PAGE],
};

pub(crate) static IMDS_010: Entry = Entry {
    code: "IMDS-010",
    category: "imds",
    severity: Severity::Fail,
    title: "the Guest Proxy Agent denies this process the metadata service",
    meaning: "The Metadata Security Protocol is enforced on this machine, and its allow-list does not have this user or program.",
    told_apart: "403 with an empty body and 'Connection: close', which the agent writes and IMDS does not.",
    fix: "Add the program and user to the machine's access control profile; do not switch the protocol off.",
    commands: &[bash_as_root("sudo azure-proxy-agent --status")],
    links: &[MSP_PAGE],
};

pub(crate) static IMDS_013: Entry = Entry {
    code: "IMDS-013",
    category: "imds",
    severity: Severity::Fail,
    title: "the Guest Proxy Agent cannot reach the host",
    meaning: "The agent on this machine answers in place of IMDS because it has no key or no connection.",
    told_apart: "421, 500, 502 or 503 with an empty body and 'Connection: close'.",
    fix: "Look at the agent's state and restart it.",
    commands: &[bash_as_root(
        "sudo azure-proxy-agent --status --wait 30; sudo systemctl restart azure-proxy-agent",
    )],
    links: &[MSP_PAGE],
};

pub(crate) static IMDS_018: Entry = Entry {
    code: "IMDS-018",
    category: "imds",
    severity: Severity::Fail,
    title: "the metadata service answered 200 with something that is no token",
    meaning: "The status says success, the body is not what IMDS sends.",
    told_apart: "200 whose body is not of IMDS's form.",
    fix: "Look for something that intercepts the address, such as a captive portal or a test double.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IMDS_022: Entry = Entry {
    code: "IMDS-022",
    category: "imds",
    severity: Severity::Warn,
    title: "IMDS answers in part only: the instance document did not come",
    meaning: "The metadata service is there, but the description of the machine could not be read: a partial update, an agent that allows some paths only, or a stand-in.",
    told_apart: "The probe was answered by IMDS and the instance document was not.",
    fix: "Try again in a minute; name the target with --target meanwhile.",
    commands: &[bash("{doctor} --target RESOURCE_ID")],
    links: &[IMDS_PAGE],
};

pub(crate) static IDSEL_001: Entry = Entry {
    code: "IDSEL-001",
    category: "identity",
    severity: Severity::Fail,
    title: "this machine has no managed identity",
    meaning: "No identity was named, and IMDS has none to offer: neither a system-assigned nor a single user-assigned identity is attached.",
    told_apart: "400 invalid_request to a request without a selector.",
    fix: "Give the machine an identity; it appears within a minute or two.",
    commands: &[
        bash("az vm identity assign -g {group} -n {vm}"),
        powershell(
            "$vm = Get-AzVM -ResourceGroupName {group} -Name {vm}; Update-AzVM -ResourceGroupName {group} -VM $vm -IdentityType SystemAssigned",
        ),
    ],
    links: &[FAQ_PAGE],
};

pub(crate) static IDSEL_002: Entry = Entry {
    code: "IDSEL-002",
    category: "identity",
    severity: Severity::Fail,
    title: "the machine has several user-assigned identities and none was chosen",
    meaning: "Without a system-assigned identity, IMDS picks the user-assigned one only when there is exactly one.",
    told_apart: "400 saying that multiple user-assigned identities exist.",
    fix: "List them, and name one by client, object or resource ID.",
    commands: &[
        bash("az vm identity show -g {group} -n {vm} --query userAssignedIdentities"),
        bash("{doctor_as} --client-id CLIENT_ID"),
    ],
    links: &[FAQ_PAGE],
};

pub(crate) static IDSEL_003: Entry = Entry {
    code: "IDSEL-003",
    category: "identity",
    severity: Severity::Fail,
    title: "the token is for another identity than the one asked for",
    meaning: "IMDS answered 200 and ignored the selector. The program would act as somebody else.",
    told_apart: "The client ID, object ID or resource ID in the answer differs from the one that was sent.",
    fix: "Do not use this endpoint with a selector; if it is IMDS itself, open a support request.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static IDSEL_005: Entry = Entry {
    code: "IDSEL-005",
    category: "identity",
    severity: Severity::Fail,
    title: "the ID is of the other kind: object ID and client ID are swapped",
    meaning: "An identity has a client ID and an object (principal) ID, both GUIDs. This one was given as the wrong kind.",
    told_apart: "IMDS does not find the GUID as one kind and does as the other.",
    fix: "Pass it as the kind that it is.",
    commands: &[
        bash("{doctor_as} --{other_kind} {selector_value}"),
        bash("az identity show --ids ID --query '{client:clientId,principal:principalId}'"),
    ],
    links: &[TOKEN_PAGE],
};

pub(crate) static IDSEL_007: Entry = Entry {
    code: "IDSEL-007",
    category: "identity",
    severity: Severity::Fail,
    title: "the identity is not attached to this machine",
    meaning: "IMDS does not know an identity with this ID on this machine: it is not attached, mistyped, deleted, or was attached a moment ago.",
    told_apart: "400 to a request with a selector. From inside the machine these causes look alike.",
    fix: "Look at what is attached, and attach the identity by its resource ID.",
    commands: &[
        bash("az vm identity show -g {group} -n {vm}"),
        bash("az vm identity assign -g {group} -n {vm} --identities {identity_id}"),
    ],
    links: &[TOKEN_PAGE],
};

pub(crate) static TOKEN_001: Entry = Entry {
    code: "TOKEN-001",
    category: "token",
    severity: Severity::Fail,
    title: "the audience belongs to another cloud",
    meaning: "Each cloud's ARM accepts tokens for its own audience only.",
    told_apart: "The audience is the ARM of another cloud than the machine's.",
    fix: "Ask for the audience of the machine's own cloud.",
    commands: &[bash("{doctor_for} --resource {cloud_audience}")],
    links: &[TOKEN_PAGE],
};

pub(crate) static TOKEN_002: Entry = Entry {
    code: "TOKEN-002",
    category: "token",
    severity: Severity::Note,
    title: "the token is for another service than ARM",
    meaning: "The token was asked for, and is for, another service. ARM would refuse it, and it is nobody else's business, so it was not sent there.",
    told_apart: "The audience is none of those that ARM accepts.",
    fix: "For ARM, leave the audience out or ask for ARM's own.",
    commands: &[bash("{doctor_for} --resource {cloud_audience}")],
    links: &[TOKEN_PAGE],
};

pub(crate) static TOKEN_003: Entry = Entry {
    code: "TOKEN-003",
    category: "token",
    severity: Severity::Fail,
    title: "a scope was given as the audience",
    meaning: "IMDS wants an audience (v1 resource). The text ends in '/.default', which makes it an OAuth 2.0 scope.",
    told_apart: "400 invalid_resource to an audience that ends in '/.default'.",
    fix: "Leave '/.default' off, and nothing else.",
    commands: &[bash("{doctor_for} --resource {audience_without_default}")],
    links: &[TOKEN_PAGE],
};

pub(crate) static TOKEN_004: Entry = Entry {
    code: "TOKEN-004",
    category: "token",
    severity: Severity::Fail,
    title: "the directory does not know the audience",
    meaning: "No service with this audience is known in the machine's tenant: a typing mistake, or another cloud's name.",
    told_apart: "400 invalid_resource.",
    fix: "Compare the audience letter by letter; for ARM it is the one below.",
    commands: &[bash("{doctor_for} --resource {cloud_audience}")],
    links: &[TOKEN_PAGE],
};

pub(crate) static TOKEN_005: Entry = Entry {
    code: "TOKEN-005",
    category: "token",
    severity: Severity::Fail,
    title: "ARM says the token has expired",
    meaning: "A token that was just handed out is refused as expired, so one of the clocks is wrong.",
    told_apart: "401 ExpiredAuthenticationToken.",
    fix: "Compare the clocks, then try again.",
    commands: &[bash("timedatectl"), powershell("w32tm /query /status")],
    links: &[DEPLOY_PAGE],
};

pub(crate) static TOKEN_007: Entry = Entry {
    code: "TOKEN-007",
    category: "token",
    severity: Severity::Fail,
    title: "the token is from another tenant than the subscription",
    meaning: "The subscription belongs to another directory than the identity, which happens after a subscription is moved.",
    told_apart: "The tenant in the token differs from the one that ARM names for the subscription, or ARM says 'wrong issuer'.",
    fix: "Switch a system-assigned identity off and on again, or recreate a user-assigned one; then grant its roles anew.",
    commands: &[bash(
        "az account show --subscription {subscription} --query tenantId",
    )],
    links: &[KNOWN_PAGE],
};

pub(crate) static TOKEN_009: Entry = Entry {
    code: "TOKEN-009",
    category: "token",
    severity: Severity::Warn,
    title: "the token names another virtual machine",
    meaning: "The system-assigned identity in the token is that of another machine: a shared cache, or a nested guest that reaches its host's IMDS.",
    told_apart: "The claim xms_mirid is a virtual machine other than this one.",
    fix: "Look for a shared token cache, or for a guest that can reach 169.254.169.254.",
    commands: &[],
    links: &[FAQ_PAGE],
};

pub(crate) static TOKEN_011: Entry = Entry {
    code: "TOKEN-011",
    category: "token",
    severity: Severity::Warn,
    title: "the token is not valid yet by this machine's clock",
    meaning: "The machine's clock is behind the one that issued the token.",
    told_apart: "The claim nbf lies in the future of the local clock.",
    fix: "Set the clock.",
    commands: &[
        bash_as_root("sudo chronyc makestep"),
        powershell_as_admin("w32tm /resync"),
    ],
    links: &[],
};

pub(crate) static TOKEN_012: Entry = Entry {
    code: "TOKEN-012",
    category: "token",
    severity: Severity::Warn,
    title: "the token had expired when it was handed out",
    meaning: "IMDS served a token from its cache whose end had passed, or the machine's clock is ahead.",
    told_apart: "expires_on lies in the past.",
    fix: "Try again in half a minute, and compare the clocks.",
    commands: &[],
    links: &[],
};

pub(crate) static TOKEN_015: Entry = Entry {
    code: "TOKEN-015",
    category: "token",
    severity: Severity::Fail,
    title: "the directory does not know the identity's application",
    meaning: "The identity was deleted, or belongs to another tenant, while the machine still has it attached.",
    told_apart: "400 unauthorized_client.",
    fix: "Detach the identity and attach an existing one.",
    commands: &[bash("az vm identity show -g {group} -n {vm}")],
    links: &[KNOWN_PAGE],
};

pub(crate) static TOKEN_017: Entry = Entry {
    code: "TOKEN-017",
    category: "token",
    severity: Severity::Fail,
    title: "a token was refused, for a reason without a code of its own",
    meaning: "IMDS, or the directory behind it, refused; its own words are in the evidence.",
    told_apart: "A status and error other than those that have codes.",
    fix: "Read the description in the evidence; give it and the time to support.",
    commands: &[],
    links: &[TOKEN_PAGE],
};

pub(crate) static ARM_001: Entry = Entry {
    code: "ARM-001",
    category: "arm",
    severity: Severity::Fail,
    title: "the name of ARM cannot be resolved",
    meaning: "DNS does not know the host of Azure Resource Manager: no resolver, a resolver without a forwarder, or no network.",
    told_apart: "The lookup failed before any connection.",
    fix: "Ask Azure's own resolver, and forward to it from a custom one.",
    commands: &[
        bash("nslookup {arm_host} 168.63.129.16"),
        powershell("Resolve-DnsName {arm_host} -Server 168.63.129.16"),
    ],
    links: &[],
};

pub(crate) static ARM_003: Entry = Entry {
    code: "ARM-003",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM cannot be reached",
    meaning: "No connection to Azure Resource Manager comes about: a firewall, a network security group or a route keeps the machine in, or a proxy is required.",
    told_apart: "The name resolved, and connecting failed.",
    fix: "Allow the service tag AzureResourceManager, outbound, port 443.",
    commands: &[
        bash("az network nic show-effective-route-table -g {group} -n NIC"),
        bash("az network nic list-effective-nsg -g {group} -n NIC"),
    ],
    links: &[],
};

pub(crate) static ARM_004: Entry = Entry {
    code: "ARM-004",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM's certificate is not trusted",
    meaning: "The TLS certificate does not lead to a trusted authority: something intercepts TLS, or the machine has no certificate bundle.",
    told_apart: "Connecting worked; the certificate was refused.",
    fix: "Install the organisation's certificate authority, or name it with --arm-ca. Never switch verification off.",
    commands: &[
        bash(
            "openssl s_client -connect {arm_authority} -showcerts </dev/null | openssl x509 -noout -issuer -dates",
        ),
        bash_as_root("sudo apt-get install --reinstall ca-certificates"),
    ],
    links: &[],
};

pub(crate) static ARM_005: Entry = Entry {
    code: "ARM-005",
    category: "arm",
    severity: Severity::Fail,
    title: "this machine has no certificate authorities",
    meaning: "The system's list of trusted authorities is missing or empty, as in a minimal container, so that no TLS certificate can be checked.",
    told_apart: "The trust store could not be read; nothing was sent.",
    fix: "Install the system's certificate authorities, or name a file with --arm-ca.",
    commands: &[bash_as_root("apt-get install ca-certificates")],
    links: &[],
};

pub(crate) static ARM_007: Entry = Entry {
    code: "ARM-007",
    category: "arm",
    severity: Severity::Fail,
    title: "the TLS handshake with ARM fails",
    meaning: "The connection stands, but TLS does not: an old middlebox, or not a TLS server.",
    told_apart: "The handshake failed for another reason than the certificate.",
    fix: "Look for a device between that only speaks old TLS.",
    commands: &[bash(
        "openssl s_client -connect {arm_authority} -tls1_2 </dev/null",
    )],
    links: &[],
};

pub(crate) static ARM_009: Entry = Entry {
    code: "ARM-009",
    category: "arm",
    severity: Severity::Fail,
    title: "a proxy in front of ARM wants credentials",
    meaning: "An HTTP proxy answered in place of ARM.",
    told_apart: "407.",
    fix: "Exempt this machine, or give it a direct way to ARM.",
    commands: &[],
    links: &[],
};

pub(crate) static ARM_011: Entry = Entry {
    code: "ARM-011",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM did not see the token",
    meaning: "The Authorization header was lost on the way.",
    told_apart: "401 AuthenticationFailed to a request that carried a token.",
    fix: "Look for a proxy that strips headers.",
    commands: &[],
    links: &[DEPLOY_PAGE],
};

pub(crate) static ARM_012: Entry = Entry {
    code: "ARM-012",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM does not accept the token",
    meaning: "The token is damaged, or from an authority that this ARM does not trust.",
    told_apart: "401 InvalidAuthenticationToken, and neither audience, tenant nor expiry.",
    fix: "Check that --arm-endpoint and IMDS belong together.",
    commands: &[],
    links: &[DEPLOY_PAGE],
};

pub(crate) static ARM_014: Entry = Entry {
    code: "ARM-014",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM does not know the api-version or the resource type",
    meaning: "The request names a version or type that this ARM does not offer, as an older or private cloud may not.",
    told_apart: "400 InvalidApiVersionParameter, NoRegisteredProviderFound or a relative of them.",
    fix: "Read what ARM offers in the evidence, and report it if this tool should use another version.",
    commands: &[],
    links: &[DEPLOY_PAGE],
};

pub(crate) static ARM_016: Entry = Entry {
    code: "ARM-016",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM throttles this identity (429)",
    meaning: "Too many calls were made by this identity in this subscription.",
    told_apart: "429 from ARM, after the retries that it asked for.",
    fix: "Wait as long as Retry-After says; spread the load over time.",
    commands: &[],
    links: &[THROT_PAGE],
};

pub(crate) static ARM_017: Entry = Entry {
    code: "ARM-017",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM has an internal problem",
    meaning: "Azure Resource Manager answered with a server error, or not at all in time.",
    told_apart: "5xx from ARM after retries, or a connection that goes silent.",
    fix: "Try again; give the request ids in the evidence to support.",
    commands: &[],
    links: &[DEPLOY_PAGE],
};

pub(crate) static ARM_019: Entry = Entry {
    code: "ARM-019",
    category: "arm",
    severity: Severity::Fail,
    title: "something other than ARM answers at its address",
    meaning: "The answer is not ARM's: a block page, a captive portal or a wrong endpoint.",
    told_apart: "Neither ARM's error envelope nor its request id.",
    fix: "Allow the host in the proxy or firewall, or correct --arm-endpoint.",
    commands: &[],
    links: &[],
};

pub(crate) static ARM_021: Entry = Entry {
    code: "ARM-021",
    category: "arm",
    severity: Severity::Fail,
    title: "ARM refused, for a reason without a code of its own",
    meaning: "ARM itself answered, with a refusal that is neither about the token nor about roles; its own words are in the evidence.",
    told_apart: "A status and code other than those that have codes, in ARM's own envelope.",
    fix: "Read the message in the evidence; give the request ids to support.",
    commands: &[],
    links: &[DEPLOY_PAGE],
};

pub(crate) static RBAC_001: Entry = Entry {
    code: "RBAC-001",
    category: "access",
    severity: Severity::Fail,
    title: "the identity has no role at the target",
    meaning: "No role assignment counts for this identity at the target: none at it, none above it, none through a group.",
    told_apart: "403, and the list of role assignments could be read and is empty.",
    fix: "Assign a role to the identity's object ID.",
    commands: &[
        bash(
            "az role assignment create --assignee-object-id {object_id} --assignee-principal-type ServicePrincipal --role Reader --scope {scope}",
        ),
        powershell(
            "New-AzRoleAssignment -ObjectId {object_id} -RoleDefinitionName Reader -Scope {scope}",
        ),
    ],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_002: Entry = Entry {
    code: "RBAC-002",
    category: "access",
    severity: Severity::Fail,
    title: "the role was assigned a moment ago and is still propagating",
    meaning: "A new or changed role assignment takes up to 10 minutes to be known everywhere.",
    told_apart: "403, and an assignment for this identity is there that is less than 15 minutes old.",
    fix: "Wait; nothing needs to be changed.",
    commands: &[bash("{doctor} --wait 10m")],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_004: Entry = Entry {
    code: "RBAC-004",
    category: "access",
    severity: Severity::Fail,
    title: "ARM sees another principal than the token names",
    meaning: "The refusal names another object ID than the token's. Roles must be assigned to the object (principal) ID, not to a client or application ID.",
    told_apart: "The object ID in the 403 differs from the token's claim oid.",
    fix: "Assign the role to the object ID that ARM names.",
    commands: &[bash(
        "az role assignment create --assignee-object-id {denied_object_id} --assignee-principal-type ServicePrincipal --role Reader --scope {scope}",
    )],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_005: Entry = Entry {
    code: "RBAC-005",
    category: "access",
    severity: Severity::Fail,
    title: "the identity's role does not allow this action",
    meaning: "A role counts at the target, older than propagation takes, but it does not contain the action that was refused.",
    told_apart: "403, and an assignment for this identity is there that is older than 15 minutes.",
    fix: "Choose a role that has the action.",
    commands: &[
        bash("az role assignment list --assignee {object_id} --scope {scope} --include-inherited"),
        bash(
            "az role assignment create --assignee-object-id {object_id} --assignee-principal-type ServicePrincipal --role Reader --scope {scope}",
        ),
    ],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_006: Entry = Entry {
    code: "RBAC-006",
    category: "access",
    severity: Severity::Fail,
    title: "a deny assignment forbids it",
    meaning: "A role allows the action, and a deny assignment (a managed application, a deployment stack) forbids it. No role helps.",
    told_apart: "403 DenyAssignmentAuthorizationFailed.",
    fix: "Change it where the deny assignment comes from; its name is in the evidence.",
    commands: &[],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_007: Entry = Entry {
    code: "RBAC-007",
    category: "access",
    severity: Severity::Fail,
    title: "a condition on the role assignment is not met",
    meaning: "The role assignment has propagated; its condition says no.",
    told_apart: "403 that speaks of an ABAC condition. The code is that of a missing role, so this is read from the words.",
    fix: "Change the condition, or assign a role without one.",
    commands: &[bash(
        "az role assignment list --assignee {object_id} --scope {scope} --include-inherited --query '[].condition'",
    )],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_016: Entry = Entry {
    code: "RBAC-016",
    category: "access",
    severity: Severity::Note,
    title: "access is not stable yet",
    meaning: "Replicas of ARM learn of a role one after the other, so that answers flip for a while.",
    told_apart: "A refusal came between successes.",
    fix: "Wait until several tries in a row succeed.",
    commands: &[bash("{doctor} --wait 10m")],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_018: Entry = Entry {
    code: "RBAC-018",
    category: "access",
    severity: Severity::Fail,
    title: "a policy or a lock forbids it",
    meaning: "The roles are not the matter: an Azure Policy or a resource lock refuses the request.",
    told_apart: "403 RequestDisallowedByPolicy, or 409 ScopeLocked.",
    fix: "Ask for an exemption from the policy, or look at the locks.",
    commands: &[bash("az lock list --resource-group {target_group}")],
    links: &[DEPLOY_PAGE],
};

pub(crate) static RBAC_020: Entry = Entry {
    code: "RBAC-020",
    category: "access",
    severity: Severity::Fail,
    title: "a right on a linked resource is missing",
    meaning: "The request touches a second resource, on which the identity has no right.",
    told_apart: "403 LinkedAuthorizationFailed; the message names the linked scope.",
    fix: "Assign a role on the linked scope, too.",
    commands: &[],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_021: Entry = Entry {
    code: "RBAC-021",
    category: "access",
    severity: Severity::Fail,
    title: "no visible role: not assigned, or not propagated yet",
    meaning: "The identity may neither read the target nor list role assignments there. When the grant under test is the identity's only role, both look the same from inside the machine until it has propagated.",
    told_apart: "403 for the target and 403 for the list of role assignments.",
    fix: "Look from outside with an account that may list assignments; assign the role if it is not there, wait up to 10 minutes if it is.",
    commands: &[
        bash("az role assignment list --assignee {object_id} --scope {scope} --include-inherited"),
        bash(
            "az role assignment create --assignee-object-id {object_id} --assignee-principal-type ServicePrincipal --role Reader --scope {scope}",
        ),
        bash("{doctor} --wait 10m"),
    ],
    links: &[RBAC_PAGE],
};

pub(crate) static RBAC_026: Entry = Entry {
    code: "RBAC-026",
    category: "access",
    severity: Severity::Fail,
    title: "the target does not exist",
    meaning: "ARM answered 404, which it says only to those who may look: rights are not the problem, the name is.",
    told_apart: "404 from ARM.",
    fix: "Compare the ID with what exists.",
    commands: &[bash("az resource show --ids {scope}")],
    links: &[DEPLOY_PAGE],
};
