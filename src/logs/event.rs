//! What a line says about sign-on that has a name of its own ([`LogEvent`]); it is asked of lines that the catalogue
//! ([`super::table`]) knows.
//!
//! Words as seen in public logs and write-ups (collaborationben.com; IBM technotes 21106654, 21390654, 21594981; Open Liberty's
//! messages; texts of the Notes C API). Case does not count, and dashes and quotes may be those of a web page.

use crate::model::{LogEvent, TokenStatusText};

/// Names longer than this are cut.
const LONGEST: usize = 256;

/// Who may have written it, each with what it says.
const READERS: [fn(&LineText<'_>) -> Option<LogEvent>; 5] = [sametime, websphere, client, domino, status];

/// A line, and the same in lower case: places in both are the same.
struct LineText<'l> {
    line: &'l str,
    lower: String,
}

/// What a line says; nothing if it is not about sign-on.
pub(super) fn event(line: &str) -> Option<LogEvent> {
    let text = LineText { line, lower: line.to_ascii_lowercase() };
    READERS.into_iter().find_map(|read| read(&text))
}

impl<'l> LineText<'l> {
    fn has(&self, phrase: &str) -> bool {
        self.lower.contains(phrase)
    }

    /// The text behind the phrase.
    fn after(&self, phrase: &str) -> Option<&'l str> {
        let at = self.lower.find(phrase)?;
        self.line.get(at.saturating_add(phrase.len())..)
    }

    /// What stands between the two; to the end if the second is missing.
    fn between(&self, first: &str, second: &str) -> Option<&'l str> {
        let start = self.lower.find(first)?.saturating_add(first.len());
        let length = self.lower.get(start..)?.find(second);
        let end = length.map_or(self.line.len(), |length| start.saturating_add(length));
        self.line.get(start..end)
    }

    /// What stands in the first brackets (square or pointed) behind the phrase.
    fn bracketed(&self, phrase: &str) -> Option<&'l str> {
        let rest = self.after(phrase)?;
        let open = rest.find(['[', '<', '('])?;
        let inside = rest.get(open.saturating_add(1)..)?;
        inside.get(..inside.find([']', '>', ')'])?)
    }

    fn number<T: std::str::FromStr>(&self, phrase: &str) -> Option<T> {
        self.bracketed(phrase)?.trim().parse().ok()
    }

    /// `[req -2]`
    fn request(&self) -> Option<i64> {
        self.between("[req ", "]")?.trim().parse().ok()
    }
}

/// A name without what stands around it.
fn name(text: &str) -> String {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '‘' | '’' | '“' | '”' | '[' | ']' | '<' | '>');
    let dashes = |c: char| around(c) || matches!(c, '-' | '–' | '—' | ':');
    text.trim_start_matches(dashes).trim_end_matches(around).chars().take(LONGEST).collect()
}

/// The name of a server; empty if it was taken out of the text, so that the words behind it stand in its place.
fn named(text: &str) -> String {
    if text.trim_start().starts_with("on ") { String::new() } else { name(text) }
}

/// What a line of a Sametime trace says. Phrases are tried in this order because some are parts of others, and without
/// regular expressions, so that a long line costs no more than its length.
fn sametime(text: &LineText<'_>) -> Option<LogEvent> {
    use LogEvent as E;
    let user_after = |phrase| text.after(phrase).map(name);
    let user_in = |phrase| text.bracketed(phrase).map(name);
    Some(match () {
        () if text.has("authenticating user with") => {
            let named = text.between("loginname=", " by ").map(name);
            text.has("token").then(|| E::LoginStarted { user: named.unwrap_or_default() })?
        }
        () if text.has("starting auth by tokens for") => {
            E::TokenCheckStarted { user: user_in("starting auth by tokens for").unwrap_or_default() }
        }
        () if text.has("gettokenfromdomino: getting tokens for") => {
            E::TokenRequested { user: user_after("getting tokens for")? }
        }
        () if text.has("getting tokens for [") => E::TokenRequested { user: user_in("getting tokens for")? },
        () if text.has("token was successfully generated") => E::TokenGenerated,
        () if text.has("received token with type") => E::TokenType(text.number("received token with type")?),
        () if text.has("sectokenlistvalidate returned with status") => {
            E::TokenStatus(text.number("returned with status")?)
        }
        () if text.has("user id extracted from the token is") => {
            E::TokenUser { user: user_after("user id extracted from the token is")? }
        }
        () if text.has("token succeeded") && text.has("verify") => E::TokenVerified { user: String::new() },
        () if text.has("was successfully verified") && text.has("token for user") => {
            E::TokenVerified { user: user_in("token for user").unwrap_or_default() }
        }
        () if text.has("token verification failed") => {
            E::TokenNotVerified { code: text.number("token verification failed") }
        }
        () if text.has("verifytokenandextractuserid failed with reason") => {
            E::TokenNotVerified { code: user_after("failed with reason").and_then(|code| code.parse().ok()) }
        }
        () if text.has("failed looking up [") => E::LookupFailed { user: user_in("failed looking up")? },
        () if text.has("search of [") && text.has("user was not found") => {
            E::UserNotFound { user: user_in("search of")? }
        }
        () if text.has("looking up [req ") => E::LookupStarted { user: second_bracket(text)?, request: text.request() },
        () if text.has("looked up") && text.has("user ") => {
            E::LookedUp { user: text.between("user ", " looked up").map(name)? }
        }
        () if text.has("successfully authenticated by token") => E::UserAccepted { user: user_in("user ")? },
        () if text.has("async auth done") => E::AuthEnded { request: text.request(), well: true },
        () if text.has("async auth failed") => E::AuthEnded { request: text.request(), well: false },
        () if text.has("checkeduser") && text.has("bad login") => E::BadLogin,
        () if text.has("rejecting server") && text.has("not in") && text.has("server") => {
            E::PeerRejected { address: peer(text)? }
        }
        () => return None,
    })
}

