//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::agent::AgentStatus;
use crate::decode::decode;
use crate::linux::{Filters, Lease, ProxyFile, Redirections, listeners, routes};
use crate::log::LogScanner;
use crate::report::Format;
use crate::request::{RequestLint, Shell, split};
use crate::windows::{BlockingRule, ConnectionSettings, Firmware, PersistentRoute};
use crate::{Report, diagnose, read_report};
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

/// Any bytes as each form in which Linux and its agents show what is read of them.
pub fn linux_machine(data: &[u8]) {
    let mut redirections = Redirections::default();
    if redirections.take(data).is_ok() {
        assert!(!redirections.into_ports().contains(&0));
    }
    let mut filters = Filters::default();
    if filters.take(data).is_ok() {
        for rule in filters.into_blocking() {
            assert!(
                !rule
                    .table
                    .chars()
                    .chain(rule.chain.chars())
                    .any(char::is_control)
            );
        }
    }
    let text = String::from_utf8_lossy(data);
    let _ = (routes(&text), listeners(&text));
    let _ = ProxyFile::read("/etc/environment", &text);
    let leases = Lease::read_blocks(&text);
    let of_networkd = Lease::read_assignments("eth0", &text);
    for lease in leases.iter().chain(&of_networkd) {
        assert!(!lease.interface.chars().any(char::is_control));
    }
    let _ = AgentStatus::read(&text, Some("/usr/bin/azvm-doctor"));
}

/// Any bytes as ARM's description of the machine, of an identity, or of all machines.
pub fn machine_model(data: &[u8]) {
    crate::collect::read_any(data);
}

/// Any bytes as the JSON report of an earlier run: it is judged anew and written again as it was read, or refused.
pub fn stored_report(data: &[u8]) {
    let Ok(stored) = read_report(data) else {
        return;
    };
    let diagnosis = diagnose(&stored.facts);
    let report = Report::new(&stored.facts, &diagnosis).with_run_id(stored.run_id);
    let json = report.render(Format::Json);
    let again = read_report(json.as_bytes()).expect("what was written can be read");
    let second = diagnose(&again.facts);
    assert_eq!(diagnosis.root_causes(), second.root_causes());
    assert!(
        !report
            .render(Format::Oneline)
            .trim_end()
            .chars()
            .any(char::is_control)
    );
}

/// Any text as the words of an error: it is read in bounded time, and what is shown of it fits a terminal.
pub fn error_words(data: &[u8]) {
    let decoded = decode(&String::from_utf8_lossy(data));
    for finding in &decoded.findings {
        let cause = finding.cause.as_deref().unwrap_or_default();
        assert!(!cause.chars().any(char::is_control), "{cause}");
    }
    // An id is a GUID, so that nothing else can pass for one.
    assert!(decoded.ids.iter().all(|(_, id)| id.len() == 36));
}

/// Any bytes as a log, whole and in pieces: the same tokens are found.
pub fn log(data: &[u8]) {
    let places = |piece: usize| {
        let (mut scanner, mut found) = (LogScanner::default(), vec![]);
        for bytes in data.chunks(piece) {
            scanner.feed(bytes, &mut |leak| found.push((leak.line, leak.column)));
        }
        scanner.finish(&mut |leak| found.push((leak.line, leak.column)));
        found
    };
    assert_eq!(places(7), places(data.len().max(1)));
}

/// Any text as a request of somebody else's program: it has a verdict with places in it, or is none.
pub fn request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for shell in [Shell::Sh, Shell::Cmd, Shell::PowerShell] {
        for request in split(&text) {
            verdict(request, shell, RequestLint::of(request, shell).ok());
        }
    }
    let words: Vec<String> = text.split('\0').map(Into::into).collect();
    let _ = RequestLint::of_words(&words);
}

fn verdict(request: &str, shell: Shell, lint: Option<RequestLint>) {
    let Some(lint) = lint else {
        return;
    };
    assert_eq!(lint.shown.len(), request.len());
    for finding in &lint.findings {
        assert!(request.get(finding.span.clone()).is_some(), "{finding:?}");
        assert!(!finding.finding.title.chars().any(char::is_control));
    }
    if let Some(corrected) = &lint.corrected {
        // `az rest` does not ask IMDS, so that the right request may have another form.
        let again = RequestLint::of(corrected, shell);
        assert!(again.is_ok_and(|again| again.is_fine()), "{corrected}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_reports_do_no_harm() {
        for report in [
            "",
            "{}",
            "{\"schema\":\"azvm.doctor/1\",\"facts\":{\"version\":1}}",
            "{\"schema\":\"azvm.doctor/1\",\"facts\":{\"version\":1,\"asked\":{\"selector\":\"x\"}}}",
            "{\"schema\":\"azvm.doctor/1\",\"facts\":{\"version\":1,\"started\":9223372036854775807}}",
        ] {
            super::stored_report(report.as_bytes());
        }
    }

    #[test]
    fn odd_words_do_no_harm() {
        for words in [
            "",
            "HTTP/",
            "HTTP/1.1 9",
            "{{{{",
            "{\"error\":[]}",
            "\u{e9}status \u{e9}404",
            "{'\u{e9}': '",
            "{'a': [}",
            "Status: 400\nHeaders:\nServer:",
            "Headers:\u{e9}Body:",
            "<html",
            "<Error><Code></Code>",
            "AADSTS\u{e9}",
            "AuthorizationFailed)\u{e9}",
            "x: {\nx",
            "trace id \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            super::error_words(words.as_bytes());
        }
        super::error_words("{\"a\":".repeat(20_000).as_bytes());
    }

    #[test]
    fn odd_logs_do_no_harm() {
        for log in [
            "",
            "eyJ",
            "eyJ%",
            "eyJ%2",
            "eyJ%2e%2E.",
            "eeyJhbGciOjF9.e30.x\n",
        ] {
            super::log(log.as_bytes());
        }
    }

    #[test]
    fn odd_requests_do_no_harm() {
        for request in [
            "",
            "curl",
            "curl '",
            "curl -H",
            "http://",
            "http://[::1",
            "GET  HTTP/1.1",
            "az rest --url",
            "curl \"http://169.254.169.254/?%\u{e9}=%e9&$filter=\u{1}",
            "az rest --url http://169.254.169.254/metadata/instance",
            "irm",
            "irm @{",
            "irm -Headers @{\u{e9}=",
            "irm @{=}}",
            "irm @{`",
            "irm ('\u{e9}",
            "irm (\u{e9})$x[\u{e9}",
            "$x = iwr -Uri:\"$(a)$b.c[0]`",
            "irm @\u{e9} $\u{e9}:x ${",
        ] {
            super::request(request.as_bytes());
        }
    }

    #[test]
    fn odd_files_do_no_harm() {
        let files: [&[u8]; 6] = [
            b"",
            &[0xff; 64],
            &[0; 64],
            b"lease {\n interface \"\x1b[31m\";\n fixed-address 10.0.0.4;\n}",
            b"{\"proxyAgentStatus\":{\"keyLatchStatus\":{\"states\":{}}}}",
            b"\x14\0\0\0\x06\x0a\0\0\0\0\0\0\0\0\0\0\x02\0\0\0",
        ];
        for file in files {
            super::linux_machine(file);
        }
    }

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
