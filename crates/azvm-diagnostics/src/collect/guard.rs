//! A panic in a part of a run, caught, so that the others go on and there is a report all the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The future's output, or `None` when it panicked. The panic's own words have gone to stderr by then.
///
/// # Cancel safety
///
/// That of the future.
pub(crate) async fn unless_it_panics<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // The future is not polled again after a panic, and what it borrows is only read by others.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_nothing_and_everything_else_is_itself() {
        let after_a_wait = async {
            tokio::task::yield_now().await;
            7
        };
        assert_eq!(unless_it_panics(after_a_wait).await, Some(7));
        let panics = async {
            tokio::task::yield_now().await;
            panic!("as planned")
        };
        assert_eq!(unless_it_panics(panics).await, None::<()>);
    }
}
