//! `NAME.expected.json`: what a report must hold.
//!
//! The file lists what counts; nothing else is compared. Its keys are those of the JSON report, and a few of its own:
//! `absent` (rules that must not speak), `surplus` (how severe a finding that is not listed must be to count as a
//! deviation), `options` (what the run needs), and short keys of conversations (see [`super::document`]).

use super::cases::CaseKind;
use super::shape::Shape;
use super::values::items;
use super::{comparison, options};
use crate::model::Severity;
use crate::report::escape;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Severities, the least first; beside them `never`.
const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Minor, Severity::Major, Severity::Blocker];

/// An expectation: findings, conversations and totals that one report must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expectation {
    /// The file as it is.
    pub(super) listed: Value,
}

impl Expectation {
    /// Reads the file; `None` if there is none.
    pub(super) fn load(path: &Path, kind: CaseKind) -> Result<Option<Self>> {
        let shown = || escape::path(path);
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, kind).with_context(shown).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{}: cannot be read", shown())),
        }
    }

    /// Reads the text of a file. An error knows the line, and the right word if one is near.
    pub(super) fn parse(text: &str, kind: CaseKind) -> Result<Self> {
        let shape = match kind {
            CaseKind::Report => &FILE,
            CaseKind::Comparison => &comparison::FILE,
        };
        let expectation = Self { listed: shape.read(text)? };
        for rule in expectation.absent() {
            let both = items(&expectation.listed, "findings").iter().any(|finding| finding["rule"] == rule);
            ensure!(!both, "'{rule}' stands under findings and under absent: take it out of one of them");
        }
        Ok(expectation)
    }

    /// It is the expectation of a comparison, and says only what to compare.
    pub(super) fn claims_nothing(&self) -> bool {
        let is_claimless = |keys: &Map<String, Value>| keys.keys().all(|key| is_no_claim(key));
        self.listed.get("good").is_some() && self.listed.as_object().is_some_and(is_claimless)
    }

    /// Rules that must not speak, not even under `also`.
    pub(super) fn absent(&self) -> impl Iterator<Item = &str> {
        items(&self.listed, "absent").iter().filter_map(Value::as_str)
    }

    /// Is a finding of this severity a deviation if it is not listed? From `minor` on unless `surplus` says otherwise.
    pub(super) fn forbids_surplus(&self, severity: &Value) -> bool {
        let rank = |name: &str| SEVERITIES.iter().position(|severity| severity.name() == name);
        let limit = self.listed.get("surplus").and_then(Value::as_str).unwrap_or(Severity::Minor.name());
        rank(limit).is_some_and(|limit| severity.as_str().and_then(rank).is_none_or(|rank| rank >= limit))
    }
}

/// It says what to read or how to judge, not what must be found.
pub(super) fn is_no_claim(key: &str) -> bool {
    matches!(key, "absent" | "surplus" | "options") || comparison::INPUTS.contains(&key)
}

/// Keys that may stand in the file.
static FILE: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("findings", Shape::List(&FINDING)),
        ("conversations", Shape::List(&CONVERSATION)),
        ("inputs", Shape::List(&INPUT)),
        ("totals", Shape::Map(&Shape::Any)),
        ("attempts", Shape::List(&ATTEMPTS)),
        ("verdict", VERDICT),
        ("absent", Shape::List(&Shape::Rule)),
        ("surplus", Shape::Word(&["info", "minor", "major", "blocker", "never"])),
        ("options", options::SHAPE),
    ],
};

static ATTEMPTS: Shape = Shape::Object {
    required: &["kind", "server"],
    keys: &[
        ("kind", Shape::Text),
        ("server", Shape::Any),
        ("log", Shape::Any),
        ("asked", Shape::Any),
        ("granted", Shape::Number),
        ("refused", Shape::Number),
        ("unanswered", Shape::Number),
        ("cut_off", Shape::Number),
        ("unknown", Shape::Number),
        ("clients", Shape::Number),
    ],
};

const VERDICT: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("kind", Shape::Word(&["fault", "failed", "works", "undecided", "nothing"])),
        ("text", Shape::Text),
        ("finding", Shape::Any),
        ("cautions", Shape::List(&Shape::Text)),
        ("tried", Shape::Text),
    ],
};

