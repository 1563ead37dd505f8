//! Arguments as typed. [`super::plan`] checks them.

use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  nrpcsniff notes.pcapng                          what is wrong, and what to do
  nrpcsniff -f 'host 10.1.2.3' captures/          every capture in a folder, one client only
  tcpdump -w - port 1352 | nrpcsniff -            from a pipe, once it ends
  nrpcsniff --format json notes.pcap | jq '.findings[].title'
  nrpcsniff --detail messages notes.pcap          who said what, message by message
  nrpcsniff -d 'tcp.port==13520,nrpc' notes.pcap  NRPC on another port
  nrpcsniff --expect-server 'Mail01/Acme=mail.acme.example' notes.pcap
  nrpcsniff --fail-on major notes.pcap            exit status 1 if a major fault or a blocker is found
  nrpcsniff rules nrpc-name-mismatch-alias        one rule explained
  nrpcsniff token 'LtpaToken=AAECAz...'           one sign-on token explained
  nrpcsniff --ltpa-keys ltpa.keys --ltpa-password-file word.txt sso.pcapng
  nrpcsniff --keylog sslkeys.txt sso.pcapng       look into TLS (Decryption Secrets Blocks need no option)

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
  nrpcsniff token --file tokens.txt                  one a line (and none in the shell history)
  xclip -o | nrpcsniff token -                       from a pipe
  nrpcsniff token --now 2025-04-22T17:48:19Z --domino-secret-file secret.txt -
  nrpcsniff token --format json - | jq .expires";

/// Says who hung up first, at which step and why, when HCL Notes, Domino or Sametime sign-on fails.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "nrpcsniff --help shows examples, the exit status and the configuration file.",
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub struct Args {
    /// What to do instead of analysing captures.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Captures: files (pcap, pcapng, also .gz and .zst), folders (every capture in them), - for stdin
    #[arg(value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,

    /// A capture, as with tcpdump and tshark; repeatable
    #[arg(short = 'r', long = "read", value_name = "FILE")]
    pub read: Vec<PathBuf>,

    /// Look only at frames that this BPF expression matches (pcap-filter(7))
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// Shape of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Where the report goes, instead of stdout (-)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// How much the report holds [default: findings for a table, messages for JSON and NDJSON]
    #[arg(long, value_enum)]
    pub detail: Option<Detail>,

    /// Also list conversations of unknown protocols
    #[arg(long)]
    pub all: bool,

    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,

    /// Decode a port as a protocol, or as none: 'tcp.port==13520,nrpc'; repeatable
    #[arg(short = 'd', long, value_name = "PORT,PROTO")]
    pub decode_as: Vec<String>,

    /// Further names that a server may be asked for: 'Mail01/Acme=mail.acme.example,mail'; repeatable
    ///
    /// Both sides take abbreviated (Mail01/Acme) and canonical names (CN=Mail01/O=Acme): the first '=' that does not
    /// follow CN, OU, O or C parts the server from its aliases.
    #[arg(long, value_name = "NAME=ALIAS[,ALIAS]")]
    pub expect_server: Vec<String>,

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

    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,

    /// No talk on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say which files of a folder are passed over, and what is read
    #[arg(short, long)]
    pub verbose: bool,

    /// No progress bar
    #[arg(long)]
    pub no_progress: bool,

    /// Configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", global = true)]
    pub config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, global = true)]
    pub no_config: bool,
}

/// What to do instead of analysing captures.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The rule catalogue; one rule explained (a capture of that name: ./rules)
    Rules {
        /// Id of a rule
        id: Option<String>,
    },
    /// Sign-on tokens explained: what each is, whose, until when (a capture of that name: ./token)
    #[command(after_long_help = TOKEN_EXAMPLES)]
    Token(TokenArgs),
}

/// Which tokens to explain, and how.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    /// Tokens, NAME=TOKEN or a whole Cookie or Set-Cookie header; - for stdin, one a line
    pub token: Vec<String>,

    /// Read them from a file, one a line
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
pub struct KeyFiles {
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
    pub fn and(mut self, others: &Self) -> Self {
        self.ltpa_keys.extend_from_slice(&others.ltpa_keys);
        self.ltpa_password_file.extend_from_slice(&others.ltpa_password_file);
        self.domino_secret_file.extend_from_slice(&others.domino_secret_file);
        self
    }

    /// The same, counted from that folder.
    pub fn inside(self, folder: &Path) -> Self {
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
pub struct TlsFiles {
    /// TLS key log (NSS format) as browsers, curl and Java agents write it; repeatable [default: SSLKEYLOGFILE, if it can be read]
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,

    /// Private RSA key of a server (PEM): opens TLS where the key exchange is RSA; repeatable
    #[arg(long, value_name = "PEM")]
    pub tls_key: Vec<PathBuf>,
}

/// Shape of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One document
    Json,
    /// One object a line
    Ndjson,
}

/// How much the report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Detail {
    /// Findings and totals
    Findings,
    /// Conversations too
    Conversations,
    /// Conversations with their messages
    Messages,
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Severity {
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
        assert!(args.quiet && args.command.is_none());
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
