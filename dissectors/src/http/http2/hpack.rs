//! Header fields out of a block of HTTP/2 (HPACK, RFC 7541): the table that both sides keep, and what the block refers to in it.
//!
//! Written here because a capture has holes: what refers to lost fields is left out and counted, and the rest is read. It is
//! checked against another implementation in `tests/http2.rs`.

use super::huffman;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes that the table may hold; it is 4096 if nobody says otherwise. A larger one is cut to this.
const LARGEST: usize = 1 << 16;
/// Bytes of fields of one block that are kept.
const KEPT: usize = 256 * 1024;
/// Fields of one block that are kept.
const FIELDS: usize = 512;
/// What an entry costs beside its text (RFC 7541 section 4.1).
const OVERHEAD: usize = 32;

/// A name or a value. Copies share it, so that a block which repeats an entry of the table costs nothing.
type Text = Arc<[u8]>;

/// Name and value.
pub(super) type Field = (Text, Text);

/// What a block says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// Fields that refer to something that was lost.
    pub unknown: usize,
    /// There are more than are kept.
    pub too_many: bool,
    /// It ends in the middle, or contradicts the rules: nothing behind it can be read.
    pub broken: bool,
}

/// The table of one direction.
#[derive(Debug)]
pub(super) struct Table {
    /// The latest first. `None`: a part of it refers to something that was lost.
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
    /// There are older ones that nobody knows here.
    forgot: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Option<Text>,
    value: Option<Text>,
}

/// What a part of a block comes to.
enum Step {
    /// A field.
    Field(Entry),
    /// Another size of the table.
    Size,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, most: 4096, forgot: false }
    }
}

impl Table {
    /// Blocks were lost: of what they told nothing is known. What comes behind counts from there.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.forgot = true;
    }

    /// Reads a block and keeps what it tells.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Block {
        let (mut block, mut bits) = (Block::default(), Bits(bytes));
        let mut kept = 0_usize;
        while !bits.0.is_empty() {
            let Some(step) = self.field(&mut bits) else {
                block.broken = true;
                self.forget();
                return block;
            };
            match step {
                Step::Size => {}
                Step::Field(Entry { name: Some(name), value: Some(value) }) => {
                    kept = kept.saturating_add(name.len()).saturating_add(value.len());
                    if block.fields.len() < FIELDS && kept <= KEPT {
                        block.fields.push((name, value));
                    } else {
                        block.too_many = true;
                    }
                }
                Step::Field(_) => block.unknown = block.unknown.saturating_add(1),
            }
        }
        block
    }

    /// The next field, or a change of the table's size (RFC 7541 section 6).
    fn field(&mut self, bits: &mut Bits<'_>) -> Option<Step> {
        let first = *bits.0.first()?;
        if first & 0x80 != 0 {
            let index = bits.number(7)?;
            return self.entry(index).map(Step::Field);
        }
        if first & 0xE0 == 0x20 {
            self.most = bits.number(5)?.min(LARGEST);
            self.fit();
            return Some(Step::Size);
        }
        let is_kept = first & 0x40 != 0;
        let index = bits.number(if is_kept { 6 } else { 4 })?;
        let name = if index == 0 { Some(bits.string()?) } else { self.entry(index)?.name };
        let entry = Entry { name, value: Some(bits.string()?) };
        if is_kept {
            self.add(entry.clone());
        }
        Some(Step::Field(entry))
    }

    /// What stands at that place; 1 to 61 are the same for everybody (RFC 7541 section 2.3.3).
    fn entry(&self, index: usize) -> Option<Entry> {
        let index = index.checked_sub(1)?;
        if let Some(&(name, value)) = STATIC.get(index) {
            return Some(Entry { name: Some(name.as_bytes().into()), value: Some(value.as_bytes().into()) });
        }
        let known = self.entries.get(index.checked_sub(STATIC.len())?).cloned();
        known.or_else(|| self.forgot.then_some(Entry { name: None, value: None }))
    }

    fn add(&mut self, entry: Entry) {
        self.size = self.size.saturating_add(entry.size());
        self.entries.push_front(entry);
        self.fit();
    }

    /// Lets go of the oldest entries until the rest fits (RFC 7541 section 4.3).
    fn fit(&mut self) {
        while self.size > self.most {
            let Some(oldest) = self.entries.pop_back() else { return self.size = 0 };
            self.size = self.size.saturating_sub(oldest.size());
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        let length = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.len());
        length(&self.name).saturating_add(length(&self.value)).saturating_add(OVERHEAD)
    }
}

