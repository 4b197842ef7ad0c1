//! Statements: text that is ours to the last byte, and typed parameters.

use std::borrow::Cow;
use std::fmt::Write as _;

use keyway_base::AccountId;

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;

/// A statement that is ready to run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    args: Vec<Arg>,
}

impl Statement {
    /// A statement that is written out in the source.
    pub(crate) const fn fixed(text: &'static str, args: Vec<Arg>) -> Self {
        Self { text: Cow::Borrowed(text), args }
    }
    /// Its text.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
    /// The statement that gives its plan.
    #[cfg(test)]
    pub(crate) fn explained(&self, dialect: Dialect) -> Self {
        let explain = match dialect {
            Dialect::Sqlite => "EXPLAIN QUERY PLAN",
            Dialect::Postgres => "EXPLAIN (COSTS OFF)",
        };
        let text = Cow::Owned(format!("{explain} {}", self.text));
        Self { text, args: self.args.clone() }
    }

    /// Text and parameters, after making sure that every `$n` of a text in the source has a value: SQLite would
    /// read a missing one as null. [`Sql`] writes no placeholder without one.
    ///
    /// # Errors
    /// [`StoreError::Statement`] when the counts differ.
    pub(crate) fn into_parts(self) -> Result<(Cow<'static, str>, Vec<Arg>), StoreError> {
        if let Cow::Borrowed(text) = self.text {
            let wanted = placeholders(text);
            if wanted != self.args.len() {
                let what = format!("{wanted} parameters wanted, {} given: {text}", self.args.len());
                return Err(StoreError::Statement { what });
            }
        }
        Ok((self.text, self.args))
    }
}

/// The highest `$n` in a statement. Our statements hold no literals with dollar signs.
fn placeholders(text: &str) -> usize {
    let number = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    text.split('$').skip(1).map(number).max().unwrap_or(0)
}

/// A name for a table inside one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alias(u32);

impl Alias {
    /// The table whose rows are wanted.
    pub(crate) const MAIN: Self = Self(0);
}

/// The name of a table or column that a database has told us, checked to be nothing but a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier(String);

impl Identifier {
    /// Takes lower-case letters, digits and underscores.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(plain);
        is_name.then(|| Self(name.to_owned()))
    }
    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Builds a statement. Only static text, checked names and parameters go in, so no text from outside can become SQL.
#[derive(Debug)]
pub(crate) struct Sql {
    text: String,
    args: Vec<Arg>,
    aliases: u32,
    /// The parameter that holds the account.
    tenant: Option<usize>,
    dialect: Dialect,
}

impl Sql {
    /// An empty statement.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            text: String::with_capacity(512),
            args: Vec::with_capacity(8),
            aliases: 0,
            tenant: None,
            dialect,
        }
    }
    /// Whose SQL this is.
    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }
    /// Appends text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }
    /// Appends a name.
    pub(crate) fn identifier(&mut self, name: &Identifier) -> &mut Self {
        self.text.push_str(name.as_str());
        self
    }
    /// A fresh alias.
    pub(crate) const fn alias(&mut self) -> Alias {
        self.aliases += 1;
        Alias(self.aliases)
    }
    /// Appends an alias.
    pub(crate) fn name(&mut self, alias: Alias) -> &mut Self {
        write!(self.text, "t{}", alias.0).expect("writing to a string cannot fail");
        self
    }
    /// Appends a column of a table.
    pub(crate) fn column(&mut self, alias: Alias, column: &'static str) -> &mut Self {
        self.name(alias).push(".").push(column)
    }
    /// Appends `$n` and keeps its value.
    pub(crate) fn param(&mut self, arg: Arg) -> &mut Self {
        self.args.push(arg);
        write!(self.text, "${}", self.args.len()).expect("writing to a string cannot fail");
        self
    }
    /// Appends a placeholder for the next value, in a statement that has no others. SQLite finds one with a
    /// number by walking past all before it, which long statements feel.
    pub(crate) fn next(&mut self, arg: Arg) -> &mut Self {
        match self.dialect {
            Dialect::Postgres => self.param(arg),
            Dialect::Sqlite => {
                self.args.push(arg);
                self.push("?")
            }
        }
    }
    /// Appends the condition that the table's rows are of this account, and remembers the account for other
    /// tables in the statement.
    pub(crate) fn tenant(&mut self, alias: Alias, account: AccountId) -> &mut Self {
        self.column(alias, "account_id").push(" = ").param(Arg::shown(account));
        self.tenant = Some(self.args.len());
        self
    }
    /// Appends the condition that the table's rows are of the account given before; `false` when none was.
    pub(crate) fn same_tenant(&mut self, alias: Alias) -> bool {
        let Some(position) = self.tenant else { return false };
        self.column(alias, "account_id").push(" = ");
        write!(self.text, "${position}").expect("writing to a string cannot fail");
        true
    }
    /// Whether the account was given.
    pub(crate) const fn has_tenant(&self) -> bool {
        self.tenant.is_some()
    }
    /// Appends every item, with `separator` between them.
    pub(crate) fn separated<T>(
        &mut self,
        separator: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.push(separator);
            }
            write(self, item);
        }
        self
    }
    /// The statement.
    pub(crate) fn finish(self) -> Statement {
        Statement { text: Cow::Owned(self.text), args: self.args }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_extra_value_is_refused() {
        let text = "SELECT $1, $12 WHERE x = $2";
        assert_eq!(placeholders(text), 12);
        let short = Statement::fixed("SELECT $1, $2", vec![Arg::int(1)]);
        assert!(short.into_parts().is_err());
        let long = Statement::fixed("SELECT $1", vec![Arg::int(1), Arg::int(2)]);
        assert!(long.into_parts().is_err());
        assert!(Statement::fixed("SELECT $1", vec![Arg::int(1)]).into_parts().is_ok());
    }

    #[test]
    fn only_names_are_identifiers() {
        for name in ["licenses", "sha256", "semver_pre_num"] {
            assert_eq!(Identifier::parse(name).unwrap().as_str(), name);
        }
        for text in ["", "1st", "Name", "a b", "a;b", "a\"b", "a--b", "_a", "é"] {
            assert_eq!(Identifier::parse(text), None, "{text}");
        }
    }

    #[test]
    fn parameters_are_numbered_in_order() {
        let mut sql = Sql::new(Dialect::Sqlite);
        let other = sql.alias();
        sql.push("SELECT ").column(Alias::MAIN, "id").push(" = ").param(Arg::int(7)).push(", ");
        sql.column(other, "key").push(" = ").param(Arg::text("k"));
        assert_eq!(sql.finish().text(), "SELECT t0.id = $1, t1.key = $2");
    }
}