static FINDING: Shape = Shape::Object {
    required: &["rule"],
    keys: &[
        ("rule", Shape::Rule),
        ("severity", Shape::Word(&["blocker", "major", "minor", "info"])),
        ("confidence", Shape::Word(&["high", "medium", "low"])),
        ("score", Shape::Number),
        ("title", Shape::Text),
        ("explanation", Shape::Text),
        ("conversations", Shape::List(&Shape::Number)),
        ("packets", Shape::List(&Shape::Any)),
        ("inputs", Shape::List(&Shape::Number)),
        ("evidence", Shape::List(&EVIDENCE)),
        ("remedy", Shape::List(&Shape::Text)),
        ("references", Shape::List(&Shape::Text)),
        ("wireshark_filter", Shape::Text),
        ("also", Shape::List(&Shape::Rule)),
        ("layer", Shape::Text),
        ("facts", Shape::Map(&Shape::Any)),
        ("group", Shape::Map(&Shape::Any)),
    ],
};

static EVIDENCE: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("source", Shape::Text),
        ("packet", Shape::Any),
        ("line", Shape::Any),
        ("input", Shape::Any),
        ("text", Shape::Text),
    ],
};

static CONVERSATION: Shape = Shape::Object {
    required: &["id"],
    keys: &[
        ("id", Shape::Number),
        ("transport", Shape::Text),
        ("protocol", Shape::Text),
        ("over_tls", Shape::Any),
        ("tls", TLS),
        ("client", ENDPOINT),
        ("server", ENDPOINT),
        ("roles_guessed", Shape::Any),
        ("start", Shape::Text),
        ("duration_s", Shape::Number),
        ("community_id", Shape::Any),
        ("wireshark_filter", Shape::Text),
        ("setup", Shape::Word(&["handshake", "refused", "no-answer", "midstream", "none"])),
        ("teardown", TEARDOWN),
        ("packets_client", Shape::Number),
        ("packets_server", Shape::Number),
        ("bytes_client", Shape::Number),
        ("bytes_server", Shape::Number),
        ("quality", QUALITY),
        ("messages", Shape::List(&MESSAGE)),
        ("messages_seen", SIDES),
        ("stream", Shape::Number),
        ("input", Shape::Number),
        ("first_packet", Shape::Number),
        ("last_packet", Shape::Number),
        ("protocol_by_port", Shape::Any),
        ("undissected_bytes", SIDES),
        ("turns", TURNS),
        ("given_up", Shape::Any),
        // Short keys.
        ("how", HOW),
        ("by", BY),
        ("after_message", Shape::Number),
        ("wanted_server", Shape::Any),
        ("server_name", Shape::Any),
        ("statuses", Shape::List(&Shape::Any)),
        ("answers", Shape::List(&Shape::Any)),
    ],
};

const TLS: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("records", Shape::Number),
        ("opened", Shape::Number),
        ("sealed", Shape::Number),
        ("why_opaque", Shape::Any),
    ],
};

const HOW: Shape = Shape::Word(&["fin", "rst", "open", "timeout"]);
const BY: Shape = Shape::Word(&["client", "server", "middlebox", "none"]);
const ENDPOINT: Shape = Shape::Object { required: &[], keys: &[("ip", Shape::Text), ("port", Shape::Number)] };
const SIDES: Shape = Shape::Object { required: &[], keys: &[("client", Shape::Number), ("server", Shape::Number)] };

const TEARDOWN: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("how", HOW),
        ("by", BY),
        ("time", Shape::Any),
        ("packet", Shape::Any),
        ("input", Shape::Any),
        ("after_message", Shape::Number),
        ("reasons", Shape::List(&Shape::Text)),
    ],
};

const QUALITY: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("retransmissions", Shape::Number),
        ("out_of_order", Shape::Number),
        ("overlaps", Shape::Number),
        ("conflicting_overlaps", Shape::Number),
        ("gaps", Shape::Number),
        ("missing_bytes", Shape::Number),
        ("zero_windows", Shape::Number),
        ("rtt_ms", Shape::Any),
        ("cut_frames", Shape::Number),
        ("duplicate_frames", Shape::Number),
        ("keep_alives", SIDES),
        ("acked_unseen_bytes", SIDES),
        ("bad_checksums", SIDES),
        ("oversized", SIDES),
    ],
};

const TURNS: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("count", Shape::Number),
        ("waited_s", Shape::Number),
        (
            "slowest",
            Shape::List(&Shape::Object {
                required: &[],
                keys: &[("request", Shape::Number), ("reply", Shape::Number), ("waited_s", Shape::Number)],
            }),
        ),
        ("unanswered", Shape::Any),
    ],
};

