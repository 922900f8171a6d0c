//! Runs a simulator until it is killed: `serve SCENARIO CA_FILE`.
//!
//! Prints the endpoints as `name=value` lines and writes the certificate that clients have to trust to `CA_FILE`.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;

use azvm_simulator::{Listen, Scenario, Simulator};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(ca_file)) = (arguments.next(), arguments.next()) else {
        return Err(format!(
            "usage: serve SCENARIO CA_FILE, with one of: {}",
            Scenario::names().collect::<Vec<_>>().join(" ")
        )
        .into());
    };
    let scenario =
        Scenario::named(&name).ok_or_else(|| format!("there is no scenario '{name}'"))?;
    let simulator = Simulator::start(scenario, Listen::default()).await?;
    std::fs::write(&ca_file, simulator.ca_pem())?;

    let world = simulator.world();
    println!("imds={}", simulator.imds_endpoint());
    println!("arm={}", simulator.arm_endpoint());
    println!("arm_http={}", simulator.arm_http_endpoint());
    println!("subscription={}", world.subscription_id());
    println!("resource_group={}", world.resource_group());
    println!("vm={}", world.vm_resource_id());
    for identity in world
        .system_identity()
        .into_iter()
        .chain(world.user_identities())
    {
        println!(
            "identity={},{},{}",
            identity.client_id, identity.object_id, identity.resource_id
        );
    }
    std::future::pending::<()>().await;
    Ok(())
}
