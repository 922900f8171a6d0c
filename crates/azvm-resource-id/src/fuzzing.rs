//! Bodies of the fuzz targets: what has to hold for any input. Not part of the public interface.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use crate::borrowed::ResourceIdRef;
use crate::lint::{Severity, lint, repair};

/// Parsing: every part of an ID agrees with every other.
pub fn parse(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let id = match ResourceIdRef::parse(text) {
        Ok(id) => id,
        Err(error) => {
            let span = error.span();
            assert!(span.start <= span.end && span.end <= text.len());
            assert!(text.get(span).is_some(), "a span is between characters");
            assert!(error.render(text).to_string().lines().count() == 3);
            return;
        }
    };
    let rejoined = id
        .segments()
        .fold(String::new(), |text, segment| text + "/" + segment.as_str());
    assert_eq!(rejoined, id.key_text());
    for segment in id.segments() {
        assert_eq!(&text[segment.span()], segment.as_str());
        assert!(segment.canonical().eq_ignore_ascii_case(segment.as_str()));
    }
    let canonical = id.canonical();
    assert_eq!(canonical, id);
    assert!(ResourceIdRef::parse_exact(canonical.as_str()).is_ok());
    assert!(canonical.canonical().eq_exact(&canonical));
    assert_eq!(hash_of(&canonical), hash_of(&id));
    check_ancestors(id);
    assert!(id.to_url_path().is_ascii());
}

/// The chain of parents, each against what parsing its text says.
fn check_ancestors(id: ResourceIdRef<'_>) {
    let mut below = id;
    for ancestor in id.ancestors() {
        let parsed = ResourceIdRef::parse(ancestor.as_str());
        assert!(
            parsed.is_ok_and(|parsed| same_layout(parsed, ancestor)),
            "{ancestor:?}"
        );
        assert!(id.key_text().starts_with(ancestor.key_text()));
        assert!(
            ancestor < below && ancestor.is_ancestor_of(&below) && ancestor.is_ancestor_of(&id)
        );
        assert!(!below.is_ancestor_of(&ancestor));
        assert!(ancestor.contains(&id));
        below = ancestor;
        if below.as_str().len() > 512 {
            // Parsing every ancestor again is quadratic; the first few tell as much.
            return;
        }
    }
    assert_eq!(below.as_str(), "/");
}

fn same_layout(left: ResourceIdRef<'_>, right: ResourceIdRef<'_>) -> bool {
    let parts = |id: ResourceIdRef<'_>| alloc::format!("{:?}", id.layout());
    parts(left) == parts(right)
}

/// Equality, hash and order of three IDs, one per line.
pub fn order(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let ids: Vec<_> = text
        .split('\n')
        .take(3)
        .flat_map(ResourceIdRef::parse)
        .collect();
    for left in &ids {
        assert_eq!(left.cmp(left), Ordering::Equal);
        for right in &ids {
            assert_eq!(left == right, left.cmp(right) == Ordering::Equal);
            assert_eq!(left.cmp(right), right.cmp(left).reverse());
            assert!(left != right || hash_of(left) == hash_of(right));
            let is_listed = right.ancestors().any(|ancestor| ancestor == *left);
            assert_eq!(left.is_ancestor_of(right), is_listed, "{left:?} {right:?}");
            assert!(!is_listed || left < right);
            for third in &ids {
                assert!(!(left <= right && right <= third) || left <= third);
            }
        }
    }
}

/// Linting and repairing agree with the parser, and findings with the text.
pub fn findings(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let findings = lint(text);
    let has_error = findings
        .iter()
        .any(|finding| finding.severity() == Severity::Error);
    assert_eq!(
        has_error,
        ResourceIdRef::parse(text).is_err(),
        "{text:?} {findings:?}"
    );
    for finding in &findings {
        assert!(text.get(finding.span()).is_some(), "{text:?} {finding:?}");
        assert!(!finding.message().is_empty());
    }
    if let Ok(repaired) = repair(text) {
        let id = ResourceIdRef::parse_exact(repaired.id().as_str());
        assert!(id.is_ok(), "{text:?}");
        assert_eq!(
            repaired.mended().is_empty(),
            text == repaired.id().as_str(),
            "{text:?}"
        );
        assert!(repair(repaired.id().as_str()).is_ok_and(|again| again.mended().is_empty()));
        if let Ok(id) = ResourceIdRef::parse(text) {
            assert_eq!(*repaired.id(), id);
        }
    }
}

/// The same for a megabyte made of the input: a fuzzer's time limit finds what is not linear.
pub fn large(data: &[u8]) {
    if data.is_empty() {
        return;
    }
    for length in [crate::MAX_LENGTH_BYTES, 1 << 20] {
        let mut long = data.repeat(length / data.len() + 1);
        long.truncate(length);
        parse(&long);
        findings(&long);
    }
}

fn hash_of(id: &impl Hash) -> u64 {
    /// FNV-1a, which minds where one write ends and the next one starts.
    struct Fnv(u64);

    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, bytes: &[u8]) {
            for &byte in bytes {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            self.0 = self.0.rotate_left(5) ^ bytes.len() as u64;
        }
    }

    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_fuzzer_found_stays_mended() {
        let found: [&[u8]; 8] = [
            b"/subscriptions/s/ProvIders/resourceGroups",
            "/subscriptions/aü".as_bytes(),
            b"",
            b"/",
            b"//",
            b"/subscriptions/\xe2\x80\x8b",
            b"\xef\xbb\xbf/providers/a.b/c/d",
            b"/providers/a/providers/b/c/d\n/providers/a/c/d\n/providers/a",
        ];
        for data in found {
            super::parse(data);
            super::order(data);
            super::findings(data);
            super::large(data);
        }
    }
}
