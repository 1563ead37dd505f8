//! A browser answers Negotiate with NTLM, and the server knows Kerberos only.

use crate::diagnose::evidence::each;
use crate::diagnose::evidence::http::browsers;
use crate::diagnose::words::Users;
use crate::diagnose::words::spnego::ntlm as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::http::pages::{Denial, PageAnswer};
use crate::facts::http::{HttpExchange, origin};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::auth::{Credentials, Ticket};

/// See [`ABOUT`].
pub(crate) struct Ntlm;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("spnego-ntlm");

static ABOUT: About = About {
    id: ID,
    title: "A browser answers Negotiate with NTLM instead of a Kerberos ticket",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "A server asks for Negotiate, the browser sends NTLM (bare, or inside of SPNEGO), and the server asks again as if nothing had been \
           sent: 401 with a bare Negotiate, no challenge of NTLM.",
    matters: "Windows falls back to NTLM where it finds no service principal name for the name in the address. Domino and WebSphere take \
              Kerberos only: single sign-on fails, and the user is asked for a password or gets nowhere.",
    guards: &[
        "The server answers with a challenge of NTLM: it knows NTLM; silent.",
        "The same browser gets in at that host within half a minute: silent; later: major.",
        "A token that is neither NTLM nor Kerberos: silent.",
    ],
    remedy: &[
        "On a domain controller: setspn -Q HTTP/host for each name by which users call the server. None: setspn -S HTTP/host account, with \
         the account under which the Domino service runs (domspnego.cmd), or that of WebSphere's keytab. Found twice (setspn -X): remove one.",
        "On the client: klist get HTTP/host must give a ticket. The site must be in the browser's list: intranet zone of Windows, \
         AuthServerAllowlist of Edge and Chrome, network.negotiate-auth.trusted-uris of Firefox.",
        "Call the server by the name that the SPN has: an address, a short name, or an alias whose SPN is missing lead to NTLM; so does a \
         computer that is not in the domain, or that reaches no domain controller.",
    ],
    references: &[
        "IBM technote 21394592 (Domino: Attempt by HTTP client to authenticate using Windows NTLM security is not supported)",
        "RFC 4559 section 4 (Negotiate); MS-NLMP section 2.2.1",
        "HCL Domino: setting up Windows single sign-on for Web clients",
    ],
    explains: &[crate::diagnose::rules::http::login_loop::ID],
};

impl Rule for Ntlm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let http = case.http();
        let soon = case.settings.thresholds.login_round;
        let refused =
            http.exchanges().iter().filter(|exchange| is_refused(exchange) && !origin::is_local(&exchange.host));
        let told = refused.filter_map(|exchange| {
            let waited = http.let_in_after(exchange);
            waited.is_none_or(|waited| waited > soon).then_some((exchange, waited.is_some()))
        });
        group_by(told, |(exchange, _)| exchange.host.clone()).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// NTLM that is answered as if nothing had been sent.
fn is_refused(exchange: &HttpExchange<'_>) -> bool {
    let denied = exchange.page_answer() == PageAnswer::Denied(Denial::Unauthorized);
    let wants = |response: &nrpcsniff_dissectors::http::Response| {
        let mut asked = response.challenges.iter().filter(|c| c.scheme.eq_ignore_ascii_case("Negotiate"));
        asked.any(|c| c.ticket.is_none())
    };
    denied && sent(exchange).is_some() && exchange.response.is_some_and(|response| wants(response.content))
}

fn sent<'a>(exchange: &HttpExchange<'a>) -> Option<&'a Credentials> {
    let mut credentials = exchange.request?.content.credentials.iter();
    credentials.find(|c| {
        !c.proxy && c.scheme.eq_ignore_ascii_case("Negotiate") && matches!(c.ticket, Some(Ticket::Ntlm(1 | 3)))
    })
}

/// 85 points: what was sent and what was answered was read.
fn finding(case: &Case<'_>, group: &[(&HttpExchange<'_>, bool)]) -> Option<Draft> {
    let http = case.http();
    let (first, _) = group.first()?;
    let exchanges: Vec<&HttpExchange<'_>> = group.iter().map(|(exchange, _)| *exchange).collect();
    let draft = Draft::new(&ABOUT, 45).names_read().retry(exchanges.len() > 1).says(&words::InPlaceOfKerberos {
        server: first.conversation.server,
        host: first.host.clone(),
        browsers: browsers(http, exchanges.iter().map(|exchange| exchange.browser)),
        users: Users::of(exchanges.iter().filter_map(|exchange| sent(exchange)?.user.clone()).map(Some)),
        count: exchanges.len(),
        is_bare_name: origin::is_short(&first.host) || origin::is_address(&first.host),
    });
    let draft = if group.iter().all(|(_, later)| *later) { draft.severity(Severity::Major) } else { draft };
    let draft = exchanges.iter().fold(draft, |draft, exchange| draft.conversation(exchange.conversation));
    Some(each(draft, &exchanges, "requests", |draft, exchange| {
        let draft = draft.packet(exchange.at(), format!("{} with NTLM under Negotiate", exchange.line()));
        match exchange.response {
            Some(response) => {
                draft.packet(response.at(), "answer: 401, asks for Negotiate again, without a challenge of NTLM")
            }
            None => draft,
        }
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::tokens::{browser, mail, served, visit};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::http::{self, Visit};

    const RULE: &str = "spnego-ntlm";
    /// The first message of NTLM, and its challenge.
    const NTLM: [&str; 2] = ["TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA=", "TlRMTVNTUAACAAAAAAAAADgAAAAFgooC"];

    fn at_mail(net: &Network) -> Visit {
        visit(&browser(net), &mail(net))
    }

    fn negotiates(web: &Visit, scheme: &str, answer: &str) {
        let refusal = http::response(401).set("WWW-Authenticate", answer);
        web.wait(20)
            .ask(http::get("/mail.nsf").header("Authorization", &format!("{scheme} {}", NTLM[0])))
            .reply(refusal);
    }

    #[test]
    fn asked_again_as_if_nothing_had_been_sent() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            web.ask(http::get("/mail.nsf")).reply(http::response(401).set("WWW-Authenticate", "Negotiate"));
            for _ in 0..3 {
                negotiates(&web, "Negotiate", "Negotiate");
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["mail.example.com", "NTLM", "HTTP/mail.example.com", "setspn"]);
    }

    #[test]
    fn who_gets_in_by_a_form_later() {
        let found = told(RULE, |net| {
            let web = at_mail(net);
            negotiates(&web, "Negotiate", "Negotiate, Basic realm=\"x\"");
            net.wait_secs(60);
            served(&web, "/mail.nsf");
        });
        assert_eq!(the_one(&found).severity, Severity::Major);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("a server that knows NTLM", |net| {
                negotiates(&at_mail(net), "Negotiate", &format!("Negotiate {}", NTLM[1]));
            }),
            ("NTLM where NTLM is asked for", |net| negotiates(&at_mail(net), "NTLM", "NTLM")),
            ("the first 401", |net| {
                at_mail(net)
                    .ask(http::get("/mail.nsf"))
                    .reply(http::response(401).set("WWW-Authenticate", "Negotiate"));
            }),
            ("who gets in at once", |net| {
                let web = at_mail(net);
                negotiates(&web, "Negotiate", "Negotiate");
                served(&web, "/mail.nsf");
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
