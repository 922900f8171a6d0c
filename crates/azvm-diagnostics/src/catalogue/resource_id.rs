//! What can be wrong with a resource ID: most of it is found by `azvm_resource_id::lint`, which `lint-id` shows.

use super::Entry;
use super::entries::{DEPLOY_PAGE, TOKEN_PAGE, bash};
use crate::finding::Severity;

pub(crate) static RID_000: Entry = Entry {
    code: "RID-000",
    category: "resource-id",
    severity: Severity::Fail,
    title: "this is not an ID, for a reason without a code of its own",
    meaning: "The text breaks the grammar of resource IDs; the message says how and where.",
    told_apart: "The parser refuses the text and none of the other findings explains it.",
    fix: "Correct what the message names.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_001: Entry = Entry {
    code: "RID-001",
    category: "resource-id",
    severity: Severity::Warn,
    title: "a keyword is not in its canonical spelling",
    meaning: "ARM takes resourcegroups for resourceGroups. Programs that compare IDs as texts take them for two.",
    told_apart: "A fixed word such as resourceGroups differs in the case of its letters only. With other letters it is RID-019.",
    fix: "Write the canonical spelling, and compare IDs without regard to case.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_003: Entry = Entry {
    code: "RID-003",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the start is not that of a resource ID",
    meaning: "A resource ID starts with /subscriptions/ or /providers/, slash included.",
    told_apart: "The first character is not a slash. Text without any slash, or a GUID alone, is RID-031.",
    fix: "Put the slash in front; if something else stands there, take it off.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_004: Entry = Entry {
    code: "RID-004",
    category: "resource-id",
    severity: Severity::Fail,
    title: "blanks, invisible characters or a last slash came along",
    meaning: "Blanks, line ends, zero-width characters or a slash after the name were copied with the ID. They show little or nothing and make it another ID, or none; bytes that are not UTF-8 make it none, too.",
    told_apart: "Blanks around the ID or around one of its segments are errors. A slash at the end and an invisible character inside a name are warnings.",
    fix: "Remove them; in a file from Windows, the carriage returns at the ends of the lines.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_005: Entry = Entry {
    code: "RID-005",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the ID ends where a name is missing",
    meaning: "The text names a collection, such as all virtual machines of a group, or a provider, and no resource in it.",
    told_apart: "The last segment is a keyword, a type or a namespace. An empty segment in a name's place is RID-017, an action at the end RID-021.",
    fix: "Add the name, or take off the collection.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_006: Entry = Entry {
    code: "RID-006",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the subscription in the ID is not one that exists",
    meaning: "The subscription is not a GUID, or ARM knows none with this GUID: its name was used in place of its ID, or there is a typing mistake.",
    told_apart: "lint-id warns of a subscription that is not a GUID. ARM answers 404 SubscriptionNotFound or 400 InvalidSubscriptionId.",
    fix: "Compare the subscription ID with those that exist.",
    commands: &[bash("az account list --all --query '[].{id:id,name:name}'")],
    links: &[DEPLOY_PAGE],
};

pub(crate) static RID_007: Entry = Entry {
    code: "RID-007",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the resource group does not exist",
    meaning: "The identity may look, and there is no resource group of that name in that subscription.",
    told_apart: "404 ResourceGroupNotFound.",
    fix: "Compare the name and the subscription.",
    commands: &[bash(
        "az group show -n {target_group} --subscription {subscription}",
    )],
    links: &[DEPLOY_PAGE],
};

