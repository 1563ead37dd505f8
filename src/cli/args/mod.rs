//! Arguments as typed. [`super::plan`] checks them.

mod address;
mod live;
mod redact;
mod units;
mod write;

pub(super) use live::LiveArgs;
pub(super) use redact::RedactArgs;
pub(super) use write::WriteArgs;

use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  nrpcsniff notes.pcapng                          what is wrong, and what to do
  nrpcsniff -f 'host 10.1.2.3' captures/          every capture in a folder, one client only
  tcpdump -w - port 1352 | nrpcsniff -            from a pipe, once it ends
  sudo nrpcsniff -i eth0                          while it happens, until ^C
  sudo nrpcsniff -i eth0 -w cases/ --ring 5m      the packets of each finding, with the minutes before
  nrpcsniff --format json notes.pcap | jq '.findings[].title'
  nrpcsniff --detail messages notes.pcap          who said what, message by message
  nrpcsniff -d 'tcp.port==13520,nrpc' notes.pcap  NRPC on another port
  nrpcsniff --expect-server 'Mail01/Acme=mail.acme.example' notes.pcap
  nrpcsniff --log stusers.txt chat.pcap           a log as further evidence (or alone)
  nrpcsniff TICKET/                               captures, logs, key logs and support archives of a folder
  nrpcsniff --fail-on major notes.pcap            exit status 1 if a major fault or a blocker is found
  nrpcsniff compare working.pcapng failing.pcapng where do they part, and why?
  nrpcsniff rules nrpc-name-mismatch-alias        one rule explained (rules ltpa: all of that name)
  nrpcsniff -nn -s 0 -r notes.pcap port 1352      as tcpdump is typed: words at the end are a filter
  nrpcsniff token 'LtpaToken=AAECAz...'           one sign-on token explained
  nrpcsniff --ltpa-keys ltpa.keys --ltpa-password-file word.txt sso.pcapng
  nrpcsniff --keylog sslkeys.txt sso.pcapng       look into TLS (Decryption Secrets Blocks need no option)
  nrpcsniff check captures/                       is everything still found that NAME.expected.json lists?
  nrpcsniff redact case.pcapng share.pcapng       a copy that is safe to share

Exit status: 0 done, whatever was found; 1 --fail-on was met; 2 wrong usage, or an input that cannot be read or is
damaged (what could be read is still reported; this outranks 1).

