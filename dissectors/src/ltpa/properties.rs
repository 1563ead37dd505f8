//! Java properties, the format of key files.
//!
//! Source: the description of `java.util.Properties.load` (Java SE API): Latin-1; a line that begins with `#` or `!` is a
//! comment; `=`, `:` or blanks part key and value; a backslash takes the meaning from the character behind it, ends a line
//! that goes on in the next one, or begins an escape (`\t`, `\u0041`).

/// One key with its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Number of the line on which it begins, from 1.
    pub line: usize,
    /// Key without escapes.
    pub key: String,
    /// Value without escapes.
    pub value: String,
}

/// All properties in their order.
pub(super) fn parse(file: &[u8]) -> Vec<Property> {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    let text: String = file.iter().copied().map(char::from).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = text.split('\n').zip(1..);
    let mut list = Vec::new();
    while let Some((first, line)) = lines.next() {
        let first = first.trim_start_matches(BLANKS);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = first.to_owned();
        while goes_on(&logical) {
            logical.pop();
            let Some((next, _)) = lines.next() else { break };
            logical.push_str(next.trim_start_matches(BLANKS));
        }
        let (key, value) = halves(&logical);
        list.push(Property { line, key: unescape(key), value: unescape(value) });
    }
    list
}

const BLANKS: [char; 3] = [' ', '\t', '\x0C'];

/// It ends in an odd number of backslashes.
fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// Key and value: parted by the first `=`, `:` or blank that is not escaped, and the blanks around it.
fn halves(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || BLANKS.contains(&c));
        escaped = !escaped && c == '\\';
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(BLANKS);
    (key, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(BLANKS))
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let unescaped = match c {
            '\\' => match rest.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\x0C',
                Some('u') => unicode(&mut rest),
                Some(other) => other,
                None => continue,
            },
            _ => c,
        };
        plain.push(unescaped);
    }
    plain
}

/// Four hexadecimal digits.
fn unicode(rest: &mut std::str::Chars<'_>) -> char {
    let code = rest.as_str().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if code.is_some() {
        *rest = rest.as_str().get(4..).unwrap_or_default().chars();
    }
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(usize, String, String)> {
        parse(text.as_bytes()).into_iter().map(|p| (p.line, p.key, p.value)).collect()
    }

    fn pair(text: &str) -> (String, String) {
        let mut pairs = pairs(text);
        assert_eq!(pairs.len(), 1, "{text}");
        let (_, key, value) = pairs.remove(0);
        (key, value)
    }

    /// The three ways of the Java API's own example.
    #[test]
    fn key_and_value_are_parted_in_three_ways() {
        for text in ["Truth = Beauty", " Truth:Beauty", "Truth                    :Beauty", "Truth Beauty\r\n"] {
            assert_eq!(pair(text), ("Truth".into(), "Beauty".into()), "{text}");
        }
        assert_eq!(pair("cheeses"), ("cheeses".into(), String::new()));
        assert_eq!(pair("a==b"), ("a".into(), "=b".into()));
    }

    #[test]
    fn escapes_and_lines_that_go_on() {
        assert_eq!(pair("k=AQAB\\=\\="), ("k".into(), "AQAB==".into()));
        assert_eq!(pair("a\\:b=host\\:389"), ("a:b".into(), "host:389".into()));
        assert_eq!(pair("f = apple, \\\n    pear\\\\"), ("f".into(), "apple, pear\\".into()));
        assert_eq!(pair("u=\\u0041\\u00e4\\uXYZ\\t"), ("u".into(), "Aä\u{fffd}XYZ\t".into()));
        assert_eq!(pair("end=x\\"), ("end".into(), "x".into()));
    }

    #[test]
    fn comments_are_passed_over_and_lines_are_counted() {
        let text = "\u{feff}#IBM WebSphere Application Server key file\r\n! more\r\n\r\na=1\\\r\n2\r\nb=3";
        assert_eq!(pairs(text), [(4, "a".into(), "12".into()), (6, "b".into(), "3".into())]);
        assert_eq!(parse(b"r=M\xFCnchen")[0].value, "München");
    }
}
