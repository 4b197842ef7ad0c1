//! PEM text (RFC 7468) around one DER structure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of base64 per line, as RFC 7468 §2 has generators write.
const LINE: usize = 64;

/// Writes DER as PEM with the given label.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    wrap(label, der, LINE)
}

/// The same in lines of another length.
pub(crate) fn wrap(label: &str, content: &[u8], width: usize) -> String {
    let base64 = STANDARD.encode(content);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(width));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Reads the DER from PEM with exactly the given label; `None` if the text is anything else.
pub(crate) fn decode(label: &str, text: &str) -> Option<Vec<u8>> {
    let body = text
        .trim()
        .strip_prefix(&format!("-----BEGIN {label}-----"))?
        .strip_suffix(&format!("-----END {label}-----"))?;
    let base64: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_breaks_lines_at_64() {
        for length in [0, 1, 48, 49, 300] {
            let der = vec![0x5a; length];
            let text = encode("PUBLIC KEY", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(decode("PUBLIC KEY", &text), Some(der));
        }
    }

    #[test]
    fn refuses_other_labels_and_broken_bodies() {
        let text = encode("PUBLIC KEY", b"der");
        assert_eq!(decode("PRIVATE KEY", &text), None);
        assert_eq!(decode("PUBLIC KEY", &text.replace("ZG", "!!")), None);
        assert_eq!(decode("PUBLIC KEY", "ZGVy"), None);
    }
}