pub(crate) static RID_008: Entry = Entry {
    code: "RID-008",
    category: "resource-id",
    severity: Severity::Warn,
    title: "an instance of a scale set is not a number",
    meaning: "Instances below virtualMachineScaleSets have numbers for names. In Flexible orchestration they are virtual machines of the resource group, with names of their own.",
    told_apart: "The name after virtualMachineScaleSets/NAME/virtualMachines has other characters than digits.",
    fix: "Use the instance's number, or for Flexible orchestration the ID of the virtual machine.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_009: Entry = Entry {
    code: "RID-009",
    category: "resource-id",
    severity: Severity::Fail,
    title: "this is the address of a portal page",
    meaning: "The address was copied from the browser. It may have the ID inside, between the portal's host and the name of the page.",
    told_apart: "The host is a portal's, or the text starts with /resource/ or #@. The address of the resource at ARM is RID-010.",
    fix: "Take what stands between /resource and the name of the page, or copy the ID from the resource's page Properties.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_010: Entry = Entry {
    code: "RID-010",
    category: "resource-id",
    severity: Severity::Fail,
    title: "this is a URL, with scheme and host",
    meaning: "An ID is the path alone. What stands in the address of another service than ARM is not the ID of that service's object.",
    told_apart: "The text starts with http:// or https:// and the host is not a portal's; that would be RID-009.",
    fix: "Take off the scheme, the host and any query.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_011: Entry = Entry {
    code: "RID-011",
    category: "resource-id",
    severity: Severity::Warn,
    title: "a name is percent-encoded",
    meaning: "Names stand in an ID as they are. Clients encode them when they make a URL, so that this one would be encoded twice.",
    told_apart: "A percent sign with two hexadecimal digits after it.",
    fix: "Decode it, unless the name has a percent sign.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_012: Entry = Entry {
    code: "RID-012",
    category: "resource-id",
    severity: Severity::Warn,
    title: "a provider or a type may be misspelled",
    meaning: "The namespace or the type is not a known one, and is very close to one that is, or the namespace has no dot.",
    told_apart: "The text is read as an ID all the same: ARM alone knows all types. A misspelled keyword is RID-019.",
    fix: "Compare it with the suggestion, or with the types of the provider.",
    commands: &[bash(
        "az provider show -n NAMESPACE --query 'resourceTypes[].resourceType'",
    )],
    links: &[],
};