/// `Looking up [req -2] [CN=Ann] in []`
fn second_bracket(text: &LineText<'_>) -> Option<String> {
    let rest = text.after("[req ")?;
    let rest = rest.get(rest.find(']')?..)?;
    let inside = rest.get(rest.find('[')?.saturating_add(1)..)?;
    inside.get(..inside.find(']')?).map(name)
}

/// `Rejecting server 10.1.0.9 not in servers list`
fn peer(text: &LineText<'_>) -> Option<String> {
    let named = text.between("rejecting server", "not in").map(name)?;
    let named = named.trim_end_matches([',', '.', ':']).trim_end().to_owned();
    Some(named).filter(|named| !named.is_empty())
}

/// By message id: its last letter is the level, and differs from release to release.
fn websphere(text: &LineText<'_>) -> Option<LogEvent> {
    use LogEvent as E;
    Some(match () {
        () if text.has("cwsct0359") => E::DigestWithoutHash,
        () if text.has("cwsct0340") => E::DigestWithoutPassword,
        () if text.has("secj0371") => {
            E::TokenExpired { ended: text.between("token expiration date:", ",").map(name).unwrap_or_default() }
        }
        () if text.has("secj0369") => E::AuthenticationFailed,
        () if text.has("cwwks4001") => E::TokenNotValidated,
        () if text.has("cwwks4102") => E::KeysUnusable { id: "CWWKS4102E" },
        () if text.has("cwwks4106") => E::KeysUnusable { id: "CWWKS4106E" },
        () if text.has("cwpst0306") => E::TokenMissing,
        () if text.has("loginexception") && text.has("server unavailable") => E::TokenMissing,
        () => return None,
    })
}

fn client(text: &LineText<'_>) -> Option<LogEvent> {
    use LogEvent as E;
    Some(match () {
        () if text.has("connected to the wrong server ") => E::WrongServer {
            server: text.between("connected to the wrong server ", " using address").map(name)?,
            address: text.after("using address").map(name).unwrap_or_default(),
        },
        () if text.has("using address ") && text.has(" for ") => E::UsingAddress {
            address: text.between("using address ", " for ").map(name)?,
            server: text.between(" for ", " on ").map(named)?,
        },
        () if text.has("unable to connect to ") && text.has(" on ") => {
            let reason = text.after(" on ").and_then(|rest| rest.split_once('(')).map_or("", |(_, rest)| rest);
            E::UnableToConnect {
                server: text.between("unable to connect to ", " on ").map(named)?,
                reason: name(reason.trim_end().trim_end_matches(')')),
                status: known(&text.lower).map(|(code, _)| code).filter(|&code| code != 0),
            }
        }
        () if text.lower.trim_start().starts_with("connected to server ") => {
            E::Connected { server: text.after("connected to server ").map(name)? }
        }
        () => return None,
    })
}

