//! Faults: requests that get another answer than they would, or get it badly.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use hyper::Method;

use crate::Server;
use crate::error::ChangeError;
use crate::exchange::{Effect, Reply};
use crate::random::Random;
use crate::server::WireFault;

/// A rule for requests that go wrong, for a number of times or for some seconds.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) server: FaultyServer,
    /// Lower case, starts with a slash.
    pub(crate) path_prefix: String,
    pub(crate) method: Option<String>,
    /// Whether requests to IMDS without the Metadata header are hit, too.
    pub(crate) hits_unmarked: bool,
    /// How many of a million requests are hit.
    pub(crate) per_million: u32,
    pub(crate) times: Option<u32>,
    pub(crate) seconds: Option<u32>,
    /// Without one the genuine answer is sent.
    pub(crate) reply: Option<FaultReply>,
    pub(crate) delay: Duration,
    pub(crate) wire: Option<WireFault>,
}

/// A fault for a running simulator: which requests go wrong, and how.
///
/// ```
/// use std::time::Duration;
/// use azvm_simulator::FaultRule;
///
/// // The next two token requests are told to slow down, half a second late.
/// let rule = FaultRule::imds("/metadata/identity/oauth2/token")
///     .with_status(429)
///     .with_delay(Duration::from_millis(500))
///     .with_times(2);
/// # let _ = rule;
/// ```
#[derive(Clone, Debug)]
pub struct FaultRule(Result<Fault, ChangeError>);

impl FaultRule {
    /// For metadata requests whose path begins so; lower and upper case are the same.
    pub fn imds(path_prefix: impl AsRef<str>) -> Self {
        Self::new(FaultyServer::Imds, path_prefix.as_ref())
    }

    /// For requests to Resource Manager whose path begins so; lower and upper case are the same.
    pub fn arm(path_prefix: impl AsRef<str>) -> Self {
        Self::new(FaultyServer::Arm, path_prefix.as_ref())
    }

    fn new(server: FaultyServer, path_prefix: &str) -> Self {
        Self(Ok(Fault {
            server,
            path_prefix: path_prefix.to_ascii_lowercase(),
            method: None,
            hits_unmarked: false,
            per_million: 1_000_000,
            times: None,
            seconds: None,
            reply: None,
            delay: Duration::ZERO,
            wire: None,
        }))
    }

    /// From JSON with the members of a scenario's `[[fault]]`.
    pub(crate) fn from_json(text: &str) -> Self {
        let fault = crate::scenario::fault_from_json(text);
        Self(fault.map_err(|error| ChangeError::new(error.to_string())))
    }

    /// Answers this status, with an empty body at first.
    pub fn with_status(self, status: u16) -> Self {
        self.map(|fault| reply_of(fault).status = status)
    }

    /// Answers this body; the status is 200 unless it is set.
    pub fn with_body(self, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        let (content_type, body) = (content_type.into(), body.into());
        self.map(|fault| {
            let reply = reply_of(fault);
            (reply.content_type, reply.body) = (content_type, body);
        })
    }

    /// Adds the header `Retry-After`.
    pub fn with_retry_after_secs(self, secs: u32) -> Self {
        self.map(|fault| reply_of(fault).retry_after_secs = Some(secs))
    }

    /// Answers so much later, in real time.
    pub fn with_delay(self, delay: Duration) -> Self {
        self.map(|fault| fault.delay = delay)
    }

    /// Sends the answer byte by byte, with this pause after each.
    pub fn with_drip(self, pause: Duration) -> Self {
        self.map(|fault| fault.wire = Some(WireFault::Drip(pause)))
    }

    /// Resets the connection in place of an answer.
    pub fn with_reset(self) -> Self {
        self.map(|fault| fault.wire = Some(WireFault::Reset))
    }

    /// Sends half of the body and ends the connection.
    pub fn with_truncation(self) -> Self {
        self.map(|fault| fault.wire = Some(WireFault::Truncate))
    }

    /// Announces half of the body's length and sends all of it.
    pub fn with_wrong_length(self) -> Self {
        self.map(|fault| fault.wire = Some(WireFault::WrongLength))
    }

    /// Sends what is no HTTP.
    pub fn with_garbage(self) -> Self {
        self.map(|fault| fault.wire = Some(WireFault::Garbage))
    }

    /// Ends after so many requests.
    pub fn with_times(self, times: u32) -> Self {
        self.map(|fault| fault.times = Some(times))
    }

    /// Ends so many simulated seconds after the first request that it covers.
    pub fn with_seconds(self, seconds: u32) -> Self {
        self.map(|fault| fault.seconds = Some(seconds))
    }

