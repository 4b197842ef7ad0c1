//! Download tokens in addresses: `/k/{token}` below an engine's root, for updaters that can send no header
//! (`updaters.md` §0.4). No other credential is taken there: an address is written down in too many places.

use keyway_access::{Credential, CredentialScheme, Presented};
use keyway_base::Secret;
use keyway_crypto::token::TokenKind;

/// What stands before a token.
const MARK: &str = "/k/";

/// The token that a path below an engine's root begins with, and the path below that.
pub(crate) fn split(rest: &str) -> (Option<&str>, &str) {
    match rest.strip_prefix(MARK).and_then(token_first) {
        Some((token, "")) => (Some(token), "/"),
        Some((token, below)) => (Some(token), below),
        None => (None, rest),
    }
}

/// A root, with a token below it.
pub(crate) fn below(base: &str, token: &str) -> String {
    [base, MARK, token].concat()
}

/// The credential in a whole path, if there is one.
pub(crate) fn presented(path: &str) -> Option<Presented> {
    let (token, _) = find(path)?.1;
    let secret = Secret::new(token.to_owned());
    Some(Presented::One(Credential { scheme: CredentialScheme::QueryToken, secret, user: None }))
}

/// A path as it may be written down.
pub(crate) fn masked(path: &str) -> String {
    match find(path) {
        Some((before, (_, below))) => [before, MARK, "*", below].concat(),
        None => path.to_owned(),
    }
}

/// The first token in a path, with what is before it and below it.
fn find(path: &str) -> Option<(&str, (&str, &str))> {
    let mut marks = path.match_indices(MARK);
    marks.find_map(|(at, _)| {
        let (before, rest) = path.split_at_checked(at)?;
        Some((before, token_first(rest.strip_prefix(MARK)?)?))
    })
}

/// The first segment, if it has the form of a download token, and what follows it.
fn token_first(text: &str) -> Option<(&str, &str)> {
    let (token, below) = text.split_at_checked(text.find('/').unwrap_or(text.len()))?;
    (TokenKind::of_text(token) == Some(TokenKind::Download)).then_some((token, below))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "dl-0123456789abcdef0123456789abcdefv3";

    #[test]
    fn a_token_is_taken_off_the_path() {
        let path = format!("/k/{TOKEN}/app/RELEASES");
        assert_eq!(split(&path), (Some(TOKEN), "/app/RELEASES"));
        assert_eq!(below("https://example.com", TOKEN), format!("https://example.com/k/{TOKEN}"));
        for other in ["/k/app/RELEASES", "/k/", "/app/k/x", "/k/activ-0123456789abcdef0123456789abcdefv3/app"]
        {
            assert_eq!(split(other), (None, other), "no other credential stands in a path");
        }
        assert_eq!(split(&format!("/k/{TOKEN}")), (Some(TOKEN), "/"), "nothing is asked for");
    }

    #[test]
    fn it_is_found_below_any_root_and_never_written_down() {
        for (before, below) in
            [("", "/app"), ("/v1/accounts/acme/engines/squirrel", "/app/RELEASES"), ("/k/x", "/"), ("", "")]
        {
            let path = format!("{before}/k/{TOKEN}{below}");
            let presented = presented(&path).unwrap();
            assert_eq!(presented.credential().unwrap().secret.expose(), TOKEN);
            assert_eq!(masked(&path), format!("{before}/k/*{below}"));
        }
        assert_eq!(presented("/k/app/x"), None);
        assert_eq!(masked("/app/x"), "/app/x");
    }
}