fn domino(text: &LineText<'_>) -> Option<LogEvent> {
    use LogEvent as E;
    Some(match () {
        () if text.has("error loading web sso configuration") => E::SsoNotLoaded {
            configuration: text.after("web sso configuration").and_then(quoted).unwrap_or_default(),
            reverts: text.has("reverting to single-server"),
        },
        () if text.has("successfully loaded web sso configuration") => E::SsoLoaded,
        () if text.has("[0] != u") => E::ForeignFormat,
        () => return None,
    })
}

/// The first text in quotes.
fn quoted(text: &str) -> Option<String> {
    let quote = |c: char| matches!(c, '\'' | '"' | '‘' | '’' | '“' | '”');
    let inside = text.split(quote).nth(1)?;
    Some(name(inside)).filter(|name| !name.is_empty())
}

/// A status stands in lines about tokens; those about assertions of SAML have the same texts, and are not of tokens.
fn status(text: &LineText<'_>) -> Option<LogEvent> {
    if text.has("saml") {
        return None;
    }
    known(&text.lower).map(|(code, token)| LogEvent::Status { code, token })
}

/// Texts of the Notes C API that tell why a sign-on failed, in lower case: enough of each to know it by.
const TEXTS: [(&str, u16, Option<TokenStatusText>); 19] = [
    ("single sign-on token is invalid", 0x04bc, Some(TokenStatusText::Invalid)),
    ("single sign-on token is expired", 0x04bd, Some(TokenStatusText::Expired)),
    ("token contains an unknown websphere ldap realm", 0x04be, Some(TokenStatusText::Realm)),
    ("single sign-on configuration is invalid", 0x04bf, Some(TokenStatusText::Configuration)),
    ("creation time in the future", 0, Some(TokenStatusText::Future)),
    ("token type does not match the configuration", 0, Some(TokenStatusText::Type)),
    ("restricted due to maximum number of users", 0x04d8, None),
    ("restricted due to excessive load", 0x09de, None),
    ("restricted by the administrator", 0x09fc, None),
    ("has a different name from the one requested", 0x0804, None),
    ("does not have the expected name", 0x0ae3, None),
    ("the server is not responding", 0x0807, None),
    ("unable to find path to server", 0x0803, None),
    ("your certificate has expired", 0x191c, None),
    ("the server's certificate has expired", 0x1933, None),
    ("public key does not match the one stored", 0x1932, None),
    ("cross certificates capable of authenticating you", 0x1934, None),
    ("cross certificates capable of authenticating the server", 0x1935, None),
    ("identity is either unknown or fraudulent", 0x080e, None),
];

fn known(lower: &str) -> Option<(u16, Option<TokenStatusText>)> {
    TEXTS.iter().find(|(text, ..)| lower.contains(text)).map(|&(_, code, token)| (code, token))
}

#[cfg(test)]
mod tests {
    use super::event;
    use crate::model::LogEvent as E;
    use crate::model::TokenStatusText;
    use proptest::prelude::*;

    const BEN: &str = "CN=Ben Williams/O=ACME";

    #[test]
    fn lines_of_sametime() {
        let user = || BEN.to_owned();
        for (line, expected) in [
            (
                format!(
                    "VpUsrAuthenticate::handleCheckUser: authenticating user with loginName={BEN} by a single token"
                ),
                E::LoginStarted { user: user() },
            ),
            (
                "VpUsrAuthenticate::handleCheckUser: authenticating user with by a single token".to_owned(),
                E::LoginStarted { user: String::new() },
            ),
            (format!("Starting auth by tokens for [{BEN}] in org[]"), E::TokenCheckStarted { user: user() }),
            ("Starting auth by tokens for [] in org[]".to_owned(), E::TokenCheckStarted { user: String::new() }),
            (format!("getTokenFromDomino: getting tokens for: {BEN}"), E::TokenRequested { user: user() }),
            ("LTPA token was successfully generated".to_owned(), E::TokenGenerated),
            ("Received token with type <1>".to_owned(), E::TokenType(1)),
            ("SECTokenListValidate returned with status (0)".to_owned(), E::TokenStatus(0)),
            (format!("User ID extracted from the token is – {BEN}"), E::TokenUser { user: user() }),
            (format!("User ID extracted from the token is - {BEN}"), E::TokenUser { user: user() }),
            ("Verify LTPA/LTPA2 token succeeded".to_owned(), E::TokenVerified { user: String::new() }),
            (format!("token for user user [{BEN}] was successfully verified"), E::TokenVerified { user: user() }),
            ("token verification failed. [4098]".to_owned(), E::TokenNotVerified { code: Some(4098) }),
            (
                "AuthTokenContext::authenticateBeforeDirSearch verifyTokenAndExtractUserId failed with reason 4098"
                    .to_owned(),
                E::TokenNotVerified { code: Some(4098) },
            ),
            (format!("Failed looking up [{BEN}]. Trying directory-wide search"), E::LookupFailed { user: user() }),
            (format!("Search of [{BEN}] failed because the user was not found"), E::UserNotFound { user: user() }),
            (format!("Looking up [req -2] [{BEN}] in []"), E::LookupStarted { user: user(), request: Some(-2) }),
            (format!("User {BEN} looked up"), E::LookedUp { user: user() }),
            (format!("user [{BEN}] successfully authenticated by token"), E::UserAccepted { user: user() }),
            ("Async auth done. [req -1]".to_owned(), E::AuthEnded { request: Some(-1), well: true }),
            ("Async auth failed. [req -2]".to_owned(), E::AuthEnded { request: Some(-2), well: false }),
            ("VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login".to_owned(), E::BadLogin),
            (
                "Rejecting server <10.1.0.9> not in servers list".to_owned(),
                E::PeerRejected { address: "10.1.0.9".to_owned() },
            ),
            (
                "Rejecting server 10.1.0.9, not in servers list".to_owned(),
                E::PeerRejected { address: "10.1.0.9".to_owned() },
            ),
        ] {
            assert_eq!(event(&line), Some(expected), "{line}");
        }
    }

