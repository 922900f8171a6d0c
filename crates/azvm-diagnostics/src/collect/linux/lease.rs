//! The files in which the DHCP clients of Linux keep what they got.

use super::super::reader::{text, unknown};
use crate::known::{Known, Unknown};
use crate::linux::Lease;
use std::path::Path;

/// More files than these in one folder are not read.
const MAX_FILES: usize = 1024;

/// Folders of dhclient, on Debian and on Red Hat's family.
const DHCLIENT: [&str; 2] = ["var/lib/dhcp", "var/lib/dhclient"];

/// A client that is not installed has no leases; what is there and cannot be read makes it all unknown, as some other
/// address than the one that is known may be the leased one.
pub(super) fn leases(root: &Path) -> Known<Vec<Lease>> {
    let mut found = networkd(root)?;
    found.extend(network_manager(root)?);
    for folder in DHCLIENT {
        for file in files(root, folder)? {
            if file.ends_with(".leases") {
                found.extend(Lease::read_blocks(&text(
                    root,
                    &format!("{folder}/{file}"),
                )?));
            }
        }
    }
    Ok(found)
}

/// A file an interface, named after its index.
fn networkd(root: &Path) -> Known<Vec<Lease>> {
    let folder = "run/systemd/netif/leases";
    let mut found = Vec::new();
    for file in files(root, folder)? {
        let interface = interface_of(root, &file)?;
        let text = text(root, &format!("{folder}/{file}"))?;
        found.extend(interface.and_then(|name| Lease::read_assignments(&name, &text)));
    }
    Ok(found)
}

/// `internal-CONNECTION-INTERFACE.lease`, where the connection is a UUID; one of an interface that is gone is old.
fn network_manager(root: &Path) -> Known<Vec<Lease>> {
    let folder = "var/lib/NetworkManager";
    let mut found = Vec::new();
    for file in files(root, folder)? {
        let name = file
            .strip_prefix("internal-")
            .and_then(|rest| rest.strip_suffix(".lease"))
            .and_then(|rest| rest.get(UUID_CHARS..)?.strip_prefix('-'));
        if let Some(name) = name {
            let text = text(root, &format!("{folder}/{file}"))?;
            found.extend(Lease::read_assignments(name, &text));
        }
    }
    Ok(found)
}

const UUID_CHARS: usize = 36;

fn interface_of(root: &Path, index: &str) -> Known<Option<String>> {
    for name in files(root, "sys/class/net")? {
        match text(root, &format!("sys/class/net/{name}/ifindex")) {
            Ok(own) if own.trim() == index => return Ok(Some(name)),
            Ok(_) | Err(Unknown::Absent) => {}
            // Such as `bonding_masters`, which is no folder.
            Err(Unknown::Failed(_)) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(None)
}

/// The names in a folder, sorted; none when there is no such folder.
fn files(root: &Path, folder: &str) -> Known<Vec<String>> {
    let entries = match std::fs::read_dir(root.join(folder)).map_err(|error| unknown(&error)) {
        Err(Unknown::Absent) => return Ok(vec![]),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unknown(&error))?.file_name();
        names.push(name.to_string_lossy().into_owned());
        if names.len() > MAX_FILES {
            return Err(Unknown::Unreadable);
        }
    }
    names.sort();
    Ok(names)
}
