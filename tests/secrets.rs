//! Secrets stay secret: no token, cookie value or password of a capture stands in any report unless `--show-secrets` asks
//! for it.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use support::{all_samples, corpus, nrpcsniff, two_at_a_time};

/// Passwords that the constructed captures and those of others use.
const PASSWORDS: [&str; 4] = ["j_password=", "Password=", "password=", "Basic "];

/// Shorter values (`1`, `true`) stand in reports for other reasons.
const SHORTEST: usize = 12;

fn output(arguments: &[&str], path: &std::path::Path) -> String {
    let output = nrpcsniff().args(arguments).arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every `value` of cookies, tokens and passwords.
fn values(report: &Value, found: &mut BTreeSet<String>) {
    match report {
        Value::Object(map) => {
            let password = map.get("name").and_then(Value::as_str).is_some_and(|n| n.to_lowercase().contains("passw"));
            let token = map.contains_key("token") || map.contains_key("class");
            if let Some(Value::String(value)) = map.get("value").filter(|_| password || token) {
                found.insert(value.trim_matches('"').to_owned());
            }
            map.values().for_each(|value| values(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| values(value, found)),
        _ => {}
    }
}

#[test]
fn nothing_secret_is_in_a_report() {
    let others = corpus().map(|folder| {
        let names = ["http_plain.pcap", "sip_sipp_tcp.pcap", "sip_sipsak.pcapng", "vp_ok.pcap", "sip_baresip.pcap"];
        names.map(|name| folder.join("real").join(name)).to_vec()
    });
    let captures: Vec<_> = all_samples().into_iter().chain(others.unwrap_or_default()).collect();
    let counts = two_at_a_time(&captures, |path| {
        let mut secrets = BTreeSet::new();
        let open = output(&["--format", "json", "--show-secrets"], path);
        values(&serde_json::from_str(&open).unwrap(), &mut secrets);
        // WASReqURL is a cookie that holds the path or address of a request, which stands in the report as such.
        let is_address = |s: &str| s.starts_with('/') || s.starts_with("http://") || s.starts_with("https://");
        secrets.retain(|s| s.len() >= SHORTEST && (!is_address(s) || s.len() > 64));
        for arguments in [
            ["--format", "json", "--detail", "messages"],
            ["--format", "ndjson", "--detail", "messages"],
            ["--format", "table", "--detail", "messages"],
            ["--format", "table", "--detail", "findings"],
            ["--format", "csv", "--detail", "findings"],
        ] {
            let text = output(&arguments, path);
            for secret in &secrets {
                assert!(
                    !text.contains(&secret[..SHORTEST]),
                    "{arguments:?} shows {:?}… of {}",
                    &secret[..4],
                    path.display()
                );
            }
            for password in PASSWORDS {
                let shown =
                    text.split(password).skip(1).find(|rest| !rest.starts_with("***") && password.ends_with('='));
                assert_eq!(shown.map(|rest| rest.chars().take(20).collect::<String>()), None, "{}", path.display());
            }
        }
        secrets.len()
    });
    let seen: usize = counts.iter().sum();
    assert!(seen > 20, "only {seen} secrets were seen: the test has nothing to look for");
}
