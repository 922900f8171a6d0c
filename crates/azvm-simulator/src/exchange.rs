//! A request as the simulated services see it, and their answer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::Server;
use crate::server::WireFault;
use crate::text::Query;

/// One request. Of a body that is too long or too slow only what came in time is here.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) server: Server,
    /// The address of the simulator that the client reached.
    pub(crate) local: SocketAddr,
    pub(crate) method: Method,
    /// As sent: still percent-encoded.
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) raw_query: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// An absolute-form target loses its scheme and host here: the client took the simulator for its proxy.
    pub(crate) fn new(server: Server, local: SocketAddr, head: Parts, body: Bytes) -> Self {
        let path = head.uri.path().to_owned();
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        let query = Query::parse(&raw_query);
        Self {
            server,
            local,
            method: head.method,
            path,
            raw_query,
            query,
            headers: head.headers,
            body,
        }
    }

    /// The value of the first header of this name; one that is no visible ASCII reads as empty.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    }
}

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) effect: Effect,
}

/// How an answer is sent, when not at once and well.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    pub(crate) delay: Duration,
    pub(crate) wire: Option<WireFault>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        let mut reply = Self::empty(status);
        reply
            .headers
            .push(("content-type", content_type.to_owned()));
        reply.body = body;
        reply
    }

    /// JSON with the content type that IMDS and ARM both use.
    pub(crate) fn json(status: u16, body: &impl serde::Serialize) -> Self {
        let body =
            serde_json::to_string(body).expect("answers are structs and values with text keys");
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.into())
    }

    pub(crate) fn html(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body.into())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            effect: Effect::default(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Is sent as this says, unless the answer has its own way already.
    pub(crate) fn with_effect(mut self, effect: Effect) -> Self {
        self.effect.delay = self.effect.delay.max(effect.delay);
        self.effect.wire = self.effect.wire.or(effect.wire);
        self
    }

    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}
