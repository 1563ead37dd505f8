//! What scripts rely on: every key of the JSON report with its type, frames and filters that lead back to the capture,
//! and the same findings however the same packets are handed in.

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use support::{all_samples, has, list, nrpcsniff, number, report, sample, text, tshark, two_at_a_time};

/// The shape of the report. A word is a type: `number`, `text`, `bool`, `time` (RFC 3339 in UTC), `object`, or the words
/// that are allowed; `?` at its end allows null. An array holds elements of the one shape.
fn shape() -> Value {
    let end = json!({"ip": "text", "port": "number"});
    let input = json!({
        "path": "text", "format": "pcap|pcapng", "link_types": ["number"], "packets": "number", "bytes": "number",
        "first": "time?", "last": "time?", "complete": "bool", "problem": "text?"
    });
    let mut totals = json!({
        "packets": "number", "bytes": "number", "tcp_conversations": "number", "udp_conversations": "number",
        "undecoded": [{"reason": "text", "count": "number"}], "passed_over": [{"reason": "text", "count": "number"}]
    });
    for protocol in nrpcsniff_dissectors::PROTOCOLS {
        totals[format!("{}_{}", protocol.name, protocol.counts)] = json!("number");
    }
    let names = nrpcsniff_dissectors::PROTOCOLS.iter().map(|protocol| protocol.name);
    let protocols: Vec<_> = names.chain(["unknown"]).collect();
    let message = json!({
        "n": "number", "packets": ["number"], "time": "time", "from": "client|server", "type": "text",
        "summary": "text", "fields": "object"
    });
    let conversation = json!({
        "id": "number", "transport": "tcp|udp", "protocol": protocols.join("|"),
        "over_tls": "bool", "client": end, "server": end, "roles_guessed": "bool", "start": "time",
        "duration_s": "number", "community_id": "text", "wireshark_filter": "text",
        "setup": "handshake|refused|no-answer|midstream|none",
        "teardown": {"how": "fin|rst|open|timeout", "by": "client|server|middlebox|none", "time": "time?",
                     "packet": "number?", "after_message": "number"},
        "packets_client": "number", "packets_server": "number", "bytes_client": "number", "bytes_server": "number",
        "quality": {"retransmissions": "number", "out_of_order": "number", "overlaps": "number",
                    "conflicting_overlaps": "number", "gaps": "number", "missing_bytes": "number",
                    "zero_windows": "number", "rtt_ms": "number?"},
        "messages": [message]
    });
    let evidence = json!({
        "source": "packet|log|token|dns|absence", "packet": "number?", "input": "number", "text": "text"
    });
    let finding = json!({
        "rule": "text", "severity": "blocker|major|minor|info", "confidence": "high|medium|low", "score": "number",
        "title": "text", "explanation": "text", "conversations": ["number"],
        "packets": [{"input": "number", "n": "number"}], "inputs": ["number"],
        "evidence": [evidence], "remedy": ["text"], "references": ["text"], "wireshark_filter": "text",
        "also": ["text"],
        "layer": "capture|network|protocol|sign-on|performance|information|fallback", "facts": "object",
        "group": {"count": "number", "clients": "number", "captures": "number", "first": "time?", "last": "time?", "more": "number"}
    });
    let verdict = json!({
        "kind": "fault|failed|works|undecided|nothing", "text": "text", "finding": "number?", "cautions": ["text"],
        "tried": "text"
    });
    let attempts = json!({
        "kind": "dns|connect|tls|nrpc.open|nrpc.auth|http.login|http.token|sip.register|sip.call|sametime.login|ldap.bind|\
                 ldap.search|ad.logon|smtp.login|idvault|peer|backend",
        "server": "text?", "log": "text?", "asked": "text?", "granted": "number", "refused": "number", "unanswered": "number",
        "cut_off": "number", "unknown": "number", "clients": "number"
    });
    json!({
        "schema_version": "number", "tool": {"name": "text", "version": "text"}, "inputs": [input],
        "totals": totals, "verdict": verdict, "attempts": [attempts], "conversations": [conversation], "findings": [finding]
    })
}

/// What every answer of a directory ends in.
fn ldap_result() -> Value {
    json!({
        "message_id": "number", "result_code": "number", "result_name": "text?", "diagnostic": "text", "data": "text?"
    })
}

