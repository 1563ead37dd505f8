//! The server's certificate is over, or not valid yet.

use crate::diagnose::evidence::tls::{callers, failed, tried};
use crate::diagnose::words::clock;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::tls::{Blame, TlsHandshake, by_site, day};
use crate::model::{Confidence, RuleId, Severity, Side};
use nrpcsniff_dissectors::tls::Certificate;

/// See [`ABOUT`].
pub struct CertExpired;

/// Id of the rule.
pub const ID: RuleId = RuleId::new("tls-cert-expired");

static ABOUT: About = About {
    id: ID,
    title: "The server's certificate has expired",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The client's alert certificate_expired (45) after the server's certificate, or another refusal of a certificate that was \
           not valid at the time of the packet; or such a certificate that nobody minded.",
    matters: "Clients that check it end the connection before anything is said inside; others go on, and their users see a \
              warning or nothing.",
    guards: &[
        "The client goes on all the same: minor.",
        "The certificate is valid by the time of the capture although the alert says otherwise: the client's clock is suspected, \
         with medium confidence.",
        "A root in the chain that is over: clients look at their own copy; silent.",
        "A certificate that begins after the time of the packet, and no alert about dates: the capture's clock is wrong; silent.",
        "Judged by the time of the packet; with --now by that time, and then minor if the client had no objection.",
    ],
    remedy: &[
        "Renew the certificate and let the server use it: Domino: certstore.nsf (or the .kyr file), then restart the HTTP task; \
         WebSphere: key store of the node, SSL configuration of the port; load balancer: certificate of the site.",
        "Watch the dates: the issuing authority's certificate ends as well.",
    ],
    references: &["RFC 8446 section 6.2 (alerts)", "RFC 5280 section 4.1.2.5 (validity)"],
    explains: &[],
};

impl Rule for CertExpired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let all = || case.tls().all();
        let refused = by_site(all().filter(|one| one.blame() == Some(Blame::Dates)));
        let refused: Vec<_> = refused.filter_map(|group| finding(case, &group)).collect();
        let ignored = |one: &&TlsHandshake<'_>| {
            one.got_through() && one.blame().is_none() && one.ended_at(one.judged_at(case)).is_some()
        };
        let ignored = by_site(all().filter(ignored)).filter_map(|group| went_on(case, &group));
        refused.into_iter().chain(ignored).collect()
    }
}

fn finding(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let alert = group.iter().find_map(|one| one.refused_by(Side::Client)).map(|(_, alert)| alert);
    let how = match alert {
        Some(alert) => format!("ended the handshake with the alert {}", alert.shown()),
        None => "closed".to_owned(),
    };
    let draft = failed(case, &ABOUT, 45, group).points(if alert.is_some() { 20 } else { 0 });
    let tried =
        format!("{} to reach {} and {how} when the server had shown its certificate.", tried(group), first.site());
    let time = first.hello.at().time;
    let (bad, (title, fact)) = if let Some(bad) = first.ended_at(time) {
        (bad, over(first, bad, &clock(time)))
    } else if let Some(bad) = first.begins_after(time) {
        (bad, early(first, bad, &clock(time)))
    } else {
        return Some(by_the_client_s_clock(draft, group, first, &tried));
    };
    Some(draft.points(20).title(title).explain(format!("{tried} {fact}")).remedy_first(renew(bad)))
}

/// Title and fact for a certificate that has ended.
fn over(handshake: &TlsHandshake<'_>, bad: &Certificate, when: &str) -> (String, String) {
    let (whose, ends) = (whose(handshake, bad), bad.ends());
    (
        format!("{whose} of {} ended on {}", handshake.site(), day(&ends)),
        format!("{whose}, of \"{}\", ended at {ends}, before {when}.", bad.subject),
    )
}

/// Title and fact for a certificate that has not begun.
fn early(handshake: &TlsHandshake<'_>, bad: &Certificate, when: &str) -> (String, String) {
    let (whose, begins) = (whose(handshake, bad), bad.begins());
    (
        format!("{whose} of {} is not valid before {}", handshake.site(), day(&begins)),
        format!("{whose}, of \"{}\", begins at {begins}, after {when}.", bad.subject),
    )
}

