//! The report as one JSON document, indented by two spaces, written as it goes.
//!
//! Keys stand in a fixed order; keys may be added, none is renamed or dropped within one `schema_version`. Characters
//! that a terminal would obey are written as `\uXXXX` (see [`super::escape`]); a parser sees no difference.

use super::escape::JsonFormatter;
use super::view::{LazySequence, ReportParts, SCHEMA_VERSION, ToolView, TotalsView, tool};
use super::{Report, ReportOptions};
use crate::model::{AttemptCounts, Conclusion, Verdict};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct ReportDocument<'a, I: Serialize, C: Serialize, F: Serialize> {
    schema_version: u32,
    tool: ToolView,
    inputs: I,
    totals: TotalsView<'a>,
    verdict: &'a Verdict,
    attempts: &'a [AttemptCounts],
    conversations: C,
    findings: F,
}

/// Writes the report as one document, with a line break at its end.
pub(crate) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let parts = ReportParts::new(report, options);
    let document = ReportDocument {
        schema_version: SCHEMA_VERSION,
        tool: tool(),
        inputs: LazySequence(|| parts.inputs()),
        totals: parts.totals(),
        verdict: &conclusion.verdict,
        attempts: &conclusion.attempts,
        conversations: LazySequence(|| parts.conversations()),
        findings: LazySequence(|| parts.findings()),
    };
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, JsonFormatter::pretty()))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Format, sample};
    use super::*;
    use crate::model::Severity;
    use nrpcsniff_dissectors::Reader;
    use serde_json::Value;

    fn options(detail: Detail) -> ReportOptions {
        ReportOptions { detail, all: false, ..ReportOptions::new(Format::Json) }
    }

    fn text(report: Report<'_>, options: &ReportOptions) -> String {
        let mut out = Vec::new();
        write(report, &sample::conclusion(), options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn document(report: Report<'_>, options: &ReportOptions) -> Value {
        serde_json::from_str(&text(report, options)).unwrap()
    }

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_whole_report() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        insta::assert_snapshot!(text(report, &options(Detail::Messages)).replace(super::super::VERSION, "VERSION"));
    }

    #[test]
    fn every_key_of_the_format_is_there_in_order() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let all = document(
            Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED },
            &options(Detail::Messages),
        );
        let starts = |value: &Value, wanted: &[&str]| assert!(keys(value).starts_with(wanted), "{:?}", keys(value));
        starts(
            &all,
            &["schema_version", "tool", "inputs", "totals", "verdict", "attempts", "conversations", "findings"],
        );
        starts(&all["tool"], &["name", "version"]);
        starts(
            &all["inputs"][0],
            &["path", "format", "link_types", "packets", "bytes", "first", "last", "complete", "problem"],
        );
        starts(&all["totals"], &["packets", "bytes", "tcp_conversations", "udp_conversations", "undecoded"]);
        starts(&all["verdict"], &["kind", "text", "finding", "cautions"]);
        starts(
            &all["attempts"][0],
            &["kind", "server", "asked", "granted", "refused", "unanswered", "cut_off", "unknown", "clients"],
        );
        for protocol in nrpcsniff_dissectors::PROTOCOLS {
            assert!(all["totals"][format!("{}_{}", protocol.name, protocol.counts)].is_u64());
        }
        let conversation = &all["conversations"][0];
        starts(
            conversation,
            &["id", "transport", "protocol", "over_tls", "client", "server", "roles_guessed", "start"],
        );
        starts(&conversation["teardown"], &["how", "by", "time", "packet"]);
        let message = &conversation["messages"][0];
        starts(message, &["n", "packets", "time", "from", "type", "summary", "fields"]);
        let finding = &all["findings"][0];
        starts(
            finding,
            &["rule", "severity", "confidence", "score", "title", "explanation", "conversations", "packets"],
        );
        starts(&finding["evidence"][0], &["source", "packet", "input", "text"]);
        for key in [
            "duration_s",
            "community_id",
            "wireshark_filter",
            "setup",
            "packets_client",
            "bytes_server",
            "quality",
            "messages",
        ] {
            assert!(!conversation[key].is_null(), "{key}");
        }
        for key in ["remedy", "references", "wireshark_filter", "also"] {
            assert!(!finding[key].is_null(), "{key}");
        }
    }

    #[test]
    fn detail_says_how_much() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let count = |detail, all| {
            let d = document(report, &ReportOptions { all, ..options(detail) });
            let conversations = d["conversations"].as_array().unwrap().clone();
            let messages = conversations.iter().map(|c| c["messages"].as_array().unwrap().len()).sum::<usize>();
            (conversations.len(), messages)
        };
        assert_eq!(count(Detail::Findings, false), (1, 0));
        assert_eq!(count(Detail::Conversations, false), (2, 0));
        assert_eq!(count(Detail::Messages, false), (2, 3));
        assert_eq!(count(Detail::Messages, true), (3, 3));
    }

    #[test]
    fn the_community_id_is_that_of_the_specification() {
        let mut c = sample::conversation(0, "192.168.1.42:4242".parse().unwrap(), "8.8.8.8:53".parse().unwrap());
        c.transport = crate::model::Transport::Udp;
        let analysis = crate::model::Analysis { conversations: vec![c].into(), ..Default::default() };
        let all = document(
            Report { analysis: &analysis, findings: &[], reader: Reader::MASKED },
            &ReportOptions { all: true, ..options(Detail::Messages) },
        );
        assert_eq!(all["conversations"][0]["community_id"], "1:vTdrngJjlP5eZ9mw9JtnKyn99KM=");
    }

    #[test]
    fn frames_of_other_inputs_say_so() {
        let mut analysis = sample::analysis();
        analysis.conversations[0].messages[1].at.frame.input = 1;
        let mut finding = sample::finding("x", Severity::Info);
        finding.frames = vec![sample::frame(0, 4), sample::frame(1, 5)];
        let findings = [finding];
        let all = document(
            Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED },
            &options(Detail::Messages),
        );
        assert_eq!(all["conversations"][0]["messages"][0].get("input"), None);
        assert_eq!(all["conversations"][0]["messages"][1]["input"], 1);
        assert_eq!(all["findings"][0]["packets"], serde_json::json!([{"input": 0, "n": 4}, {"input": 1, "n": 5}]));
        assert_eq!(all["findings"][0]["inputs"], serde_json::json!([0, 1]));
    }
}
