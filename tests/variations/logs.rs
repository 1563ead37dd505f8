//! Kinds of faults as logs tell them, each in several forms, and the healthy twins beside them.
//!
//! Every row is told as it stands, out of a container, through grep, quoted in a mail, in UTF-16 and with the ends of lines of
//! Windows: a rule that knows a line by the looks of one log fails here.

use nrpcsniff::{Diagnoser, Finding, Severity};
use std::fs;

/// A name, the lines, and the rules that must speak, each once. None: nothing is wrong, and nothing is said but information.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ACCOUNT: &[&str] = &["log-account-refused"];
const DENIED: &[&str] = &["log-access-denied"];
const UNREACHED: &[&str] = &["log-not-reached"];
const TLS: &[&str] = &["log-tls-refused"];
const REFUSED: &[&str] = &["log-sign-on-refused"];
const KEYS: &[&str] = &["ltpa-key-mismatch"];
const WRONG: &[&str] = &["nrpc-name-mismatch-other-server"];

const DOMINO: &[Row] = &[
    (
        "a wrong password",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  http: ann@example.net [10.1.5.5] authentication failure using internet password",
        ],
        ACCOUNT,
    ),
    (
        "the same on Linux, date of Germany",
        &[
            "[007577:000017-00007F621246D700] 28.05.2022 07:36:42   IMAP Server: ann@example.net [10.1.5.5] authentication failure using internet password",
        ],
        ACCOUNT,
    ),
    (
        "locked out",
        &[
            "[0A3C:0002-0B10] 2024-01-25 07:27:34  http: IP Address [10.1.5.5] authentication failure using internet password: User is locked out",
        ],
        ACCOUNT,
    ),
    (
        "a mail login",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  SMTP Server: Authentication failed for user ann ; connecting host 10.1.5.5",
        ],
        ACCOUNT,
    ),
    (
        "a vault that knows another password",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  ID for 'Ann Smith/Example' could not be authenticated in vault 'O=Vault' on server 'MAIL01/Example'",
        ],
        ACCOUNT,
    ),
    (
        "an access list",
        &["[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  ATTEMPT TO ACCESS SERVER by CN=Scan/O=Example was denied"],
        DENIED,
    ),
    (
        "a server that may not in",
        &[
            "25.01.2024 18:57:18   Unable to replicate with server MAIL03/Example: You are not authorized to use the server",
        ],
        DENIED,
    ),
    (
        "a host name that nobody knows",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  Router: Unable to connect to server MAIL06/Example: The remote server is not a known TCP/IP host.",
        ],
        UNREACHED,
    ),
    (
        "a session that was reset",
        &[
            "[0A3C:0002-0B10] 11.05.2007 12:31:00 AM  Unable to replicate with server MAIL07/Example: The connection has been reset by the remote TCP host",
        ],
        UNREACHED,
    ),
    (
        "no cipher in common",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  TLS/SSL connection 10.1.5.5(50332) -> 10.1.0.9(443) failed with no supported ciphers",
        ],
        TLS,
    ),
    (
        "a chain that leads nowhere",
        &["[16D4:0011-0960] 04/10/2014 09:10:50.09 AM SSLCheckCertChain> Invalid certificate chain received"],
        TLS,
    ),
    (
        "an assertion from the future",
        &[
            "[0A3C:0002-0B10] 02/11/2026 06:08:43 PM  SECCheckSAMLAssertion> NotBefore time check failed : Single Sign-On token has a creation time in the future.",
        ],
        REFUSED,
    ),
    (
        "a configuration that is not loaded",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  HTTP Server: Error loading Web SSO Configuration 'LtpaToken' (Single Sign-On configuration is invalid)",
        ],
        &["sso-not-loaded"],
    ),
    (
        "users come and go",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  Opened session for Ann Smith/Example (Release 12.0.2)",
            "[0A3C:0002-0B10] 02/11/2014 06:18:43 PM  Closed session for Ann Smith/Example Databases accessed: 1 Documents read: 0",
        ],
        &[],
    ),
    (
        "a server that works",
        &[
            "[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  HTTP Server: Started",
            "[0A3C:0002-0B10] 02/11/2014 06:09:43 PM  Finished replication with server MAIL07/Example",
        ],
        &[],
    ),
];

