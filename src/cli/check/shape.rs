//! What a JSON file may hold, checked while it is parsed: so an error knows its line.

use crate::cli::suggestion;
use crate::diagnose::rules::rule;
use anyhow::{Result, anyhow};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Shape of a value that may stand at one place.
#[derive(Debug)]
pub(super) enum Shape {
    /// Any value.
    Any,
    /// A text.
    Text,
    /// A number.
    Number,
    /// The id of a rule.
    Rule,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of such things.
    List(&'static Shape),
    /// An object with any keys, whose values are such things.
    Map(&'static Shape),
    /// An object with these keys only; it must have those of `required`.
    Object { required: &'static [&'static str], keys: &'static [(&'static str, Shape)] },
}

impl Shape {
    /// Reads a text of this shape. An error says line, column, what is wrong, and the nearest right word.
    pub(super) fn read(&'static self, text: &str) -> Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        let value = self.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
        value.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
            anyhow!("line {line}, column {column}: {message}")
        })
    }

    /// The shape of the value behind a key of an object.
    fn behind<E: serde::de::Error>(&'static self, key: &str) -> Result<&'static Self, E> {
        match self {
            Self::Map(shape) => Ok(shape),
            Self::Object { keys, .. } => {
                let found = keys.iter().find(|(name, _)| *name == key);
                found.map(|(_, shape)| shape).ok_or_else(|| unknown("key", key, keys.iter().map(|(name, _)| *name)))
            }
            _ => Err(E::invalid_type(Unexpected::Map, &self)),
        }
    }

    fn accepts<E: serde::de::Error>(&'static self, text: &str) -> Result<(), E> {
        match self {
            Self::Text => Ok(()),
            Self::Rule if rule(text).is_some() => Ok(()),
            Self::Rule => Err(E::custom(format!("there is no rule '{text}'{}", suggestion::suggestion(text)))),
            Self::Word(words) if words.contains(&text) => Ok(()),
            Self::Word(words) => Err(unknown("word", text, words.iter().copied())),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}

/// The error for a word that is none of those known, with the nearest of them.
fn unknown<E: serde::de::Error>(what: &str, word: &str, known: impl Iterator<Item = &'static str> + Clone) -> E {
    let near = suggestion::nearest(word, known.clone());
    E::custom(match near.first() {
        Some(near) => format!("unknown {what} '{word}': did you mean '{near}'?"),
        None => format!("unknown {what} '{word}': known here are {}", known.collect::<Vec<_>>().join(", ")),
    })
}

impl<'de> DeserializeSeed<'de> for &'static Shape {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Shape::Any => serde::Deserialize::deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl serde::de::Expected for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anything",
            Self::Text | Self::Word(_) => "a text",
            Self::Number => "a number",
            Self::Rule => "the id of a rule",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object { .. } => "an object",
        })
    }
}

impl<'de> Visitor<'de> for &'static Shape {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde::de::Expected::fmt(*self, f)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.accepts(text).map(|()| text.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        if matches!(self, Shape::Number) {
            Ok(number.into())
        } else {
            Err(E::invalid_type(Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        if matches!(self, Shape::Number) {
            Ok(number.into())
        } else {
            Err(E::invalid_type(Unexpected::Signed(number), &self))
        }
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        if matches!(self, Shape::Number) {
            Ok(number.into())
        } else {
            Err(E::invalid_type(Unexpected::Float(number), &self))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let Shape::List(of) = self else { return Err(A::Error::invalid_type(Unexpected::Seq, &self)) };
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(*of)? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let shape = self.behind(&key)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("'{key}' stands here twice: keep one of them")));
            }
            let value = entries.next_value_seed(shape)?;
            object.insert(key, value);
        }
        if let Shape::Object { required, .. } = self
            && let Some(missing) = required.iter().find(|key| !object.contains_key(**key))
        {
            return Err(A::Error::custom(format!("this object needs the key '{missing}'")));
        }
        if matches!(self, Shape::Map(_) | Shape::Object { .. }) {
            Ok(object.into())
        } else {
            Err(A::Error::invalid_type(Unexpected::Map, &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    static FRUIT: Shape = Shape::Object {
        required: &["name"],
        keys: &[
            ("name", Shape::Text),
            ("weight", Shape::Number),
            ("colour", Shape::Word(&["green", "yellow"])),
            ("rules", Shape::List(&Shape::Rule)),
            ("notes", Shape::Map(&Shape::Number)),
            ("rest", Shape::Any),
        ],
    };

    fn error(text: &str) -> String {
        FRUIT.read(text).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_read_as_it_stands() {
        let text = r#"{"rest": [{"a": null}], "name": "pear", "weight": -1.5, "colour": "green",
                       "rules": ["tcp-loss"], "notes": {"any": 3}}"#;
        let value = FRUIT.read(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(value.as_object().unwrap().keys().next().unwrap(), "rest");
        assert_eq!(FRUIT.read("\u{feff}{\"name\": \"\"}").unwrap(), json!({"name": ""}));
    }

    #[test]
    fn errors_know_line_and_the_nearest_word() {
        for (text, parts) in [
            ("{\"name\": \"x\",\n \"wieght\": 3}", ["line 2", "unknown key 'wieght': did you mean 'weight'?"]),
            ("{\"zzzzzzzz\": 3}", ["line 1", "known here are name, weight"]),
            ("{\"name\": \"x\",\n\n \"colour\": \"geen\"}", ["line 3", "did you mean 'green'?"]),
            (
                "{\"name\": \"x\",\n\"rules\": [\n\"tcp-los\"]}",
                ["line 3", "no rule 'tcp-los': did you mean 'tcp-loss'"],
            ),
            ("{\"name\": \"x\",\n\"name\": \"y\"}", ["line 2", "'name' stands here twice"]),
            ("{\"weight\": 1\n}", ["line 2", "needs the key 'name'"]),
            ("{\"name\": 1}", ["line 1", "expected a text"]),
            ("{\"name\": []}", ["line 1", "expected a text"]),
            ("{\"name\": {}}", ["line 1", "expected a text"]),
            ("{\"name\": null}", ["line 1", "expected a text"]),
            ("{\"name\": \"x\", \"weight\": \"heavy\"}", ["line 1", "expected a number"]),
            ("{\"name\": \"x\", \"rules\": \"tcp-loss\"}", ["line 1", "expected a list"]),
            ("{\"name\": \"x\", \"notes\": 1}", ["line 1", "expected an object"]),
            ("[]", ["line 1", "expected an object"]),
            ("{\"name\": \"x\"", ["line 1", "EOF"]),
            ("{\"name\": \"x\"} {}", ["line 1", "trailing"]),
            ("", ["line 1", "EOF"]),
        ] {
            let error = error(text);
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
    }
}
