//! The name of a sign-on host other than a Notes server could not be resolved.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::net::name_not_found as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct NameNotFound;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("net-name-not-found");

static ABOUT: About = About {
    id: ID,
    title: "The name of a sign-on host could not be resolved",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "DNS answers NXDOMAIN, SERVFAIL, REFUSED or no address (or nothing at all) for a host that took or gave sign-on tokens, \
           registered users, spoke Sametime or answered for a directory, or that such a host redirects to; and nobody who may be \
           that client calls it afterwards.",
    matters: "Without an address there is no connection: the page, the telephone or the chat does not come up, and the browser says \
              that the server was not found.",
    guards: &[
        "Another suffix or the other address family gave an address: silent. No record of IPv6 where nobody asked for IPv4: silent.",
        "The client, or an address that may be the same machine, called the host all the same: silent.",
        "The name of a Notes server: see nrpc-dns-failure. Names that no sign-on asks for: counted, not told.",
        "Any other finding about the question explains it: not told by itself.",
        "The same client found it soon after: minor. It found another one later: major.",
    ],
    remedy: &[
        "Make the name resolve with the resolver that these clients ask: nslookup NAME RESOLVER on one of them.",
        "One resolver knows it and another does not (split DNS, VPN): clients must ask the one that does for that domain.",
    ],
    references: &["RFC 1035 4.1.1 (response codes), RFC 2308 (no data)"],
    explains: &[],
};

impl Rule for NameNotFound {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        told(case, &ABOUT, lost, lost.of(AttemptKind::Dns), |failure, _| words::NamesNotFound { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{ANN, browser, domino, mail, served, shared, visit};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, AAAA, Rcode};
    use nrpcsniff_samples::http::{self, Browser};

    const RULE: &str = "net-name-not-found";
    const HOST: &str = "mail.example.com";

    /// Somebody signs on there.
    fn signs_on(net: &Network) {
        let web = visit(&browser(net), &mail(net));
        let taken = http::response(302).location("/mail.nsf").set_cookie(shared("LtpaToken", &domino(net, ANN)));
        let login = http::post("/names.nsf?Login").form(&[("Username", "asmith"), ("Password", "not a real one")]);
        web.ask(login).reply(taken);
        served(&web, "/mail.nsf");
    }

    fn asks(net: &Network, name: &str, kind: u16, rcode: Rcode) {
        net.resolve_fails(&net.host("10.1.0.60"), &net.host("10.1.0.2"), name, kind, rcode);
    }

    #[test]
    fn a_portal_that_one_client_does_not_find() {
        let found = told(RULE, |net| {
            signs_on(net);
            idle(net, 60);
            asks(net, HOST, A, Rcode::NxDomain);
            idle(net, 10);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &[HOST, "NXDOMAIN", "10.1.0.60", "10.1.0.2:53"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("another name", |net| asks(net, "telemetry.vendor.example", A, Rcode::NxDomain)),
            ("the same first label elsewhere", |net| asks(net, "mail.vendor.test", A, Rcode::NxDomain)),
            ("no address of IPv6", |net| asks(net, HOST, AAAA, Rcode::NoError)),
            ("it is called all the same", |net| {
                asks(net, HOST, A, Rcode::ServFail);
                served(&visit(&Browser::new(&net.host("10.1.0.60")), &mail(net)), "/mail.nsf");
            }),
        ];
        for (name, story) in stories {
            let found = told(RULE, |net| {
                signs_on(net);
                idle(net, 60);
                story(net);
                idle(net, 10);
            });
            assert_eq!(found, [], "{name}");
        }
    }
}
