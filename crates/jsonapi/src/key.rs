//! Key folding (`licensing.md` §1.2): every body key, at any depth, becomes snake case; responses camel-case
//! them again.

/// Folds a key: camel, Pascal, dashes and spaces to snake case, lower-cased, other characters squeezed to `_`.
pub fn fold_key(key: &str) -> String {
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
    }
}
