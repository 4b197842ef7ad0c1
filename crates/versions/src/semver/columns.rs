//! The two sort columns of a pre-release or build label (`distribution.md` §6.2).

/// A label split for sorting: its words, and the number it ends in. Ordered word first, "none" lowest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelColumns {
    /// All tokens but a last one of digits, joined with dots.
    pub word: Option<String>,
    /// The last token, where it is all digits; at most `i64::MAX`, so that a database column holds it.
    pub num: Option<u64>,
}

/// A label ends in a number past `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number that the label ends in is too large")]
pub struct NumberTooLarge;

/// Splits a label into its sort columns. Tokens are runs of `[A-Za-z0-9_]` with exactly one other character
/// between them; where two such characters meet, the rest is not looked at.
///
/// # Errors
/// [`NumberTooLarge`] when the last token is a number past `i64::MAX`.
pub fn split_label(label: &str) -> Result<LabelColumns, NumberTooLarge> {
    let mut tokens: Vec<&str> = label
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .take_while(|token| !token.is_empty())
        .collect();
    let num = tokens
        .pop_if(|last| last.bytes().all(|b| b.is_ascii_digit()))
        .map(|digits| digits.parse::<i64>().map(i64::unsigned_abs).map_err(|_| NumberTooLarge))
        .transpose()?;
    Ok(LabelColumns { word: (!tokens.is_empty()).then(|| tokens.join(".")), num })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_the_table_of_the_specification_says() {
        for (label, word, num) in [
            ("alpha", Some("alpha"), None),
            ("beta.11", Some("beta"), Some(11)),
            ("alpha.1.2", Some("alpha.1"), Some(2)),
            ("rc1", Some("rc1"), None),
            ("exp.sha.5114f85", Some("exp.sha.5114f85"), None),
            ("a-b.3", Some("a.b"), Some(3)),
            ("001", None, Some(1)),
            // Two adjacent separators stop the scan.
            ("alpha..1", Some("alpha"), None),
            ("alpha.1..rc", Some("alpha"), Some(1)),
            ("--", None, None),
        ] {
            let expected = LabelColumns { word: word.map(str::to_owned), num };
            assert_eq!(split_label(label), Ok(expected), "{label}");
        }
    }

    #[test]
    fn numbers_stop_at_what_a_column_holds() {
        let largest = split_label("rc.9223372036854775807").unwrap();
        assert_eq!(largest.num, Some(9_223_372_036_854_775_807));
        assert_eq!(split_label("rc.9223372036854775808"), Err(NumberTooLarge));
        assert!(split_label("9223372036854775808.rc").is_ok(), "only the last token is a number");
    }
}
