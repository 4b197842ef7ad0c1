//! Figures that were counted lately: whoever may see them is shown the same for ten minutes at most (`licensing.md`
//! §14). A dashboard asks for a dozen at a time, and each is a look through a log.
//!
//! Nothing that a writer does ends them, but for what ends everything that is cached; they are no basis of any decision.

use std::sync::Arc;
use std::time::Duration;

use keyway_access::{Action, EnvironmentView};
use keyway_base::{AccountId, Timestamp};
use keyway_domain::usage::today;
use keyway_store::Generation;
use moka::sync::Cache;
use serde_json::Value;

use crate::call::Call;
use crate::endpoint::Running;
use crate::gate;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;

/// How long figures are shown.
const LASTING: Duration = Duration::from_secs(10 * 60);
/// The bytes that all of them may take.
const MOST_BYTES: u64 = 4 << 20;
/// What a query may say of figures; the rest of it makes no difference.
const PARAMETERS: [&str; 4] = ["date", "license", "limit", "resource"];

/// Counts figures.
pub(super) type Counting = fn(Arc<Call>) -> Pending;
/// Figures that are being counted.
pub(super) type Pending = std::pin::Pin<Box<dyn Future<Output = Outcome<Value>> + Send>>;

/// The figures of a process.
pub(crate) struct KeptFigures(Cache<Key, Arc<Kept>>);

/// What was asked for. Today's figures are others tomorrow.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    account: AccountId,
    view: EnvironmentView,
    day: i64,
    path: String,
    query: Vec<(String, String)>,
}

struct Kept {
    data: Value,
    bytes: usize,
    counted: Timestamp,
    noted: Generation,
}

impl Default for KeptFigures {
    fn default() -> Self {
        Self::of_size(MOST_BYTES)
    }
}

impl KeptFigures {
    fn of_size(bytes: u64) -> Self {
        let weigh = |key: &Key, kept: &Arc<Kept>| u32::try_from(key.bytes() + kept.bytes).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }
}

impl Key {
    fn of(call: &Call) -> Self {
        let query = call.query.flat().into_iter();
        let query = query.filter(|(name, _)| PARAMETERS.contains(&name.split('[').next().unwrap_or(name)));
        let (account, view, path) = (call.account.id, call.view, call.rest.clone());
        Self { account, view, day: today(call.now), path, query: query.collect() }
    }
    fn bytes(&self) -> usize {
        let query: usize = self.query.iter().map(|(name, text)| 64 + name.len() + text.len()).sum();
        256 + self.path.len() + query
    }
}

/// Answers with figures: those that were counted lately, or else those of now.
pub(super) fn shown(call: Arc<Call>, count: Counting) -> Running {
    Box::pin(async move {
        gate::authorize(&call, Action::AnalyticsRead, &Subject::None)?;
        let (key, kept) = (Key::of(&call), call.api.figures());
        let freshness = call.api.parts().db.freshness();
        let holds = |kept: &Arc<Kept>| kept.is_recent(call.now) && freshness.is_fresh(kept.noted, &[]);
        if let Some(known) = kept.0.get(&key).filter(holds) {
            return Ok(Reply::data(known.data.clone()));
        }
        let noted = freshness.note();
        let data = count(Arc::clone(&call)).await?;
        let bytes = data.to_string().len();
        kept.0.insert(key, Arc::new(Kept { data: data.clone(), bytes, counted: call.now, noted }));
        Ok(Reply::data(data))
    })
}

impl Kept {
    fn is_recent(&self, now: Timestamp) -> bool {
        self.counted <= now && now.since(self.counted) < LASTING
    }
}

/// An endpoint of figures that an `async fn(Arc<Call>) -> Outcome<Value>` counts.
macro_rules! figures {
    ($count:path) => {
        $crate::endpoint::Operation::Act(keyway_access::Action::AnalyticsRead, |call| {
            $crate::analytics::kept::shown(call, |call| Box::pin($count(call)))
        })
    };
}
pub(super) use figures;

#[cfg(test)]
mod tests {
    use keyway_base::RecordId;

    use super::*;

    #[test]
    fn they_take_no_more_than_their_room() {
        let now = Timestamp::from_micros(0);
        let account = RecordId::generate(now).into();
        let kept = KeptFigures::of_size(64 << 10);
        for nth in 0..1000 {
            let path = format!("/analytics/{nth}");
            let key = Key { account, view: EnvironmentView::Global, day: 0, path, query: Vec::new() };
            let noted = keyway_store::Freshness::new().note();
            kept.0.insert(key, Arc::new(Kept { data: Value::Null, bytes: 1024, counted: now, noted }));
        }
        kept.0.run_pending_tasks();
        assert!(kept.0.weighted_size() <= 64 << 10 && kept.0.entry_count() > 0);
    }

    #[test]
    fn they_last_ten_minutes() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let noted = keyway_store::Freshness::new().note();
        let kept = Kept { data: Value::Null, bytes: 0, counted: at(1000), noted };
        for (now, expected) in [(1000, true), (1599, true), (1600, false), (999, false)] {
            assert_eq!(kept.is_recent(at(now)), expected, "{now}");
        }
    }
}
