//! Asks the kernel for the rules of nf_tables, which needs the right to change them; nothing is changed.

use super::super::reader::{text, unknown};
use crate::known::{Known, Unknown};
use crate::linux::{FilterRule, Filters, Redirections};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use std::path::Path;

/// The kernel sends no more in one datagram.
const DATAGRAM_BYTES: usize = 64 * 1024;

/// The ports that requests for IMDS are sent to.
pub(super) fn redirections(root: &Path) -> Known<Vec<u16>> {
    let socket = connect(root)?;
    let mut found = Redirections::default();
    ask(&socket, &crate::linux::request(), |datagram| {
        found.take(datagram)
    })?;
    Ok(found.into_ports())
}

/// The rules that keep requests from IMDS.
pub(super) fn filter_rules(root: &Path) -> Known<Vec<FilterRule>> {
    let socket = connect(root)?;
    let mut found = Filters::default();
    for request in [Filters::chains_request(), Filters::rules_request()] {
        ask(&socket, &request, |datagram| found.take(datagram))?;
    }
    Ok(found.into_blocking())
}

fn connect(root: &Path) -> Known<Socket> {
    if !is_loaded(root)? {
        return Err(Unknown::Absent);
    }
    let socket = Socket::new(NETLINK_NETFILTER).map_err(failed)?;
    socket.connect(&SocketAddr::new(0, 0)).map_err(failed)?;
    Ok(socket)
}

fn ask(socket: &Socket, request: &[u8], mut take: impl FnMut(&[u8]) -> Known<bool>) -> Known<()> {
    socket.send(request, 0).map_err(failed)?;
    loop {
        let mut datagram = Vec::with_capacity(DATAGRAM_BYTES);
        socket.recv(&mut datagram, 0).map_err(failed)?;
        if take(&datagram)? {
            return Ok(());
        }
    }
}

fn failed(error: std::io::Error) -> Unknown {
    unknown(&error)
}

/// Asking would load the module otherwise, and the machine is to stay as it is. A kernel without modules has it or not.
fn is_loaded(root: &Path) -> Known<bool> {
    match text(root, "proc/modules") {
        Ok(modules) => Ok(modules.lines().any(|line| line.starts_with("nf_tables "))),
        Err(Unknown::Absent) => Ok(true),
        Err(why) => Err(why),
    }
}
