//! The rule catalogue: one rule, one file. A new rule is a file here and a line in [`RULES`].

mod nrpc_name_mismatch_alias;

use super::Rule;

/// Every rule, in the order in which `nrpcsniff rules` lists them.
pub static RULES: &[&dyn Rule] = &[&nrpc_name_mismatch_alias::NameMismatchAlias];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.about().id == id)
}
