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

/// An enum and not a structure, which could be read from a list, too.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    Unknown(Text),
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
    let word = match unknown {
        Unknown::Absent => "absent",
        Unknown::Crashed => "crashed",
        Unknown::Denied => "denied",
        Unknown::Failed(errno) => return Why::Unknown((&format!("{FAILED}{errno}")).into()),
        Unknown::NotAsked => "not_asked",
        Unknown::TimedOut => "timed_out",
        Unknown::Unreadable => "unreadable",
    };
    Why::Unknown(word.into())
}

/// A reason that a newer version gave is a form that is not known here.
fn restore_why(Why::Unknown(word): &Why) -> Unknown {
    let errno = || word.as_str().strip_prefix(FAILED)?.parse().ok();
    match word.as_str() {
        "absent" => Unknown::Absent,
        "crashed" => Unknown::Crashed,
        "denied" => Unknown::Denied,
        "not_asked" => Unknown::NotAsked,
        "timed_out" => Unknown::TimedOut,
        _ => errno().map_or(Unknown::Unreadable, Unknown::Failed),
    }
}

/// Before the system's error number.
const FAILED: &str = "failed ";

pub(super) fn store_address(address: &Address) -> Text {
    (&address.to_string()).into()
}

pub(super) fn restore_address(text: Text) -> Address {
    Address::restored(text.into())
}
