//! The user ID's certificate has ended, or will soon.

use crate::diagnose::evidence::logs::{FEW, log_of, nrpc_at};
use crate::diagnose::evidence::nrpc::{and_more, show_close};
use crate::diagnose::words::Closed;
use crate::diagnose::words::nrpc::id_expired::{Dated, IdExpiryLogged, Outcome};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::nrpc::group_by;
use crate::facts::nrpc::opening::{closed_at_once, refused};
use crate::model::{Confidence, LogEvent, RuleId, Severity, Timestamp};
use nrpcsniff_dissectors::nrpc::TimeDate;

/// See [`ABOUT`].
pub(crate) struct IdExpired;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-id-expired");

static ABOUT: About = About {
    id: ID,
    title: "The user ID's certificate has expired or is about to",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "The session request carries a pair of dates that look like creation and end of the user ID's certificate; \
           the end lies before the time by which it is judged, and the session is closed right after the opening or \
           the authentication. Near its end: told as information. \
           Logs: \"Your certificate has expired\".",
    matters: "Server and client refuse a certificate that has ended; the user reads \"Your certificate has expired\".",
    guards: &[
        "That the dates are those of the certificate is inferred from their pattern: medium confidence at most, low if \
         no creation date stands beside the end.",
        "A session of the same ID that works after that date refutes it: silent.",
        "A session that ended because of the server's name: silent.",
        "The end of the session is not in the capture: information only, unless a time was given with --now.",
        "An end before the creation is no certificate date: silent.",
    ],
    remedy: &[
        "Recertify the user ID (Domino Administrator > People > Recertify), and let the client fetch the new \
         certificate: by the vault, or by mail.",
        "If the ID was renewed already: restart the Notes client, and make sure that it uses the renewed ID file.",
        "If the date is right and still far: compare the clocks of client and server.",
    ],
    references: &[
        "Observed: TLV 0x0C/0x02 and 0x0D/0x03 of the session request (nDPI sample capture hcl_notes.pcapng: two years \
         apart, as certificates are)",
        "HCL: understanding certificate expiration management in HCL Notes",
        "Notes status 0x191C (ERR_SECURE_EXPIRED_CERT)",
    ],
    explains: &[super::auth_rejected::ID, super::early_close::ID],
};

impl Rule for IdExpired {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let dated = case.nrpc().filter(|talk| Dates::of(case, talk).is_some());
        let groups = group_by(dated, |talk| (talk.conversation.client.ip, Dates::of(case, talk).map(|d| d.expires)));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let said = |event: &LogEvent| matches!(event, LogEvent::Status { code: 0x191C, token: None });
        let testimonies = case.logs().saying(said).take(FEW).map(|entry| {
            let draft = Draft::new(&ABOUT, 55)
                .says(&IdExpiryLogged { log: log_of(case, &entry).to_owned() })
                .at_most(Confidence::Medium);
            Testimony::new(&ABOUT, &[entry]).links(nrpc_at(case, &entry)).proves().alone(draft)
        });
        testimonies.collect()
    }
}

/// Dates of a certificate and the time to judge them by, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Dates {
    created: Option<i64>,
    expires: i64,
    /// By the server's clock, else by packet time.
    then: Timestamp,
    /// As the user wishes, else as above.
    now: Timestamp,
}

impl Dates {
    fn of(case: &Case<'_>, talk: &Talk<'_>) -> Option<Self> {
        let request = talk.request?;
        let expires = request.content.certificate_expires?.unix_nanos()?;
        let created = request.content.certificate_created.and_then(TimeDate::unix_nanos);
        let clock = talk.response.and_then(|r| r.content.clock).and_then(TimeDate::unix_nanos);
        let then = clock.map_or(request.at().time, |nanos| Timestamp::new(nanos, 0));
        let sane = created.is_none_or(|created| created < expires);
        sane.then_some(Self { created, expires, then, now: case.settings.now.unwrap_or(then) })
    }