fn whose(handshake: &TlsHandshake<'_>, bad: &Certificate) -> &'static str {
    let own = handshake.certificate().is_some_and(|own| own == bad);
    if own { "The certificate" } else { "A certificate in the chain" }
}

fn renew(bad: &Certificate) -> String {
    format!("Renew the certificate of \"{}\", issued by \"{}\".", bad.subject, bad.issuer)
}

/// The alert speaks of dates, and the dates are in order, or cannot be seen.
fn by_the_client_s_clock(draft: Draft, group: &[&TlsHandshake<'_>], first: &TlsHandshake<'_>, tried: &str) -> Draft {
    let clocks = format!(
        "Compare the clock of {} with the true time; look at the roots and intermediates that it keeps itself.",
        callers(group)
    );
    let draft = draft
        .at_most(Confidence::Medium)
        .title(format!("{} takes the certificate of {} for expired", callers(group), first.site()))
        .remedy_first(clocks);
    match first.certificate() {
        Some(own) => draft.explain(format!(
            "{tried} It is valid from {} until {}, and so it was by the clock of the capture.",
            own.begins(),
            own.ends()
        )),
        None => draft.explain(format!("{tried} The certificate itself cannot be read here.")).remedy_first(format!(
            "Look at the dates: openssl s_client -connect {} -showcerts | openssl x509 -noout -dates.",
            first.server()
        )),
    }
}

/// Nobody minded.
fn went_on(case: &Case<'_>, group: &[&TlsHandshake<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let bad = first.ended_at(first.judged_at(case))?;
    let when = clock(first.judged_at(case));
    let (title, fact) = over(first, bad, &when);
    let as_of = if case.settings.now.is_some() { " This is judged as of the time given." } else { "" };
    Some(
        failed(case, &ABOUT, 85, group)
            .severity(Severity::Minor)
            .title(title)
            .explain(format!("{fact} {} went on all the same; others may not.{as_of}", callers(group)))
            .remedy_first(renew(bad)),
    )
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Settings;
    use crate::facts::tls::tests::{MEET, call, fails, get};
    use crate::model::{Confidence, Severity, Timestamp};
    use crate::testing::{Story, one, says, the_one, told, told_with};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::time::utc;
    use nrpcsniff_samples::tls::{Presents, Tls};

    const RULE: &str = "tls-cert-expired";

    #[test]
    fn a_certificate_that_is_over() {
        let net = Network::new();
        fails(&net, &Tls::v12(MEET).presents(Presents::Expired), 2);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["certificate_expired (45)", "ended on 2025-02-01", "Example Root CA"]);
        assert!(finding.also.is_empty());
    }

    #[test]
    fn a_client_that_closes_without_a_word() {
        let found = told(RULE, |net| {
            let (tcp, tls) = (call(net), Tls::v12(MEET).presents(Presents::Expired));
            tcp.client(tcp.tls_hello(&tls)).server(tcp.tls_flight(&tls)).client_fin();
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
    }

    #[test]
    fn a_client_whose_clock_is_wrong() {
        let found = told(RULE, |net| {
            let _client = net.host("10.1.0.50").clock_ahead(500 * 86_400);
            fails(net, &Tls::v12(MEET), 1);
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::Medium));
        says(the_one(&found), &["takes the certificate of", "Compare the clock of 10.1.0.50"]);
    }

    #[test]
    fn a_client_that_does_not_mind() {
        let found = told(RULE, |net| {
            let _client = net.host("10.1.0.50").clock_ahead(-100 * 86_400);
            get(net, &Tls::v12(MEET).presents(Presents::Expired));
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::High));
        says(the_one(&found), &["went on all the same"]);
    }

    #[test]
    fn the_time_of_judgement_is_the_user_s_if_given() {
        let as_of = |time: u64| Settings { now: Some(Timestamp::new(time.cast_signed(), 0)), ..Settings::default() };
        let good: fn(&Network) = |net| get(net, &Tls::v12(MEET));
        assert_eq!(told_with(&as_of(utc(2026, 5, 1)), RULE, good), []);
        let found = told_with(&as_of(utc(2026, 6, 1)), RULE, good);
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["ended on 2026-05-06", "as of the time given"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("in order", |net| get(net, &Tls::v12(MEET))),
            ("inside TLS 1.3 the certificate is not to be seen", |net| get(net, &Tls::v13(MEET))),
            ("a capture whose clock is years behind", |net| {
                let (tcp, tls) = (call(net), Tls::v12(MEET));
                let flight = tcp.tls_flight(&tls);
                let begins = flight.windows(12).position(|w| w == b"240506000000").expect("notBefore");
                let tomorrow = [&flight[..begins], b"25", &flight[begins + 2..]].concat();
                tcp.client(tcp.tls_hello(&tls)).server(tomorrow).client_fin();
            }),
            ("another reason", |net| fails(net, &Tls::v12(MEET).presents(Presents::ChainCut), 2)),
            ("another host", |net| fails(net, &Tls::v12(MEET).presents(Presents::OtherName), 2)),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
