//! Key folding (`licensing.md` §1.2): every body key, at any depth, becomes snake case; responses camel-case
//! them again.

use std::borrow::Cow;

/// Folds a key: camel, Pascal, dashes and spaces to snake case, lower-cased, accents taken away, other characters
/// squeezed to `_`.
pub fn fold_key(key: &str) -> String {
    let key = without_accents(key);
    let mut folded = String::with_capacity(key.len() + 4);
    let mut previous = None::<char>;
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_alphanumeric() {
            if !folded.is_empty() && !folded.ends_with('_') {
                folded.push('_');
            }
        } else {
            let after_lower = previous.is_some_and(|p| p.is_ascii_lowercase() || p.is_ascii_digit());
            let acronym_end = previous.is_some_and(|p| p.is_ascii_uppercase())
                && chars.peek().is_some_and(char::is_ascii_lowercase);
            if c.is_ascii_uppercase() && (after_lower || acronym_end) && !folded.ends_with('_') {
                folded.push('_');
            }
            folded.push(c.to_ascii_lowercase());
        }
        previous = Some(c);
    }
    if folded.ends_with('_') {
        folded.pop();
    }
    folded
}

/// The text with ASCII letters for accented Latin ones, composed or not.
fn without_accents(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        match c.to_lowercase().next().and_then(plain_letters) {
            Some(letters) if c.is_uppercase() => {
                plain.extend(letters.chars().map(|c| c.to_ascii_uppercase()))
            }
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// What an accented lower-case Latin letter is in ASCII.
const fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĳ' => "ij",
        'ĵ' => "j",
        'ķ' | 'ĸ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ſ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

/// Renders a folded key in lower camel case.
pub fn camel_key(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        match c {
            '_' => upper = !camel.is_empty(),
            c if upper => {
                camel.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_key_come_back_the_same() {
        for key in [
            "example_key_1",
            "ExampleKey1",
            "example key 1",
            "example-key-1",
            "exampleKey_1",
            " exampleKey-1 ",
        ] {
            assert_eq!(camel_key(&fold_key(key)), "exampleKey1", "{key}");
        }
        assert_eq!(fold_key("HTTPServer"), "http_server");
        assert_eq!(fold_key("maxMachines"), "max_machines");
        assert_eq!(fold_key("ключ"), "");
        for (key, folded) in [
            ("Größe", "grosse"),
            ("ländercode", "landercode"),
            ("prénom", "prenom"),
            ("pre\u{301}nom", "prenom"),
            ("ŁódźOffice", "lodz_office"),
            ("ключ é", "e"),
        ] {
            assert_eq!(fold_key(key), folded, "{key}");
        }
    }
}