pub(crate) static RID_013: Entry = Entry {
    code: "RID-013",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a shell made a Windows path of the ID",
    meaning: "Git Bash takes an argument that starts with a slash for a path, and puts its own folder in front.",
    told_apart: "A drive letter with a colon stands before the ID, such as C:/Program Files/Git/subscriptions.",
    fix: "Switch the conversion off for the command.",
    commands: &[bash("MSYS_NO_PATHCONV=1 {program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_016: Entry = Entry {
    code: "RID-016",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the resource ID is not that of an identity",
    meaning: "A user-assigned identity is named by an ID of the type Microsoft.ManagedIdentity/userAssignedIdentities. For the system-assigned identity no ID is given.",
    told_apart: "The type in the given ID is another one.",
    fix: "Give the identity's own ID, or none for the system-assigned identity.",
    commands: &[bash("az identity list --query '[].id'")],
    links: &[TOKEN_PAGE],
};

pub(crate) static RID_017: Entry = Entry {
    code: "RID-017",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a segment of the ID is empty",
    meaning: "Nothing stands between two slashes. Mostly the ID was put together from variables, and one was not set.",
    told_apart: "Two slashes side by side. One slash at the end is RID-004.",
    fix: "Set the variable, or remove the doubled slash at the start.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_018: Entry = Entry {
    code: "RID-018",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a placeholder was not filled in",
    meaning: "A segment is what documentation, a template or a program puts in the place of a value.",
    told_apart: "Angle brackets are an error. Other brackets, variables such as $NAME, rows of x or *, and null or undefined could be names and are warnings.",
    fix: "Put the value in its place.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_019: Entry = Entry {
    code: "RID-019",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a word stands where a keyword should",
    meaning: "Between the names of an ID stand fixed words such as subscriptions, resourceGroups and providers; this is none of them.",
    told_apart: "The word is another, misspelled or not. If only the case of its letters differs, it is RID-001.",
    fix: "Write the suggested keyword, if that was meant.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_020: Entry = Entry {
    code: "RID-020",
    category: "resource-id",
    severity: Severity::Fail,
    title: "providers is missing, or stands where it should not",
    meaning: "Before a namespace such as Microsoft.Compute stands the keyword providers; before resourceGroups it does not.",
    told_apart: "A namespace or a type stands where the keyword should, or resourceGroups stands after it.",
    fix: "Add or remove providers as suggested.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_021: Entry = Entry {
    code: "RID-021",
    category: "resource-id",
    severity: Severity::Fail,
    title: "this is the path of a request, not an ID",
    meaning: "The last segment is what a request does or lists, such as start or listKeys. It belongs to the URL of the request.",
    told_apart: "The last segment is an action's name, or an unknown word directly below the subscription. A type at the end is RID-005.",
    fix: "Take off the last segment.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_022: Entry = Entry {
    code: "RID-022",
    category: "resource-id",
    severity: Severity::Fail,
    title: "two IDs stand one after the other",
    meaning: "An ID was put behind another: pasted twice, or joined to a prefix that it already had.",
    told_apart: "The keyword subscriptions comes a second time. Where it can be read as a type, with the same subscription after it, this is a warning.",
    fix: "Keep one of them.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_023: Entry = Entry {
    code: "RID-023",
    category: "resource-id",
    severity: Severity::Fail,
    title: "quotes or brackets came along with the ID",
    meaning: "The quotes of a JSON text, a shell or a document belong to the text around the ID.",
    told_apart: "They stand before the ID or after it. Inside, a quote is RID-026 and a bracket may be a placeholder, RID-018.",
    fix: "Remove them; let az print the ID with --output tsv.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_024: Entry = Entry {
    code: "RID-024",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a URL's query or fragment stands after the ID",
    meaning: "What follows a ? or # is part of a request or of a page, such as ?api-version=.",
    told_apart: "The rest of the text from the first ? or # on.",
    fix: "Take it off.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_025: Entry = Entry {
    code: "RID-025",
    category: "resource-id",
    severity: Severity::Fail,
    title: "two IDs are joined by a vertical bar",
    meaning: "Terraform's azurerm provider names the association of two resources so. ARM knows no such ID.",
    told_apart: "A | in the text.",
    fix: "Take the ID that is needed, before the bar or after it.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_026: Entry = Entry {
    code: "RID-026",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a character cannot stand in an ID",
    meaning: "No segment has a quotation mark, #, ?, a backslash or a control character.",
    told_apart: "The character stands inside a segment. Around the ID it is RID-004, RID-023 or RID-024.",
    fix: "Remove it, or look where the text was cut or joined.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_027: Entry = Entry {
    code: "RID-027",
    category: "resource-id",
    severity: Severity::Fail,
    title: "a segment is one dot or two",
    meaning: "A URL library takes these for this folder and the one above, so that the request would go to another path.",
    told_apart: "The whole segment is . or .., blanks aside. Dots inside a name are allowed.",
    fix: "Put the name in its place.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_028: Entry = Entry {
    code: "RID-028",
    category: "resource-id",
    severity: Severity::Warn,
    title: "the name breaks the rules for its type",
    meaning: "ARM documents for many types how long a name is and which characters it has; no new resource can be called so.",
    told_apart: "Length, characters, first and last character were compared with the documented rule. Rules change, so this is a warning.",
    fix: "Compare the name with the resource's own.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_029: Entry = Entry {
    code: "RID-029",
    category: "resource-id",
    severity: Severity::Warn,
    title: "a type stands where a name should",
    meaning: "In an ID each type has its name after it: virtualNetworks/vnet/subnets/subnet. Types first and names after them is the order of templates.",
    told_apart: "The name is that of a known child type of the type before it.",
    fix: "Put each name after its type.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_030: Entry = Entry {
    code: "RID-030",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the first part of the ID is missing",
    meaning: "A resource group's ID starts with its subscription, a management group's with providers/Microsoft.Management.",
    told_apart: "The first keyword is resourceGroups or managementGroups.",
    fix: "Put the missing part in front.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_031: Entry = Entry {
    code: "RID-031",
    category: "resource-id",
    severity: Severity::Fail,
    title: "this is something else than a resource ID",
    meaning: "The text is empty, a GUID, a name, a URN, what tools print for no value, or an ID of another kind, such as that of a tenant.",
    told_apart: "Nothing in it looks like a path below /subscriptions/ or /providers/.",
    fix: "Get the ID of the resource: az prints it as id.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_032: Entry = Entry {
    code: "RID-032",
    category: "resource-id",
    severity: Severity::Fail,
    title: "the text is too long for an ID",
    meaning: "No resource has an ID as long; probably a whole file was given in place of one line. It was not looked at any further.",
    told_apart: "The length in bytes alone.",
    fix: "Give one ID at a time.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};

pub(crate) static RID_033: Entry = Entry {
    code: "RID-033",
    category: "resource-id",
    severity: Severity::Warn,
    title: "a resource group is named as a provider's resource",
    meaning: "The type of a resource group is Microsoft.Resources/resourceGroups, but its own ID has no providers/Microsoft.Resources.",
    told_apart: "providers/Microsoft.Resources/resourceGroups below a subscription.",
    fix: "Write resourceGroups directly after the subscription.",
    commands: &[bash("{program} lint-id ID")],
    links: &[],
};
