//! Whether what answers at IMDS's address is IMDS, or stands in for it, by all that it said.
//!
//! The request without the header tells at once as a rule. A stand-in may know no such answer, and still hand out tokens to
//! whoever asks with the header; and any server may stumble over one request. So an answer that has no stranger's mark
//! leaves open who is there, and the questions with the header decide.

use crate::facts::{Call, ImdsFacts, ProbeAnswer, Trouble};
use crate::rules::cloud;
use azvm_exchange::FailureKind;
use azvm_imds::{ProtocolError, Responder};

type Probe = Call<ProbeAnswer, ProtocolError>;

/// True when the request without the header was answered as IMDS or its restarting front answers.
pub(crate) fn is_imds(probe: Option<&Probe>) -> bool {
    responder(probe).is_some_and(Responder::is_azure)
}

/// True when it was answered by nobody who is known, or not at all over a connection that came about: a question with the
/// header, which harms nobody, tells more. What is silent is not asked again, for want of time.
///
/// The Guest Proxy Agent is known by very little. A redirection, and a page in the place of an error, are a stranger's.
pub(crate) fn is_open(probe: Option<&Probe>) -> bool {
    let Some(call) = probe else { return false };
    match &call.answer {
        Ok(answer) => match answer.responder {
            Responder::GuestProxyAgent => true,
            Responder::Unknown => answer.status >= 400 && cloud(answer).is_none(),
            _ => false,
        },
        Err(Trouble::Silent(failure)) => {
            matches!(failure.kind, FailureKind::Closed | FailureKind::Reset)
        }
        Err(Trouble::Refused(_)) => false,
    }
}

/// True when it was answered as IMDS answers in an update, without a name or a word: other servers have resources that are
/// gone as well.
pub(crate) fn may_be_updating(probe: Option<&Probe>) -> bool {
    let answer = probe.and_then(|call| call.answer.as_ref().ok());
    answer.is_some_and(|it| {
        it.status == 410 && it.server.is_none() && it.rejection.description().is_none()
    })
}

/// True when any answer is that of IMDS or of a stand-in.
pub(crate) fn is_known(imds: &ImdsFacts) -> bool {
    is_imds(imds.probe.as_ref()) || is_vouched_for(imds)
}

/// True when the request without the header left open who is there, and the one for a token was answered as IMDS answers.
/// Another path tells nothing: the Guest Proxy Agent and AAD Pod Identity take some and pass on the rest.
pub(crate) fn is_vouched_for(imds: &ImdsFacts) -> bool {
    let by_token = imds.token.as_ref().is_some_and(|call| match &call.answer {
        Ok(_) => true,
        Err(Trouble::Refused(ProtocolError::Rejected(it))) => it.responder().is_imds(),
        Err(Trouble::Refused(ProtocolError::IgnoredSelector(_))) => true,
        Err(_) => false,
    });
    by_token && is_open(imds.probe.as_ref())
}

/// True for a server that is known, and whose answers have no mark of IMDS: one more without any is its own.
pub(crate) fn is_unsigned(imds: &ImdsFacts) -> bool {
    responder(imds.probe.as_ref()) == Some(Responder::ImdsLike) || is_vouched_for(imds)
}

fn responder(probe: Option<&Probe>) -> Option<Responder> {
    let answer = probe?.answer.as_ref().ok()?;
    Some(answer.responder)
}
