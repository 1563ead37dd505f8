//! Lines of server logs, in the forms their products write: Sametime's STUsers trace, WebSphere's SystemOut.log, and the
//! console of a Domino server.
//!
//! A log has a clock of its own. All forms here run in Central European winter time, an hour ahead of the captures' GMT;
//! SystemOut.log says so, the others do not. The texts of messages are the products' own, as published.

use std::fmt::Write;

use crate::time::{MILLISECOND, SECOND, civil};

/// How far local time is ahead of GMT.
const ZONE: u64 = 3600 * SECOND;

/// A trace of the community server's users component: `yymmdd_hhmmss.mmm,LEVEL,MODULE,text`.
///
/// The level says little: FTL stands before ordinary steps as well.
#[derive(Debug, Clone, Default)]
pub struct StUsers {
    at: u64,
    text: String,
}

impl StUsers {
    /// What follows is written at this time: nanoseconds since 1970, GMT.
    pub const fn at(&mut self, at: u64) -> &mut Self {
        self.at = at;
        self
    }

    /// What follows is written so many milliseconds later.
    pub const fn wait(&mut self, ms: u64) -> &mut Self {
        self.at += ms * MILLISECOND;
        self
    }

    /// A message of this component; its own line breaks begin lines without a stamp.
    pub fn info(&mut self, module: &str, text: &str) -> &mut Self {
        self.line("INF", module, text)
    }

    /// A message that is marked fatal.
    pub fn fatal(&mut self, module: &str, text: &str) -> &mut Self {
        self.line("FTL", module, text)
    }

    fn line(&mut self, level: &str, module: &str, text: &str) -> &mut Self {
        let at = civil(self.at + ZONE);
        let _ = writeln!(
            self.text,
            "{:02}{:02}{:02}_{:02}{:02}{:02}.{:03},{level},{module:<8.8},{text}",
            at.year % 100,
            at.month,
            at.day,
            at.hour,
            at.minute,
            at.second,
            at.millisecond
        );
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        self.text.clone()
    }
}

/// WebSphere's SystemOut.log: `[M/D/YY H:MM:SS:mmm CET] thread component E text`.
#[derive(Debug, Clone, Default)]
pub struct SystemOut(String);

impl SystemOut {
    /// A line of this time (nanoseconds since 1970, GMT), thread, component and event letter.
    pub fn line(&mut self, at: u64, thread: u32, component: &str, event: char, text: &str) -> &mut Self {
        let at = civil(at + ZONE);
        let _ = writeln!(
            self.0,
            "[{}/{}/{:02} {}:{:02}:{:02}:{:03} CET] {thread:08x} {component:<13.13} {event} {text}",
            at.month,
            at.day,
            at.year % 100,
            at.hour,
            at.minute,
            at.second,
            at.millisecond
        );
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        self.0.clone()
    }
}

/// A Domino server's console.log: `[process:thread-thread] MM/DD/YYYY HH:MM:SS PM  text`.
#[derive(Debug, Clone, Default)]
pub struct Console(String);

impl Console {
    /// A line of this time (nanoseconds since 1970, GMT).
    pub fn line(&mut self, at: u64, text: &str) -> &mut Self {
        let at = civil(at + ZONE);
        let (half, hour) = if at.hour < 12 { ("AM", at.hour) } else { ("PM", at.hour - 12) };
        let _ = writeln!(
            self.0,
            "[0A3C:0002-0B10] {:02}/{:02}/{} {:02}:{:02}:{:02} {half}  {text}",
            at.month,
            at.day,
            at.year,
            if hour == 0 { 12 } else { hour },
            at.minute,
            at.second
        );
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::utc;

    /// The first of `stusers-sample.txt` in form; local time is an hour ahead.
    #[test]
    fn a_line_of_stusers_has_the_published_form() {
        let mut log = StUsers::default();
        log.at(utc(2010, 11, 17) + (8 * 3600 + 59 * 60 + 33) * SECOND).wait(869);
        log.info("Users", "one").fatal("LDAP Authentication", "two\nthree");
        assert_eq!(log.text(), "101117_095933.869,INF,Users   ,one\n101117_095933.869,FTL,LDAP Aut,two\nthree\n");
    }

    /// As published: `[2/11/14 18:08:43:660 GMT] 000000a7 LdapPasswordS I LdapPasswordServer  CWSCT0359I: …`.
    #[test]
    fn a_line_of_system_out_has_the_published_form() {
        let at = utc(2014, 2, 11) + (17 * 3600 + 8 * 60 + 43) * SECOND + 660 * MILLISECOND;
        let mut log = SystemOut::default();
        log.line(at, 0xa7, "LdapPasswordServer", 'I', "text").line(at, 0xa7, "WsServerImpl", 'A', "text");
        assert_eq!(
            log.text(),
            "[2/11/14 18:08:43:660 CET] 000000a7 LdapPasswordS I text\n[2/11/14 18:08:43:660 CET] 000000a7 WsServerImpl  A text\n"
        );
    }

    #[test]
    fn a_line_of_the_console_has_the_published_form() {
        let noon = utc(2014, 2, 11) + 11 * 3600 * SECOND;
        let mut log = Console::default();
        log.line(noon, "one")
            .line(noon + (6 * 3600 + 8 * 60 + 43) * SECOND, "two")
            .line(noon - 12 * 3600 * SECOND, "three");
        assert_eq!(
            log.text(),
            "[0A3C:0002-0B10] 02/11/2014 12:00:00 PM  one\n[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  two\n\
             [0A3C:0002-0B10] 02/11/2014 12:00:00 AM  three\n"
        );
    }
}
