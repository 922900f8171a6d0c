//! The arguments that both examples share.

use azvm_identity::{Audience, Guid, IdentitySelector, ImdsEndpoint, ManagedIdentity, ResourceId};
use clap::Args;
use std::error::Error;

#[derive(Args)]
pub(crate) struct IdentityArgs {
    /// Where IMDS is, when not on this VM's 169.254.169.254
    #[arg(long, value_name = "URL", default_value = "http://169.254.169.254")]
    imds_endpoint: ImdsEndpoint,
    /// The user-assigned identity with this client ID
    #[arg(long, value_name = "GUID", group = "selector")]
    client_id: Option<Guid>,
    /// The user-assigned identity with this object (principal) ID
    #[arg(long, value_name = "GUID", group = "selector")]
    object_id: Option<Guid>,
    /// The user-assigned identity with this resource ID
    #[arg(long, value_name = "ID", group = "selector")]
    resource_id: Option<ResourceId>,
    /// The audience of the token
    #[arg(
        long,
        value_name = "AUDIENCE",
        default_value = "https://management.azure.com/"
    )]
    resource: String,
}

impl IdentityArgs {
    pub(crate) fn identity(&self) -> ManagedIdentity {
        let selector = match (&self.client_id, &self.object_id, &self.resource_id) {
            (Some(id), _, _) => IdentitySelector::ClientId(id.clone()),
            (_, Some(id), _) => IdentitySelector::ObjectId(id.clone()),
            (_, _, Some(id)) => IdentitySelector::ResourceId(id.clone()),
            _ => IdentitySelector::System,
        };
        ManagedIdentity::builder()
            .selector(selector)
            .endpoint(self.imds_endpoint.clone())
            .build()
    }

    pub(crate) fn audience(&self) -> Result<Audience, Box<dyn Error>> {
        Ok(Audience::new(self.resource.as_str())?)
    }
}

/// The text of an error for `main`, which prints errors with `Debug`.
pub(crate) struct Explained(String);

impl std::fmt::Debug for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Explained {}

/// The error, its causes, and what to look at: what a program would show its user.
pub(crate) fn explain(error: &azvm_identity::Error) -> Explained {
    let mut text = error.to_string();
    let mut cause = Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!("\n  because: {error}"));
        cause = error.source();
    }
    for hint in error.hints() {
        text.push_str(&format!("\n  hint: {}", hint.text()));
    }
    Explained(text)
}
