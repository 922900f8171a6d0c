//! What a program may do with the types: share them, move them between threads, and keep them in structs.

use azvm_identity::{
    AccessToken, Builder, Error, Hint, ManagedIdentity, ResourceManager, ResourceManagerBuilder,
    Token, TokenSource,
};
use std::fmt::Debug;

#[test]
fn all_types_travel_between_threads() {
    fn check<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}
    check::<AccessToken>();
    check::<Builder>();
    check::<Error>();
    check::<Hint>();
    check::<ManagedIdentity>();
    check::<ResourceManager>();
    check::<ResourceManagerBuilder>();
    check::<TokenSource>();
}

#[test]
fn a_token_from_memory_travels_too() {
    fn check<T: Debug + Send + Sync + Unpin + 'static>() {}
    check::<Token>();
}

#[test]
fn futures_may_be_spawned() {
    fn check<T: Send>(_: T) {}
    let identity = ManagedIdentity::system();
    let audience = crate::support::audience();
    check(identity.token(&audience)); // never polled: nothing is sent
    check(identity.audience(&audience).token());
}

#[test]
fn a_hint_is_one_line() {
    for hint in [
        Hint::AssignIdentity,
        Hint::ChooseIdentity,
        Hint::CheckAudience,
        Hint::CheckClock,
        Hint::CheckNetwork,
        Hint::CheckRole,
        Hint::CheckResponder,
        Hint::CheckRuntime,
        Hint::ShareTokens,
    ] {
        let text = hint.text();
        assert!(
            !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
            "{text}"
        );
    }
}
