//! Asks the kernel for the rules of nf_tables, which needs the right to change them; nothing is changed.

use super::super::reader::{text, unknown};
use crate::known::{Known, Unknown};
use crate::linux::Redirections;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use std::path::Path;

/// The kernel sends no more in one datagram.
const DATAGRAM_BYTES: usize = 64 * 1024;

/// The ports that requests for IMDS are sent to.
pub(super) fn redirections(root: &Path) -> Known<Vec<u16>> {
    if !is_loaded(root)? {
        return Err(Unknown::Absent);
    }
    let failed = |error: std::io::Error| unknown(&error);
    let socket = Socket::new(NETLINK_NETFILTER).map_err(failed)?;
    socket.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
    socket.send(&crate::linux::request(), 0).map_err(failed)?;
    let mut found = Redirections::default();
    loop {
        let mut datagram = Vec::with_capacity(DATAGRAM_BYTES);
        socket.recv(&mut datagram, 0).map_err(failed)?;
        if found.take(&datagram)? {
            return Ok(found.into_ports());
        }
    }
}

/// Asking would load the module otherwise, and the machine is to stay as it is. A kernel without modules has it or not.
fn is_loaded(root: &Path) -> Known<bool> {
    match text(root, "proc/modules") {
        Ok(modules) => Ok(modules.lines().any(|line| line.starts_with("nf_tables "))),
        Err(Unknown::Absent) => Ok(true),
        Err(why) => Err(why),
    }
}
