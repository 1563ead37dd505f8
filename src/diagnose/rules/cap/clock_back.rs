//! The capture's clock ran backwards.

use crate::diagnose::evidence::each;
use crate::diagnose::words::cap::clock_back as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::statistics::seconds;
use crate::model::{ClockStep, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ClockBack;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-clock-back");

static ABOUT: About = About {
    id: ID,
    title: "The capture's clock ran backwards",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "A frame that is a second and more older than the frame before it in the same file; or half of all frames older than the \
           one before them.",
    matters: "Somebody set the clock of the capturing machine, files were put together without sorting, or a tool wrote the frames in \
              another order. Delays, silences and clocks over such a place are not judged: they would be invented.",
    guards: &[
        "Frames of several queues or interfaces that are out of order by less than a second: silent.",
        "The next file of a set begins earlier than the last one ended: no clock of one machine; silent.",
    ],
    remedy: &[
        "Frames in another order: reordercap IN OUT (of Wireshark) puts them in the order of their times; read that.",
        "A clock that was set: let NTP adjust the clock of the capturing machine slowly (chrony makestep off, ntpd -x), and capture \
         again.",
    ],
    references: &["Wireshark: reordercap(1), mergecap(1)"],
    explains: &[],
};

impl Rule for ClockBack {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let clock = &case.analysis.facts.clock;
        let draft = match (case.is_out_of_order(), clock.first, case.clock_steps()) {
            (true, Some(first), _) => {
                let said =
                    words::OutOfOrder { older_frames: clock.older_frames, frame_count: case.analysis.totals.packets };
                shown(Draft::new(&ABOUT, 90).says(&said), &[first])
            }
            (_, _, steps @ [first, ..]) => {
                let longest = steps.iter().map(|step| step.length()).max().unwrap_or(first.length());
                let said = words::SetBack { count: steps.len(), set_back_s: seconds(longest), at: first.before.time };
                shown(Draft::new(&ABOUT, 90).says(&said), steps)
            }
            _ => return Vec::new(),
        };
        vec![draft]
    }
}

fn shown(draft: Draft, steps: &[ClockStep]) -> Draft {
    each(draft, steps, "steps", |draft, step| {
        let frame = step.before.frame.number;
        draft.packet(step.after, format!("{} older than frame {frame} before it", step.length()))
    })
}

#[cfg(test)]
mod tests {
    use crate::model::{Finding, Severity};
    use crate::testing::{findings, says, the_one};
    use nrpcsniff_samples::{Format, Network};

    const RULE: &str = "cap-clock-back";

    /// What is said of a session that is captured so.
    fn told(format: &Format) -> Vec<Finding> {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 3).client_fin();
        findings(&net.write(format))
    }

    #[test]
    fn a_clock_that_is_set_back_is_told_and_no_skew_is_judged() {
        let found = told(&Format::pcap().set_back(6, 3_600));
        assert_eq!(found.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), [RULE], "{found:#?}");
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["backwards by 60.0 min", "older than frame 5 before it", "not judged"]);
    }

    #[test]
    fn frames_in_another_order_are_told_as_such() {
        let found = told(&Format::pcapng().reversed());
        let of_clock: Vec<_> = found.into_iter().filter(|finding| finding.rule == RULE).collect();
        says(the_one(&of_clock), &["not in the order of their times", "reordercap"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let within_a_second = Format::pcap().set_back(9, 0);
        for (name, format) in [("a steady clock", Format::pcap()), ("a clock that stands still", within_a_second)] {
            let found = told(&format);
            assert_eq!(found.into_iter().filter(|f| f.rule == RULE).collect::<Vec<_>>(), [], "{name}");
        }
    }
}
