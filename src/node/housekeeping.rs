//! What a node does ten times a second whatever its clients do: measure, and close idle connections.

use super::meters::Sample;
use super::{Node, memory, now_ms};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Time between rounds.
const PERIOD: Duration = Duration::from_millis(100);
/// Rounds between two looks for idle connections: one second.
const IDLE_ROUNDS: u32 = 10;

/// Keeps house until `stop` turns true.
pub(super) async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    let rounds = async {
        crate::memory::correct_now(memory::used_bytes);
        node.meters.startup_bytes.store(crate::memory::used(), Relaxed);
        let mut round = 0u32;
        loop {
            measure(&node);
            round = round.wrapping_add(1);
            if round.is_multiple_of(IDLE_ROUNDS) {
                close_idle(&node);
            }
            tokio::time::sleep(PERIOD).await;
        }
    };
    tokio::select! {
        () = rounds => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

fn measure(node: &Node) {
    let totals = node.stats.totals();
    node.meters.sample(Sample {
        at: Instant::now(),
        requests: totals.requests,
        input_bytes: totals.input_bytes,
        output_bytes: totals.output_bytes,
    });
    crate::memory::correct(memory::used_bytes);
    node.meters.note_memory(crate::memory::used());
}

/// `timeout`: clients that said nothing for so long are closed.
fn close_idle(node: &Node) {
    let timeout_s = node.config.load().timeout_s;
    if timeout_s == 0 {
        return;
    }
    let since_ms = now_ms().saturating_sub_unsigned(timeout_s.saturating_mul(1000));
    for client in node.clients.list() {
        if client.active_ms.load(Relaxed) < since_ms && !client.is_held() && !client.is_subscribed() {
            tracing::debug!("client {} closed: idle", client.id);
            client.kill();
        }
    }
}