/// The fields of a message by its type.
fn fields(kind: &str) -> Option<Value> {
    let frame = json!({"function": "number?", "class": "number?", "sequence": "number?", "user": "text?"});
    let dns = json!({"name": "text", "qtype": "text", "rcode": "text?", "answers": ["object"]});
    let session = json!({
        "clock": "time?", "clock_skew_s": "number?", "license_id": "text?", "buffer_size": "number?", "tlvs": ["object"]
    });
    Some(match kind {
        "nrpc.session_request" => {
            with(session, &["wanted_server", "own_name"], &["certificate_created", "certificate_expires"])
        }
        "nrpc.session_response" => with(session, &["server_name"], &[]),
        "nrpc.transaction" => {
            let mut transaction = with(frame, &["status_name"], &[]);
            transaction["status_code"] = json!("number?");
            transaction
        }
        "nrpc.auth" | "nrpc.opaque" => frame,
        "dns.query" | "dns.response" => dns,
        "sip.request" | "sip.response" => json!({
            "method": "text?", "uri": "text?", "status": "number?", "reason": "text?", "call_id": "text?", "cseq": "text?",
            "from": "text?", "to": "text?", "contact": ["text"], "via": ["text"], "user_agent": "text?",
            "expires": "number?", "cookies": [cookie()], "auth": ["object"], "transport": "udp|tcp|ws"
        }),
        "http.request" => json!({
            "method": "text", "host": "text?", "path": "text", "status": "number?", "location": "text?",
            "cookies": [cookie()]
        }),
        "http.response" => json!({
            "method": "text?", "host": "text?", "path": "text?", "status": "number", "location": "text?",
            "set_cookies": [set_cookie()]
        }),
        sametime if sametime.starts_with("sametime.") => sametime_fields(sametime),
        "ldap.bind_request" => json!({"message_id": "number", "name": "text", "method": "text?"}),
        "ldap.search_request" => json!({"message_id": "number", "name": "text", "scope": "text", "filter": "text"}),
        "ldap.search_done" | "ldap.bind_response" | "ldap.extended_response" => ldap_result(),
        "ldap.extended" => json!({"message_id": "number", "oid": "text"}),
        "ldap.unbind" | "ldap.search_entry" => json!({"message_id": "number"}),
        "stun.dtls" => json!({"content": "number", "epoch": "number", "handshake": "number?", "alert": "number?"}),
        stun if stun.starts_with("stun.") => json!({
            "method": "text", "username": "text?", "error": "number?", "reason": "text?", "relayed": "text?",
            "lifetime": "number?", "check": "bool", "transaction": "text"
        }),
        "tls.client_hello" => json!({
            "sni": "text?", "versions": ["text"], "ciphers": ["text"], "alpn": ["text"], "random": "text",
            "why_opaque": "text?", "opened": "bool"
        }),
        "tls.server_hello" => json!({"versions": ["text"], "cipher": "text", "alpn": "text?", "why_opaque": "text?"}),
        "tls.certificate" => json!({
            "subject": "text?", "names": ["text"], "issuer": "text?", "not_before": "time?", "not_after": "time?",
            "fingerprint": "text?", "chain_length": "number"
        }),
        "tls.alert" => json!({"alert": "text?"}),
        tls if tls.starts_with("tls.") => json!({"opened": "bool"}),
        _ => return None,
    })
}

fn sametime_fields(kind: &str) -> Value {
    let coded = json!({"number": "number", "name": "text?"});
    match kind {
        "sametime.handshake" => json!({"login_type": coded, "host": "text?"}),
        "sametime.handshake_ack" => json!({"seen_address": "text"}),
        "sametime.login" => json!({"login_type": coded, "user": "text", "auth_type": coded, "token": "object?"}),
        "sametime.login_ack" => json!({"user": "text"}),
        "sametime.login_redirect" => json!({"host": "text"}),
        "sametime.channel_destroy" => json!({"reason_code": "number", "reason_name": "text?"}),
        _ => json!({"channel": "number"}),
    }
}

/// A token, wherever it stands.
fn token() -> Value {
    json!({
        "class": "domino|websphere-v1|websphere-v2|websphere|undefined|empty|junk-literal|not-base64|truncated|other",
        "length": "number", "fingerprint": "text", "key_fingerprint": "text?", "user": "text?", "realm": "text?",
        "created": "time?", "expires": "time?", "verified": "bool?", "flags": ["text"]
    })
}

