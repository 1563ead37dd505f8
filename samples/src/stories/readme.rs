//! The README of the samples, written from the same table as the captures.

use std::fmt::Write;

use super::variations::TOUCHY;
use super::{GROUPS, Log, Sample, logs};

const HEAD: &str = "\
# Samples

**Every capture in this folder is constructed.** None was recorded: a generator (`src/`, its own encoder, which shares no
code with the analyser) writes them from the field tables that public sources agree on, and names, addresses and
times are invented. Where the public sources are silent (numbers of ordinary functions, the modern authentication
messages, what a refusal looks like on the wire, how much of an encrypted frame stays readable) the samples show a plausible
form and prove nothing about Domino; `src/nrpc.rs` marks each such place. The same holds for the pages and paths of the web
servers: they follow the products' documentation, not a recording.

    cargo run -p nrpcsniff-samples               # writes the captures and this file again, byte for byte the same
    cargo run -p nrpcsniff-samples -- --check    # exit status 1 if a file here is not what the generator writes

What the analyser must find in a capture, and what it must not, is listed in `NAME.expected.json` beside it:

    nrpcsniff check samples/                     # exit status 1 and what changed, if something did
    nrpcsniff check --bless samples/             # shows what changed, and accepts it

Each capture starts at 2025-03-10T08:30:00Z. Sessions that work say nothing in the column of rules.

The LTPA tokens in the captures are real ones, made with constructed keys that are used nowhere else: `demo.ltpa.keys`
(password `WebAS`, option `--ltpa-keys`) opens those of WebSphere, `demo.domino.secret` (option `--domino-secret-file`)
verifies those of Domino.

TLS in the captures is rustls talking to itself (`src/tls/`), with RustCrypto and with randomness that comes from the story's name,
so that its bytes are real and yet the same every time; who refuses a handshake does so because the library found a reason. Demo
certificates and their key are in `src/tls/pki/`, with the script that made them. Captures \"with keys\" hold what opens them in a
Decryption Secrets Block. By hand are written: the ClientHello of TLS 1.0 in `tls-version-old`, and the bytes of the large key
share in `tls-hello-blackhole` and `tls-working`.
";

const LOGS: &str = "
## Logs

Constructed too; the texts of the messages are the products' own, as published. Logs of servers run in local time, an hour ahead
of the captures' GMT: SystemOut.log names its zone (CET), STUsers and Domino's console do not.

| file | story | goes with |
|---|---|---|
";

const VARIATIONS: &str = "
## The same story, captured elsewhere

`Sample::varied` writes another capture of the same story, in which all that must not matter differs: addresses, ports, hardware
addresses, TTLs, nonces, tokens, days, IPv4 or IPv6, round trips, the cut of segments, one segment in a hundred lost and sent again,
strangers on the network, the format of the file. `tests/variations.rs` of the analyser asks for the same findings. Left out is what
would change a story:

| sample | stays as it is | because |
|---|---|---|
";

const TAIL: &str = "
## Making another

A sample is a function that tells a story on a simulated network, and an entry in the table of its file in `src/stories/`:

```rust
fn alias(net: &Network) {
    let (client, server) = (net.host(\"10.1.0.50\"), net.host(\"10.1.0.9\"));
    net.connect(&client, &server, 1352).wait(1).session(\"chat.example.net\", STCOMM).wait(3).client_fin();
}
```

The same builder makes captures in tests of rules: add what a story needs there, and `net.write(&Format::pcapng())` gives
the bytes of the file.
";

pub(super) fn text() -> String {
    let mut out = HEAD.to_owned();
    for (title, samples) in GROUPS {
        let _ = write!(out, "\n## {title}\n\n| file | story | what to see | rules | format |\n|---|---|---|---|---|\n");
        for sample in *samples {
            out.push_str(&row(sample));
        }
    }
    out.push_str(LOGS);
    out.extend(logs().map(log_row));
    out.push_str(VARIATIONS);
    for (samples, part, why) in TOUCHY {
        let samples: Vec<String> = samples.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(out, "| {} | {} | {why} |", samples.join(", ").replace("-`", "-*`"), part.name());
    }
    out + TAIL
}

fn log_row(log: &Log) -> String {
    let sample = log.of.map_or("no capture".to_owned(), |name| format!("`{name}`"));
    format!("| `{}` | {} | {sample} |\n", log.name, log.story)
}

fn row(sample: &Sample) -> String {
    let rules: Vec<String> = sample.rules.iter().map(|rule| format!("`{rule}`")).collect();
    format!(
        "| `{}` | {} | {} | {} | {} |\n",
        sample.file_name(),
        sample.story,
        sample.see,
        rules.join(", "),
        (sample.format)().describe()
    )
}
