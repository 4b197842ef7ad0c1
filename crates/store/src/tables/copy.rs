//! Copies a table into another database, from where an earlier copy broke off.
//!
//! How far that one came is not written down: the rows that are there say it. They are compared with the source's
//! first, and when the source has changed since, the table is copied anew. So a copy never builds on what is no
//! more.

use crate::StoreError;

use super::cell::Key;
use super::{Rows, Table, Tables, Walk};

impl Tables {
    /// Copies a table from a snapshot of another database into this one, and tells `progress` how many rows are
    /// here after each page.
    ///
    /// # Errors
    /// [`StoreError::Row`] for a row that cannot be read or written, other [`StoreError`]s when a database cannot
    /// answer. What was copied stays.
    pub async fn copy(
        &self,
        theirs: &Table,
        from: &mut Rows,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, StoreError> {
        let ours = self.same(theirs)?;
        let (done, mut count) = self.kept(theirs, ours, from).await?;
        let mut walk = Walk::all(theirs).after(done);
        loop {
            progress(count);
            let page = walk.next(from).await?;
            if page.is_empty() {
                return Ok(count);
            }
            self.insert(ours, &page).await?;
            count += page.len() as u64;
        }
    }

    /// The last row that is here already and the number of rows up to it; none when the rows are not the source's.
    async fn kept(
        &self,
        theirs: &Table,
        ours: &Table,
        from: &mut Rows,
    ) -> Result<(Option<Key>, u64), StoreError> {
        let Some(last) = self.last_key(ours).await? else { return Ok((None, 0)) };
        if let Some(count) = self.beginning(theirs, ours, from, &last).await? {
            return Ok((Some(last), count));
        }
        self.clear(ours).await?;
        Ok((None, 0))
    }

    /// The number of our rows, if they are the source's up to that one.
    async fn beginning(
        &self,
        theirs: &Table,
        ours: &Table,
        from: &mut Rows,
        last: &Key,
    ) -> Result<Option<u64>, StoreError> {
        let mut here = self.read().await?;
        let (mut our_walk, mut their_walk) = (Walk::all(ours), Walk::all(theirs).up_to(last.clone()));
        let mut count = 0;
        loop {
            let (page, their_page) = (our_walk.next(&mut here).await?, their_walk.next(from).await?);
            if page != their_page {
                return Ok(None);
            }
            if page.is_empty() {
                return Ok(Some(count));
            }
            count += page.len() as u64;
        }
    }
}