    fn end(&self) -> Timestamp {
        Timestamp::new(self.expires, 0)
    }

    /// Days from the time of judgement to the end; negative if it is over.
    fn days_left(&self) -> f64 {
        self.end().seconds_since(self.now) / 86_400.0
    }
}

/// What one session says of its certificate, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    Near,
    /// Over, but how the session ended is not in the capture.
    Unseen,
    /// Over as of the time that the user gave.
    AsOfNow,
    /// Over, and the session failed.
    Failed,
}

fn state(case: &Case<'_>, talk: &Talk<'_>, dates: &Dates) -> State {
    if dates.days_left() > case.settings.thresholds.certificate_days {
        State::Good
    } else if dates.days_left() >= 0.0 {
        State::Near
    } else if dates.end() < dates.then && failed(case, talk) {
        State::Failed
    } else if case.settings.now.is_some() {
        State::AsOfNow
    } else {
        State::Unseen
    }
}

/// Closed at once after opening or authentication, and not because of the server's name.
fn failed(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    talk.progress().client <= 2 && closed_at_once(case, talk) && refused(case, talk).is_none()
}

/// The session was used although the date had passed: then it is no end of a certificate.
fn refutes(talk: &Talk<'_>, dates: &Dates) -> bool {
    dates.end() < dates.then && talk.progress().client >= 3 && talk.progress().server >= 3
}

/// One session that was used after the date refutes it for all, since then the date read is no end of a certificate.
fn judge_group(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let judged: Vec<_> = group
        .iter()
        .filter_map(|&talk| Dates::of(case, talk).map(|dates| (talk, dates)))
        .map(|(talk, dates)| (talk, dates, state(case, talk, &dates)))
        .collect();
    if judged.iter().any(|(talk, dates, _)| refutes(talk, dates)) {
        return None;
    }
    let worst = judged.iter().map(|(.., state)| *state).max()?;
    let (first, dates, _) = *judged.iter().find(|(.., state)| *state == worst)?;
    let alike: Vec<_> = judged.iter().filter(|(.., state)| *state == worst).map(|(talk, ..)| *talk).collect();
    let outcome = match worst {
        State::Good => return None,
        State::Near => Outcome::HoldsYet,
        State::Unseen => Outcome::NotSeen,
        State::AsOfNow => Outcome::AsOfGivenTime,
        State::Failed => Outcome::Failed,
    };
    let mut draft = draft(first, &dates, outcome, alike.len());
    match worst {
        State::Near | State::Unseen => draft = draft.severity(Severity::Info),
        State::Failed => {
            let again = alike.len() > 1 || case.retry_of(first).is_some();
            draft = draft.retry(again).guard(!first.well_captured());
        }
        State::Good | State::AsOfNow => {}
    }
    Some(show(draft, &alike, &dates))
}

fn draft(talk: &Talk<'_>, dates: &Dates, outcome: Outcome, count: usize) -> Draft {
    let sure = if dates.created.is_some() { Confidence::Medium } else { Confidence::Low };
    let client = talk.conversation.client.ip;
    let said = Dated {
        client,
        count,
        certificate_expires: dates.end(),
        as_of: dates.now,
        days_left: dates.days_left(),
        outcome,
        closed: (outcome == Outcome::Failed).then(|| Closed::of(&talk.conversation.teardown)),
    };
    Draft::new(&ABOUT, 55).at_most(sure).says(&said).remedy_first(format!(
        "Look at the certificate in the ID of client {client} (File > Security > User Security > Your Identity > Your \
         Certificates), and recertify that ID.",
    ))
}

