//! Preferences of Wireshark (`-o NAME.NAME:VALUE`), where `-o` names the report's file.

use crate::report::escape;
use anyhow::{Result, bail};

/// Refuses a preference, with our option for it. Anything else is the name of a file; one of that form is written `./NAME`.
pub(super) fn refuse(value: &str) -> Result<()> {
    let Some((name, setting)) = value.split_once(':').filter(|(name, _)| is_preference(name)) else { return Ok(()) };
    let (shown, setting) = (escape::terminal(value), escape::terminal(setting));
    let ours = match name {
        "tls.keylog_file" | "ssl.keylog_file" => format!("the key log is --keylog {setting}"),
        "tls.keys_list" | "ssl.keys_list" | "rsa_keys" | "uat.rsa_keys" => {
            "a server's private key is --tls-key PEM".to_owned()
        }
        "tls.debug_file" | "ssl.debug_file" => "what TLS was opened, and why not, is in the report".to_owned(),
        "uat.80211_keys" => "frames of a wireless network are read where they were captured in clear".to_owned(),
        name if name.contains("desegment") || name.contains("defragment") || name.contains("reassemble") => {
            "streams and fragments are always put together, it needs no option".to_owned()
        }
        name if matches!(name.rsplit('.').next(), Some("port" | "ports")) => {
            "a port is told with -d 'tcp.port==N,PROTO'".to_owned()
        }
        _ => "preferences of Wireshark mean nothing here".to_owned(),
    };
    bail!("-o {shown}: {ours}. -o names the file of the report; one of that name is ./{shown}")
}

/// `tls.keylog_file`: names in small letters with dots between them.
fn is_preference(name: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    name.contains('.') && name.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_refused_with_our_option() {
        for (value, part) in [
            ("tls.keylog_file:k.txt", "--keylog k.txt"),
            ("ssl.keys_list:10.0.0.1,443,http,a.pem", "--tls-key"),
            ("tcp.desegment_tcp_streams:TRUE", "always"),
            ("http.tcp.port:8080", "-d 'tcp.port==N"),
            ("gui.column.format:x", "mean nothing"),
        ] {
            let error = refuse(value).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("./"), "{value}: {error}");
        }
    }

    #[test]
    fn files_are_files() {
        for value in ["report.json", "C:\\report.txt", "./tls.keylog_file:k", "a:b", "-", "Report.V1:x", ""] {
            assert!(refuse(value).is_ok(), "{value}");
        }
    }
}
