//! A request as the simulated services see it, and their answer.

use std::net::SocketAddr;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use crate::Server;
use crate::text::Query;

/// The head of one request. Bodies are read and thrown away.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) server: Server,
    /// The address of the simulator that the client reached.
    pub(crate) local: SocketAddr,
    pub(crate) method: Method,
    /// As sent: still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
}

impl Request {
    /// An absolute-form target loses its scheme and host here: the client took the simulator for its proxy.
    pub(crate) fn new(server: Server, local: SocketAddr, head: Parts) -> Self {
        let path = head.uri.path().to_owned();
        let query = Query::parse(head.uri.query().unwrap_or_default());
        Self {
            server,
            local,
            method: head.method,
            path,
            query,
            headers: head.headers,
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
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body,
        }
    }

    /// JSON with the content type that IMDS and ARM both use.
    pub(crate) fn json(status: u16, body: &impl serde::Serialize) -> Self {
        let body =
            serde_json::to_string(body).expect("answers are structs and values with text keys");
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
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
