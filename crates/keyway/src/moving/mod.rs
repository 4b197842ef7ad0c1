//! `keyway move`: copies an installation to another database and another place for files, whole and checked.
//!
//! Rows first, then files, then both ends are read again and compared, and only then may servers use the copy. How
//! far an interrupted move came is seen from what is there, so the same command again brings it to its end. Nothing
//! is written to the source but its lock file.

mod ends;
mod files;
mod progress;
mod rows;
mod source;
mod target;

use std::sync::Arc;

use anyhow::{Result, bail};
use keyway_base::Clock;
use keyway_blob::BlobStore;

use crate::blobs;
use crate::cli::MoveFlags;
use crate::clock::SystemClock;
use ends::Ends;
use files::Tally;
use progress::Progress;
use rows::Sums;
use source::Source;
use target::{State, Target};

/// `keyway move …`; `false` when a check found something.
///
/// # Errors
/// An end that cannot be used or is in use, a target that holds something else, a row or file that cannot be copied.
pub(crate) async fn run(flags: MoveFlags) -> Result<bool> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let progress = Progress::new(Arc::clone(&clock));
    let ends = Ends::of(&flags)?;
    ends.plan().iter().for_each(|line| progress.say(line));
    let copies = !flags.dry_run && !flags.verify_only;
    let _locks = ends.lock(copies)?;
    ends.refuse_in_use().await?;
    let source = Source::open(&ends.from).await?;
    let job = Job { ends, source, progress, clock, skips_missing: flags.skip_missing };
    let done = if flags.dry_run {
        job.dry_run().await
    } else if flags.verify_only {
        job.verify().await
    } else {
        job.move_all().await.map(|()| true)
    };
    job.source.db.close().await;
    done
}

/// One run of the command.
struct Job {
    ends: Ends,
    source: Source,
    progress: Progress,
    clock: Arc<dyn Clock>,
    skips_missing: bool,
}

impl Job {
    async fn move_all(&self) -> Result<()> {
        let target = if self.ends.moves_rows { Some(Target::prepare(&self.ends.to).await?) } else { None };
        let state = match &target {
            Some(target) => target.admit(&self.source.origin, &self.ends).await?,
            None => State::Empty,
        };
        if let (State::Complete(at), Some(target)) = (&state, &target) {
            return self.still_the_same(target, *at).await;
        }
        let stores = self.stores().await?;
        if state == State::Empty && self.ends.moves_files {
            files::refuse_strangers(&stores.to, &self.source.accounts, &self.ends).await?;
        }
        if let Some(target) = &target {
            self.begin(target, &state).await?;
            rows::copy(&self.source.tables, &target.tables, &self.progress).await?;
        }
        let tally = self.copy_files(&stores).await?;
        let sums = match &target {
            Some(target) => Some(self.compare(target).await?),
            None => None,
        };
        if let Some(target) = &target {
            target.tables.end_move(self.source.origin.installation, self.clock.wall()).await?;
            target.tables.close().await;
        }
        print_report(sums.as_ref(), &tally);
        println!("moved, and the same at both ends: serve it with {}", self.ends.settings_of_target());
        println!("the source is as it was: keep it until you are content, and do not serve from it again");
        Ok(())
    }

    async fn begin(&self, target: &Target, state: &State) -> Result<()> {
        match state {
            State::PartWay(since) => {
                self.progress.say(&format!("going on with the move that was begun at {since}"));
            }
            State::Empty | State::Complete(_) => {
                target.tables.begin_move(&self.source.origin, self.clock.wall()).await?;
            }
        }
        Ok(())
    }

    /// A move that has ended is not run again, since servers may have written to its target; where they have not,
    /// there is nothing to do.
    async fn still_the_same(&self, target: &Target, at: keyway_base::Timestamp) -> Result<()> {
        let (theirs, ours) = rows::both(&self.source.tables, &target.tables, &self.progress).await?;
        let differences = theirs.differences(&ours);
        if !differences.is_empty() {
            bail!(
                "this installation was moved to {} at {at}, and the two differ since ({}): servers have used one of \
                 them. Nothing was changed; to move again, empty the target first",
                self.ends.to.database,
                differences.join("; ")
            );
        }
        println!("this installation was moved at {at}, and both databases are still the same: nothing to do");
        Ok(())
    }

