//! A caller that goes away takes nothing away from the others.

use crate::support::{
    LIMIT, audience, identity, imds_requests, start, start_with, until_imds_answered,
};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs the future up to its first wait, and drops it.
fn start_and_drop<F: Future>(future: F) {
    let mut future = pin!(future);
    let poll = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending(), "nothing can be there yet");
}

#[tokio::test]
async fn the_fetch_outlives_its_only_caller() {
    let simulator = start("healthy").await;
    let identity = identity(&simulator);
    start_and_drop(identity.token(&audience()));
    until_imds_answered(&simulator, 1).await;
    let token = identity.token(&audience()).await.unwrap();
    assert_eq!(simulator.issued_tokens(), [token.secret().expose()]);
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[tokio::test]
async fn dropping_the_caller_that_started_the_fetch_leaves_the_others_waiting_for_it() {
    // The second try of the same fetch brings the token.
    let simulator = start_with(
        "[[fault]]\nserver = \"imds\"\npath_prefix = \"/metadata\"\nstatus = 404\ntimes = 1\nbody = \"wait\"",
    )
    .await;
    let identity = identity(&simulator);
    let (audience, mut context) = (audience(), Context::from_waker(Waker::noop()));
    let mut first = Box::pin(identity.token(&audience));
    assert!(matches!(first.as_mut().poll(&mut context), Poll::Pending));
    let mut others: Vec<_> = (0..3)
        .map(|_| Box::pin(identity.token(&audience)))
        .collect();
    for other in &mut others {
        assert!(matches!(other.as_mut().poll(&mut context), Poll::Pending));
    }
    drop(first);
    drop(others.pop());
    let mut tokens = Vec::new();
    for other in others {
        tokens.push(tokio::time::timeout(LIMIT, other).await.unwrap().unwrap());
    }
    assert!(std::ptr::eq(&*tokens[0], &*tokens[1]));
    let statuses: Vec<_> = imds_requests(&simulator)
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [404, 200]);
}

#[tokio::test]
async fn dropping_the_identity_does_not_stop_a_call() {
    let simulator = start("healthy").await;
    let call = tokio::spawn({
        let identity = identity(&simulator);
        async move { identity.token(&audience()).await }
    });
    let token = tokio::time::timeout(LIMIT, call)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(simulator.issued_tokens(), [token.secret().expose()]);
}
