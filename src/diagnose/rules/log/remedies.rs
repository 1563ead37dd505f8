//! What to change, and where, by the cause that a line names.

use crate::model::LoggedCause;

/// Changes that mend it, most likely first.
pub(super) const fn of(cause: LoggedCause) -> &'static [&'static str] {
    use LoggedCause as C;
    match cause {
        C::Password | C::Unknown | C::Locked | C::Expired | C::Disabled | C::Barred => of_account(cause),
        C::Denied | C::Certifier => of_access(cause),
        C::Path | C::Host | C::Other | C::Load | C::Peer | C::Backend | C::Size => of_way(cause),
        C::Tls | C::Certificate | C::Untrusted => of_tls(cause),
        C::Directory | C::Trust | C::Keys | C::Token | C::Clock | C::Name | C::Setup => of_server(cause),
        C::Oidc | C::Provider | C::Saml | C::Kerberos => of_provider(cause),
    }
}

const fn of_account(cause: LoggedCause) -> &'static [&'static str] {
    use LoggedCause as C;
    match cause {
        C::Unknown => &[
            "Compare the name that the user types with the entry of the directory that refuses: user name, short name, mail address, \
             and the attribute by which the server searches (Domino: Person document > Basics > User name; WebSphere and Liberty: \
             login properties of the federated repository).",
            "The entry is there: look whether it lies under the base in which the server searches, and has replicated to that \
             directory server.",
        ],
        C::Locked => &[
            "Find first what goes on sending the old password: a telephone, a service, a saved login. The address in the log line \
             says where it comes from.",
            "Domino's internet passwords: delete the user's entry in inetlockout.nsf. Active Directory: unlock the account \
             (Unlock-ADAccount). A locked Notes ID: take \"Lockout ID\" out of the Person document (Administration tab).",
        ],
        C::Expired => &[
            "Let the user change the password where it belongs: Windows, the directory's own page, Notes (File > Security > User \
             Security). A server that only checks it cannot.",
            "An account that is over: the administrator of that directory sets a later end.",
        ],
        C::Disabled => &[
            "The administrator of the directory that refuses switches the account on again (Active Directory: \"Account is \
             disabled\" in its properties), if its owner is to sign on.",
            "An account of a server, not of a person: all users of that server are without sign-on until it is on again.",
        ],
        C::Barred => &[
            "Look into the account for what it may not: logon hours, computers (\"Log On To\"), groups beyond number; in Domino \
             \"Lockout ID\" of the Person document (Administration tab).",
            "The computer that counts is the server that asks the directory: it must be among those that are allowed.",
        ],
        _ => &[
            "Of one user: let him type the password at the server's own login page, and set it anew if that fails too.",
            "Of everybody: the server asks another directory than it should, or binds with an account whose password was changed.",
        ],
    }
}

const fn of_access(cause: LoggedCause) -> &'static [&'static str] {
    match cause {
        LoggedCause::Certifier => &[
            "Cross-certify the two organizations (Domino Administrator > Configuration > Certification > Cross Certify), or give \
             the user an ID file of a certifier that the server trusts.",
            "The certifier was renewed: give out the ID files that were certified with its new key.",
        ],
        _ => &[
            "Domino: Server document > Security, \"Access server\" and \"Not access server\", with their groups; look whether the \
             name in the log is in them as it is written there.",
            "WebSphere and Liberty: map the user or a group of his to a role of the application.",
        ],
    }
}

const fn of_way(cause: LoggedCause) -> &'static [&'static str] {
    use LoggedCause as C;
    match cause {
        C::Host => &[
            "Enter the host name in DNS as that machine asks for it, or correct it where it is written: Connection document, Server \
             document (Ports > Notes Network Ports > Net Address), the proxy's own configuration.",
            "Ask from that very machine (nslookup HOST): its name servers and search list count, not those of a workstation.",
        ],
        C::Other => &[
            "Use the server's full host name in the client, or set NETWORK_SPRAYER_ADDRESS in that server's notes.ini to the alias \
             that clients ask for, and restart it.",
            "No alias was meant: correct the address in DNS, or in the Connection document that led to the other server.",
        ],
        C::Load => &[
            "Look at the server's load and limits at that time (show server, show stat), and at what opened so many sessions: \
             clients that try again and again, a probe, an agent.",
            "Raise the limit only if memory allows it: Server_MaxSessions and the port's session limit of Domino, worker_connections \
             and memory of the proxy.",
        ],
        C::Peer => &[
            "Server document of each Sametime server > Ports > Net Address: it must be the address from which the other server comes.",
            "Let both reach each other on the community port (1516), and name them among the trusted IP addresses.",
        ],
        C::Backend => &[
            "Look whether the server behind the proxy runs and listens on that address and port, and read its own log at that time.",
            "Try it from the proxy's machine (curl -v or nc -vz): what fails there is no fault of the clients.",
        ],
        C::Size => &[
            "Raise the limit for headers: large_client_header_buffers for requests, proxy_buffer_size for answers of nginx; \
             LimitRequestFieldSize of IBM HTTP Server.",
            "Look what makes them long: old cookies of many servers for one domain, tickets of users in many groups. Deleting the \
             browser's cookies helps that user at once.",
        ],
        _ => &[
            "Try address and port from that very machine (nc -vz HOST 1352), and capture there: who is silent, and who resets.",
            "Look whether the other server ran at that time, and whether a firewall lies between: Connection documents and the \
             Server document say which address was meant.",
        ],
    }
}

