//! Logs: what a server or a client wrote while a sample happened, and stories that need no capture.

use super::{STCOMM, find};
use crate::log::{Console, StUsers, SystemOut};
use crate::net::Network;
use crate::time::{MILLISECOND, SECOND, utc};

/// A constructed log and what it is for.
#[derive(Debug)]
pub struct Log {
    /// File name.
    pub name: &'static str,
    /// What it tells, in a sentence or two.
    pub story: &'static str,
    /// The sample whose sign-on it recorded; none: the log stands alone.
    pub of: Option<&'static str>,
    /// Writes it, given the network after the sample's story.
    pub tell: fn(&Network) -> String,
}

impl Log {
    /// The text of the file.
    pub fn text(&self) -> String {
        let net = self.of.and_then(find).map_or_else(Network::new, super::Sample::network);
        (self.tell)(&net)
    }
}

pub(super) const LOGS: &[Log] = &[
    Log {
        name: "nrpc-alias.notes-trace.log",
        story: "The Notes client's own trace of its two tries: it reached the wrong server. The form carries no times.",
        of: Some("nrpc-alias"),
        tell: alias,
    },
    Log {
        name: "sip-undefined.systemout.log",
        story: "The registrar's SystemOut.log: for each REGISTER with the junk token it turns to Digest, for which it has no password. \
                Times are CET.",
        of: Some("sip-undefined"),
        tell: undefined,
    },
    Log {
        name: "st-token-version.stusers.log",
        story: "The community server's STUsers trace: both logins end with `token verification failed. [4098]`.",
        of: Some("st-token-version"),
        tell: token_version,
    },
    Log {
        name: "st-two-names.stusers.log",
        story: "The community server's STUsers trace: twice a good token names `CN=Ann Smith/O=ACME/C=US`, whom the directory does not \
                know; the third names `CN=Ann Smith/O=ACME` and is let in.",
        of: Some("st-two-names"),
        tell: two_names,
    },
    Log {
        name: "st-log-4098.stusers.log",
        story: "No capture is needed: one user's token fails with 4098 three times, while another user's is good. Punctuation as web pages \
                change it.",
        of: None,
        tell: only_4098,
    },
    Log {
        name: "st-log-country.stusers.log",
        story: "No capture is needed: the token that Domino made for a user is good, the one that a portal made for him names him with a \
                country, and nobody is found. Punctuation as web pages change it.",
        of: None,
        tell: only_country,
    },
    Log {
        name: "http-log-realm.domino-console.log",
        story: "No capture is needed: a Domino server opens tokens that a WebSphere server made, and does not know the realm in them.",
        of: None,
        tell: only_realm,
    },
    Log {
        name: "domino-refusals.domino-console.log",
        story: "No capture is needed: a Domino server says whom its access lists keep out, which servers it does not reach, which TLS \
                handshakes failed, and that too many wrong passwords locked an internet password out.",
        of: None,
        tell: domino_refuses,
    },
    Log {
        name: "liberty-refusals.systemout.log",
        story: "No capture is needed: a WebSphere server's own account is refused by Active Directory (775: locked), which takes three lines, and \
                an assertion was made for another audience.",
        of: None,
        tell: websphere_refuses,
    },
    Log {
        name: "domino-working.domino-console.log",
        story: "The healthy twin of both: sessions are opened, a handshake ends well, and the Web SSO configuration is there.",
        of: None,
        tell: domino_works,
    },
];

/// Modules of the community server, as its trace names them before it cuts the names.
const USERS: &str = "Users";
const DIRECTORY: &str = "LDAP Authentication";
const TOKENS: &str = "Token Authentication";

/// A name with the separators of LDAP.
fn ldap(name: &str) -> String {
    name.replace('/', ",")
}

/// How a text went from the product to the reader.
#[derive(Clone, Copy)]
enum Typography {
    Plain,
    /// A web page made a dash of a hyphen, and an ellipsis of dots.
    WebPage,
}

impl Typography {
    const fn dash(self) -> &'static str {
        match self {
            Self::Plain => "-",
            Self::WebPage => "–",
        }
    }

    const fn dots(self) -> &'static str {
        match self {
            Self::Plain => "....",
            Self::WebPage => "….",
        }
    }
}

