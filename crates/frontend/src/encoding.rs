//! Whether a client takes gzip (RFC 9110 §12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Whether gzip is acceptable and no less welcome than the bytes as they are. `false` without the header: not
/// every client that is silent can unpack.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, quality) = read_coding(coding);
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = gzip.max(Some(quality));
        } else if name == "*" {
            any = Some(quality);
        } else if name.eq_ignore_ascii_case("identity") {
            identity = Some(quality);
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// A coding's name and its quality in thousandths.
fn read_coding(text: &str) -> (&str, u16) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let quality =
        parameters.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    (name.trim(), quality.map_or(1000, |text| thousandths(text.trim())))
}

/// A quality value in thousandths; what cannot be read counts as 1, as for media types.
fn thousandths(text: &str) -> u16 {
    let fraction = match text.split_once('.') {
        None => return if text == "0" { 0 } else { 1000 },
        Some(("0" | "", fraction)) => fraction,
        Some(_) => return 1000,
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 1000;
    }
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    padded.parse().unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiates_as_clients_mean_it() {
        for (header, expected) in [
            // npm, pip, uv, curl --compressed, yarn 1, browsers.
            ("gzip,deflate", true),
            ("gzip, deflate, br, zstd", true),
            ("br, gzip, zstd, deflate", true),
            ("deflate, gzip, br, zstd", true),
            ("gzip;q=1.0, identity; q=0.5, *;q=0", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("*", true),
            ("identity", false),
            ("identity;q=1, gzip;q=0.5", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("br", false),
            ("", false),
            ("gzip;q=0.001", true),
        ] {
            let headers = [(ACCEPT_ENCODING, header.parse().unwrap())].into_iter().collect();
            assert_eq!(takes_gzip(&headers), expected, "{header}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
