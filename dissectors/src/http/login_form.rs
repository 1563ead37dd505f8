//! Whether an HTML page asks a user to log in.

use crate::{Value, text};

/// What the beginning of a response's body says of a login form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoginForm {
    /// There is no page to look at: no body, no HTML, or a redirect, whose body nobody sees.
    #[default]
    NoPage,
    /// A page that asks for no login.
    Absent,
    /// Domino's form: it is sent to `?Login`.
    Domino,
    /// The form of Java servers: it is sent to `j_security_check`.
    Java,
    /// Another form with one password.
    Password,
    /// The page was not read: missing bytes, an encoding that is not read, HTTP/2, or the answer to HEAD.
    NotRead,
}

/// Beginnings of names of Domino forms that only log in. `_DominoForm` is none: each form that a user fills in is called so.
const DOMINO_FORMS: [&str; 4] = ["_dwaloginform", "_frmcsslogin", "_defaultlogin", "$$loginuser"];

impl LoginForm {
    /// The page is a login form.
    pub const fn is_form(self) -> bool {
        matches!(self, Self::Domino | Self::Java | Self::Password)
    }

    /// For a report.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::NoPage => None,
            Self::Absent => Some("none"),
            Self::Domino => Some("domino"),
            Self::Java => Some("j_security_check"),
            Self::Password => Some("password"),
            Self::NotRead => Some("not read"),
        }
    }

    /// What that much of a page asks for.
    pub(super) fn of(html: &[u8]) -> Self {
        let html = text::lenient(html).to_ascii_lowercase();
        let (mut found, mut passwords, mut new_password) = (Self::Absent, 0_usize, false);
        for tag in Tags(&html) {
            let is_password = tag.starts_with("input") && attribute(tag, "type") == Some("password");
            passwords = passwords.saturating_add(usize::from(is_password));
            new_password |= attribute(tag, "autocomplete") == Some("new-password");
            if tag.starts_with("form") && found == Self::Absent {
                found = of_form(tag);
            }
        }
        // More than one is a page to change a password or to register.
        if found == Self::Absent && passwords == 1 && !new_password { Self::Password } else { found }
    }
}

impl From<LoginForm> for Value {
    fn from(form: LoginForm) -> Self {
        form.name().map_or(Self::Null, Self::from)
    }
}

/// A form that is told by its name or by where it is sent.
fn of_form(tag: &str) -> LoginForm {
    let name = attribute(tag, "name").unwrap_or_default();
    let action = attribute(tag, "action").unwrap_or_default();
    if action.contains("j_security_check") {
        return LoginForm::Java;
    }
    let is_login = action.split_once('?').is_some_and(|(_, query)| query.split(['&', '=']).next() == Some("login"));
    let is_domino = is_login || DOMINO_FORMS.iter().any(|form| name.starts_with(form));
    if is_domino { LoginForm::Domino } else { LoginForm::Absent }
}

/// The tags of a page in lower case, without their brackets. Comments and scripts are passed over.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let (_, rest) = self.0.split_once('<')?;
            let (begin, end) = match rest {
                _ if rest.starts_with("!--") => ("!--", "-->"),
                _ if rest.starts_with("script") => ("script", "</script"),
                _ => {
                    let (tag, behind) = rest.split_once('>')?;
                    self.0 = behind;
                    return Some(tag);
                }
            };
            self.0 = rest.strip_prefix(begin)?.split_once(end)?.1;
        }
    }
}

/// Value of an attribute of a tag, with or without quotes.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        let (front, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let (value, next) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => behind.get(1..)?.split_once(quote)?,
            _ => behind.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((behind.trim_end_matches('/'), "")),
        };
        if front.trim_end().rsplit(|c: char| c.is_ascii_whitespace()).next() == Some(name) {
            return Some(value);
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_by_where_they_are_sent_and_by_name() {
        for (html, form) in [
            (
                "<form method=POST action='/names.nsf?Login&x=1' name=_DominoForm><input name=Username>",
                LoginForm::Domino,
            ),
            ("<FORM NAME=\"_DWALoginForm\" ACTION=\"/x\">", LoginForm::Domino),
            ("<body><form name = \"$$LoginUserFormMFA\">", LoginForm::Domino),
            ("<form action=\"j_security_check\" method=\"post\">", LoginForm::Java),
            ("<p><form action=pkmslogin.form><input type=password name=password>", LoginForm::Password),
            ("<input\ntype = 'PASSWORD' autocomplete=current-password/>", LoginForm::Password),
            ("<form action=/db.nsf/page?OpenForm&Seq=1 name=_DominoForm><input name=a>", LoginForm::Absent),
            ("<form action=/x?loginname=y>", LoginForm::Absent),
            ("<input type=password name=old><input type=password name=new>", LoginForm::Absent),
            ("<input type=password autocomplete='new-password'>", LoginForm::Absent),
            ("<!-- <input type=password> --><script>'<input type=password>'</script>", LoginForm::Absent),
            ("<p>type=password", LoginForm::Absent),
            ("<input type=\"password", LoginForm::Absent),
            ("", LoginForm::Absent),
        ] {
            assert_eq!(LoginForm::of(html.as_bytes()), form, "{html}");
        }
    }

    #[test]
    fn a_page_says_no_more_than_was_read() {
        let html = "<form action=\"/names.nsf?Login\"><input name=\"Username\"><input type=password>";
        let first = html.find('>').unwrap() + 1;
        for length in 0..html.len() {
            let expected = if length >= first { LoginForm::Domino } else { LoginForm::Absent };
            assert_eq!(LoginForm::of(&html.as_bytes()[..length]), expected, "{length}");
        }
    }
}