const WEB: &[Row] = &[
    (
        "other keys",
        &[
            "[25.01.24, 07:27:34:650 MEZ] 000000cb com.ibm.ws.security.token.internal.TokenManagerImpl          I CWWKS4001I: Das Sicherheitstoken kann nicht ausgewertet werden.",
        ],
        KEYS,
    ),
    (
        "other keys, Korean",
        &[
            "[24. 1. 25   7:27:34:650 KST] 000000cb TokenManagerI I   CWWKS4001I: \u{bcf4}\u{c548} \u{d1a0}\u{d070}\u{c744} \u{ac80}\u{c99d}\u{d560} \u{c218} \u{c5c6}\u{c2b5}\u{b2c8}\u{b2e4}.",
        ],
        KEYS,
    ),
    (
        "other keys, JSON",
        &[
            "{\"type\":\"liberty_message\",\"ibm_datetime\":\"2024-01-25T07:27:34.650+0100\",\"ibm_messageId\":\"CWWKS4001I\",\"loglevel\":\"INFO\",\"message\":\"CWWKS4001I: The security token cannot be validated.\"}",
        ],
        KEYS,
    ),
    (
        "a locked account",
        &[
            "[6/16/12 9:12:01:244 BRT] 0000000a LTPAServerObj E   SECJ0369E: Authentication failed when using LTPA. The exception is [LDAP: error code 49 - 80090308: LdapErr: DSID-0C090334, comment: AcceptSecurityContext error, data 775, vece ].",
        ],
        ACCOUNT,
    ),
    (
        "a password that is over, French",
        &[
            "[16/06/2012 09:12:01:244 CEST] 0000000a LTPAServerObj E   SECJ0369E: L'authentification a \u{e9}chou\u{e9}. [LDAP: error code 49 - 80090308: LdapErr: DSID-0C090334, comment: AcceptSecurityContext error, data 532, v1db1 ]",
        ],
        ACCOUNT,
    ),
    (
        "a signer that is not trusted, out of a container",
        &[
            "[ERROR   ] CWPKI0022E: SSL HANDSHAKE FAILURE: A signer with SubjectDN CN=ldap.example.net was sent from the target host.",
        ],
        TLS,
    ),
    (
        "the same in Japanese",
        &[
            "[2024/01/25 7:05:04:065 JST] 0000002d WSX509TrustMa E   CWPKI0022E: SSL \u{30cf}\u{30f3}\u{30c9}\u{30b7}\u{30a7}\u{30fc}\u{30af}\u{969c}\u{5bb3}",
        ],
        TLS,
    ),
    (
        "a principal that the server has no key of",
        &[
            "[1/25/24, 7:27:34:650 CET] 000000cb com.ibm.ws.security.spnego.internal.X                            E CWWKS4308E: no credentials",
        ],
        REFUSED,
    ),
    (
        "an issuer that is another",
        &[
            "[1/25/24, 7:27:34:650 CET] 000000cb com.ibm.ws.security.openidconnect.X                               E CWWKS1724E: issuer",
        ],
        REFUSED,
    ),
    (
        "a plug-in that reaches nobody",
        &["[Wed Dec 03 15:40:18 2014] 00000dbc 00000e78 - ERROR: ws_common: websphereGetStream: Connect timeout fired"],
        UNREACHED,
    ),
    (
        "no version in common",
        &[
            "[Wed Mar 29 14:30:41 2017] [warn] [client 10.1.1.5] [7f9a480ec800] [30453] SSL0222W: SSL Handshake Failed, No ciphers specified. [10.1.1.5:62899 -> 10.1.1.9:443] [14:30:41.000102454] 0ms",
        ],
        TLS,
    ),
    (
        "a proxy whose server refuses",
        &[
            "2026/07/05 10:13:09 [error] 7#7: *12 connect() failed (111: Connection refused) while connecting to upstream, client: 10.1.5.5, server: chat, request: \"GET / HTTP/1.1\", upstream: \"http://10.1.0.9:9080/\", host: \"chat\"",
        ],
        UNREACHED,
    ),
    (
        "an address to come back to",
        &[
            "10:53:39,938 WARN  [org.keycloak.events] (default task-1) type=LOGIN_ERROR, realmId=example, clientId=chat, userId=null, ipAddress=10.1.5.5, error=invalid_redirect_uri",
        ],
        REFUSED,
    ),
    ("a bind that is refused", &["Feb 26 20:56:15 ldap slapd[9710]: conn=2 op=0 RESULT tag=97 err=49 text="], ACCOUNT),
    ("a bind that is granted", &["Feb 26 20:56:15 ldap slapd[9710]: conn=2 op=0 RESULT tag=97 err=0 text="], &[]),
    (
        "a console that was left open",
        &[
            "[2/11/14 18:08:43:660 GMT] 000000a7 LTPAServerObj W   SECJ0371W: Validation of the LTPA token failed because the token expired with the following info: Token expiration Date: Thu Jan 01 00:00:00 GMT 1970, current Date: Tue Feb 11 18:08:43 GMT 2014.",
        ],
        &[],
    ),
    (
        "a directory that is connected",
        &[
            "[2/11/14 18:08:43:660 GMT] 000000a7 LdapRegistryI A   SECJ0419I: The user registry is currently connected to the LDAP server ldap://ad1.example.net:389.",
        ],
        &[],
    ),
];

