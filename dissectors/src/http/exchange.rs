//! Which response answers which request: by their numbers in each direction, so that it does not matter which direction is
//! read first. Only where messages may be missing (behind a gap or nonsense, or in front of the capture) does the order in which
//! they came count: a response then answers the oldest request since, if there is one.

/// Numbers of one conversation.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    requests: u32,
    responses: u32,
    /// Messages may be missing: the two numbers need not belong together.
    unsure: bool,
    /// While unsure: requests since, not yet answered.
    waiting: u32,
}

impl Exchanges {
    /// Messages are missing, nobody knows how many.
    pub(super) fn lose(&mut self) {
        self.unsure = true;
        self.waiting = 0;
    }

    /// Something was there that is no message. What was asked and not answered is still to be answered.
    pub(super) fn stray(&mut self) {
        if !self.unsure {
            self.unsure = true;
            self.waiting = self.requests.saturating_sub(self.responses);
        }
    }

    /// Number of the request that comes now.
    pub(super) fn request(&mut self) -> u32 {
        if self.unsure {
            self.requests = self.requests.max(self.responses);
            self.waiting = self.waiting.saturating_add(1);
        }
        self.requests = self.requests.saturating_add(1);
        self.requests
    }

    /// Number of the exchange that the response belongs to that comes now. An interim response (1xx) does not complete it.
    pub(super) fn response(&mut self, is_final: bool) -> Option<u32> {
        let number = if self.unsure {
            let behind = self.waiting.checked_sub(1)?;
            self.requests.saturating_sub(behind)
        } else {
            self.responses.saturating_add(1)
        };
        if is_final {
            self.responses = number;
            self.waiting = self.waiting.saturating_sub(1);
            self.unsure = self.unsure && number != self.requests;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_direction_first() {
        let mut exchanges = Exchanges::default();
        assert_eq!(
            [exchanges.response(true), exchanges.response(false), exchanges.response(true)],
            [Some(1), Some(2), Some(2)]
        );
        assert_eq!([exchanges.request(), exchanges.request(), exchanges.request()], [1, 2, 3]);
        assert_eq!(exchanges.response(true), Some(3));
    }

    #[test]
    fn behind_a_gap_the_next_request_puts_it_right() {
        let mut exchanges = Exchanges::default();
        exchanges.request();
        exchanges.lose();
        assert_eq!(exchanges.response(true), None);
        assert_eq!((exchanges.request(), exchanges.response(false), exchanges.response(true)), (2, Some(2), Some(2)));
        assert_eq!((exchanges.response(true), exchanges.request()), (Some(3), 3));
    }

    #[test]
    fn pipelined_requests_behind_a_gap() {
        let mut exchanges = Exchanges::default();
        exchanges.lose();
        assert_eq!([exchanges.request(), exchanges.request()], [1, 2]);
        assert_eq!(
            [exchanges.response(true), exchanges.response(true), exchanges.response(true)],
            [Some(1), Some(2), Some(3)]
        );
    }

    #[test]
    fn nonsense_does_not_cancel_what_was_asked() {
        let mut exchanges = Exchanges::default();
        assert_eq!([exchanges.request(), exchanges.request()], [1, 2]);
        assert_eq!(exchanges.response(true), Some(1));
        exchanges.stray();
        assert_eq!((exchanges.response(true), exchanges.response(true), exchanges.request()), (Some(2), Some(3), 3));
        exchanges.stray();
        assert_eq!((exchanges.response(true), exchanges.request(), exchanges.response(true)), (None, 4, Some(4)));
    }

    #[test]
    fn a_number_is_not_given_twice() {
        let mut exchanges = Exchanges::default();
        assert_eq!([exchanges.response(true), exchanges.response(true)], [Some(1), Some(2)]);
        exchanges.lose();
        assert_eq!((exchanges.request(), exchanges.response(true)), (3, Some(3)));
    }
}
