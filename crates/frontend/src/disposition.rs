//! `Content-Disposition` for downloads (RFC 6266): a plain name for old clients, the true one beside it.

use http::HeaderValue;
use keyway_blob::disposition;

/// `attachment` with the last part of a file name, which may contain `/`.
pub fn attachment(filename: &str) -> HeaderValue {
    HeaderValue::try_from(disposition(filename)).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_spelling() {
        for (name, expected) in [
            ("widget-1.0.0.tgz", "attachment; filename=\"widget-1.0.0.tgz\""),
            ("My App 1.0.dmg", "attachment; filename=\"My App 1.0.dmg\""),
            ("dir/sub/app.exe", "attachment; filename=\"app.exe\""),
            (
                "Größe €.zip",
                "attachment; filename=\"Gr__e _.zip\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%E2%82%AC.zip",
            ),
            (
                "a\"; filename=\"evil.exe",
                "attachment; filename=\"a_; filename=_evil.exe\"; \
                 filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe",
            ),
            ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
            ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ] {
            assert_eq!(attachment(name).to_str().unwrap(), expected, "{name}");
        }
    }
}