/// A login by token arrives. A client that logs in with nothing but a token names no user.
fn arrives(log: &mut StUsers, user: &str, style: Typography) {
    let named = if user.is_empty() { String::new() } else { format!("loginName={user} ") };
    log.info(USERS, &format!("VpUsrAuthenticate::handleCheckUser: authenticating user with {named}by a single token"));
    log.fatal(DIRECTORY, "authenticating user by tokens");
    log.info(DIRECTORY, &format!("Starting auth by tokens for [{user}] in org[]"));
    log.fatal(DIRECTORY, &format!("checking LDAP format{}", style.dots()));
}

/// The token could not be verified.
fn fails_4098(log: &mut StUsers, user: &str, style: Typography) {
    arrives(log, user, style);
    log.wait(3).fatal(DIRECTORY, "token verification failed. [4098]");
    log.info(
        DIRECTORY,
        "AuthTokenContext::authenticateBeforeDirSearch verifyTokenAndExtractUserId failed with reason 4098",
    );
    log.fatal(DIRECTORY, "AuthContext::start: authenticateBeforeDirSearch failed with reason 4098");
    log.info(USERS, "VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login");
}

/// The token is good and names this user; the directory is asked.
fn verified(log: &mut StUsers, login: &str, named: &str, request: u32, style: Typography) {
    let dash = style.dash();
    arrives(log, login, style);
    log.wait(1).info(TOKENS, "Received token with type <0>").info(TOKENS, "Validating LTPA/LTPA2 tokens");
    log.info(TOKENS, "Created token entry of type <0>").info(TOKENS, "SECTokenListValidate returned with status (0)");
    log.info(TOKENS, &format!("User ID extracted from the token is {dash} {named}"));
    log.info(TOKENS, "Verify LTPA/LTPA2 token succeeded");
    log.info(TOKENS, &format!("authentication returned code ST_DDA_API_OK for name: {named}"));
    log.info(DIRECTORY, &format!("token for user user [{named}] was successfully verified"));
    log.info(
        DIRECTORY,
        &format!(
            "AuthTokenContext::operationBeforeDirSearch verifyTokenAndExtractUserId has returned successfully.\n\
             Original login name {dash} <{login}>, extracted user id {dash} <{named}>.\nUsing the extracted user id."
        ),
    );
    log.info(DIRECTORY, &format!("Looking up [req -{request}] [{}] in []", ldap(named)));
    log.info(DIRECTORY, &format!("Looking up {}", ldap(named)));
}

/// A login whose token names somebody the directory knows.
fn succeeds(log: &mut StUsers, login: &str, named: &str, request: u32, style: Typography) {
    verified(log, login, named, request, style);
    let (entry, name) = (ldap(named), named.trim_start_matches("CN=").split('/').next().unwrap_or_default());
    log.wait(2).info(DIRECTORY, &format!("User {entry} looked up"));
    log.info(DIRECTORY, &format!("user [{named}] successfully authenticated by token"));
    log.info(
        DIRECTORY,
        &format!("Async auth done. [req -{request}]\n[user {entry}] [name {name}] [home ] [organization ]"),
    );
}

/// A login whose token names somebody the directory does not know.
fn finds_nobody(log: &mut StUsers, login: &str, named: &str, request: u32, style: Typography) {
    verified(log, login, named, request, style);
    log.wait(2)
        .fatal(DIRECTORY, &format!("Failed looking up [{}]. Trying directory-wide search", ldap(named)))
        .info(
            DIRECTORY,
            &format!(
                "Searching [base ] [filter (&(objectclass=organizationalPerson)(|(mail={named})(cn={named})(uid={named})))] \
                 [scope Subtree]"
            ),
        )
        .wait(1)
        .info(DIRECTORY, &format!("Search of [{named}] failed because the user was not found"))
        .info(
            DIRECTORY,
            &format!(
                "AuthContext::changeConversionFlagIfSearchAllowed()=> all the attempts to search for a LDAP record of [{}] has been finished",
                ldap(named)
            ),
        )
        .info(DIRECTORY, &format!("Async auth failed. [req -{request}]"))
        .info(USERS, "VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login");
}