    /// Hits so many of a million requests.
    pub fn with_chance_per_million(self, per_million: u32) -> Self {
        self.map(|fault| fault.per_million = per_million)
    }

    /// Only requests with this method.
    pub fn with_method(self, method: impl Into<String>) -> Self {
        let method = method.into();
        self.map(|fault| fault.method = Some(method))
    }

    /// Metadata requests without the `Metadata` header, too: without this they get their 400.
    pub fn with_unmarked(self) -> Self {
        self.map(|fault| fault.hits_unmarked = true)
    }

    pub(crate) fn checked(self) -> Result<Fault, ChangeError> {
        let fault = self.0?;
        let status = fault.reply.as_ref().map_or(200, |reply| reply.status);
        if !fault.path_prefix.starts_with('/') || !(200..=599).contains(&status) {
            let message =
                "a fault has a path that starts with a slash, and a status from 200 to 599";
            return Err(ChangeError::new(message));
        }
        if fault.reply.is_none() && fault.wire.is_none() && fault.delay.is_zero() {
            return Err(ChangeError::new("the fault does nothing"));
        }
        Ok(fault)
    }

    fn map(mut self, change: impl FnOnce(&mut Fault)) -> Self {
        if let Ok(fault) = &mut self.0 {
            change(fault);
        }
        self
    }
}

fn reply_of(fault: &mut Fault) -> &mut FaultReply {
    fault.reply.get_or_insert_with(|| FaultReply {
        status: 200,
        retry_after_secs: None,
        content_type: "text/plain; charset=utf-8".to_owned(),
        body: String::new(),
    })
}

/// What is answered in place of the genuine answer.
#[derive(Clone, Debug)]
pub(crate) struct FaultReply {
    pub(crate) status: u16,
    pub(crate) retry_after_secs: Option<u32>,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Which server a fault belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultyServer {
    Arm,
    Imds,
}

impl FaultyServer {
    fn covers(self, server: Server) -> bool {
        match self {
            Self::Arm => server.is_arm(),
            Self::Imds => server == Server::Imds,
        }
    }
}

/// What a request is to faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Struck<'a> {
    pub(crate) server: Server,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// False for a request to IMDS without the Metadata header.
    pub(crate) is_marked: bool,
    pub(crate) elapsed: Duration,
}

/// What a fault does to one request.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) reply: Option<Reply>,
    pub(crate) effect: Effect,
}

/// Each fault with what became of it so far.
#[derive(Debug)]
pub(crate) struct Faults(RwLock<Vec<(Fault, Mutex<Progress>)>>);

#[derive(Debug, Default)]
struct Progress {
    /// When the first request met this fault, counted from the simulator's start.
    first: Option<Duration>,
    hits: u32,
}

impl Faults {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let fresh = |fault: &Fault| (fault.clone(), Mutex::default());
        Self(RwLock::new(faults.iter().map(fresh).collect()))
    }

    /// A further fault. Those that were there before go first.
    ///
    /// False when there are too many.
    pub(crate) fn add(&self, fault: Fault) -> bool {
        let mut faults = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let fits = faults.len() < MAX_FAULTS;
        if fits {
            faults.push((fault, Mutex::default()));
        }
        fits
    }

    pub(crate) fn clear(&self) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// What the first fault that covers this request and is not over does to it.
    pub(crate) fn strike(&self, request: Struck<'_>, random: &Random) -> Option<Strike> {
        let faults = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            return None;
        }
        let path = request.path.to_ascii_lowercase();
        let mut matching = faults
            .iter()
            .filter(|(fault, _)| fault.covers(request, &path));
        let (fault, _) = matching.find(|(fault, progress)| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.strikes(fault, request.elapsed, random)
        })?;
        Some(Strike {
            reply: fault.reply.as_ref().map(FaultReply::reply),
            effect: Effect {
                delay: fault.delay,
                wire: fault.wire,
            },
        })
    }
}

impl Fault {
    fn covers(&self, request: Struck<'_>, path: &str) -> bool {
        let is_method = |method: &String| request.method.as_str().eq_ignore_ascii_case(method);
        self.server.covers(request.server)
            && path.starts_with(&self.path_prefix)
            && self.method.as_ref().is_none_or(is_method)
            && (request.is_marked || self.hits_unmarked)
    }
}

impl FaultReply {
    fn reply(&self) -> Reply {
        let reply = Reply::new(self.status, &self.content_type, self.body.clone());
        match self.retry_after_secs {
            Some(secs) => reply.with_header("retry-after", secs.to_string()),
            None => reply,
        }
    }
}

