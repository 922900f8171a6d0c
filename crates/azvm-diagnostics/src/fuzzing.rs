//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::windows::{BlockingRule, ConnectionSettings, Firmware, PersistentRoute};
use std::net::{IpAddr, Ipv4Addr};

/// Any bytes as each form in which Windows keeps what is read of it.
pub fn windows_registry(data: &[u8]) {
    if let Ok(firmware) = Firmware::read(data) {
        assert!(!format!("{firmware:?}").chars().any(char::is_control));
    }
    if let Ok(settings) = ConnectionSettings::read(data) {
        let settings = settings.settings();
        assert!(!(settings.exempts_imds && settings.catches_imds()));
    }
    let text = String::from_utf8_lossy(data);
    if let Some(route) = PersistentRoute::read(&text) {
        let own = route.destination.ip();
        assert!(own.is_some_and(|own| matches!(own, IpAddr::V4(own) if route.covers(own))));
    }
    let _ = BlockingRule::read(&text, Ipv4Addr::new(169, 254, 169, 254), 80);
}

/// Any bytes as ARM's description of the machine, of an identity, or of all machines.
pub fn machine_model(data: &[u8]) {
    crate::collect::read_any(data);
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_bodies_do_no_harm() {
        let bodies: [&[u8]; 7] = [
            b"",
            b"[]",
            b"{\"id\":7}",
            b"{\"id\":\"/x\",\"properties\":[],\"identity\":\"none\"}",
            b"{\"id\":\"/\\u001b[2J\",\"properties\":{\"vmId\":\"\\u0000\",\"principalId\":\"\\n\"}}",
            b"{\"id\":\"/x\",\"identity\":{\"userAssignedIdentities\":{\"/\\u202e\":{\"clientId\":\"\\r\"},\"y\":null}}}",
            b"{\"value\":[{},{\"id\":[],\"properties\":{\"vmId\":\"01234567-89ab-cdef-0123-456789abcdef\"}}],\"nextLink\":{}}",
        ];
        for body in bodies {
            super::machine_model(body);
        }
    }

    #[test]
    fn odd_values_do_no_harm() {
        let values: [&[u8]; 6] = [
            b"",
            &[0xff; 64],
            b"\0\x03\x01\0\x06\0\0\0\x7f\x04\0\0\0\0",
            b"\x18\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0",
            b"169.254.169.254,255.255.255.255,10.0.0.4,1",
            b"v2.31|Action=Block|Active=TRUE|Dir=Out|RA4=0-|RPort=-|=|",
        ];
        for value in values {
            super::windows_registry(value);
        }
    }
}