/// When logins of Sametime passed the capture point.
fn logins(net: &Network) -> Vec<u64> {
    net.sent(|payload| payload.len() > 12 && payload[4..6] == [0, 1])
}

/// How long after the capture point a server writes what it read: it is a router away, and reads first.
const READ_AFTER: u64 = MILLISECOND;

fn alias(net: &Network) -> String {
    const ASKED: &str = "chat.example.net";
    let (answered, address) = (STCOMM.replace("CN=", "").replace("OU=", "").replace("O=", ""), net.address("10.1.0.9"));
    let tries = net.sent(|payload| contains(payload, ASKED.as_bytes()) && contains(payload, b"corp")).len();
    let one = format!(
        "Using address '{address}' for {ASKED} on TCPIP\nConnected to the wrong server {answered} using address {address}\n"
    );
    one.repeat(tries)
        + &format!(
            "Unable to connect to {ASKED} on TCPIP (The server is not responding. The server may be down or you may be \
             experiencing network problems. Contact your system administrator if this problem persists.)\n"
        )
}

fn undefined(net: &Network) -> String {
    const THREAD: u32 = 0xb2;
    let mut log = SystemOut::default();
    let started = utc(2025, 3, 9) + (21 * 3600 + 14 * 60 + 7) * SECOND + 508 * MILLISECOND;
    log.line(started, 1, "WsServerImpl", 'A', "  WSVR0001I: Server STSipServer open for e-business");
    for at in net.sent(|payload| payload.starts_with(b"REGISTER ")) {
        let at = at + 5 * MILLISECOND;
        let no_hash = "LdapPasswordServer  CWSCT0359I: Hashed Credential attributes not found.";
        log.line(at, THREAD, "LdapPasswordServer", 'I', no_hash);
        let no_password = "SIPDigestService  CWSCT0340E: Error - cannot retrieve password attribute.";
        log.line(at + MILLISECOND, THREAD, "SIPDigestService", 'E', no_password);
    }
    log.text()
}

fn token_version(net: &Network) -> String {
    let mut log = StUsers::default();
    for at in logins(net) {
        fails_4098(log.at(at + READ_AFTER), "CN=Ann Smith/O=ACME", Typography::Plain);
    }
    log.text()
}

fn two_names(net: &Network) -> String {
    const HOME: &str = "CN=Ann Smith/O=ACME";
    const ABROAD: &str = "CN=Ann Smith/O=ACME/C=US";
    let mut log = StUsers::default();
    let known = net.sent(|payload| contains(payload, ABROAD.as_bytes()));
    for (number, at) in (1..).zip(logins(net)) {
        log.at(at + READ_AFTER);
        if known.contains(&at) {
            finds_nobody(&mut log, ABROAD, ABROAD, number, Typography::Plain);
        } else {
            succeeds(&mut log, HOME, HOME, number, Typography::Plain);
        }
    }
    log.text()
}

/// Half past nine in the morning, by the servers' clock.
const MORNING: u64 = (8 * 3600 + 30 * 60) * SECOND;

fn domino_refuses(_: &Network) -> String {
    let mut log = Console::default();
    let started = utc(2025, 3, 12) + MORNING;
    let lines = [
        "HTTP Server: Started",
        "ATTEMPT TO ACCESS SERVER by CN=Inventory/O=ACME was denied",
        "ATTEMPT TO ACCESS SERVER by CN=Inventory/O=ACME was denied",
        "Unable to replicate with server MAIL02/ACME: Remote system no longer responding",
        "Router: Unable to connect to server MAIL03/ACME: The remote server is not a known TCP/IP host.",
        "TLS/SSL connection 10.1.0.50(50332) -> 10.1.0.9(443) failed with no supported ciphers",
        "http: asmith [10.1.0.51] authentication failure using internet password",
        "http: asmith [10.1.0.51] authentication failure using internet password: User is locked out",
    ];
    for (place, line) in (0..).zip(lines) {
        log.line(started + place * 15 * SECOND, line);
    }
    log.text()
}

