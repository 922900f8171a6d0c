//! The ports that somebody listens on, as the kernel lists its sockets.
//!
//! ```text
//! line = index ":" local ":" port remote ":" port state …      ; all hexadecimal, state 0A listens
//! ```
//!
//! Source: Linux, Documentation/networking/proc_net_tcp.rst.

use crate::known::{Known, Unknown};

/// Ports that mean something here: the Node Managed Identity of AAD Pod Identity, the Guest Proxy Agent, the Arc agent,
/// and the retired VM extension for managed identities.
pub const WATCHED_PORTS: [u16; 4] = [2579, 3080, 40342, 50342];

/// More sockets than these are not searched.
pub const MAX_SOCKETS: usize = 65_536;

const LISTENS: &str = "0A";

/// Which of [`WATCHED_PORTS`] stand in `text`, a table such as `/proc/net/tcp`, as listening.
///
/// # Errors
///
/// [`Unknown::Unreadable`] when a line is in another form, or there are more than [`MAX_SOCKETS`]: a listener that was
/// not seen must not be taken for none.
pub fn listeners(text: &str) -> Known<Vec<u16>> {
    let mut found = Vec::new();
    for (index, line) in text.lines().skip(1).enumerate() {
        let (port, state) = socket(line).ok_or(Unknown::Unreadable)?;
        if index >= MAX_SOCKETS {
            return Err(Unknown::Unreadable);
        }
        if state == LISTENS && WATCHED_PORTS.contains(&port) && !found.contains(&port) {
            found.push(port);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn socket(line: &str) -> Option<(u16, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (_, port) = words.nth(1)?.rsplit_once(':')?;
    let state = words.nth(1)?;
    Some((u16::from_str_radix(port, 16).ok()?, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

    #[test]
    fn listening_sockets_are_found_and_others_are_not() {
        let table = |line: &str| listeners(&format!("{HEAD}{line}\n"));
        let rest = "00000000:00000000 00:00000000 00000000     0        0 18041 1";
        // 127.0.0.1:3080 listens, is connected, and is the far end of a connection.
        let listens = format!("   0: 0100007F:0C08 00000000:0000 0A {rest}");
        assert_eq!(table(&listens), Ok(vec![3080]));
        let connected = format!("   0: 0100007F:0C08 0100007F:D431 01 {rest}");
        assert_eq!(table(&connected), Ok(vec![]));
        let remote = format!("   0: 0100007F:D431 0100007F:0C08 01 {rest}");
        assert_eq!(table(&remote), Ok(vec![]));
        let six = format!(
            "   0: 00000000000000000000000001000000:9D96 00000000000000000000000000000000:0000 0A {rest}"
        );
        assert_eq!(table(&six), Ok(vec![40342]));
        let other = format!("   0: 0100007F:0016 00000000:0000 0A {rest}");
        assert_eq!(table(&other), Ok(vec![]));
    }

    #[test]
    fn half_a_table_is_unreadable() {
        assert_eq!(listeners(HEAD), Ok(vec![]));
        for line in ["   0: 0100007F", "   0: 0100007F:XYZ 0:0 0A", "x"] {
            let table = format!("{HEAD}{line}\n");
            assert_eq!(listeners(&table), Err(Unknown::Unreadable), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = listeners(&text);
        }
    }
}
