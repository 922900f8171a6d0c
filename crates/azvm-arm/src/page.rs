//! Lists in pages, and the way from one page to the next.
//!
//! A list has a `nextLink` while there is more of it: an absolute URL, opaque but for where it leads
//! (Azure/azure-resource-manager-rpc:v1.0/resource-api-reference.md). The next request carries the token, so a link is
//! followed to the endpoint that was asked and nowhere else.

use crate::wire::Object;
use crate::{ArmError, Endpoint, RequestIds, Throttling};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::{Origin, Request, Response, encode_query_value, service_text};
use core::fmt;
use serde::Deserialize;

/// The longest `nextLink` that is followed, in bytes.
pub const MAX_NEXT_LINK_BYTES: usize = 8 * 1024;

/// The most pages that [`Pages`] leads through.
pub const MAX_PAGES: usize = 100;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page.
    pub value: Vec<T>,
    /// True when the service has more pages: [`next_request`](Self::next_request) asks for the next one.
    pub has_more: bool,
    /// The ids of the answer.
    pub request_ids: RequestIds,
    /// The throttling headers of the answer.
    pub throttling: Throttling,
    next_link: Option<NextLink>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            value: Vec::new(),
            has_more: false,
            request_ids: RequestIds::default(),
            throttling: Throttling::default(),
            next_link: None,
        }
    }
}

impl<T> Page<T> {
    /// The request for the page after this one, without its bearer; `None` when this is the last. `endpoint` is the one
    /// that this page came from. A loop over all pages is better made with [`Pages`].
    ///
    /// # Errors
    ///
    /// [`PagingError`] when the link leads elsewhere, or nowhere.
    pub fn next_request(&self, endpoint: &Endpoint) -> Result<Option<Request>, PagingError> {
        let target = self.next_link.as_ref().map(|link| link.target(endpoint));
        Ok(target.transpose()?.map(crate::request::accept_json))
    }
}

/// Leads through the pages of one list, and knows when to stop: after [`MAX_PAGES`], and when pages come again.
///
/// ```
/// use azvm_arm::{Cloud, Pages, read_subscriptions};
/// # use azvm_exchange::{Request, Response};
/// # let mut answers = vec![
/// #     r#"{"value":[],"nextLink":"https://management.azure.com/subscriptions?api-version=2022-12-01&$skiptoken=2"}"#,
/// #     r#"{"value":[]}"#,
/// # ].into_iter();
/// # let mut send = |_: &Request| Response::new(200, vec![], answers.next().unwrap().into());
/// let mut pages = Pages::new(Cloud::Public.into());
/// let mut all = Vec::new();
/// let mut request = azvm_arm::subscriptions();
/// loop {
///     let page = read_subscriptions(&send(&request))?; // with a bearer
///     let next = pages.next_request(&page)?;
///     all.extend(page.value);
///     match next {
///         Some(next) => request = next,
///         None => break,
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pages {
    endpoint: Endpoint,
    left: usize,
    /// Brent's cycle detection: one earlier link, moved to the present one after 1, 2, 4, … pages.
    marker: Option<NextLink>,
    steps: usize,
    steps_until_moved: usize,
}

impl Pages {
    /// For a list that is asked for at `endpoint`, of at most [`MAX_PAGES`] pages.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            left: MAX_PAGES,
            marker: None,
            steps: 0,
            steps_until_moved: 1,
        }
    }

    /// Sets the most pages; none is as one.
    #[must_use]
    pub fn with_max_pages(mut self, pages: usize) -> Self {
        self.left = pages;
        self
    }

    /// Takes the page that was just read, and gives the request for the next one; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`PagingError`] when the link leads elsewhere or nowhere, or when it is time to stop. What was read is good, but
    /// is not all.
    pub fn next_request<T>(&mut self, page: &Page<T>) -> Result<Option<Request>, PagingError> {
        let Some(request) = page.next_request(&self.endpoint)? else {
            return Ok(None);
        };
        if page.next_link == self.marker {
            return Err(PagingError::Repeated);
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(PagingError::TooManyPages);
        }
        self.steps += 1;
        if self.steps == self.steps_until_moved {
            self.marker.clone_from(&page.next_link);
            self.steps = 0;
            self.steps_until_moved *= 2;
        }
        Ok(Some(request))
    }
}

