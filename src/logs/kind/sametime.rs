//! Sametime: traces of the community server, and sametime.log.

use super::Frame;
use crate::logs::form::{packed, without_year};
use crate::model::LogKind;

/// `101117_095933.869,INF,Users   ,text`: time, level, module; no zone.
pub(super) fn trace(line: &str) -> Option<Frame<'_>> {
    if line.as_bytes().get(6) != Some(&b'_') {
        return None;
    }
    let mut parts = line.splitn(4, ',');
    let (time, level, module, message) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let sane = (1..=8).contains(&level.trim().len()) && module.len() <= 32;
    Some(Frame::timed(LogKind::Stusers, packed(time).filter(|_| sane)?, message))
}

/// The line begins with the time of a trace, and was cut behind it.
pub(super) fn begins(line: &str) -> bool {
    line.split(',').next().is_some_and(|time| time.len() == 17 && packed(time).is_some())
}

/// `I Server       13/May, 07:01:30 Logged in to server 10.1.0.8`: level, component, day and month; no year, no zone.
pub(super) fn log(line: &str) -> Option<Frame<'_>> {
    let (level, rest) = line.split_at_checked(1)?;
    let component = rest.strip_prefix(' ').filter(|_| level.bytes().all(|b| b.is_ascii_uppercase()))?;
    let comma = component.get(..component.len().min(40)).unwrap_or(component).find(", ")?;
    let (before, behind) = component.split_at_checked(comma)?;
    let (_, date) = before.trim_end().rsplit_once(' ')?;
    let (day, month) = date.split_once('/')?;
    let clock = behind.get(2..10)?;
    let start = line.find(date)?;
    let length = date.len().saturating_add(2).saturating_add(clock.len());
    let text = line.get(start..start.saturating_add(length))?;
    Some(Frame::timed(LogKind::SametimeLog, without_year(text, month, day, clock)?, behind.get(10..)?.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::model::LogKind;

    #[test]
    fn both_forms() {
        let found = Frame::of("101117_095933.869,FTL,LDAP Aut,token, gone").unwrap();
        assert_eq!((found.kind, found.message), (LogKind::Stusers, "token, gone"));
        assert_eq!(found.at.unwrap().time.to_string(), "2010-11-17T09:59:33.869Z");
        let found = Frame::of("E Server       13/May, 07:01:30 Logged in to server 10.1.0.8").unwrap();
        assert_eq!((found.kind, found.message), (LogKind::SametimeLog, "Logged in to server 10.1.0.8"));
        assert_eq!(found.at.unwrap().text, "13/May, 07:01:30");
        for line in
            ["101117_095933,INF,Users,x", "101317_095933.869,INF,Users,x", "101117_095933.869", "I am, 07:01:30 x"]
        {
            assert_eq!(Frame::of(line), None, "{line}");
        }
    }
}