fn cookie() -> Value {
    json!({"name": "text", "token": "object?"})
}

fn set_cookie() -> Value {
    json!({
        "name": "text", "domain": "text?", "path": "text?", "secure": "bool", "http_only": "bool", "same_site": "text?",
        "expires": "time?", "token": "object?"
    })
}

/// Every object under a key `token` that is a token.
fn tokens(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("token").filter(|token| token.is_object()).cloned());
            map.values().for_each(|value| tokens(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| tokens(value, found)),
        _ => {}
    }
}

fn with(mut shape: Value, texts: &[&str], times: &[&str]) -> Value {
    for &key in texts {
        shape[key] = json!("text?");
    }
    for &key in times {
        shape[key] = json!("time?");
    }
    shape
}

/// Where a value has not the shape it should have.
fn misfits(value: &Value, shape: &Value, at: &str) -> Vec<String> {
    match shape {
        Value::Object(keys) => {
            let inner = |(key, shape): (&String, &Value)| match value.get(key) {
                Some(value) => misfits(value, shape, &format!("{at}.{key}")),
                None => vec![format!("{at}.{key} is not there")],
            };
            keys.iter().flat_map(inner).collect()
        }
        Value::Array(of) => match value.as_array() {
            Some(values) => values.iter().flat_map(|value| misfits(value, &of[0], &format!("{at}[]"))).collect(),
            None => vec![format!("{at} is no array: {value}")],
        },
        word => {
            let fits = fits(value, word.as_str().unwrap());
            if fits { Vec::new() } else { vec![format!("{at} is not {word}: {value}")] }
        }
    }
}

fn fits(value: &Value, word: &str) -> bool {
    if let Some(word) = word.strip_suffix('?') {
        return value.is_null() || fits(value, word);
    }
    match word {
        "number" => value.is_number(),
        "text" => value.is_string(),
        "bool" => value.is_boolean(),
        "object" => value.is_object(),
        "time" => value.as_str().is_some_and(|time| digits(time).is_some()),
        words => value.as_str().is_some_and(|value| words.split('|').any(|word| word == value)),
    }
}

/// Digits of the second's fraction of a time as in RFC 3339, in UTC; nothing if it is no such time.
fn digits(time: &str) -> Option<usize> {
    let (whole, fraction) = match time.strip_suffix('Z')?.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (time.strip_suffix('Z')?, ""),
    };
    let pattern = whole.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    let is_time = pattern == "0000-00-00T00:00:00" && fraction.chars().all(|c| c.is_ascii_digit());
    is_time.then_some(fraction.len())
}

#[test]
fn every_key_is_there_with_its_type() {
    let shape = shape();
    let mut kinds = BTreeSet::new();
    for path in all_samples() {
        let path = path.to_str().unwrap();
        let report = report(&[path]);
        let mut wrong = misfits(&report, &shape, "report");
        for message in list(&report, "conversations").iter().flat_map(|c| list(c, "messages")) {
            let kind = text(message, "type");
            match fields(kind) {
                Some(fields) => wrong.extend(misfits(&message["fields"], &fields, kind)),
                None => wrong.push(format!("what is {kind}?")),
            }
            let mut shown = Vec::new();
            tokens(&message["fields"], &mut shown);
            wrong.extend(shown.iter().flat_map(|shown| misfits(shown, &token(), "token")));
            kinds.insert(kind.to_owned());
        }
        assert!(wrong.is_empty(), "{path}: {wrong:#?}");
        assert_eq!(report["schema_version"], 2);
    }
    assert!(kinds.len() >= 16, "{kinds:?}");
}

#[test]
fn a_misfit_is_noticed() {
    let shape = json!({"a": ["number"], "b": {"c": "time?"}, "d": "x|y"});
    assert_eq!(misfits(&json!({"a": [1, 2], "b": {"c": null}, "d": "y", "e": 1}), &shape, ""), Vec::<String>::new());
    for wrong in [
        json!({"a": [1], "b": {"c": null}}),
        json!({"a": [1, "2"], "b": {"c": null}, "d": "x"}),
        json!({"a": {}, "b": {"c": "2025-03-10T08:30:00Z"}, "d": "x"}),
        json!({"a": [], "b": {"c": "2025-03-10 08:30:00"}, "d": "x"}),
        json!({"a": [], "b": {"c": "2025-03-10T08:30:00.1234Z"}, "d": "z"}),
    ] {
        assert_eq!(misfits(&wrong, &shape, "").len(), 1, "{wrong}");
    }
}