impl Progress {
    fn strikes(&mut self, fault: &Fault, elapsed: Duration, random: &Random) -> bool {
        let first = *self.first.get_or_insert(elapsed);
        let is_over = fault.times.is_some_and(|times| self.hits >= times)
            || fault.seconds.is_some_and(|secs| {
                elapsed.saturating_sub(first) >= Duration::from_secs(secs.into())
            });
        let strikes = !is_over && random.chance(fault.per_million);
        if strikes {
            self.hits = self.hits.saturating_add(1);
        }
        strikes
    }
}

/// So that no sequence of admin calls fills the memory.
const MAX_FAULTS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(times: Option<u32>, seconds: Option<u32>) -> Fault {
        Fault {
            server: FaultyServer::Imds,
            path_prefix: "/metadata/identity".to_owned(),
            method: None,
            hits_unmarked: false,
            per_million: 1_000_000,
            times,
            seconds,
            reply: Some(FaultReply {
                status: 410,
                retry_after_secs: Some(7),
                content_type: "text/plain".to_owned(),
                body: String::new(),
            }),
            delay: Duration::ZERO,
            wire: None,
        }
    }

    fn faults(times: Option<u32>, seconds: Option<u32>) -> Faults {
        Faults::new(&[fault(times, seconds)])
    }

    fn request(path: &str, secs: u64) -> Struck<'_> {
        Struck {
            server: Server::Imds,
            method: &Method::GET,
            path,
            is_marked: true,
            elapsed: Duration::from_secs(secs),
        }
    }

    fn strike(faults: &Faults, request: Struck<'_>) -> Option<Strike> {
        faults.strike(request, &Random::new(Some(1)).unwrap())
    }

    fn strikes(faults: &Faults, secs: u64) -> bool {
        strike(faults, request("/Metadata/identity/oauth2/token", secs)).is_some()
    }

    #[test]
    fn a_counted_fault_ends_after_its_count() {
        let faults = faults(Some(2), None);
        assert_eq!(
            [0, 90, 91].map(|secs| strikes(&faults, secs)),
            [true, true, false]
        );
        faults.add(fault(Some(1), None));
        assert!(strikes(&faults, 92) && !strikes(&faults, 93));
        faults.add(fault(None, None));
        faults.clear();
        assert!(!strikes(&faults, 94));
    }

    #[test]
    fn a_timed_fault_counts_from_the_first_request_it_met() {
        let faults = faults(None, Some(3));
        assert_eq!(
            [100, 102, 103, 104].map(|secs| strikes(&faults, secs)),
            [true, true, false, false]
        );
    }

    #[test]
    fn a_fault_without_end_has_no_end_and_leaves_others_alone() {
        let faults = faults(None, None);
        assert!(strikes(&faults, 0) && strikes(&faults, 1_000_000));
        let (versions, identity) = ("/metadata/versions", "/metadata/identity");
        let other_server = Struck {
            server: Server::ArmHttps,
            ..request(identity, 0)
        };
        let unmarked = Struck {
            is_marked: false,
            ..request(identity, 0)
        };
        for spared in [request(versions, 0), other_server, unmarked] {
            assert!(strike(&faults, spared).is_none(), "{spared:?}");
        }
        let mut any = fault(None, None);
        any.hits_unmarked = true;
        any.method = Some("get".to_owned());
        assert!(strike(&Faults::new(&[any.clone()]), unmarked).is_some());
        any.method = Some("POST".to_owned());
        assert!(strike(&Faults::new(&[any]), unmarked).is_none());
    }

    #[test]
    fn a_probable_fault_hits_the_same_requests_with_the_same_seed() {
        let run = || {
            let mut half = fault(None, None);
            half.per_million = 500_000;
            let (faults, random) = (Faults::new(&[half]), Random::new(Some(3)).unwrap());
            let hit = |_| {
                let request = request("/metadata/identity", 0);
                faults.strike(request, &random).is_some()
            };
            (0..100).map(hit).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!(first.contains(&true) && first.contains(&false));
    }

    #[test]
    fn retry_after_is_sent_when_the_fault_has_one() {
        let strike = strike(&faults(None, None), request("/metadata/identity", 0)).unwrap();
        let reply = strike.reply.unwrap();
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (410, Some("7"))
        );
    }

    #[test]
    fn faults_do_not_fill_the_memory() {
        let faults = Faults::new(&[]);
        let added = (0..2 * MAX_FAULTS).filter(|_| faults.add(fault(None, None)));
        assert_eq!(added.count(), MAX_FAULTS);
    }
}
