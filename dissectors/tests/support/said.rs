//! What a side said, so that it can be compared however the bytes came: apart from the rest, because only some tests need it.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Side, http};

/// The messages of a side. Behind nonsense, HTTP pairs messages in the order in which they came: then without their numbers.
pub(crate) fn said(driver: &Driver, side: Side) -> Vec<Message> {
    let strayed = driver.messages.iter().any(|(_, message)| message.kind() == "http.malformed");
    let plain = |message: &Message| match message {
        Message::Http(http) if strayed => {
            Message::Http(Box::new(http::Message { exchange: None, ..http.as_ref().clone() }))
        }
        other => other.clone(),
    };
    driver.messages.iter().filter(|(from, _)| *from == side).map(|(_, message)| plain(message)).collect()
}