#[test]
fn each_line_of_ndjson_says_what_it_is() {
    let mut shape = shape();
    for name in ["nrpc-alias.pcapng", "nrpc-idle-reset.pcapng", "nrpc-refused.pcap"] {
        let path = sample(name);
        let output = nrpcsniff().args(["--format", "ndjson", &path]).output().unwrap();
        assert!(output.status.success());
        let mut kinds = BTreeMap::<String, usize>::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let mut object: Value = serde_json::from_str(line).unwrap();
            let kind = text(&object, "kind").to_owned();
            if let Some(own) = ["verdict", "attempt"].into_iter().find(|own| object.get(own).is_some()) {
                object["kind"] = object[own].take();
            }
            let shape = match &mut shape[&kind] {
                Value::Array(of) => of[0].clone(),
                one => one.clone(),
            };
            let wrong = misfits(&object, &shape, &kind);
            assert!(shape.is_object() && wrong.is_empty(), "{name}: {wrong:#?}");
            *kinds.entry(kind).or_default() += 1;
        }
        let report = report(&[&path]);
        for kind in ["inputs", "attempts", "conversations", "findings"] {
            assert_eq!(kinds.get(kind).copied().unwrap_or(0), list(&report, kind).len(), "{name} {kind}");
        }
        assert_eq!((kinds["tool"], kinds["totals"], kinds["verdict"]), (1, 1, 1));
    }
}

/// JSON types of every name: the place of a value without numbers of lists, and what stood there but null.
fn types(value: &Value, place: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        Value::Null => return,
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    found.entry(place.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(items) => items.iter().for_each(|item| types(item, &format!("{place}[]"), found)),
        Value::Object(keys) => keys.iter().for_each(|(key, inner)| types(inner, &format!("{place}.{key}"), found)),
        _ => {}
    }
}

/// A database that takes NDJSON has one column a name.
#[test]
fn a_name_has_one_type_in_every_row() {
    let mut found = BTreeMap::new();
    for path in all_samples() {
        let report = report(&[path.to_str().unwrap()]);
        for rows in ["inputs", "attempts", "conversations", "findings"] {
            for row in list(&report, rows) {
                types(row, rows, &mut found);
            }
        }
        for one in ["totals", "verdict"] {
            types(&report[one], one, &mut found);
        }
    }
    let several: Vec<_> = found.iter().filter(|(_, types)| types.len() > 1).collect();
    assert!(several.is_empty(), "{several:#?}");
    assert!(found.len() > 300, "{}", found.len());
}

/// Every number that stands for a frame, with its input.
fn frames(report: &Value) -> Vec<(u64, u64)> {
    let mut frames = Vec::new();
    let mut add =
        |input: &Value, frame: &Value| frames.extend(frame.as_u64().map(|n| (input.as_u64().unwrap_or(0), n)));
    for conversation in list(report, "conversations") {
        for key in ["first_packet", "last_packet"] {
            add(&conversation["input"], &conversation[key]);
        }
        add(&conversation["input"], &conversation["teardown"]["packet"]);
        for message in list(conversation, "messages") {
            for frame in list(message, "packets") {
                add(&conversation["input"], frame);
            }
        }
    }
    for finding in list(report, "findings") {
        for frame in list(finding, "packets") {
            add(&frame["input"], &frame["n"]);
        }
        for evidence in list(finding, "evidence") {
            add(&evidence["input"], &evidence["packet"]);
        }
    }
    frames
}

#[test]
fn frames_and_conversations_are_there() {
    for path in all_samples() {
        let report = report(&[path.to_str().unwrap()]);
        let packets = number(&report["totals"], "packets");
        for (input, frame) in frames(&report) {
            assert!(input == 0 && (1..=packets).contains(&frame), "{}: frame {frame} of input {input}", path.display());
        }
        let ids: Vec<_> = list(&report, "conversations").iter().map(|c| number(c, "id")).collect();
        assert!(ids.is_sorted(), "conversations in the order of their first packets: {ids:?}");
        for finding in list(&report, "findings") {
            let packets = list(finding, "packets");
            assert!(!packets.is_empty() && packets.is_sorted_by_key(|packet| packet["n"].as_u64()));
            let known = list(finding, "conversations").iter().all(|id| ids.contains(&id.as_u64().unwrap()));
            assert!(known && number(finding, "score") <= 100, "{finding:#}");
        }
    }
}