Configuration: $XDG_CONFIG_HOME/nrpcsniff/config.toml, else ~/.config/nrpcsniff/config.toml. Options outrank it.
  [thresholds]                     # seconds, unless the name says otherwise
  close-after-reply = 2.0
  [[server]]                       # as --expect-server
  name = \"Mail01/Acme\"
  aliases = [\"mail.acme.example\"]
  [keys]                           # as --ltpa-keys and the like; paths count from the file's folder
  ltpa-keys = [\"ltpa.keys\"]
  ltpa-password-file = [\"word.txt\"]
  domino-secret-file = [\"secret.txt\"]";

const TOKEN_EXAMPLES: &str = "\
Examples:
  nrpcsniff token 'Cookie: LtpaToken=\"undefined\"'    a header or a pair, as it was pasted
  nrpcsniff token --file request.txt                 a whole request, a pasted SIP message, a mail (and none in the shell history)
  nrpcsniff token --file cookies.txt                 a cookie jar, or JSON: an export of cookies, a recording (HAR)
  xclip -o | nrpcsniff token -                       from a pipe
  nrpcsniff token --now 2025-04-22T17:48:19Z --domino-secret-file secret.txt -
  nrpcsniff token --format json - | jq .expires";

const REDACT_EXAMPLES: &str = "\
Examples:
  nrpcsniff redact case.pcapng share.pcapng                      secrets get stand-ins
  nrpcsniff redact --names --addresses case.pcapng share.pcapng  and so do users, hosts, servers and addresses
  nrpcsniff redact --names --key my.key case.pcapng a.pcapng     a capture and its log that still agree:
  nrpcsniff redact --names --key my.key --learn case.pcapng stusers.log b.log

Tokens, cookies, credentials, passwords (forms, URLs, JSON, Sametime, LDAP), web tokens and tickets of Windows sign-on are \
replaced by others of the same length, the same secret always by the same one; what is read of a token (its kind, its times, \
whose key made it) stays. Decryption Secrets Blocks, names of addresses and comments are left out. What nobody understands is \
blanked; encrypted records stay. Checksums are right where they were. The findings are the same, but for those that were read \
through keys: of the capture, or of tokens.

Exit status: 0 the copy is whole; 2 wrong usage, an input that cannot be read, a copy that cannot be written.";

const COMPARE_EXAMPLES: &str = "\
Examples:
  nrpcsniff compare working.pcapng failing.pcapng
  nrpcsniff compare --good monday.pcap --good tuesday.pcap wednesday.pcap failing.pcap
  nrpcsniff compare --stream 1,2 both.pcapng          two conversations of one capture, the working one first
  nrpcsniff compare --pair 3:1 working.pcap failing.pcap
  nrpcsniff compare --format json working.pcap failing.pcap | jq .comparison.fork

Conversations are paired by what they are for (protocol, name asked for, host, user, port, order), never by address or
stream number; the report says how. Messages are compared, not packets.

Exit status: 0 no difference that matters; 1 they part; 2 it cannot be told, or an input cannot be read or is damaged.";

const CHECK_EXAMPLES: &str = "\
Examples:
  nrpcsniff check --bless captures/           write NAME.expected.json for each capture: read them
  nrpcsniff check captures/                   is everything still found that is written there?
  nrpcsniff check --bless captures/a.pcapng   show what changed for one, and accept it
  nrpcsniff check --junit report.xml captures/    for a CI server

The expectation of a capture lies beside it: NAME.expected.json for NAME.pcap, NAME.pcapng, NAME.pcap.gz and the like \
(any other file: its whole name, as trace.bin.expected.json). Files of a rotated capture are one case, named after the \
first of them, unless a later one has an expectation of its own. Only what the file lists is compared:
  {
    \"verdict\": {\"kind\": \"fault\"},
    \"findings\": [
      {\"rule\": \"nrpc-name-mismatch-alias\", \"severity\": \"blocker\", \"conversations\": [1, 2]}],
    \"absent\": [\"nrpc-early-close\"],
    \"conversations\": [
      {\"id\": 1, \"teardown\": {\"how\": \"fin\"}, \"wanted_server\": \"chat.example.net\"}],
    \"options\": {\"ltpa_keys\": [\"ltpa.keys\"], \"ltpa_password_file\": [\"word.txt\"]}
  }
  verdict         kind: fault, failed, works, undecided or nothing; or any other key of it
  findings        matched by rule, then by conversations; they list any keys of the JSON report
  conversations   matched by id, and their messages by n; besides the keys of the report: how, by
                  and after_message of the teardown, wanted_server, server_name, statuses (NRPC),
                  answers (SIP, HTTP, Sametime)
  inputs, totals, attempts
                  as in the report; paths count from the folder of the file. Damage is an error,
                  unless the input is listed with \"complete\": false or its problem
  absent          rules that must not speak, not even under \"also\" of another finding
  surplus         least severity at which a finding that is not listed is a deviation: info,
                  minor (default), major, blocker, never
  options         what the run needs: logs, log_offsets, ltpa_keys, ltpa_password_file,
                  domino_secret_file, keylog, tls_key, now, expect_server, decode_as, filter mean what
                  the command line's options do; paths count from the folder of the file

--bless keeps absent, surplus and options, and the keys that a file lists by choice; a file that is as expected is not \
touched, nor is one whose absent rules speak.

The usual configuration file is ignored, for it would make the result depend on who checks; --config FILE is not.

Exit status: 0 all is as expected (or was blessed); 1 something differs; 2 wrong usage, a capture without an \
expectation, an expectation that is wrong or has no capture, a capture that cannot be read or is damaged (this \
outranks 1).";

/// Says who hung up first, at which step and why, when HCL Notes, Domino or Sametime sign-on fails.
#[derive(Debug, Parser)]
#[command(
    version,
    long_version = crate::cli::version::BUILD,
    after_help = "nrpcsniff --help shows examples, the exit status and the configuration file.",
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub(super) struct Args {
    /// What to do instead of analysing captures.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Captures, logs, support archives: files, folders, - for stdin
    ///
    /// Each is told by its content: pcap and pcapng (also .gz and .zst), logs as --log takes them, TLS key logs, private keys (PEM),
    /// archives with any of these (zip, tar, tar.gz; unpacked into a temporary folder, within limits). A folder stands for
    /// everything in it and below it, so that a ticket is one argument.
    #[arg(value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// A capture, as with tcpdump and tshark; repeatable
    #[arg(short = 'r', long = "read", value_name = "FILE")]
    pub read: Vec<PathBuf>,

    /// Shape of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,

    /// Where the report goes, instead of stdout (-)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Only this finding, by its number in the list, as if it were the only one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub finding: Option<u32>,

    /// The ladder of finding N, or of conversations: c17, or several in one picture: c17,c18
    #[arg(long, value_name = "N|cID", conflicts_with_all = ["finding", "detail"])]
    pub ladder: Option<String>,

    /// How what is read on a screen looks.
    #[command(flatten)]
    pub looks: LooksArgs,

    /// How much the report holds [default: findings for a table, messages for JSON and NDJSON]
    #[arg(long, value_enum)]
    pub detail: Option<Detail>,

    /// Lists whole, and conversations of unknown protocols in them
    #[arg(long)]
    pub all: bool,

    /// What a capture may hold in memory before what was judged of it is let go, with --detail findings, and live in any case [default: 24M]
    ///
    /// The rest of the program takes some memory, too. The findings are the same as long as a few minutes of the capture have
    /// room; the report says if they had not.
    #[arg(long, value_name = "SIZE", value_parser = |size: &str| units::size(size))]
    pub memory: Option<u64>,

    /// Threads that read several captures side by side [default: one a core]
    ///
    /// The report is the same, byte for byte, for any number. One capture is read by one thread.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,

    /// How captures are read and judged.
    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,

    /// What is said on stderr.
    #[command(flatten)]
    pub talk: VerbosityArgs,

    /// Configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", global = true)]
    pub config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, global = true)]
    pub no_config: bool,

    /// Live capture. Last, because its heading in the help holds for all that follow.
    #[command(flatten)]
    pub live: LiveArgs,
}

/// How captures are read and judged.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ReadingArgs {
    /// A log as further evidence, told by its content: Sametime STUsers, WebSphere, Notes client, Domino; repeatable
    ///
    /// STUsers traces of a Sametime community server, SystemOut.log, trace.log and messages.log of WebSphere, port traces of a
    /// Notes client, console.log of Domino; also .gz and .zst. A log alone, without any capture, is judged too.
    /// A folder stands for every log in it and below it; a pattern such as "logs/*.log" for what it matches.
    #[arg(long, value_name = "FILE")]
    pub log: Vec<PathBuf>,

    /// Seconds to add to the times of a log to get those of the packets: 'stusers.txt=-3600'; repeatable
    ///
    /// For logs whose lines name no zone. A log that is written one hour ahead of the capture (CET against UTC) needs -3600.
    /// Without it the clocks are compared by what log and packets both know: an address and port, a Call-ID, a token, the
    /// user whose login is refused.
    #[arg(long, value_name = "FILE=SECONDS")]
    pub log_offset: Vec<String>,

    /// Look only at frames that this BPF expression matches (pcap-filter(7))
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// Decode a port as a protocol, or as none: 'tcp.port==13520,nrpc'; repeatable
    #[arg(short = 'd', long, value_name = "PORT,PROTO")]
    pub decode_as: Vec<String>,

    /// Further names that a server may be asked for: 'Mail01/Acme=mail.acme.example,mail'; repeatable
    ///
    /// Both sides take abbreviated (Mail01/Acme) and canonical names (CN=Mail01/O=Acme): the first '=' that does not
    /// follow CN, OU, O or C parts the server from its aliases.
    #[arg(long, value_name = "NAME=ALIAS[,ALIAS]")]
    pub expect_server: Vec<String>,

    /// Tell each fault of machines that have no part in a sign-on (counted otherwise, where a sign-on is seen)
    #[arg(long)]
    pub others: bool,

    /// Judge certificates and tokens as of this time, such as 2025-04-22T17:48:19Z [default: time of the packets]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,

    /// Keys that open tokens.
    #[command(flatten)]
    pub keys: KeyFiles,

    /// Secrets that open TLS.
    #[command(flatten)]
    pub tls: TlsFiles,

    /// Show the values of tokens and cookies (masked otherwise, everywhere)
    #[arg(long)]
    pub show_secrets: bool,
}

/// How what is read on a screen looks.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct LooksArgs {
    /// No character beyond ASCII (by itself where the locale is not UTF-8)
    #[arg(long)]
    pub ascii: bool,

    /// Zone of the times in tables: local (TZ, or that of this machine), utc, or a name such as Europe/Berlin
    #[arg(long, value_name = "ZONE", conflicts_with = "utc")]
    pub tz: Option<String>,

    /// Times in UTC
    #[arg(long)]
    pub utc: bool,

    /// Long reports are printed at once, not through a pager (PAGER, else less)
    #[arg(long)]
    pub no_pager: bool,
}

/// What is said on stderr.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct VerbosityArgs {
    /// No talk on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say which files of a folder are passed over, and what is read
    #[arg(short, long)]
    pub verbose: bool,

    /// No progress bar, and no line below a live capture that says how it goes
    #[arg(long)]
    pub no_progress: bool,
}

/// What to do instead of analysing captures.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The rule catalogue; one rule explained (a capture of that name: ./rules)
    Rules(RulesArgs),
    /// Where do a working and a failing capture part, and why? (a capture of that name: ./compare)
    #[command(after_long_help = COMPARE_EXAMPLES)]
    Compare(Box<CompareArgs>),
    /// Sign-on tokens explained: what each is, whose, until when (a capture of that name: ./token)
    #[command(after_long_help = TOKEN_EXAMPLES)]
    Token(TokenArgs),
    /// Regression: captures against NAME.expected.json, pairs against NAME.compare.json (a capture of that name: ./check)
    #[command(after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Completions for a shell: source <(nrpcsniff completions bash) (a capture of that name: ./completions)
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page, of the program or of one of its commands (a capture of that name: ./man)
    Man {
        /// Command that the page is about
        command: Option<String>,
    },
    /// JSON Schema of the report that --format json writes (a capture of that name: ./schema)
    Schema,
    /// A copy of a capture or log that is safe to share, and still analysable (a capture of that name: ./redact)
    #[command(after_long_help = REDACT_EXAMPLES)]
    Redact(RedactArgs),
}