const CHAT: &[Row] = &[
    (
        "a peer that is not trusted",
        &["I Server       13/May, 07:01:30 Rejecting server 10.1.0.9 not in servers list"],
        &["st-untrusted-peer"],
    ),
    (
        "a peer that is not reached",
        &["I Server       13/May, 07:01:30 Failed to connect to server 10.1.0.9, reason 80000204"],
        UNREACHED,
    ),
    ("a peer that logs in", &["I Server       13/May, 07:01:30 Logged in to server 10.1.0.8"], &[]),
    (
        "another server",
        &[
            "Using address '10.1.0.9' for MAIL01/Example on TCPIP",
            "Connected to the wrong server CHAT/Example using address 10.1.0.9",
        ],
        WRONG,
    ),
    (
        "no way",
        &[
            "Determining path to server MAIL01/Example",
            "No answer at last known address",
            "Unable to find any path to MAIL01/Example because Unable to find path to server",
            "No path found to MAIL01/Example",
        ],
        UNREACHED,
    ),
    (
        "a way that is found late",
        &[
            "Determining path to server MAIL01/Example",
            "No answer at last known address",
            "Connected to server MAIL01/Example",
        ],
        &[],
    ),
];

/// A name, and what it makes of a line.
type Form = (&'static str, fn(&str) -> String);

/// The ways in which each row is told.
const FORMS: [Form; 5] = [
    ("as it stands", |line| format!("{line}\n")),
    ("out of a container", |line| format!("community-1  | {line}\n")),
    ("through grep", |line| format!("/logs/x_SystemOut.log:{line}\n")),
    ("quoted in a mail", |line| format!("> {line}\n")),
    ("with the ends of lines of Windows", |line| format!("{line}\r\n")),
];

fn findings(bytes: &[u8]) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, bytes).unwrap();
    let diagnosis = Diagnoser::default().log(path.to_str().unwrap(), None).diagnose::<&str>(&[]).unwrap();
    diagnosis.findings().to_vec()
}

/// What is wrong with what was said, if anything is.
fn deviation(said: &[Finding], expected: &[&str]) -> Option<String> {
    let faults = said.iter().filter(|finding| finding.severity != Severity::Info);
    let told: Vec<&str> = faults.map(|finding| finding.rule.as_str()).collect();
    (told != expected).then(|| format!("{expected:?} expected, said {told:?}"))
}

#[test]
fn every_kind_of_line_is_told_in_every_form_and_its_healthy_twins_are_not() {
    let mut wrong = Vec::new();
    for (name, lines, expected) in [DOMINO, WEB, CHAT].into_iter().flatten() {
        let forms = FORMS.iter().map(|(how, form)| (*how, lines.iter().map(|line| form(line)).collect::<String>()));
        for (how, text) in forms {
            wrong
                .extend(deviation(&findings(text.as_bytes()), expected).map(|wrong| format!("{name}, {how}: {wrong}")));
        }
        let wide =
            format!("\u{feff}{}\n", lines.join("\n")).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        wrong.extend(deviation(&findings(&wide), expected).map(|wrong| format!("{name}, in UTF-16: {wrong}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
