//! What an account had of something on a day (`licensing.md` §14, §15). Not part of the API, which shows them as series.

use keyway_jsonapi::resource;

resource! {
    /// How many there were of something on a day, as seen from an environment.
    UsageSnapshot (
        kind: "usage-snapshots", name: "usage snapshot", noun: "usage-snapshot", table: "usage_snapshots"
    ) {
        /// The name of what was counted.
        metric: String,
        /// The day, in days since 1970 (UTC).
        day: i64,
        /// How many there were.
        count: i64,
    }
    attributes: []
    relations: []
}
