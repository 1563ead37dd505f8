//! LDAP in captures that others made: message for message what tshark reads.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use support::{corpus, has, list, number, report, shout, text, tshark};

/// Captures of the corpus with LDAP, and how many messages are compared. An entry is a message of tshark's, and counted in the
/// end of its search here. What a capture cuts off is told as incomplete here, and not at all there.
const CAPTURES: [(&str, usize, usize); 4] = [
    ("tcp/zeek__ldap_ctu-60387-63723-ldap.pcap", 6, 0),
    ("tcp/suricata-verify__krb5-request-frag-log_krb5-frag.pcap", 7, 0),
    ("tcp/PcapPlusPlus__PacketExamples_ldap.pcapng", 25, 0),
    ("sip/arkime__pcap_arkime_synthetic.pcap", 2, 2),
];

/// Operations by their number in tshark (the tag's number in RFC 4511 counted on), and what they are called here.
const OPERATIONS: [(&str, &str); 19] = [
    ("0", "bind_request"),
    ("1", "bind_response"),
    ("2", "unbind"),
    ("3", "search_request"),
    ("5", "search_done"),
    ("6", "request modify"),
    ("7", "response modify"),
    ("8", "request add"),
    ("9", "response add"),
    ("10", "request delete"),
    ("11", "response delete"),
    ("12", "request rename"),
    ("13", "response rename"),
    ("14", "request compare"),
    ("15", "response compare"),
    ("16", "abandon"),
    ("19", "search_reference"),
    ("23", "extended"),
    ("24", "extended_response"),
];

/// What is compared of a message: frame, id, operation, result code, entry or base, scope, filter.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    frame: u64,
    id: u64,
    operation: String,
    code: Option<u64>,
    name: String,
    scope: String,
    filter: Vec<String>,
}

/// Messages, and entries by the frame and id of the end of their search.
type Read = (Vec<Line>, BTreeMap<(u64, u64), u64>);

/// The conditions of a filter. tshark writes `(&(a)(b)(c))` as `(&(&(a)(b))(c))`: what stands in innermost brackets is alike.
fn conditions(filter: &str) -> Vec<String> {
    let mut found: Vec<String> = filter
        .split('(')
        .filter_map(|part| Some(part.split_once(')')?.0.to_owned()))
        .filter(|c| !c.is_empty())
        .collect();
    found.sort();
    found
}

fn ours(path: &str) -> (Read, usize) {
    let report = report(&["--detail", "messages", path]);
    let ((mut lines, mut entries), mut incomplete) = (Read::default(), 0);
    let messages = list(&report, "conversations").iter().flat_map(|one| list(one, "messages"));
    for message in messages.filter(|message| text(message, "type").starts_with("ldap.")) {
        let fields = &message["fields"];
        if fields["incomplete"] == true {
            incomplete += 1;
            continue;
        }
        let word = |key: &str| fields[key].as_str().unwrap_or_default();
        let frame = list(message, "packets").last().and_then(Value::as_u64).unwrap();
        let id = number(fields, "message_id");
        let kind = text(message, "type").trim_start_matches("ldap.");
        let is_named = kind == "request" || kind == "response";
        entries.extend(fields["entries"].as_u64().map(|count| ((frame, id), count)));
        lines.push(Line {
            frame,
            id,
            operation: if is_named { format!("{kind} {}", word("operation")) } else { kind.to_owned() },
            code: fields["result_code"].as_u64(),
            name: word("name").to_owned(),
            scope: word("scope").to_owned(),
            filter: conditions(word("filter")),
        });
    }
    lines.sort();
    ((lines, entries), incomplete)
}

/// Every value of that name in what tshark tells, at any depth.
fn values<'a>(told: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match told {
        Value::Array(list) => list.iter().for_each(|one| values(one, name, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == name {
                    found.extend(value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()));
                } else {
                    values(value, name, found);
                }
            }
        }
        _ => {}
    }
}

/// The first of these names that is there, as text.
fn first(told: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let mut found = Vec::new();
        values(told, name, &mut found);
        found.first()?.as_str().map(str::to_owned)
    })
}

/// The filter of a search: the key of the branch below which it stands taken apart.
fn filter(told: &Value) -> Vec<String> {
    let mut requests = Vec::new();
    values(told, "ldap.searchRequest_element", &mut requests);
    let mut keys = requests.iter().filter_map(|request| request.as_object()).flat_map(serde_json::Map::keys);
    conditions(keys.find_map(|key| key.strip_prefix("Filter: ")).unwrap_or_default())
}

fn theirs(path: &str) -> Read {
    let printed = tshark(&["-r", path, "-Y", "ldap", "-T", "json", "--no-duplicate-keys"]);
    let frames: Vec<Value> = serde_json::from_str(&printed).unwrap();
    let (mut lines, mut counts) = Read::default();
    let mut entries = BTreeMap::<(String, u64), u64>::new();
    for told in &frames {
        let [frame, stream] = ["frame.number", "tcp.stream"].map(|name| first(told, &[name]).unwrap());
        let frame = frame.parse().unwrap();
        let mut messages = Vec::new();
        values(&told["_source"]["layers"]["ldap"], "ldap.LDAPMessage_element", &mut messages);
        for message in messages {
            let number = |name| first(message, &[name]).map(|text| text.parse::<u64>().unwrap());
            let id = number("ldap.messageID").unwrap();
            let operation = first(message, &["ldap.protocolOp"]).unwrap();
            let found = entries.entry((stream.clone(), id)).or_default();
            if operation == "4" {
                *found += 1;
                continue;
            }
            let operation = OPERATIONS.iter().find(|(number, _)| *number == operation).unwrap().1.to_owned();
            if operation == "search_done" {
                counts.insert((frame, id), std::mem::take(found));
            }
            let scope =
                number("ldap.scope").map_or("", |scope| ["base", "one", "sub"][usize::try_from(scope).unwrap()]);
            // A name is in a field of its own for each operation; the result's matched name is none of them.
            let names = ["ldap.baseObject", "ldap.name", "ldap.object", "ldap.entry", "ldap.delRequest"];
            lines.push(Line {
                frame,
                id,
                code: number("ldap.resultCode"),
                name: first(message, &names).unwrap_or_default(),
                scope: scope.to_owned(),
                filter: filter(message),
                operation,
            });
        }
    }
    lines.sort();
    (lines, counts)
}

#[test]
fn tshark_reads_the_same_messages() {
    let Some(corpus) = corpus() else { return };
    if !has("tshark") {
        return;
    }
    let (mut compared, mut counted) = (0, 0);
    for (name, messages, cut) in CAPTURES {
        let path = corpus.join(Path::new(name));
        let path = path.to_str().unwrap();
        let ((ours, our_entries), incomplete) = ours(path);
        let (theirs, their_entries) = theirs(path);
        assert_eq!(ours, theirs, "{name}");
        assert_eq!((ours.len(), incomplete), (messages, cut), "{name}");
        for (search, entries) in &our_entries {
            assert_eq!(Some(entries), their_entries.get(search), "{name}: entries of {search:?}");
        }
        compared += ours.len();
        counted += our_entries.len();
    }
    assert!(counted > 0, "no search was counted to its end");
    shout(&format!("{compared} LDAP messages read as tshark reads them, {counted} searches with as many entries"));
}
