//! The `redis` crate's asynchronous cluster client against a whole cluster.
