//! Room for messages in all conversations together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many more messages may be kept of those that rules look at one by one. Copies share the count.
#[derive(Debug, Clone, Default)]
pub(super) struct MessageBudget(Arc<AtomicUsize>);

impl MessageBudget {
    /// Room for so many.
    pub(super) fn new(messages: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(messages)))
    }

    /// There is room for so many from now on, whatever was taken before.
    pub(super) fn reset(&self, messages: usize) {
        self.0.store(messages, Ordering::Relaxed);
    }

    /// Takes room for one; false if there is none left.
    pub(super) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
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
    }
}
