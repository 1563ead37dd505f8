//! How a web server answered.

use serde::Serialize;
use std::fmt;

/// Status of an answer, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    /// The status; 0 if there was no answer.
    pub status: u16,
    /// Path that it leads to.
    pub leads_to_path: Option<String>,
    /// Host that it leads to, if that is another one.
    pub leads_to_host: Option<String>,
    /// That is a login page.
    pub leads_to_login: bool,
    /// The page that it brings is a login form.
    pub shows_login_form: bool,
}

/// "401", "302 to the login page /login.jsp of login.example.com", "200, a login form".
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match (&self.leads_to_path, &self.leads_to_host) {
            (Some(path), Some(host)) if self.leads_to_login => write!(f, " to the login page {path} of {host}"),
            (Some(path), None) if self.leads_to_login => write!(f, " to the login page {path}"),
            (Some(path), _) => write!(f, " to {path}"),
            (None, _) if self.shows_login_form => write!(f, ", a login form"),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn says_where_an_answer_leads() {
        let said = |path: Option<&str>, host: Option<&str>, leads_to_login| {
            let (path, host) = (path.map(str::to_owned), host.map(str::to_owned));
            Answer { status: 302, leads_to_path: path, leads_to_host: host, leads_to_login, shows_login_form: false }
                .to_string()
        };
        assert_eq!(said(None, None, false), "302");
        let form = Answer {
            status: 200,
            leads_to_path: None,
            leads_to_host: None,
            leads_to_login: false,
            shows_login_form: true,
        };
        assert_eq!(form.to_string(), "200, a login form");
        assert_eq!(said(Some("/mail"), Some("other.example.com"), false), "302 to /mail");
        assert_eq!(said(Some("/login"), None, true), "302 to the login page /login");
        let elsewhere = said(Some("/login"), Some("other.example.com"), true);
        assert_eq!(elsewhere, "302 to the login page /login of other.example.com");
    }
}
