//! The further parts of ARM's error envelope, bounded.

use crate::wire::{Bounded, Loose, Object};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::service_text;
use core::fmt;

/// The most details, further infos, and texts of one info that are kept.
pub const MAX_DETAILS: usize = 16;

/// One of `error.details`. What details have inside details is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// `code`.
    pub code: Option<String>,
    /// `message`, for a person.
    pub message: Option<String>,
    /// `target`.
    pub target: Option<String>,
    /// `additionalInfo`, at most [`MAX_DETAILS`].
    pub additional_info: Vec<AdditionalInfo>,
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.code, &self.message];
        for (index, part) in parts.into_iter().flatten().enumerate() {
            let separator = if index == 0 { "" } else { ": " };
            write!(f, "{separator}{part}")?;
        }
        Ok(())
    }
}

/// One of `additionalInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdditionalInfo {
    /// `type`: `PolicyViolation`, …
    pub info_type: Option<String>,
    /// The texts among the members of `info` by name, at most [`MAX_DETAILS`].
    pub texts: Vec<(String, String)>,
}

pub(super) type Details<T> = Bounded<Loose<Object<T>>, MAX_DETAILS>;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DetailBody {
    code: Loose<String>,
    message: Loose<String>,
    target: Loose<String>,
    additional_info: Loose<Details<InfoBody>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct InfoBody {
    r#type: Loose<String>,
    info: Loose<BTreeMap<String, String>>,
}

pub(super) fn details(bodies: Loose<Details<DetailBody>>) -> Vec<ErrorDetail> {
    let read = objects(bodies).map(|body| ErrorDetail {
        code: shown(body.code),
        message: shown(body.message),
        target: shown(body.target),
        additional_info: infos(body.additional_info),
    });
    read.collect()
}

pub(super) fn infos(bodies: Loose<Details<InfoBody>>) -> Vec<AdditionalInfo> {
    let read = objects(bodies).map(|body| {
        let texts = body.info.0.unwrap_or_default().into_iter();
        let texts = texts.map(|(name, text)| (service_text(&name), service_text(&text)));
        AdditionalInfo {
            info_type: shown(body.r#type),
            texts: texts.take(MAX_DETAILS).collect(),
        }
    });
    read.collect()
}

fn objects<T>(bodies: Loose<Details<T>>) -> impl Iterator<Item = T> {
    let bodies = bodies.0.map_or_else(Vec::new, |bodies| bodies.0);
    bodies.into_iter().filter_map(|body| Some(body.0?.0))
}

fn shown(text: Loose<String>) -> Option<String> {
    text.0.as_deref().map(service_text)
}
