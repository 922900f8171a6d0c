//! Percent-encoding of query values.

use alloc::string::String;
use alloc::vec::Vec;

/// Appends `value` to `target`, percent-encoding every byte outside RFC 3986's *unreserved* set.
///
/// A space becomes `%20`, never `+`: IMDS and ARM decode both, but only the former is unambiguous.
pub fn encode_query_value(value: &str, target: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            target.push(char::from(byte));
        } else {
            target.push('%');
            target.push(char::from(HEX[usize::from(byte >> 4)]));
            target.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Undoes [`encode_query_value`]; also reads `+` as a space. `None` for a broken escape or for bytes that are not UTF-8.
pub fn decode_query_value(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(value: &str) -> String {
        let mut target = String::new();
        encode_query_value(value, &mut target);
        target
    }

    #[test]
    fn an_audience_is_fully_encoded() {
        assert_eq!(
            encoded("https://management.azure.com/"),
            "https%3A%2F%2Fmanagement.azure.com%2F"
        );
        assert_eq!(encoded("a b&c=d#é"), "a%20b%26c%3Dd%23%C3%A9");
        assert_eq!(decode_query_value("a+b%"), None);
        assert_eq!(decode_query_value("%FF"), None);
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(value in ".*") {
            let text = encoded(&value);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
            prop_assert_eq!(decode_query_value(&text), Some(value));
        }
    }
}
