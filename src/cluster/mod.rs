//! What is known of the cluster: who the nodes are and which slots they own.
//!
//! Pure: no sockets, no clocks. The data path sees an immutable [`ClusterView`]; who makes new ones (hand-set
//! slots now) is none of its business.

pub mod render;
pub mod view;

pub use view::{ClusterView, Member, NodeId, ViewCell};
