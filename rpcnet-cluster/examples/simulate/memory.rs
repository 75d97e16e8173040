//! How much a node grows by each member that it learns of.

use std::{fs, sync::Arc};

use rpcnet_cluster::{
    membership::{Identity, Membership, Settings, Tags, Time},
    simulation::{address_of, node_id, scenarios::Report},
};

/// Lets one node learn of so many others, with 128 bytes of tags each, and asks the system what the process grew by.
pub(crate) fn memory(nodes: usize) -> Report {
    let mut report = Report::default();
    let newborn = |index: usize| {
        let tags = Tags::default().with("role", "worker").and_then(|tags| tags.with("note", &"x".repeat(110)));
        let identity = Identity {
            id: node_id(index),
            gossip_address: address_of(index),
            rpc_address: address_of(index),
            generation: 1_790_000_000_000,
            tags: tags.unwrap_or_default(),
        };
        Membership::new(Settings::default(), identity, 1, Time::ZERO)
    };
    let Ok(mut node) = newborn(0) else { return report };
    report.measure("tags of each member", node.local().tags.encoded_len() as f64, "B", None);
    let before = resident_bytes();
    // One after the other, and every record by itself: nothing is shared.
    for index in 1..nodes {
        let record = newborn(index).map(|other| Arc::clone(other.local()));
        node.restore(Time::ZERO, record);
    }
    let grown = resident_bytes() - before;
    report.measure("members", node.node_count() as f64, "", None);
    report.measure("for each member", grown / nodes as f64, "B", Some(1024.0));
    report
}

/// What the process has in memory; only Linux says so.
fn resident_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(f64::NAN);
    pages * 4096.0
}