/// Which rules to show, and how.
#[derive(Debug, clap::Args)]
pub(super) struct RulesArgs {
    /// Id of a rule, or a part of it: one that fits is explained, several are listed
    pub id: Option<String>,

    /// The thresholds instead: what each means, its default and unit, and which rules use it
    #[arg(long, conflicts_with = "id")]
    pub thresholds: bool,

    /// Shape of the answer
    #[arg(long, value_enum, default_value_t = CatalogueFormat::Table)]
    pub format: CatalogueFormat,
}

/// Shape of the rule catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CatalogueFormat {
    /// For people
    Table,
    /// One document, every rule in full
    Json,
}

/// What to check, and how to tell.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Captures, folders (every capture in them, every *.expected.json and *.compare.json), or such files
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Show what differs, then write it into the expectations; where there is none, make one
    #[arg(long)]
    pub bless: bool,

    /// Also write the results as JUnit XML; - for stdout (then what people read goes to stderr)
    #[arg(long, value_name = "FILE", conflicts_with = "bless")]
    pub junit: Option<PathBuf>,

    /// No line that sums up: say nothing if all is as expected
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Also list the cases that are as expected
    #[arg(short, long)]
    pub verbose: bool,

    /// No progress bar, and no line below a live capture that says how it goes
    #[arg(long)]
    pub no_progress: bool,
}

