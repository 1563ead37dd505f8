//! Who was shown tokens, and which refusals doubt a token that may well be good.

use super::{Channel, KnownToken, Showing};
use crate::facts::Case;
use crate::facts::grouping::group_by;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;

/// A server to which tokens are shown: protocol, address, name.
pub(crate) type Consumer<'s> = (Discriminant<Channel>, IpAddr, &'s str);

/// Key of a consumer, for groups.
pub(crate) fn consumer<'s>(showing: &'s Showing<'_>) -> Consumer<'s> {
    (discriminant(&showing.channel), showing.server.ip, &showing.host)
}

/// Showings to one consumer belong together.
pub(crate) fn by_consumer<'s, 'a: 's>(
    showings: impl IntoIterator<Item = &'s Showing<'a>>,
) -> Vec<Vec<&'s Showing<'a>>> {
    group_by(showings, |showing| consumer(showing))
}

/// Refusals that doubt a token which may well be good: genuine, one of each name, within its time by all that can be read,
/// and not accepted by the same consumer at another time.
pub(crate) fn unexplained<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = &'c Showing<'a>> {
    let tokens = case.tokens();
    tokens.showings().iter().filter(move |showing| {
        showing.is_doubted()
            && showing.genuine().next().is_some()
            && !showing.is_ambiguous()
            && showing.genuine().all(|known| is_timely(case, showing, known))
            && !tokens.was_accepted_elsewhen(showing)
    })
}

/// Nothing that can be read speaks against the time of that token.
pub(crate) fn is_timely(case: &Case<'_>, showing: &Showing<'_>, known: &KnownToken<'_>) -> bool {
    let now = judged_at(case, showing);
    let ahead = case.settings.thresholds.token_skew.whole_seconds();
    known.expires().is_none_or(|end| end >= now)
        && known.token.created.is_none_or(|created| created <= now.saturating_add(ahead))
}

/// The time by which a token is judged, in seconds since 1970: as the user wishes, else packet time.
pub(crate) fn judged_at(case: &Case<'_>, showing: &Showing<'_>) -> i64 {
    case.settings.now.unwrap_or(showing.at.time).whole_seconds()
}