    /// Reads both ends anew: what was written to the source since the snapshot shows here.
    async fn compare(&self, target: &Target) -> Result<Sums> {
        self.progress.say("comparing both databases");
        let (theirs, ours) = rows::both(&self.source.tables, &target.tables, &self.progress).await?;
        let differences = theirs.differences(&ours);
        if !differences.is_empty() {
            bail!(
                "the source was written to while it was copied ({}): stop every server that uses it, then run the \
                 same command again; what is copied already is kept",
                differences.join("; ")
            );
        }
        Ok(ours)
    }

    async fn copy_files(&self, stores: &Stores) -> Result<Tally> {
        let files = files::list(&self.source).await?;
        let mut tally = if self.ends.moves_files {
            files::copy(&stores.from, &stores.to, files, &self.progress).await?
        } else {
            files::look(&stores.from, files, &self.progress).await?
        };
        if self.ends.moves_files {
            tally.problems.extend(files::not_taken_in(&self.source, &stores.from).await?);
            self.progress.list(&files::under_way(&self.source).await?);
        }
        self.admit_problems(&tally)?;
        Ok(tally)
    }

    fn admit_problems(&self, tally: &Tally) -> Result<()> {
        self.progress.list(&tally.problems);
        if !tally.problems.is_empty() && !self.skips_missing {
            bail!(
                "{} files cannot be copied, see above: bring them back and run the same command again, or add \
                 --skip-missing to move without them",
                tally.problems.len()
            );
        }
        Ok(())
    }

    async fn dry_run(&self) -> Result<bool> {
        if let Some(target) = Target::peek(&self.ends).await? {
            match target.admit(&self.source.origin, &self.ends).await? {
                State::Empty => self.progress.say("the target database is empty"),
                State::PartWay(since) => {
                    self.progress
                        .say(&format!("the target database holds a part of this move, begun at {since}"));
                }
                State::Complete(at) => {
                    self.progress.say(&format!("this installation was moved there at {at}"));
                }
            }
        }
        let from = blobs::to_copy(&self.ends.from).await?;
        if let Some(to) = self.ends.target_store().await? {
            files::refuse_strangers(&to, &self.source.accounts, &self.ends).await?;
        }
        let mut tally = files::look(&from, files::list(&self.source).await?, &self.progress).await?;
        if self.ends.moves_files {
            tally.problems.extend(files::not_taken_in(&self.source, &from).await?);
            self.progress.list(&files::under_way(&self.source).await?);
        }
        let mut snapshot = self.source.tables.read().await?;
        for table in self.source.tables.all() {
            println!("{:<24} {:>12} rows", table.name(), snapshot.count(table).await?);
        }
        println!("{:<24} {:>12}  {} bytes", "files", tally.files, tally.bytes);
        self.progress.list(&tally.problems);
        println!("nothing was copied");
        Ok(tally.problems.is_empty() || self.skips_missing)
    }

    async fn verify(&self) -> Result<bool> {
        let mut problems = Vec::new();
        let mut sums = None;
        if self.ends.moves_rows {
            let Some(target) = Target::peek(&self.ends).await? else {
                bail!("there is nothing to compare with at {}", self.ends.to.database);
            };
            let (theirs, ours) = rows::both(&self.source.tables, &target.tables, &self.progress).await?;
            problems.extend(theirs.differences(&ours));
            sums = Some(ours);
        }
        let stores = self.stores().await?;
        let mut tally = files::verify(&stores, files::list(&self.source).await?, &self.progress).await?;
        if self.skips_missing {
            self.progress.list(&tally.problems);
            tally.problems.clear();
        }
        problems.append(&mut tally.problems);
        print_report(sums.as_ref(), &tally);
        self.progress.list(&problems);
        println!("{}", if problems.is_empty() { "both ends are the same" } else { "the two ends differ" });
        Ok(problems.is_empty())
    }

    async fn stores(&self) -> Result<Stores> {
        let from = blobs::to_copy(&self.ends.from).await?;
        let to = if self.ends.moves_files { blobs::to_fill(&self.ends.to).await? } else { from.clone() };
        Ok(Stores { from, to })
    }
}

/// Where files are and where they go.
struct Stores {
    from: BlobStore,
    to: BlobStore,
}

fn print_report(sums: Option<&Sums>, tally: &Tally) {
    if let Some(sums) = sums {
        println!("{:<24} {:>12}  SHA-256 of all rows", "table", "rows");
        sums.lines().for_each(|line| println!("{line}"));
    }
    println!("{:<24} {:>12}  {} bytes", "files", tally.files, tally.bytes);
}
