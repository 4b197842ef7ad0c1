//! Reads a table from one end to the other, page by page.

use crate::StoreError;

use super::cell::{Cells, Key, cells};
use super::{Rows, Table, statements};

/// How many bytes a page has, about.
const PAGE: usize = 4 << 20;
/// The first page tells how large rows are.
const FIRST: usize = 8;
/// No page has more rows.
const MOST: usize = 1024;
/// No page has more rows of which each may hold megabytes, whatever those before it held.
const MOST_WITH_BYTES: usize = 64;

/// A way through the rows of a table, in the order of its primary key.
#[derive(Debug)]
pub struct Walk<'t> {
    table: &'t Table,
    after: Option<Key>,
    up_to: Option<Key>,
    limit: usize,
    is_over: bool,
}

impl<'t> Walk<'t> {
    /// Every row.
    pub const fn all(table: &'t Table) -> Self {
        Self { table, after: None, up_to: None, limit: FIRST, is_over: false }
    }

    /// The rows behind a key.
    #[must_use]
    pub fn after(mut self, key: Option<Key>) -> Self {
        self.after = key;
        self
    }

    /// The rows up to a key, itself included.
    #[must_use]
    pub fn up_to(mut self, key: Key) -> Self {
        self.up_to = Some(key);
        self
    }

    /// The next rows; none after the last.
    ///
    /// # Errors
    /// [`StoreError::Row`] for a row that cannot be read, other [`StoreError`]s when the database cannot answer.
    pub async fn next(&mut self, rows: &mut Rows) -> Result<Vec<Cells>, StoreError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let (after, up_to) = (self.after.as_ref(), self.up_to.as_ref());
        let query = statements::page(rows.0.dialect(), self.table, after, up_to, self.limit);
        let found = rows.0.rows(query).await?;
        self.is_over = found.len() < self.limit;
        let page: Vec<Cells> = found.iter().map(|row| cells(self.table, row)).collect::<Result<_, _>>()?;
        let size: usize = page.iter().map(Cells::len).sum();
        if let Some(last) = page.last() {
            self.after = Some(last.key(self.table));
            let most = if self.table.holds_bytes() { MOST_WITH_BYTES } else { MOST };
            self.limit = (PAGE / (size / page.len()).max(1)).clamp(1, most);
        }
        Ok(page)
    }
}
