//! A log says that a server is not reached, or fell silent.

use super::ByCause;
use crate::diagnose::{About, Layer};
use crate::model::{LoggedCause, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) static RULE: ByCause = ByCause {
    about: &ABOUT,
    causes: &[
        LoggedCause::Path,
        LoggedCause::Host,
        LoggedCause::Other,
        LoggedCause::Load,
        LoggedCause::Peer,
        LoggedCause::Backend,
    ],
};

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("log-not-reached");

static ABOUT: About = About {
    id: ID,
    title: "A log says that a server is not reached, or fell silent",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "Logs: no way to a Notes server, a host name that is not known, a session that was reset or not answered; a Sametime server that has the wrong address for another; an application server that a proxy does not reach. In the port trace of a Notes client a search that ended without a way.",
    matters: "Nobody was refused: the other side was not there, or what lies between does not let it through.",
    guards: &[
        "The same log shows later that the same user got in, or the same server was reached: minor.",
        "Lines of one moment are one event, however many a server writes of it.",
        "A line that nobody has shown from a real log, or that stands in no log: medium confidence at most.",
        "A step of a search that ends well (\"No answer at last known address\") is none.",
    ],
    remedy: &[
        "Host name not known: correct it in DNS, in the Connection document or in the Server document (Ports > Notes Network Ports > Net Address).",
        "No answer, or a reset: try the address and port from that very machine (nc -vz HOST 1352), and capture there.",
        "Sametime servers: the net address in the Server document must be that from which the other server comes.",
    ],
    references: &[
        "HCL Domino help: how a server connects to another server",
        "IBM technote 21206752 (community connections and trusted IP addresses)",
    ],
    explains: &[crate::diagnose::rules::nrpc::open_failed::ID, crate::diagnose::rules::net::connect_failed::ID],
};

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::logs::{SOME_TIME, alone, console, lines};
    use crate::testing::{says, the_one};

    #[test]
    fn each_server_is_told_by_its_name() {
        let log = [
            console(SOME_TIME, &["Unable to replicate with server MAIL04/ACME: Remote system no longer responding"]),
            console(
                SOME_TIME + 30_000_000_000,
                &["Router: Unable to connect to server MAIL06/ACME: The remote server is not a known TCP/IP host."],
            ),
        ];
        let found = alone(&[&log.concat()]);
        let told: Vec<_> = found
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.severity, finding.facts.text("server_name")))
            .collect();
        assert_eq!(
            told,
            [
                ("log-not-reached", Severity::Major, Some("MAIL06/ACME")),
                ("log-not-reached", Severity::Minor, Some("MAIL04/ACME")),
            ]
        );
    }

    const SEARCH: &str = "Determining path to server MAIL01/ACME\nNo answer at last known address\n\
                          No answer on address 'MAIL01' from MAIL01/ACME on TCPIP\n";

    #[test]
    fn a_search_without_an_end_is_one_finding() {
        let text = format!(
            "{SEARCH}Unable to find any path to MAIL01/ACME because Unable to find path to server\nNo path found to MAIL01/ACME\n"
        );
        let found = alone(&[&text]);
        assert_eq!(
            (the_one(&found).facts.text("server_name"), lines(the_one(&found))),
            (Some("MAIL01/ACME"), vec![2, 3, 4, 5])
        );
        says(the_one(&found), &["no way to the server was found"]);
    }

    /// The healthy twin: the search goes on and ends at the server.
    #[test]
    fn a_search_that_ends_well_is_silent() {
        assert_eq!(alone(&[&format!("{SEARCH}Connected to server MAIL01/ACME\n")]), []);
    }
}
