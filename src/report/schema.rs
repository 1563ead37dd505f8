//! The JSON Schema of the report, for programs that read it. Written by hand; a test holds every sample's report against it, with every
//! key that is not in it a mistake.

/// The schema of `--format json`, of that [`super::view::SCHEMA_VERSION`].
pub(crate) const REPORT: &str = include_str!("schema.json");

#[cfg(test)]
mod tests {
    use super::super::view::SCHEMA_VERSION;
    use super::super::{Format, ReportOptions};
    use super::REPORT;
    use crate::api::Diagnoser;
    use nrpcsniff_dissectors::PROTOCOLS;
    use serde_json::{Map, Value, json};
    use std::path::{Path, PathBuf};

    /// The part of JSON Schema that the schema uses. Stricter in one thing: a key that an object's `properties` do not list is a
    /// mistake, unless none is required (a map) or its kind is open.
    struct Checker {
        schema: Value,
        mistakes: Vec<String>,
    }

    impl Checker {
        fn new() -> Self {
            Self { schema: serde_json::from_str(REPORT).unwrap(), mistakes: Vec::new() }
        }

        fn mistakes(value: &Value) -> Vec<String> {
            let mut checker = Self::new();
            let root = checker.schema.clone();
            checker.check(value, &root, "report");
            checker.mistakes
        }

        fn wrong(&mut self, at: &str, what: &str) {
            self.mistakes.push(format!("{at}: {what}"));
        }

        fn check(&mut self, value: &Value, schema: &Value, at: &str) {
            for (keyword, wanted) in schema.as_object().unwrap() {
                match keyword.as_str() {
                    "$ref" => self.reference(value, wanted.as_str().unwrap(), at),
                    "anyOf" => self.any_of(value, wanted, at),
                    "type" if !has_type(value, wanted) => self.wrong(at, &format!("{value} is no {wanted}")),
                    "const" if value != wanted => self.wrong(at, &format!("{value} is not {wanted}")),
                    "enum" if !wanted.as_array().unwrap().contains(value) => {
                        self.wrong(at, &format!("{value} is none of {wanted}"));
                    }
                    "minimum" if value.as_f64().is_some_and(|v| v < wanted.as_f64().unwrap()) => {
                        self.wrong(at, "too small");
                    }
                    "maximum" if value.as_f64().is_some_and(|v| v > wanted.as_f64().unwrap()) => {
                        self.wrong(at, "too large");
                    }
                    "pattern" => self.pattern(value, wanted.as_str().unwrap(), at),
                    "items" => {
                        value.as_array().into_iter().flatten().for_each(|v| self.check(v, wanted, &format!("{at}[]")));
                    }
                    "properties" => self.properties(value, schema, at),
                    "additionalProperties" => {
                        value
                            .as_object()
                            .into_iter()
                            .flatten()
                            .for_each(|(k, v)| self.check(v, wanted, &format!("{at}.{k}")));
                    }
                    "type" | "const" | "enum" | "minimum" | "maximum" | "required" | "description" | "title"
                    | "$schema" | "$id" | "$defs" => {}
                    other => panic!("the schema uses {other}, which is not checked here"),
                }
            }
        }

        fn reference(&mut self, value: &Value, reference: &str, at: &str) {
            let name = reference.strip_prefix("#/$defs/").unwrap();
            let schema = self.schema["$defs"].get(name).unwrap_or_else(|| panic!("no {name}")).clone();
            self.check(value, &schema, at);
        }

        fn any_of(&mut self, value: &Value, schemas: &Value, at: &str) {
            let before = self.mistakes.len();
            let mut fewest: Option<Vec<String>> = None;
            for schema in schemas.as_array().unwrap() {
                self.check(value, schema, at);
                let mistakes = self.mistakes.split_off(before);
                if fewest.as_ref().is_none_or(|fewest| mistakes.len() < fewest.len()) {
                    fewest = Some(mistakes);
                }
            }
            self.mistakes.extend(fewest.unwrap_or_default());
        }