const fn of_tls(cause: LoggedCause) -> &'static [&'static str] {
    match cause {
        LoggedCause::Certificate => &[
            "Renew the certificate with all names under which the server is called, and give it to the server: certstore.nsf or \
             the key ring of Domino, the key store that the line names of WebSphere and IBM HTTP Server.",
            "The name in the configuration must be that of the certificate in the store (label or alias).",
        ],
        LoggedCause::Untrusted => &[
            "Import the issuer's certificate, with those between it and the root, into the trust store of the side that refuses: \
             trust.p12 or NodeDefaultTrustStore, the plug-in's key file, Domino's directory or certstore.nsf.",
            "Let the other side send its whole chain, not only its own certificate.",
        ],
        _ => &[
            "No cipher or version in common: update the older side, or allow it what it needs for as long as it must be (Server \
             document > Ports > Internet Ports; SSLProtocol and SSLCipherSpec of IBM HTTP Server).",
            "Look who the client is by the address in the line: a scanner or a health check makes such lines too.",
        ],
    }
}

const fn of_server(cause: LoggedCause) -> &'static [&'static str] {
    use LoggedCause as C;
    match cause {
        C::Directory => &[
            "Test the server's own bind with its account and password (ldapsearch from that machine), and whether the directory \
             answers at the address and port that are configured.",
            "Signing or encryption wanted by the directory: use LDAPS (port 636), with its issuer in the trust store.",
        ],
        C::Trust => &[
            "Look at the trust association (interceptor) that the line names: its class, its properties, and whether what stands \
             before the server sends the header that it waits for.",
        ],
        C::Keys => &[
            "Export the LTPA keys of one cell (Global security > LTPA > Export keys), import them into all others and into \
             Domino's Web SSO Configuration document, and restart the servers.",
            "Liberty: file, password and rights of ltpa.keys in server.xml (ltpa element).",
        ],
        C::Token => &[
            "Let the user sign on at the server that gives out the token, under its full name, in the domain for which the cookie \
             is set.",
            "A script that reads the token: it must not be set with HttpOnly, or the script must not need it.",
        ],
        C::Clock => &[
            "Set the clocks of all machines that take part by NTP from one source: the servers, the directory's controllers, the \
             identity provider.",
            "A few seconds that remain: allow a skew where the assertion or ticket is checked.",
        ],
        C::Name => &[
            "Make the attribute by which the server searches present, single and the same in all directories: compare the name in \
             the line with the user's entries.",
            "Search base and realm: the entry must lie within what the server is configured to search.",
        ],
        _ => &[
            "Mend the setting, file or database that the line names, restart that server, and look whether the line comes again.",
        ],
    }
}

const fn of_provider(cause: LoggedCause) -> &'static [&'static str] {
    use LoggedCause as C;
    match cause {
        C::Oidc => &[
            "Compare the client's entry at the identity provider with the server's settings: client id, secret, issuer, the address \
             to come back to (scheme, host, port, path), and the key that signs.",
            "Begin the next sign-on in a fresh browser window: state and codes are good for one time.",
        ],
        C::Provider => &[
            "Fetch the provider's description from the server's own machine (curl -v ISSUER/.well-known/openid-configuration): \
             name, proxy, port and trust store of that machine count.",
        ],
        C::Saml => &[
            "Compare both sides' metadata: entity id or audience, the address to which the assertion is posted, the certificate \
             that signs. Domino: IdP Configuration document in idpcat.nsf.",
            "Begin the next sign-on in a fresh browser window: an assertion is good for one time.",
        ],
        _ => &[
            "One account must have the principal HTTP/HOST of the very name in the address bar (setspn -Q HTTP/HOST), and the \
             keytab must be made of that account's present password and encryption types.",
            "NTLM in place of a ticket: the site must be in the intranet zone (or the browser's list), and the client in the domain.",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::model::LoggedCause;

    #[test]
    fn each_cause_has_words_of_its_own() {
        let all: Vec<_> = LoggedCause::ALL.into_iter().map(of).collect();
        assert!(all.iter().all(|texts| !texts.is_empty()));
        for (place, texts) in all.iter().enumerate() {
            assert!(!all.iter().take(place).any(|other| other == texts), "{:?}", LoggedCause::ALL[place]);
        }
    }
}