#[test]
fn times_have_the_digits_of_the_capture_and_are_those_of_the_frames() {
    let asking = has("tshark");
    for (name, wanted) in [("nrpc-alias.pcapng", 9), ("nrpc-refused.pcap", 6), ("nrpc-wrong-server.pcap", 9)] {
        let path = sample(name);
        let report = report(&[&path]);
        let input = &report["inputs"][0];
        let mut times: Vec<(&Value, Option<u64>)> = vec![(&input["first"], Some(1)), (&input["last"], None)];
        for conversation in list(&report, "conversations") {
            times.push((&conversation["start"], conversation["first_packet"].as_u64()));
            times.push((&conversation["teardown"]["time"], conversation["teardown"]["packet"].as_u64()));
            let last = |m: &Value| list(m, "packets").last().and_then(Value::as_u64);
            times.extend(list(conversation, "messages").iter().map(|m| (&m["time"], last(m))));
        }
        let printed = tshark_times(&path, asking);
        for (time, frame) in times.into_iter().filter(|(time, _)| !time.is_null()) {
            let time = time.as_str().unwrap();
            assert_eq!(digits(time), Some(wanted), "{name}: {time}");
            if let Some(theirs) = frame.and_then(|frame| printed.get(usize::try_from(frame).unwrap() - 1)) {
                assert_eq!(seconds(time), theirs[..theirs.len() - (9 - wanted)], "{name}");
            }
        }
    }
}

/// Seconds since 1970 of every frame, with nine digits of the fraction.
fn tshark_times(path: &str, asking: bool) -> Vec<String> {
    if !asking {
        return Vec::new();
    }
    let printed = tshark(&["-r", path, "-T", "fields", "-e", "frame.time_epoch"]);
    printed.lines().map(str::to_owned).collect()
}

/// Seconds since 1970 of a time in RFC 3339, with as many digits as it has.
fn seconds(time: &str) -> String {
    let (whole, fraction) = time.trim_end_matches('Z').split_once('.').unwrap();
    let whole: jiff::Timestamp = format!("{whole}Z").parse().unwrap();
    format!("{}.{fraction}", whole.as_second())
}