fn show(mut draft: Draft, group: &[&Talk<'_>], dates: &Dates) -> Draft {
    for talk in group {
        draft = draft.conversation(talk.conversation);
    }
    for talk in group.iter().take(4) {
        let Some(request) = talk.request else { continue };
        let created = dates.created.map_or_else(
            || "no creation date beside it".to_owned(),
            |nanos| format!("created {}", Timestamp::new(nanos, 0)),
        );
        let text = format!("session request carries a certificate end of {} ({created})", dates.end());
        draft = show_close(draft.packet(request.at(), text), talk);
    }
    and_more(draft, group)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Settings;
    use crate::model::{Confidence, Finding, Severity, Timestamp};
    use crate::testing::{Story, the_one, told, told_with};
    use nrpcsniff_samples::time::{DAY, START, utc};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-id-expired";
    const MAIL: &str = "CN=Mail01/O=Example";

    /// A session up to the server's response, with a certificate of these dates.
    fn dated(net: &Network, created: u64, expires: u64) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        let mut request = tcp.request_for(MAIL);
        (request.created, request.expires) = (created, expires);
        tcp.client(request.encode()).response(MAIL);
        tcp
    }

    fn expired(net: &Network) -> Tcp {
        dated(net, utc(2023, 2, 20), utc(2025, 2, 20))
    }

    fn as_of(days: i64, story: fn(&Network)) -> Vec<Finding> {
        let now = (START + DAY).cast_signed() + days * DAY.cast_signed();
        let settings = Settings { now: Some(Timestamp::new(now, 0)), ..Settings::default() };
        told_with(&settings, RULE, story)
    }

    #[test]
    fn an_expired_certificate_and_a_session_that_fails() {
        let found = told(RULE, |net| {
            expired(net).auth().wait(60).server_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert!(finding.also.iter().any(|also| *also == "nrpc-auth-rejected"));
        assert!(finding.title.contains("10.1.0.50") && finding.title.contains("2025-02-20"));
        assert!(finding.explanation.contains("inferred") && finding.explanation.contains("the server closed with FIN"));
        assert_eq!(finding.frames.first().map(|frame| frame.number), Some(4));
        assert_eq!(finding.conversations, [0]);
    }

    #[test]
    fn near_the_end_and_unseen_endings_are_information() {
        let near = told(RULE, |net| {
            dated(net, utc(2023, 3, 20), utc(2025, 3, 20)).auth().transactions(3).client_fin();
        });
        assert_eq!(the_one(&near).severity, Severity::Info);
        assert!(the_one(&near).explanation.contains("10 days after"), "{}", the_one(&near).explanation);
        let open = told(RULE, |net| {
            expired(net);
        });
        assert_eq!(the_one(&open).severity, Severity::Info);
    }

    #[test]
    fn the_time_of_judgement_is_the_user_s_if_given() {
        let good: fn(&Network) = |net| {
            dated(net, utc(2023, 5, 6), utc(2026, 5, 6)).auth().transactions(3).client_fin();
        };
        assert_eq!(told(RULE, good), []);
        assert_eq!(as_of(100, good), []);
        assert_eq!(the_one(&as_of(400, good)).severity, Severity::Info);
        let over = as_of(800, good);
        assert_eq!((the_one(&over).severity, the_one(&over).confidence), (Severity::Blocker, Confidence::Medium));
        assert!(the_one(&over).explanation.contains("as of the time given"));
    }

    #[test]
    fn the_server_s_clock_decides_over_packet_time() {
        let found = told(RULE, |net| {
            let _server = net.host("10.1.0.9").clock_ahead(60 * 86_400);
            dated(net, utc(2023, 5, 1), utc(2025, 5, 1)).auth().wait(60).server_fin();
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it works all the same: no certificate date", |net| {
                expired(net).auth().transactions(3).client_fin();
            }),
            ("years to go", |net| {
                dated(net, utc(2024, 5, 6), utc(2026, 5, 6)).auth().wait(20).server_fin();
            }),
            ("an end before the creation", |net| {
                dated(net, utc(2025, 1, 1), utc(2024, 1, 1)).auth().wait(20).server_fin();
            }),
            ("the name was wrong", |net| {
                let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
                let mut request = tcp.request_for("chat.example.net");
                (request.created, request.expires) = (utc(2023, 5, 6), utc(2026, 5, 6));
                tcp.client(request.encode()).response(MAIL).wait(3).client_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