fn websphere_refuses(_: &Network) -> String {
    const THREAD: u32 = 0xa7;
    const LOCKED: &str = "[LDAP: error code 49 - 80090308: LdapErr: DSID-0C090334, comment: AcceptSecurityContext error, data 775, vece ]";
    let mut log = SystemOut::default();
    let at = utc(2025, 3, 12) + MORNING;
    log.line(
        at,
        THREAD,
        "LTPAServerObj",
        'E',
        &format!("  SECJ0369E: Authentication failed when using LTPA. The exception is {LOCKED}."),
    );
    let credentials = format!(
        "  SECJ0270E: Failed to get actual credentials. The exception is javax.naming.AuthenticationException: {LOCKED}"
    );
    log.line(at + MILLISECOND, THREAD, "distContextManager", 'E', &credentials);
    let audience = "  CWWKS5060E: The value [https://portal.example.com] for the Audience element in the SAML assertion is not valid.";
    log.line(at + 40 * SECOND, THREAD + 1, "AssertionValidator", 'E', audience);
    log.text()
}

fn domino_works(_: &Network) -> String {
    let mut log = Console::default();
    let started = utc(2025, 3, 12) + MORNING;
    let lines = [
        "HTTP Server: Started",
        "Opened session for MAIL02/ACME (Release 12.0.2)",
        "SSL_Handshake> Enter",
        "int_MapSSLError> Mapping SSL error 0 to 0 [SSLNoErr]",
        "Opened session for Ann Smith/ACME (Release 12.0.2)",
        "Finished replication with server MAIL02/ACME",
        "HTTP: Successfully loaded Web SSO Configuration.",
    ];
    for (place, line) in (0..).zip(lines) {
        log.line(started + place * 15 * SECOND, line);
    }
    log.text()
}

fn only_4098(_: &Network) -> String {
    const EVA: &str = "CN=Eva Moor/OU=Sales/O=ACME";
    const BOB: &str = "CN=Bob Ray/O=ACME";
    let mut log = StUsers::default();
    log.at(utc(2025, 3, 11) + (13 * 3600 + 2 * 60 + 41) * SECOND).wait(317);
    fails_4098(&mut log, BOB, Typography::WebPage);
    succeeds(log.wait(2_904), EVA, EVA, 1, Typography::WebPage);
    fails_4098(log.wait(27_096), BOB, Typography::WebPage);
    fails_4098(log.wait(30_012), BOB, Typography::WebPage);
    log.text()
}

fn only_country(_: &Network) -> String {
    const HOME: &str = "CN=Bob Ray/O=ACME";
    const ABROAD: &str = "CN=Bob Ray/O=ACME/C=US";
    let style = Typography::WebPage;
    let mut log = StUsers::default();
    log.at(utc(2025, 3, 12) + (7 * 3600 + 55 * 60 + 12) * SECOND).wait(44);
    let entry = ldap(HOME);
    log.info(USERS, &format!("got a request to get the home cluster for {entry}"));
    log.info(DIRECTORY, &format!("getting tokens for [{entry}]"));
    log.info(TOKENS, &format!("getTokenFromDomino: getting tokens for: {entry}"));
    log.wait(90).info(TOKENS, "SECTokenListGenerate returned with status <0>");
    log.info(TOKENS, "LTPA token was successfully generated").info(DIRECTORY, "stGetTokens returned [0]");
    succeeds(&mut log, HOME, HOME, 1, style);
    finds_nobody(log.wait(61), "", ABROAD, 2, style);
    finds_nobody(log.wait(45_300), "", ABROAD, 3, style);
    log.text()
}

fn only_realm(_: &Network) -> String {
    let mut log = Console::default();
    let started = utc(2025, 3, 13) + (5 * 3600 + 58 * 60 + 3) * SECOND;
    log.line(started, "HTTP Server: Started");
    for after in [7_421, 7_466, 9_020] {
        log.line(started + after * SECOND, "Single Sign-On token contains an unknown WebSphere LDAP realm");
    }
    log.text()
}

fn contains(payload: &[u8], wanted: &[u8]) -> bool {
    payload.windows(wanted.len()).any(|window| window == wanted)
}
