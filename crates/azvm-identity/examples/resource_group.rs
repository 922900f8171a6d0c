//! The last step of Microsoft's tutorial: reads a resource group with the machine's managed identity.
//!
//! On an Azure VM: `cargo run -p azvm-identity --example resource_group -- --target /subscriptions/…/resourceGroups/…`
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use azvm_identity::{ArmEndpoint, Cloud, ResourceId, ResourceManager};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    identity: support::IdentityArgs,
    /// The resource group to read
    #[arg(long, value_name = "RESOURCE-ID")]
    target: ResourceId,
    /// Where ARM is, when not at the public cloud's management.azure.com
    #[arg(long, value_name = "URL")]
    arm_endpoint: Option<ArmEndpoint>,
    /// A file with certificate authorities to trust beside the system's
    #[arg(long, value_name = "PEM")]
    arm_ca: Option<std::path::PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut arm = ResourceManager::builder(arguments.identity.identity(), Cloud::Public)
        .audience(arguments.identity.audience()?);
    if let Some(endpoint) = arguments.arm_endpoint {
        arm = arm.endpoint(endpoint);
    }
    if let Some(path) = arguments.arm_ca {
        arm = arm.ca_pem(std::fs::read(path)?);
    }
    let group = arm
        .build()?
        .resource_group(&arguments.target)
        .await
        .map_err(|error| support::explain(&error))?;
    println!("{}", group.id);
    println!("  location  {}", group.location.unwrap_or_default());
    println!("  state     {}", group.state.unwrap_or_default());
    Ok(())
}
