//! Lists of texts that findings about sign-on on the web have: who refused, what was answered, which cookies. Each text once, in
//! order of appearance: the first eight, and how many they are. A struct of facts takes one in with `#[serde(flatten)]`.

use super::lists::{few, few_of};
use serde::Serialize;
use std::fmt;

/// Makes the type of one list: the names of its two facts, and what its items are called in a sentence.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $list:ident, $count:ident }, $what:literal) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub(crate) struct $name {
            $list: Vec<String>,
            $count: usize,
        }

        impl $name {
            /// Of any number of appearances.
            pub(crate) fn of<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
                let ($list, $count) = few(items.into_iter().map(Into::into));
                Self { $list, $count }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&few_of(&self.$list, self.$count, $what))
            }
        }
    };
}

texts! {
    /// Answers: "401 Unauthorized", "session closed with reason 0x80000015".
    Answers { answers, answer_count }, "answers"
}

impl Answers {
    /// The first of them.
    pub(crate) fn first(&self) -> Option<&str> {
        self.answers.first().map(String::as_str)
    }
}

texts! {
    /// Servers that refused, by host name or by protocol and address.
    Refusers { refusers, refuser_count }, "servers"
}

texts! {
    /// Servers that refused a token, each with what it answered: "mail.example.com (401 Unauthorized)".
    Refusals { refusals, refusal_count }, "servers"
}

texts! {
    /// Browsers by address; behind a proxy, their own and the proxy's.
    Browsers { browsers, browser_count }, "clients"
}

texts! {
    /// Names of cookies.
    Cookies { cookies, cookie_count }, "cookies"
}

texts! {
    /// Callers by name, or by address where none is known.
    Callers { callers, caller_count }, "users"
}

texts! {
    /// Words that stood in cookies in place of a token: `LtpaToken="undefined"`.
    Placeholders { placeholders, placeholder_count }, "words"
}

impl Placeholders {
    /// The first of them.
    pub(crate) fn first(&self) -> &str {
        self.placeholders.first().map_or("", String::as_str)
    }
}

impl Cookies {
    /// The cookies, called something else in the plural: "LtpaTokenA and 2 other names".
    pub(crate) fn called(&self, what: &str) -> String {
        few_of(&self.cookies, self.cookie_count, what)
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;
    use serde_json::json;

    #[test]
    fn texts_are_said_and_written() {
        let answers = Answers::of(["401", "403", "401", "407"]);
        assert_eq!(answers.to_string(), "401 and 2 other answers");
        let written = json!({"answers": ["401", "403", "407"], "answer_count": 3});
        assert_eq!(serde_json::to_value(&answers).unwrap(), written);
        assert_eq!(Answers::of([""; 0]).to_string(), "no answers");
    }
}
