//! The routes of dashboards, which are for the team (`licensing.md` §3.4, §14).

use super::Row;

//                                                                     A D S T R E P Q O U X L N
pub(super) const ROWS: &[Row] = &[
    ("GET", "/-/analytics/gauges/{metric}", "", ".....33333331"),
    ("GET", "/-/analytics/gauges/events/{event}", "", ".....33333331"),
    ("GET", "/-/analytics/sparks/{metric}", "", ".....33333331"),
    ("GET", "/-/analytics/sparks/events/{event}", "", ".....33333331"),
    ("GET", "/-/analytics/events/{event}", "", ".....33333331"),
    ("GET", "/-/analytics/usage", "", ".....33333331"),
    ("GET", "/-/analytics/leaderboards/{leaderboard}", "", ".....33333331"),
    ("GET", "/-/analytics/heatmaps/{heatmap}", "", ".....33333331"),
];