/// What to compare, and how.
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// The working and the failing capture: files, folders or - for stdin; with --stream the one that holds both
    #[arg(value_name = "GOOD BAD", required = true, num_args = 1..=2)]
    pub captures: Vec<PathBuf>,

    /// Another working capture; repeatable. A field in which working captures differ is never taken for the cause
    #[arg(long, value_name = "CAPTURE")]
    pub good: Vec<PathBuf>,

    /// Two conversations of one capture, the working one first: ids as in the report, or Wireshark's numbers as tcp:N
    #[arg(long, value_name = "N,M", conflicts_with_all = ["pair", "good"])]
    pub stream: Option<String>,

    /// Compare these two conversations, by their ids (--detail conversations lists them), and nothing else; repeatable
    #[arg(long, value_name = "GOODID:BADID")]
    pub pair: Vec<String>,

    /// List what is noise, too, and everything that was said
    #[arg(long)]
    pub all: bool,

    /// Shape of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Where the report goes, instead of stdout (-)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// How captures are read and judged.
    #[command(flatten)]
    pub reading: ReadingArgs,

    /// What is said on stderr.
    #[command(flatten)]
    pub talk: VerbosityArgs,
}

/// Which tokens to explain, and how.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    /// Tokens, NAME=TOKEN, headers or any text with them; - for stdin
    ///
    /// LTPA tokens of Domino and WebSphere, JSON web tokens (their claims are read, their signature is not verified),
    /// DomAuthSessId. Values may be quoted, percent-encoded or wrapped.
    pub token: Vec<String>,

    /// Read them from a file, whatever stands around them
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub file: Option<PathBuf>,

    /// Judge them as of this time, such as 2025-04-22T17:48:19Z [default: the clock of this machine]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,

    /// Keys that open tokens.
    #[command(flatten)]
    pub keys: KeyFiles,

    /// Shape of the answer; JSON is one object a line, with either name
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Show the tokens themselves (never otherwise)
    #[arg(long)]
    pub show_secrets: bool,
}

