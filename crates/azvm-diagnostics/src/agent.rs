//! What the Guest Proxy Agent says of itself in its file `status.json`.
//!
//! Only whether and how often is kept: the file names users, and command lines, which may hold anything.
//! Source: Azure/GuestProxyAgent, proxy_agent_shared/src/proxy_agent_aggregate_status.rs and
//! proxy_agent/src/key_keeper/key.rs, `get_secure_channel_state`.

use crate::known::{Known, Unknown};
use serde::Deserialize;
use std::collections::HashMap;

/// What the agent says of itself. No secret is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentStatus {
    /// What it does with requests for IMDS that nobody allowed, as the host told it; `None` in words that are not known
    /// here.
    pub imds_mode: Option<AgentMode>,
    /// Whether it has the key that it shares with the host; `None` when it does not say.
    pub has_key: Option<bool>,
    /// Requests for IMDS of the last while that no rule allows.
    pub denied_requests: u64,
    /// True when some of them were made by the program that asks.
    pub is_own_denied: bool,
}

/// What the agent does with a request that no rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentMode {
    /// It writes that down, and passes the request on.
    Audit,
    /// It has no rules.
    Disabled,
    /// It refuses.
    Enforce,
}

impl AgentMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Audit, Self::Disabled, Self::Enforce];

    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Disabled => "disabled",
            Self::Enforce => "enforce",
        }
    }

    /// Such as `WireServer Audit -  IMDS Enforce - HostGA Audit`, or one word of the first version of the protocol, where
    /// to sign was all that there was.
    fn read(state: &str) -> Option<Self> {
        let state = state.to_ascii_lowercase();
        match state.trim() {
            "disabled" | "wireserver" => return Some(Self::Disabled),
            "wireserverandimds" => return Some(Self::Enforce),
            _ => {}
        }
        let mut parts = state.split(" - ").map(str::trim);
        let word = parts.find_map(|part| part.strip_prefix("imds "))?;
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

impl AgentStatus {
    /// Reads `text`, the file; `own` is the full path of the program that asks.
    ///
    /// # Errors
    ///
    /// [`Unknown::Unreadable`] for another form.
    pub fn read(text: &str, own: Option<&str>) -> Known<Self> {
        let document: Document = serde_json::from_str(text).map_err(|_| Unknown::Unreadable)?;
        let states = document.agent.key.states;
        let state = states.as_ref().and_then(|it| it.get("secureChannelState"));
        let denied = document.denied.iter().filter(|it| it.ip == IMDS_ADDRESS);
        let is_own = |it: &Summary| own.is_some() && it.program.as_deref() == own;
        Ok(Self {
            imds_mode: state.and_then(|state| AgentMode::read(state)),
            has_key: states.as_ref().map(|it| it.contains_key("keyGuid")),
            denied_requests: denied
                .clone()
                .fold(0, |sum, it| it.count.saturating_add(sum)),
            is_own_denied: denied.clone().any(is_own),
        })
    }
}

const IMDS_ADDRESS: &str = "169.254.169.254";

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "proxyAgentStatus")]
    agent: Agent,
    #[serde(default, rename = "failedAuthenticateSummary")]
    denied: Vec<Summary>,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(rename = "keyLatchStatus")]
    key: Module,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    states: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Summary {
    ip: String,
    #[serde(default, rename = "processFullPath")]
    program: Option<String>,
    count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(state: &str, denied: &serde_json::Value) -> String {
        let running = json!({"status": "RUNNING", "message": "started"});
        let document = json!({
            "timestamp": "2026-03-01T10:00:00.000Z",
            "proxyAgentStatus": {
                "version": "1.0.30",
                "status": "SUCCESS",
                "monitorStatus": running,
                "keyLatchStatus": {"status": "RUNNING", "message": "", "states": {
                    "secureChannelState": state, "keyGuid": "21c0ffee-0000-4000-8000-000000000021", "imdsRuleId": "",
                }},
                "ebpfProgramStatus": running,
            },
            "proxyConnectionSummary": [],
            "failedAuthenticateSummary": denied,
        });
        document.to_string()
    }

    fn denial(ip: &str, program: &str, count: u64) -> serde_json::Value {
        json!({
            "userName": "app", "ip": ip, "port": 80, "processCmdLine": "x --password hunter2", "processFullPath": program,
            "responseStatus": "403 Forbidden", "count": count, "userGroups": ["app"],
        })
    }

    #[test]
    fn the_mode_is_that_for_imds() {
        for (state, mode) in [
            (
                "WireServer Audit -  IMDS Enforce - HostGA Audit",
                Some(AgentMode::Enforce),
            ),
            (
                "WireServer Enforce -  IMDS Audit - HostGA Enforce",
                Some(AgentMode::Audit),
            ),
            (
                "WireServer Enforce -  IMDS Disabled - HostGA Enforce",
                Some(AgentMode::Disabled),
            ),
            ("Disabled", Some(AgentMode::Disabled)),
            ("wireserver", Some(AgentMode::Disabled)),
            ("wireserverandimds", Some(AgentMode::Enforce)),
            ("Unknown", None),
            ("", None),
        ] {
            let status = AgentStatus::read(&document(state, &json!([])), None).unwrap();
            assert_eq!(status.imds_mode, mode, "{state}");
            assert_eq!((status.has_key, status.denied_requests), (Some(true), 0));
        }
    }

    #[test]
    fn denials_are_counted_where_they_are_about_imds() {
        let denied = json!([
            denial("169.254.169.254", "/usr/bin/app", 3),
            denial("169.254.169.254", "/usr/bin/other", u64::MAX),
            denial("168.63.129.16", "/usr/bin/own", 7),
        ]);
        let text = document("Disabled", &denied);
        let of = |own| AgentStatus::read(&text, own).unwrap();
        assert_eq!(of(None).denied_requests, u64::MAX);
        assert!(of(Some("/usr/bin/app")).is_own_denied);
        assert!(!of(Some("/usr/bin/own")).is_own_denied && !of(None).is_own_denied);
        assert!(!format!("{:?}", of(None)).contains("hunter2"));
    }

    #[test]
    fn without_a_key_it_says_so_and_without_states_nothing() {
        let with = |module: serde_json::Value| {
            let text = json!({"proxyAgentStatus": {"keyLatchStatus": module}}).to_string();
            AgentStatus::read(&text, None).unwrap().has_key
        };
        assert_eq!(
            with(json!({"states": {"secureChannelState": "Disabled"}})),
            Some(false)
        );
        assert_eq!(with(json!({"status": "RUNNING"})), None);
    }

    #[test]
    fn another_form_is_unreadable() {
        for text in ["", "{}", "[]", "{\"proxyAgentStatus\":{}}"] {
            assert_eq!(
                AgentStatus::read(text, None),
                Err(Unknown::Unreadable),
                "{text}"
            );
        }
        let deep = "[".repeat(100_000);
        assert_eq!(AgentStatus::read(&deep, None), Err(Unknown::Unreadable));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,300}") {
            let _ = AgentStatus::read(&text, None);
        }
    }
}
