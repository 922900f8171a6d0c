//! Gets a token and prints when it expires and what it says about itself, never the token.
//!
//! On an Azure VM: `cargo run -p azvm-identity --example get_token`
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    identity: support::IdentityArgs,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let identity = arguments.identity.identity();
    let audience = arguments.identity.audience()?;
    let token = identity
        .token(&audience)
        .await
        .map_err(|error| support::explain(&error))?;
    let left = token.expires_on().seconds_since(azvm_identity::now());
    println!(
        "a token for {audience} that expires in {} h {} min",
        left / 3600,
        left % 3600 / 60
    );
    for (name, value) in token.claims()?.iter() {
        println!("  {name:10} {value}");
    }
    Ok(())
}
