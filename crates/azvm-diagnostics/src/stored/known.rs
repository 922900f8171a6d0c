//! The stored form of what may be unknown: the fact itself, or `{"unknown": why}` in its place.

use super::text::Text;
use crate::known::{Address, Known, Unknown};
use serde::{Deserialize, Serialize};

/// A fact, or why there is none. A member that is missing was not asked for by the version that wrote the report.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Wire<T> {
    Unknown(Why),
    Known(T),
}

/// `unknown` has no other members than these, so that no fact is taken for it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    unknown: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
}

impl<T> Default for Wire<T> {
    fn default() -> Self {
        Self::Unknown(store_why(Unknown::NotAsked))
    }
}

pub(super) fn store<'a, T, W>(fact: &'a Known<T>, store: impl FnOnce(&'a T) -> W) -> Wire<W> {
    match fact {
        Ok(fact) => Wire::Known(store(fact)),
        Err(unknown) => Wire::Unknown(store_why(*unknown)),
    }
}

pub(super) fn restore<T, W>(wire: Wire<W>, restore: impl FnOnce(W) -> T) -> Known<T> {
    match wire {
        Wire::Known(wire) => Ok(restore(wire)),
        Wire::Unknown(why) => Err(restore_why(&why)),
    }
}

fn store_why(unknown: Unknown) -> Why {
    let (word, errno) = match unknown {
        Unknown::Absent => ("absent", None),
        Unknown::Crashed => ("crashed", None),
        Unknown::Denied => ("denied", None),
        Unknown::Failed(errno) => ("failed", Some(errno)),
        Unknown::NotAsked => ("not_asked", None),
        Unknown::TimedOut => ("timed_out", None),
        Unknown::Unreadable => ("unreadable", None),
    };
    Why {
        unknown: word.into(),
        errno,
    }
}

/// A reason that a newer version gave is a form that is not known here.
fn restore_why(why: &Why) -> Unknown {
    match why.unknown.as_str() {
        "absent" => Unknown::Absent,
        "crashed" => Unknown::Crashed,
        "denied" => Unknown::Denied,
        "failed" => Unknown::Failed(why.errno.unwrap_or_default()),
        "not_asked" => Unknown::NotAsked,
        "timed_out" => Unknown::TimedOut,
        _ => Unknown::Unreadable,
    }
}

pub(super) fn store_address(address: &Address) -> Text {
    (&address.to_string()).into()
}

pub(super) fn restore_address(text: Text) -> Address {
    Address::restored(text.into())
}
