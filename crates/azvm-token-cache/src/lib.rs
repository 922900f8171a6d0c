//! A small async cache: one fetch for any number of waiters, two clocks, and no lock held across an await.
