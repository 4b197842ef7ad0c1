//! The unique indexes, by name, so that a conflict can say what was taken.

/// A unique index: within an account no two records agree in all of its columns.
#[derive(Debug, PartialEq, Eq)]
pub struct UniqueIndex {
    /// Its name in the database (`licenses_key`).
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its columns, `account_id` left out.
    pub columns: &'static [&'static str],
}