/// How many frames each display filter selects.
fn selected(path: &str, filters: &BTreeSet<String>) -> BTreeMap<String, u64> {
    let mut arguments = vec!["-r".to_owned(), path.to_owned()];
    arguments.extend(filters.iter().flat_map(|filter| ["-z".to_owned(), format!("io,phs,{filter}")]));
    let printed = tshark(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut counts, mut filter) = (BTreeMap::new(), "");
    for line in printed.lines() {
        if let Some(text) = line.strip_prefix("Filter: ") {
            filter = text;
            counts.insert(filter.to_owned(), 0);
        } else if let Some((_, rest)) = line.split_once("frames:").filter(|_| !line.starts_with(' ')) {
            *counts.get_mut(filter).unwrap() += rest.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    counts
}

#[test]
fn filters_select_what_they_stand_for() {
    if !has("tshark") {
        return;
    }
    let compared = two_at_a_time(&all_samples(), |path| {
        let path = path.to_str().unwrap();
        let report = report(&[path]);
        let mut wanted = BTreeMap::new();
        for conversation in list(&report, "conversations") {
            let packets = number(conversation, "packets_client") + number(conversation, "packets_server");
            // It shows ICMP errors too that quote a packet of the conversation.
            wanted.insert(format!("({}) && !icmp && !icmpv6", text(conversation, "wireshark_filter")), packets);
            if conversation["transport"] == "tcp" {
                wanted.insert(format!("tcp.stream == {}", conversation["stream"]), packets);
            }
        }
        for finding in list(&report, "findings") {
            let (filter, packets) = (text(finding, "wireshark_filter"), list(finding, "packets"));
            let numbers: Vec<_> = packets.iter().map(|packet| packet["n"].to_string()).collect();
            let count = u64::try_from(packets.len()).unwrap();
            wanted.insert(filter.to_owned(), count);
            wanted.insert(format!("({filter}) && frame.number in {{{}}}", numbers.join(", ")), count);
        }
        let found = selected(path, &wanted.keys().cloned().collect());
        assert_eq!(found, wanted, "{path}");
        wanted.len()
    });
    assert!(compared.iter().sum::<usize>() > 300);
}

/// What the findings say, with frames counted through all inputs of `each` frames.
fn said(report: &Value, each: u64) -> Vec<Value> {
    let through = |input: u64, n: &Value| n.as_u64().map(|n| input * each + n);
    let one = |finding: &Value| {
        let evidence = list(finding, "evidence").iter();
        let evidence: Vec<_> =
            evidence.map(|e| json!([e["source"], through(number(e, "input"), &e["packet"]), e["text"]])).collect();
        let keys =
            ["rule", "severity", "confidence", "score", "title", "explanation", "conversations", "remedy", "also"];
        let mut said: Value = keys.iter().map(|&key| (key.to_owned(), finding[key].clone())).collect();
        said["evidence"] = json!(evidence);
        said
    };
    list(report, "findings").iter().map(one).collect()
}

/// Samples with findings of several kinds, over several conversations and with long pauses.
const STORIES: [&str; 6] = [
    "nrpc-alias.pcapng",
    "nrpc-idle-reset.pcapng",
    "nrpc-sprayer-inconsistent.pcapng",
    "nrpc-refused.pcap",
    "nrpc-wrong-server.pcap",
    "nrpc-mtu-blackhole.pcapng",
];

#[test]
fn the_same_capture_gives_the_same_report() {
    for name in STORIES {
        let path = sample(name);
        for format in ["json", "ndjson", "table"] {
            let run = || nrpcsniff().args(["--format", format, &path]).output().unwrap().stdout;
            let first = run();
            assert!(!first.is_empty() && first == run(), "{name} as {format}");
        }
        let detail = |detail| report(&["--detail", detail, &path])["findings"].clone();
        assert_eq!(detail("findings"), detail("messages"), "{name}");
        assert!(!detail("findings").as_array().unwrap().is_empty(), "{name} has findings");
    }
}

#[test]
fn stdin_and_compression_change_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    for name in STORIES {
        let bytes = fs::read(sample(name)).unwrap();
        let wanted = said(&report(&[&sample(name)]), 0);
        let packed = folder.path().join(format!("{name}.gz"));
        let mut gzip = flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        gzip.finish().unwrap();
        assert_eq!(said(&report(&[packed.to_str().unwrap()]), 0), wanted, "{name}.gz");
        let output = nrpcsniff().args(["-", "--format", "json"]).write_stdin(bytes).output().unwrap();
        assert_eq!(said(&serde_json::from_slice(&output.stdout).unwrap(), 0), wanted, "{name} from stdin");
    }
}

fn editcap(arguments: &[&str]) {
    let output = Command::new("editcap").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn rotated_files_and_the_other_format_change_no_finding() {
    if !has("editcap") {
        return;
    }
    two_at_a_time(&STORIES, |&name| {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let whole = report(&[&sample(name)]);
        let microseconds = whole["inputs"][0]["first"].as_str().and_then(digits) == Some(6);
        let (end, format) = match (Path::new(name).extension().unwrap().to_str(), microseconds) {
            (Some("pcap"), _) => ("pcapng", "pcapng"),
            (_, true) => ("pcap", "pcap"),
            (_, false) => ("pcap", "nsecpcap"),
        };
        let other = at(&format!("other.{end}"));
        editcap(&["-F", format, &sample(name), &other]);
        let converted = report(&[&other]);
        assert_eq!(converted["inputs"][0]["format"], end);
        assert_eq!(said(&converted, 0), said(&whole, 0), "{name} as {format}");

        for each in [5, 7] {
            let parts = at(&format!("parts{each}"));
            fs::create_dir(&parts).unwrap();
            editcap(&["-c", &each.to_string(), &sample(name), &format!("{parts}/trace.pcapng")]);
            let rotated = report(&[&parts]);
            let files = fs::read_dir(&parts).unwrap().count();
            assert!(files > 1 && list(&rotated, "inputs").len() == files, "{name}: {files} files");
            assert_eq!(said(&rotated, each), said(&whole, 0), "{name} in files of {each}");
            for total in ["packets", "tcp_conversations", "nrpc_messages", "dns_messages"] {
                assert_eq!(rotated["totals"][total], whole["totals"][total], "{name} in files of {each}: {total}");
            }
        }
    });
}