        fn properties(&mut self, value: &Value, schema: &Value, at: &str) {
            let Some(object) = value.as_object() else { return };
            let known = schema["properties"].as_object().unwrap();
            let none = Vec::new();
            let required = schema.get("required").and_then(Value::as_array).unwrap_or(&none);
            for key in required.iter().map(|key| key.as_str().unwrap()).filter(|key| !object.contains_key(*key)) {
                self.wrong(at, &format!("{key} is missing"));
            }
            for (key, value) in object {
                match known.get(key) {
                    Some(schema) => self.check(value, schema, &format!("{at}.{key}")),
                    None if required.is_empty() || is_open(known) => {}
                    None => self.wrong(at, &format!("the schema has no {key}")),
                }
            }
        }

        /// The schema has two patterns: of a time, and of `protocol.kind`.
        fn pattern(&mut self, value: &Value, pattern: &str, at: &str) {
            let Some(text) = value.as_str() else { return };
            let fits = if pattern.ends_with("Z$") {
                text.len() >= 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
            } else {
                text.split_once('.').is_some_and(|(protocol, kind)| !protocol.is_empty() && !kind.is_empty())
            };
            if !fits {
                self.wrong(at, &format!("{text} is not {pattern}"));
            }
        }
    }

    /// A cookie has attributes as its server sets them.
    fn is_open(known: &Map<String, Value>) -> bool {
        known.keys().eq(["name", "token"])
    }

    fn has_type(value: &Value, wanted: &Value) -> bool {
        if let Some(several) = wanted.as_array() {
            return several.iter().any(|one| has_type(value, one));
        }
        match wanted.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("the schema has a type {other}"),
        }
    }

    fn report(path: &Path) -> Value {
        let options = ReportOptions { all: true, ..ReportOptions::new(Format::Json) };
        let mut text = Vec::new();
        Diagnoser::default().diagnose(&[path]).unwrap().write(&options, &mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Captures and logs.
    fn samples() -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let is_one = |path: &PathBuf| {
            path.extension().is_some_and(|end| ["pcap", "pcapng", "log"].iter().any(|known| end == *known))
        };
        let files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_one).collect();
        assert!(files.len() > 100, "{}", files.len());
        files
    }

    #[test]
    fn every_report_of_a_sample_is_as_the_schema_says() {
        for path in samples() {
            let mistakes = Checker::mistakes(&report(&path));
            assert!(mistakes.is_empty(), "{}: {mistakes:#?}", path.display());
        }
    }

    #[test]
    fn a_report_that_is_otherwise_is_noticed() {
        let good = report(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/nrpc-alias.pcapng"));
        assert_eq!(Checker::mistakes(&good), Vec::<String>::new());
        for (place, value, part) in [
            ("/schema_version", json!(1), "is not 2"),
            ("/tool", json!({"name": "nrpcsniff"}), "version is missing"),
            ("/inputs/0/packets", json!("20"), "is no \"integer\""),
            ("/inputs/0/first", json!("2025-03-10 08:30:00"), "is not ^"),
            ("/verdict/kind", json!("fine"), "is none of"),
            ("/conversations/0/client/port", json!(65536), "too large"),
            ("/conversations/0/start", Value::Null, "is no \"string\""),
            ("/findings/0/group", json!([]), "is no \"object\""),
            ("/findings/0/facts/server", json!({"a": 1}), "is no "),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap() = value;
            let mistakes = Checker::mistakes(&bad);
            assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{place}: {mistakes:#?}");
        }
        let mut more = good;
        more["findings"][0]["mood"] = json!("good");
        assert_eq!(Checker::mistakes(&more), ["report.findings[]: the schema has no mood"]);
    }

    #[test]
    fn the_schema_knows_every_protocol() {
        let schema = Checker::new().schema;
        assert_eq!(schema["properties"]["schema_version"]["const"], SCHEMA_VERSION);
        let names = schema["$defs"]["conversation"]["properties"]["protocol"]["enum"].as_array().unwrap();
        let required = schema["$defs"]["totals"]["required"].as_array().unwrap();
        for protocol in PROTOCOLS {
            assert!(names.contains(&json!(protocol.name)), "{}", protocol.name);
            assert!(required.contains(&json!(format!("{}_{}", protocol.name, protocol.counts))), "{}", protocol.name);
        }
    }
}
