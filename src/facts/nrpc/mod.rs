//! Notes sessions: how they opened, how they fell silent, which servers went down.

pub(crate) mod idle;
pub(crate) mod opening;
pub(crate) mod restarts;
mod talk;

pub(crate) use talk::Talk;
pub(crate) use talk::concerns_nrpc;

use crate::model::Endpoint;
use std::hash::Hash;
use std::net::IpAddr;

/// Puts conversations together that have the same key; order is kept, of the groups and in each of them.
pub(crate) fn group_by<'c, 'a: 'c, K: Hash + Eq>(
    talks: impl Iterator<Item = &'c Talk<'a>>,
    key: impl Fn(&Talk<'a>) -> K,
) -> Vec<Vec<&'c Talk<'a>>> {
    crate::facts::grouping::group_by(talks, |talk| key(talk))
}

/// Attempts of one client at one server for one name with one answer belong together: a key for [`group_by`].
pub(crate) fn attempt<'a>(talk: &Talk<'a>) -> (IpAddr, Endpoint, Option<&'a str>, Option<&'a str>) {
    (talk.conversation.client.ip, talk.conversation.server, talk.wanted(), talk.answered())
}
