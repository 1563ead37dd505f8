//! Logs for tests of rules: lines with times, beside what happens on a network or alone.

use crate::diagnose::Settings;
use crate::logs::{Options, read};
use crate::model::{Analysis, Finding, Log, Source, Span};
use nrpcsniff_samples::Network;

/// A log of that content.
pub(crate) fn log(name: &str, text: &str) -> Log {
    read(name, text.as_bytes(), &Options::default())
}

/// A log whose clock is off by that many seconds.
pub(crate) fn log_with_offset(name: &str, text: &str, seconds: i64) -> Log {
    read(name, text.as_bytes(), &Options { offset: Some(Span::from_secs(seconds)), ..Options::default() })
}

/// Everything that all rules say of logs alone.
pub(crate) fn alone(texts: &[&str]) -> Vec<Finding> {
    let logs = texts.iter().map(|text| log("a.log", text)).collect();
    super::judged(&Analysis { logs, ..Analysis::default() }, &Settings::default())
}

/// Everything that all rules say of a capture with these logs.
pub(crate) fn beside(net: &Network, logs: Vec<Log>) -> Vec<Finding> {
    super::judged(&Analysis { logs, ..super::analysis(&net.to_pcapng()) }, &Settings::default())
}

/// Numbers of the lines that show it.
pub(crate) fn lines(finding: &Finding) -> Vec<u64> {
    finding.evidence.iter().filter_map(|fact| fact.line).map(|line| line.line).collect()
}

/// It rests on packets and on logs.
pub(crate) fn is_of_both(finding: &Finding) -> bool {
    let has = |source| finding.evidence.iter().any(|fact| fact.source == source);
    has(Source::Packet) && has(Source::Log) && !finding.frames.is_empty()
}

/// Some time, in nanoseconds since 1970.
pub(crate) const SOME_TIME: u64 = 1_741_595_400_000_000_000;

/// Lines of a Sametime trace at that time (nanoseconds since 1970), in UTC.
pub(crate) fn stusers(at: u64, lines: &[&str]) -> String {
    let time = written(at, "%y%m%d_%H%M%S");
    lines.iter().map(|line| format!("{time}.500,INF,LDAP Aut,{line}\n")).collect::<Vec<_>>().concat()
}

/// Lines of WebSphere's SystemOut.log at that time, in UTC.
pub(crate) fn systemout(at: u64, lines: &[&str]) -> String {
    let time = written(at, "%-m/%-d/%y %-H:%M:%S:500 UTC");
    lines.iter().map(|line| format!("[{time}] 000000a7 SIPDigestServ E   {line}\n")).collect::<Vec<_>>().concat()
}

/// Lines of a Domino console at that time, in UTC.
pub(crate) fn console(at: u64, lines: &[&str]) -> String {
    let time = written(at, "%m/%d/%Y %I:%M:%S %p");
    lines.iter().map(|line| format!("[0A3C:0002-0B10] {time}  {line}\n")).collect::<Vec<_>>().concat()
}

/// A login whose token does not verify.
pub(crate) fn not_verified(at: u64, user: &str) -> String {
    let lines = [
        &format!("VpUsrAuthenticate::handleCheckUser: authenticating user with loginName={user} by a single token"),
        "authenticating user by tokens",
        &format!("Starting auth by tokens for [{user}] in org[]"),
        "token verification failed. [4098]",
        "AuthTokenContext::authenticateBeforeDirSearch verifyTokenAndExtractUserId failed with reason 4098",
        "VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login",
    ];
    stusers(at, &lines)
}

/// A login whose token is good and whose user is found.
pub(crate) fn let_in(at: u64, user: &str) -> String {
    let lines = [
        &format!("VpUsrAuthenticate::handleCheckUser: authenticating user with loginName={user} by a single token"),
        &format!("Starting auth by tokens for [{user}] in org[]"),
        "SECTokenListValidate returned with status (0)",
        &format!("User ID extracted from the token is – {user}"),
        "Verify LTPA/LTPA2 token succeeded",
        &format!("Looking up [req -1] [{user}] in []"),
        &format!("User {user} looked up"),
        &format!("user [{user}] successfully authenticated by token"),
        "Async auth done. [req -1]",
    ];
    stusers(at, &lines)
}

/// A login whose token is good and whose user no search finds.
pub(crate) fn not_found(at: u64, user: &str) -> String {
    let lines = [
        "VpUsrAuthenticate::handleCheckUser: authenticating user with by a single token",
        "Starting auth by tokens for [] in org[]",
        &format!("User ID extracted from the token is – {user}"),
        "Verify LTPA/LTPA2 token succeeded",
        &format!("Looking up [req -2] [{}] in []", user.replace('/', ",")),
        &format!("Failed looking up [{}]. Trying directory-wide search", user.replace('/', ",")),
        &format!("Search of [{user}] failed because the user was not found"),
        "Async auth failed. [req -2]",
    ];
    stusers(at, &lines)
}

/// The first lines of a log.
pub(crate) fn first_lines(text: &str, count: usize) -> String {
    text.split_inclusive('\n').take(count).collect()
}

fn written(at: u64, format: &str) -> String {
    let second = i64::try_from(at / 1_000_000_000).expect("a time of this century");
    jiff::Timestamp::from_second(second).expect("a time of this century").strftime(format).to_string()
}