/// What is left of a block.
struct Bits<'a>(&'a [u8]);

impl<'a> Bits<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A number that begins with the last `prefix` bits of an octet (RFC 7541 section 5.1).
    fn number(&mut self, prefix: u32) -> Option<usize> {
        let mask = u8::MAX.checked_shr(8_u32.checked_sub(prefix)?)?;
        let first = self.octet()? & mask;
        let mut number = u64::from(first);
        if first < mask {
            return usize::try_from(number).ok();
        }
        for shift in [0, 7, 14, 21, 28] {
            let octet = self.octet()?;
            number = number.saturating_add(u64::from(octet & 0x7F) << shift);
            if octet & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    /// A string, as it is or in the Huffman code (RFC 7541 section 5.2).
    fn string(&mut self) -> Option<Text> {
        let coded = self.0.first()? & 0x80 != 0;
        let length = self.number(7)?;
        let bytes = self.take(length)?;
        if coded { huffman::decode(bytes).map(Into::into) } else { Some(bytes.into()) }
    }
}

/// RFC 7541 appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
    }

    fn lines(block: &Block) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        block.fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
    }

    /// RFC 7541 appendices C.3 and C.4: three requests of one connection, without and with the Huffman code.
    #[test]
    fn requests_of_the_rfc() {
        for blocks in [
            [
                "828684410f7777772e6578616d706c652e636f6d",
                "828684be58086e6f2d6361636865",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ],
            [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                "828684be5886a8eb10649cbf",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ],
        ] {
            let mut table = Table::default();
            let [first, second, third] = blocks.map(|block| lines(&table.read(&hex(block))));
            let host = ":authority: www.example.com";
            assert_eq!(first, [":method: GET", ":scheme: http", ":path: /", host]);
            assert_eq!(second, [":method: GET", ":scheme: http", ":path: /", host, "cache-control: no-cache"]);
            let custom = "custom-key: custom-value";
            assert_eq!(third, [":method: GET", ":scheme: https", ":path: /index.html", host, custom]);
            assert_eq!((table.entries.len(), table.size), (3, 164));
        }
    }

    /// RFC 7541 appendix C.5: responses with a table of 256 bytes, from which entries fall out.
    #[test]
    fn responses_of_the_rfc_with_a_small_table() {
        let mut table = Table { most: 256, ..Table::default() };
        let blocks = [
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f77\
             77772e6578616d706c652e636f6d",
            "4803333037c1c0bf",
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a\
             584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
        ];
        let [first, second, third] = blocks.map(|block| lines(&table.read(&hex(block))));
        let location = "location: https://www.example.com";
        let date = |second| format!("date: Mon, 21 Oct 2013 20:13:2{second} GMT");
        assert_eq!(first, [":status: 302", "cache-control: private", &date(1), location]);
        assert_eq!(second, [":status: 307", "cache-control: private", &date(1), location]);
        let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
        assert_eq!(
            third,
            [":status: 200", "cache-control: private", &date(2), location, "content-encoding: gzip", cookie]
        );
        assert_eq!((table.entries.len(), table.size), (3, 215));
    }

    #[test]
    fn what_refers_to_lost_fields_is_counted_and_the_rest_is_read() {
        let mut table = Table::default();
        table.forget();
        // GET, two entries that nobody knows, a new one, and a value under a name that nobody knows.
        let block = table.read(&hex("82 be bf 400161 0162 7f00 0163"));
        assert_eq!(
            (lines(&block), block.unknown, block.broken),
            (vec![":method: GET".into(), "a: b".into()], 3, false)
        );
        // The latest is the one with the unknown name; behind it stands what was told before.
        let block = table.read(&hex("be bf"));
        assert_eq!((lines(&block), block.unknown), (vec!["a: b".into()], 1));
    }

    #[test]
    fn broken_blocks_say_so_and_the_next_one_knows_that_something_is_missing() {
        let whole = hex("828684418cf1e3c2e5f23a6ba0ab90f4ff");
        for length in 0..whole.len() {
            let block = Table::default().read(&whole[..length]);
            assert_eq!(block.broken, length > 3, "{length}");
        }
        for broken in ["80", "be", "ffffffffffff7f", "0085ffffffffff00", "3fffffffffff"] {
            let mut table = Table::default();
            assert!(table.read(&hex(broken)).broken, "{broken}");
            assert_eq!(table.read(&hex("be82")).unknown, 1);
        }
    }

    #[test]
    fn a_block_that_unfolds_is_cut() {
        let mut table = Table::default();
        let mut block = hex("400161");
        block.extend([0x7F, 0xA1, 0x1E]); // a value of 4000 bytes
        block.extend([b'x'; 4000]);
        block.extend([0xBE; 5000]);
        let read = table.read(&block);
        assert!(read.too_many && !read.broken && read.fields.len() < 70);
        assert!(table.size <= 4096);
        let many = Table::default().read(&[0x82; 600]);
        assert_eq!((many.fields.len(), many.too_many), (512, true));
        // A table of 2^30 bytes is not kept.
        let mut table = Table::default();
        table.read(&[0x3F, 0xE1, 0xFF, 0xFF, 0xFF, 0x03]);
        assert_eq!(table.most, 1 << 16);
    }

    fn any_text() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b":path".to_vec()),
            Just(b"cookie".to_vec()),
            Just(b"LtpaToken=undefined".to_vec()),
            prop::collection::vec(any::<u8>(), 0..40)
        ]
    }

    /// A block of representations that may refer to anything, with strings that may be in the Huffman code.
    fn any_block() -> impl Strategy<Value = Vec<u8>> {
        let indexed = (0x80u8..=0xFF).prop_map(|octet| vec![octet]);
        let literal =
            (prop_oneof![0x40u8..0x80, 0x00u8..0x20], any::<bool>(), any_text()).prop_map(|(first, coded, text)| {
                let length = u8::try_from(text.len()).unwrap() | if coded { 0x80 } else { 0 };
                let name: &[u8] = if first.trailing_zeros() >= 4 { b"\x01n" } else { b"" };
                [&[first][..], name, &[length], &text].concat()
            });
        let size = (0x20u8..0x40).prop_map(|octet| vec![octet]);
        let part = prop_oneof![4 => indexed, 4 => literal, 1 => size, 1 => prop::collection::vec(any::<u8>(), 1..6)];
        prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        /// What another implementation encodes.
        #[test]
        fn another_encoder_is_understood(
            blocks in prop::collection::vec(prop::collection::vec((any_text(), any_text()), 1..6), 1..6)
        ) {
            let (mut encoder, mut table) = (loona_hpack::Encoder::new(), Table::default());
            for fields in blocks {
                let mut bytes = Vec::new();
                encoder.encode_into(fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())), &mut bytes).unwrap();
                let block = table.read(&bytes);
                prop_assert!(!block.broken && block.unknown == 0);
                let read: Vec<_> = block.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                prop_assert_eq!(read, fields);
            }
        }

        /// Another decoder reads the same of any bytes, up to the first block that it refuses.
        #[test]
        fn another_decoder_reads_the_same(blocks in prop::collection::vec(any_block(), 1..5)) {
            let (mut decoder, mut table) = (loona_hpack::Decoder::new(), Table::default());
            for bytes in blocks {
                let block = table.read(&bytes);
                match decoder.decode(&bytes) {
                    Ok(fields) => {
                        let read: Vec<_> = block.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                        prop_assert_eq!((read, block.broken), (fields, false));
                    }
                    // That a block ends with a change of size is forbidden; here it does no harm.
                    Err(loona_hpack::decoder::DecoderError::SizeUpdateAtEnd) => {}
                    Err(_) => {
                        prop_assert!(block.broken);
                        return Ok(());
                    }
                }
            }
        }
    }
}