/// Files of keys that open and verify sign-on tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct KeyFiles {
    /// LTPA keys that WebSphere exported (ltpa.keys): they open and verify its tokens; repeatable
    #[arg(long, value_name = "FILE")]
    pub ltpa_keys: Vec<PathBuf>,

    /// Their password, in the first line; repeatable: each is tried
    #[arg(long, value_name = "FILE")]
    pub ltpa_password_file: Vec<PathBuf>,

    /// LTPA_DominoSecret of a Web SSO Configuration document, one a line: it verifies Domino's tokens; repeatable
    #[arg(long, value_name = "FILE")]
    pub domino_secret_file: Vec<PathBuf>,
}

impl KeyFiles {
    /// These and others.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.ltpa_keys.extend_from_slice(&others.ltpa_keys);
        self.ltpa_password_file.extend_from_slice(&others.ltpa_password_file);
        self.domino_secret_file.extend_from_slice(&others.domino_secret_file);
        self
    }

    /// These files, counted from that folder.
    pub(super) fn inside(self, folder: &Path) -> Self {
        let join = |paths: Vec<PathBuf>| paths.into_iter().map(|path| folder.join(path)).collect();
        Self {
            ltpa_keys: join(self.ltpa_keys),
            ltpa_password_file: join(self.ltpa_password_file),
            domino_secret_file: join(self.domino_secret_file),
        }
    }
}

/// Files of secrets that open TLS. What a pcapng capture brings along is used without any option.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(super) struct TlsFiles {
    /// TLS key log (NSS format) as browsers, curl and Java agents write it; repeatable [default: SSLKEYLOGFILE, if it can be read]
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,

    /// Private RSA key of a server (PEM): opens TLS where the key exchange is RSA; repeatable
    #[arg(long, value_name = "PEM")]
    pub tls_key: Vec<PathBuf>,

    /// The key log that the environment names; a run that must not depend on who starts it leaves this out.
    #[arg(skip)]
    pub usual: Option<PathBuf>,
}

/// Shape of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people: the answer on one screen; -v, --all and --detail show more
    Table,
    /// To hand on: a page that loads nothing, for a browser
    Html,
    /// For a ticket
    Markdown,
    /// For a spreadsheet: a row for the verdict and one a finding; with --all its conversations below it
    Csv,
    /// For scripts: a line a capture, PATH: KIND: COUNT: RULE
    Concise,
    /// One document
    Json,
    /// One object a line
    Ndjson,
}

/// Shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// One document
    Json,
    /// One object a line
    Ndjson,
}

/// How much the report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Detail {
    /// Findings and totals
    Findings,
    /// Conversations too
    Conversations,
    /// Conversations with their messages
    Messages,
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Severity {
    /// The user cannot work
    Blocker,
    /// A feature or a new login is lost
    Major,
    /// Slow or noisy
    Minor,
    /// Good to know
    Info,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn captures_come_by_position_and_by_option() {
        let args = Args::parse_from(["nrpcsniff", "a.pcap", "-r", "b.pcap", "-", "-r", "c.pcap", "-q"]);
        assert_eq!(args.captures, [PathBuf::from("a.pcap"), PathBuf::from("-")]);
        assert_eq!(args.read, [PathBuf::from("b.pcap"), PathBuf::from("c.pcap")]);
        assert!(args.talk.quiet && args.command.is_none());
    }

    #[test]
    fn rules_is_a_command_only_in_first_place() {
        assert!(Args::parse_from(["nrpcsniff", "rules", "x"]).command.is_some());
        let args = Args::parse_from(["nrpcsniff", "a.pcap", "rules"]);
        assert_eq!(args.captures.len(), 2);
        assert_eq!(Args::parse_from(["nrpcsniff", "./rules"]).captures.len(), 1);
        assert!(Args::parse_from(["nrpcsniff", "token", "x", "--no-config"]).no_config);
        assert_eq!(Args::parse_from(["nrpcsniff", "help"]).captures.len(), 1);
    }
}
