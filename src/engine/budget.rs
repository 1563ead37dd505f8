//! Room for messages in all conversations together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many more messages may be kept of those that rules look at one by one, and what is held. Copies share both.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageBudget(Arc<Room>);

#[derive(Debug, Default)]
struct Room {
    /// Messages.
    left: AtomicUsize,
    /// Bytes.
    held: AtomicUsize,
}

impl MessageBudget {
    /// Room for so many.
    pub(super) fn new(messages: usize) -> Self {
        Self(Arc::new(Room { left: AtomicUsize::new(messages), held: AtomicUsize::default() }))
    }

    /// There is room for so many from now on, whatever was taken before.
    pub(super) fn reset(&self, messages: usize) {
        self.0.left.store(messages, Ordering::Relaxed);
    }

    /// Takes room for one; false if there is none left.
    pub(super) fn take(&self) -> bool {
        self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// So many more bytes are held.
    pub(super) fn hold(&self, bytes: usize) {
        // It wraps where less is held than before, and else only at more bytes than a machine has.
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes less are held.
    pub(super) fn release(&self, bytes: usize) {
        self.hold(bytes.wrapping_neg());
    }

    /// Bytes that are held, as far as somebody said so.
    pub(super) fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Counted again: so many bytes are held.
    pub(super) fn set_held(&self, bytes: usize) {
        self.0.held.store(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_what_is_left() {
        let budget = MessageBudget::new(2);
        let copy = budget.clone();
        assert!(budget.take() && copy.take());
        assert!(!budget.take() && !copy.take());
        assert!(!MessageBudget::default().take());
        copy.reset(1);
        assert!(budget.take() && !copy.take());
        copy.hold(5);
        budget.hold(2);
        copy.release(3);
        assert_eq!(copy.held(), 4);
        copy.set_held(1);
        assert_eq!(budget.held(), 1);
    }
}
