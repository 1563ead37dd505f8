//! What HTTP and SIP messages have in common: a first line, header lines, a body.

/// A message under construction. Its bytes are always those of the present state, so that it can be sent by reference.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    bytes: Vec<u8>,
}

impl Text {
    pub(crate) fn new(start: String) -> Self {
        Self { start, headers: Vec::new(), body: Vec::new(), bytes: Vec::new() }.encoded()
    }

    /// The message with these changes.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self.encoded()
    }

    fn encoded(mut self) -> Self {
        let mut lines = vec![self.start.clone()];
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let head = lines.join("\r\n") + "\r\n\r\n";
        self.bytes = [head.as_bytes(), &self.body].concat();
        self
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Another header line, after those there are.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The value of the first header line of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The header line of this name, in its place or at the end.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(line) => line.1 = value.into(),
            None => self.add(name, value),
        }
    }

    /// Takes all header lines of this name away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// A body of this type, and its length.
    pub(crate) fn carry(&mut self, kind: &str, body: &[u8]) {
        self.body = body.to_vec();
        self.set("Content-Type", kind);
        self.set("Content-Length", body.len().to_string());
    }
}

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