/// A `nextLink`. Its query may hold what others must not see, so `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
enum NextLink {
    Text(Box<str>),
    TooLong,
}

impl NextLink {
    fn new(text: &str) -> Option<Self> {
        match text.len() {
            0 => None,
            1..=MAX_NEXT_LINK_BYTES => Some(Self::Text(text.into())),
            _ => Some(Self::TooLong),
        }
    }

    /// Path and query, when the link leads to the endpoint.
    fn target(&self, endpoint: &Endpoint) -> Result<String, PagingError> {
        let Self::Text(link) = self else {
            return Err(PagingError::TooLong);
        };
        let (scheme, rest) = link.split_once("://").ok_or(PagingError::Unreadable)?;
        let path_at = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (shown, target) = link.split_at(scheme.len() + "://".len() + path_at);
        let origin: Origin = shown.parse().map_err(|_| PagingError::Unreadable)?;
        if origin != *endpoint.origin() {
            return Err(PagingError::ForeignHost(service_text(shown)));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if is_plausible(path) && !query.contains(|c: char| c.is_control() || c == '#') {
            Ok(path.to_string() + "?" + &fit_for_query(query))
        } else {
            Err(PagingError::Unreadable)
        }
    }
}

impl fmt::Debug for NextLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "NextLink({} bytes)", text.len()),
            Self::TooLong => f.write_str("NextLink(too long)"),
        }
    }
}

/// A path that can stand in a request line, and that no server or proxy reads as another path or host.
fn is_plausible(path: &str) -> bool {
    let is_odd = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".." || segment.contains("%2f") || segment.contains("%5c")
    };
    path.len() > 1
        && path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>".contains(&byte))
        && !path.split('/').any(is_odd)
}

/// Some providers leave spaces and quotes in their links. What is encoded already stays as it is.
fn fit_for_query(query: &str) -> String {
    let mut fit = String::with_capacity(query.len());
    for c in query.chars() {
        if c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>') {
            fit.push(c);
        } else {
            encode_query_value(c.encode_utf8(&mut [0; 4]), &mut fit);
        }
    }
    fit
}

/// Why a list cannot be read on. What was read is good, but is not all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagingError {
    /// The list goes on at another host, port or scheme, which gets no token. Only these are named: the rest of the link
    /// may hold secrets.
    ForeignHost(String),
    /// A page leads back to one that was there before.
    Repeated,
    /// The link is longer than [`MAX_NEXT_LINK_BYTES`].
    TooLong,
    /// The list is longer than [`MAX_PAGES`], or the limit that was set.
    TooManyPages,
    /// The link is no URL, or its path is none that ARM has.
    Unreadable,
}

impl fmt::Display for PagingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignHost(host) => write!(f, "the list goes on elsewhere, at {host}"),
            Self::Repeated => f.write_str("the pages of the list come again"),
            Self::TooLong => f.write_str("the link to the next page is too long"),
            Self::TooManyPages => f.write_str("the list has too many pages"),
            Self::Unreadable => f.write_str("the link to the next page is no URL of ARM"),
        }
    }
}

impl core::error::Error for PagingError {}

/// The envelope of every list. A `nextLink` of another type is refused: the list would look complete.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "B: for<'any> Deserialize<'any>")]
struct PageBody<B> {
    value: Vec<Object<B>>,
    next_link: Option<String>,
}

/// Reads a list; `what` it is a list of stands in the error.
pub(crate) fn read_page<B: for<'de> Deserialize<'de>, T>(
    response: &Response,
    what: &'static str,
    item: impl Fn(B) -> T,
) -> Result<Page<T>, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let Object(page) = serde_json::from_slice::<Object<PageBody<B>>>(response.json_body())
        .map_err(|_| ArmError::unreadable(response, &format!("list of {what}")))?;
    let next_link = page.next_link.as_deref().and_then(NextLink::new);
    Ok(Page {
        value: page.value.into_iter().map(|body| item(body.0)).collect(),
        has_more: next_link.is_some(),
        request_ids: RequestIds::read(response),
        throttling: Throttling::read(response),
        next_link,
    })
}