static MESSAGE: Shape = Shape::Object {
    required: &["n"],
    keys: &[
        ("n", Shape::Number),
        ("packets", Shape::List(&Shape::Number)),
        ("input", Shape::Number),
        ("time", Shape::Text),
        ("from", Shape::Word(&["client", "server"])),
        ("type", Shape::Text),
        ("summary", Shape::Text),
        ("fields", Shape::Map(&Shape::Any)),
        ("offset", Shape::Number),
        ("length", Shape::Number),
    ],
};

static INPUT: Shape = Shape::Object {
    required: &[],
    keys: &[
        ("path", Shape::Text),
        ("format", Shape::Any),
        ("link_types", Shape::List(&Shape::Number)),
        ("packets", Shape::Number),
        ("bytes", Shape::Number),
        ("first", Shape::Any),
        ("last", Shape::Any),
        ("complete", Shape::Any),
        ("problem", Shape::Any),
        ("dropped", Shape::Any),
        ("snap_length", Shape::Any),
        // Of a log.
        ("lines", Shape::Number),
        ("facts", Shape::Any),
        ("clock", Shape::Any),
    ],
};

#[cfg(test)]
mod tests {
    use super::super::document::tests::report;
    use super::*;
    use serde_json::json;

    /// Whatever a report says can be listed. A key that was added to the report belongs into the tables above.
    #[test]
    fn every_key_of_a_report_is_known() {
        for sample in nrpcsniff_samples::stories::all() {
            let report = report(&sample.bytes(), &sample.file_name());
            let parts = ["findings", "conversations", "inputs", "totals", "verdict", "attempts"]
                .map(|key| (key.to_owned(), report[key].clone()));
            let text = serde_json::to_string_pretty(&Value::Object(parts.into_iter().collect())).unwrap();
            assert!(
                Expectation::parse(&text, CaseKind::Report).is_ok(),
                "{}: {:#}",
                sample.name,
                Expectation::parse(&text, CaseKind::Report).unwrap_err()
            );
        }
    }

    #[test]
    fn typing_errors_are_found_where_they_stand() {
        for (text, parts) in [
            ("{\n\"finding\": []}", ["line 2", "'findings'"]),
            ("{\"findings\": [\n{\"rule\": \"tcp-loss\", \"severty\": \"major\"}]}", ["line 2", "'severity'"]),
            ("{\"findings\": [\n{\"severity\": \"major\"}]}", ["line 2", "'rule'"]),
            ("{\"absent\": [\n\n\"nrpc-name-mismatch-alis\"]}", ["line 3", "'nrpc-name-mismatch-alias'"]),
            ("{\"conversations\": [\n{\"id\": 1, \"teardown\": {\"hwo\": \"fin\"}}]}", ["line 2", "unknown key 'hwo'"]),
            ("{\"conversations\": [{}]}", ["line 1", "'id'"]),
            ("{\"surplus\": \"majr\"}", ["line 1", "'major'"]),
            ("{\"options\": {\"ltpa_key\": []}}", ["line 1", "'ltpa_keys'"]),
            ("{\"absent\": [\"tcp-loss\"], \"findings\": [{\"rule\": \"tcp-loss\"}]}", ["'tcp-loss'", "absent"]),
        ] {
            let error = Expectation::parse(text, CaseKind::Report).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_not_listed_counts_from_minor_on() {
        let minds = |file: &str, severity: &str| {
            Expectation::parse(file, CaseKind::Report).unwrap().forbids_surplus(&json!(severity))
        };
        assert!(!minds("{}", "info") && minds("{}", "minor") && minds("{}", "blocker"));
        assert!(minds(r#"{"surplus": "info"}"#, "info"));
        assert!(!minds(r#"{"surplus": "blocker"}"#, "major") && minds(r#"{"surplus": "blocker"}"#, "blocker"));
        assert!(!minds(r#"{"surplus": "never"}"#, "blocker"));
    }

    #[test]
    fn a_file_that_is_not_there_is_none_and_one_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Expectation::load(&folder.path().join("x.expected.json"), CaseKind::Report).unwrap(), None);
        let error = format!("{:#}", Expectation::load(folder.path(), CaseKind::Report).unwrap_err());
        assert!(error.contains("cannot be read") && error.contains(folder.path().to_str().unwrap()), "{error}");
        let file = folder.path().join("x.expected.json");
        fs::write(&file, "{\"absnt\": []}").unwrap();
        let error = format!("{:#}", Expectation::load(&file, CaseKind::Report).unwrap_err());
        assert!(error.contains("x.expected.json: line 1, column"), "{error}");
    }
}