    #[test]
    fn lines_of_websphere_and_domino() {
        let status = |code, token| E::Status { code, token };
        for (line, expected) in [
            (
                "SIPDigestServ E SIPDigestService  CWSCT0340E: Error – cannot retrieve password attribute.",
                E::DigestWithoutPassword,
            ),
            ("I LdapPasswordServer  CWSCT0359I: Hashed Credential attributes not found.", E::DigestWithoutHash),
            (
                "LTPAServerObj W SECJ0371W: Token expiration Date: Tue Apr 21 13:59:12 CDT 2009, current Date: x",
                E::TokenExpired { ended: "Tue Apr 21 13:59:12 CDT 2009".to_owned() },
            ),
            ("LTPAServerObj W SECJ0371W:", E::TokenExpired { ended: String::new() }),
            ("c.i.w.TokenManagerImpl ICWWKS4001I: The security token cannot be validated", E::TokenNotValidated),
            ("javax.security.auth.login.LoginException: Server Unavailable", E::TokenMissing),
            ("CWPST0306W: x", E::TokenMissing),
            (
                "HTTP Server: Error loading Web SSO configuration 'LtpaToken' (Single Sign-On configuration is invalid)",
                E::SsoNotLoaded { configuration: "LtpaToken".to_owned(), reverts: false },
            ),
            (
                "HTTP: Error Loading Web SSO configuration. Reverting to single-server session authentication.",
                E::SsoNotLoaded { configuration: String::new(), reverts: true },
            ),
            ("HTTP: Successfully loaded Web SSO Configuration.", E::SsoLoaded),
            ("SSO API> Single Sign-On token is expired", status(0x04bd, Some(TokenStatusText::Expired))),
            ("Your certificate has expired", status(0x191c, None)),
        ] {
            assert_eq!(event(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn lines_of_the_client() {
        let text = |text: &str| text.to_owned();
        for (line, expected) in [
            (
                "Using address 'x.x.x.x' for sametime.acme.com on TCPIP",
                E::UsingAddress { address: text("x.x.x.x"), server: text("sametime.acme.com") },
            ),
            (
                "Using address ’10.1.0.9’ for A/B on TCPIP",
                E::UsingAddress { address: text("10.1.0.9"), server: text("A/B") },
            ),
            (
                "Connected to the wrong server A/Servers/ACME using address 10.1.0.9",
                E::WrongServer { server: text("A/Servers/ACME"), address: text("10.1.0.9") },
            ),
            ("Connected to server A/ACME", E::Connected { server: text("A/ACME") }),
            (
                "Unable to connect to a.acme.com on TCPIP (The server is not responding. The server may be down.)",
                E::UnableToConnect {
                    server: text("a.acme.com"),
                    reason: text("The server is not responding. The server may be down."),
                    status: Some(0x0807),
                },
            ),
        ] {
            assert_eq!(event(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            "",
            "checking LDAP format….",
            "got a request to get the home cluster for CN=Ben",
            "—- Thread ID: 2844",
            "stGetTokens returned [0]",
            "Failed looking up",
            "Search of [",
            "Received token with type <x>",
            "bad login page",
            "The token server is up",
        ] {
            assert_eq!(event(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = event(&text);
        }
    }
}
