//! What the program wants of its node.

use std::sync::Arc;

use super::{Membership, Record, TagError, Time};

impl Membership {
    /// Sets a tag of this node. Others hear of it within a second or two.
    ///
    /// # Errors
    ///
    /// The tags would be too large; they are as they were.
    pub fn set_tag(&mut self, now: Time, name: &str, value: &str) -> Result<(), TagError> {
        if self.local.record.tags.get(name) == Some(value) {
            return Ok(());
        }
        let tags = self.local.record.tags.with(name, value)?;
        self.publish(now, |record| record.tags = tags);
        Ok(())
    }

    /// Removes a tag of this node, if it is there.
    pub fn remove_tag(&mut self, now: Time, name: &str) {
        if self.local.record.tags.get(name).is_some() {
            let tags = self.local.record.tags.without(name);
            self.publish(now, |record| record.tags = tags);
        }
    }

    /// Says that this node wants no new work, or that it wants some again.
    pub fn set_draining(&mut self, now: Time, draining: bool) {
        if self.local.record.draining != draining {
            self.publish(now, |record| record.draining = draining);
        }
    }

    /// Says that this node works badly, or that it works well again.
    pub fn set_degraded(&mut self, now: Time, degraded: bool) {
        if self.local.record.degraded != degraded {
            self.publish(now, |record| record.degraded = degraded);
        }
    }

    /// Changes this node's record and tells everybody.
    fn publish(&mut self, now: Time, change: impl FnOnce(&mut Record)) {
        self.observe(now);
        let mut record = Record::clone(&self.local.record);
        change(&mut record);
        record.version = record.version.saturating_add(1);
        self.local.record = Arc::new(record);
        self.out.version += 1;
        self.spread(now, self.local.key, true);
    }
}
