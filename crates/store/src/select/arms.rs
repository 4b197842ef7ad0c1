//! Lists that are put together from parts, each of which an index gives in the order of the list: no more is read of a
//! part than the list has.
//!
//! There are two kinds. What meets *any* of some conditions (a user's licences: those that they own and those that they
//! are attached to) is found by each condition's own index. What ends in a *window* of time is found day by day: of each
//! day the index has what ends then in the order of creation, while that of the times themselves has it in their order,
//! so that all of the window would have to be read and sorted.

use std::ops::RangeInclusive;

use keyway_base::AccountId;
use keyway_jsonapi::{Resource, Scope, Value};

use super::{Source, push_table};
use crate::Page;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::scope_sql::{is_selective, push_scope};
use crate::statement::{Alias, Sql};

/// The most conditions that a list is put together from.
const MOST: usize = 4;
/// The most days.
const DAYS: i64 = 62;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// The table and the column that there is an index of days of.
const BY_DAY: (&str, &str) = ("licenses", "expiry");

/// The parts that a list is put together from.
#[derive(Debug, PartialEq)]
pub(super) enum Arms<'a> {
    /// What meets any of these, and all of the others.
    Any(&'a [Scope], Vec<&'a Scope>),
    /// What meets this on any of these days.
    Window(RangeInclusive<i64>, &'a Scope),
}

impl<'a> Arms<'a> {
    /// The parts of a list, if it is better put together.
    pub(super) fn of(resource: &Resource, scope: &'a Scope, page: &Page) -> Option<Self> {
        let mut all = Vec::new();
        conjuncts(scope, &mut all);
        let window = if page.limit.is_some() { window(resource, &all) } else { None };
        window.map(|days| Self::Window(days, scope)).or_else(|| Self::any(&all))
    }

    fn any(all: &[&'a Scope]) -> Option<Self> {
        let of = |scope: &'a Scope| match scope {
            Scope::Or(any) if (2..=MOST).contains(&any.len()) && any.iter().all(is_selective) => Some(any),
            _ => None,
        };
        let (place, any) = all.iter().enumerate().find_map(|(place, scope)| Some((place, of(scope)?)))?;
        let others = all.iter().enumerate().filter(|(other, _)| *other != place);
        Some(Self::Any(any, others.map(|(_, scope)| *scope).collect()))
    }

    /// Appends all of the statement that follows the columns.
    pub(super) fn push(&self, sql: &mut Sql, resource: &'static Resource, account: AccountId, page: &Page) {
        push_table(sql, resource, Alias::MAIN);
        sql.push(" WHERE ").tenant(Alias::MAIN, account).push(" AND ");
        let found = sql.alias();
        sql.column(Alias::MAIN, "id").push(" IN (SELECT ").column(found, "id").push(" FROM (");
        let list = List { resource, page };
        match self {
            Self::Any(any, others) => {
                sql.separated(" UNION ", any.iter(), |sql, one| {
                    list.push_arm(sql, |sql, row| {
                        push_scope(sql, row, one);
                        for other in others {
                            push_scope(sql.push(" AND "), row, other);
                        }
                    });
                });
            }
            Self::Window(days, scope) => list.push_days(sql, days, scope),
        }
        sql.push(") ").name(found);
        if page.limit.is_some() || page.offset > 0 {
            let source = Source::of(found);
            source.push_created(sql, page.order);
            super::push_limit(sql, page);
        }
        sql.push(")");
        Source::of(Alias::MAIN).push_created(sql, page.order);
    }
}

/// What every part has to know.
struct List<'a> {
    resource: &'static Resource,
    page: &'a Page,
}

impl List<'_> {
    /// A part, by a condition on its rows; of a page no more than that and what comes before it.
    fn push_arm(&self, sql: &mut Sql, condition: impl FnOnce(&mut Sql, Alias)) {
        let arm = sql.alias();
        sql.push("SELECT * FROM (");
        self.push_rows(sql, condition);
        sql.push(") ").name(arm);
    }

    fn push_rows(&self, sql: &mut Sql, condition: impl FnOnce(&mut Sql, Alias)) {
        let row = sql.alias();
        sql.push("SELECT ").column(row, "id").push(", ").column(row, "created_at");
        push_table(sql, self.resource, row);
        sql.push(" WHERE ");
        sql.same_tenant(row);
        condition(sql.push(" AND "), row);
        let source = Source::of(row);
        source.push_after(sql, self.resource, self.page);
        if let Some(limit) = self.page.limit {
            source.push_created(sql, self.page.order);
            sql.push(" LIMIT ").param(Arg::int(i64::from(limit) + i64::from(self.page.offset)));
        }
    }

    fn push_days(&self, sql: &mut Sql, days: &RangeInclusive<i64>, scope: &Scope) {
        if sql.dialect() == Dialect::Sqlite {
            sql.separated(" UNION ALL ", days.clone(), |sql, day| {
                self.push_arm(sql, |sql, row| {
                    push_day(sql, row).param(Arg::int(day));
                    push_scope(sql.push(" AND "), row, scope);
                });
            });
            return;
        }
        // One part to be planned, which is run for each day.
        let (series, part) = (sql.alias(), sql.alias());
        sql.push("SELECT ").name(part).push(".* FROM generate_series(").param(Arg::int(*days.start()));
        sql.push(", ").param(Arg::int(*days.end())).push(") AS ").name(series).push("(day), LATERAL (");
        self.push_rows(sql, |sql, row| {
            push_day(sql, row).column(series, "day");
            push_scope(sql.push(" AND "), row, scope);
        });
        sql.push(") ").name(part);
    }
}

fn push_day(sql: &mut Sql, row: Alias) -> &mut Sql {
    sql.column(row, BY_DAY.1).push(" / 86400000000 = ")
}

/// The conditions that all have to hold.
fn conjuncts<'a>(scope: &'a Scope, all: &mut Vec<&'a Scope>) {
    match scope {
        Scope::And(scopes) => scopes.iter().for_each(|scope| conjuncts(scope, all)),
        scope => all.push(scope),
    }
}

/// The days in which what is looked for ends, if they are few.
fn window(resource: &Resource, all: &[&Scope]) -> Option<RangeInclusive<i64>> {
    let (table, column) = BY_DAY;
    let bounds = |is_bound: fn(&Scope) -> Option<(&'static str, i64)>| {
        let bounds = all.iter().filter_map(move |scope| is_bound(scope));
        bounds.filter(|(of, _)| *of == column).map(|(_, at)| at / DAY)
    };
    let first = bounds(|scope| match scope {
        Scope::Gt(column, Value::Time(at)) | Scope::Ge(column, Value::Time(at)) => {
            Some((*column, at.as_micros()))
        }
        _ => None,
    });
    let last = bounds(|scope| match scope {
        Scope::Lt(column, Value::Time(at)) | Scope::Le(column, Value::Time(at)) => {
            Some((*column, at.as_micros()))
        }
        _ => None,
    });
    let (first, last) = (first.max()?, last.min()?);
    (resource.table == table && first <= last && last - first < DAYS).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use keyway_base::{RecordId, Timestamp};
    use keyway_domain::resources::{License, Machine};
    use keyway_jsonapi::Declared as _;

    use super::*;

    fn ends(first: i64, last: i64) -> Scope {
        let at = |day: i64| Value::Time(Timestamp::from_micros(day * DAY + 5));
        Scope::Ge("expiry", at(first)).and(Scope::Lt("expiry", at(last)))
    }

    #[test]
    fn few_days_are_gone_through_one_by_one() {
        let (licenses, machines) = (License::RESOURCE, Machine::RESOURCE);
        let page = Page::newest(100);
        let days = |scope: &Scope, resource: &Resource, page: &Page| match Arms::of(resource, scope, page) {
            Some(Arms::Window(days, _)) => Some(days),
            _ => None,
        };
        let soon = Scope::IsNull("environment_id").and(ends(20, 50));
        assert_eq!(days(&soon, licenses, &page), Some(20..=50));
        assert_eq!(days(&soon, machines, &page), None);
        assert_eq!(days(&soon, licenses, &Page::all()), None);
        assert_eq!(days(&ends(20, 81), licenses, &page), Some(20..=81));
        assert_eq!(days(&ends(20, 82), licenses, &page), None, "too many");
        assert_eq!(days(&ends(50, 20), licenses, &page), None, "nothing can meet it");
        let past = Scope::Lt("expiry", Value::Time(Timestamp::from_micros(7)));
        assert_eq!(days(&past, licenses, &page), None, "without an end");
    }

    #[test]
    fn alternatives_that_each_have_an_index_are_parts() {
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad92".parse().expect("an id");
        let attached = Scope::has("license_users", "license_id", Scope::id("user_id", id));
        let (own, root) = (Scope::id("owner_id", id), Scope::IsNull("environment_id"));
        let of = own.clone().or(attached.clone());
        let all = of.clone().and(root.clone());
        let page = Page::all();
        assert_eq!(
            Arms::of(License::RESOURCE, &all, &page),
            Some(Arms::Any(&[own.clone(), attached], vec![&root]))
        );
        let unlike = own.or(Scope::IsNull("owner_id"));
        assert_eq!(Arms::of(License::RESOURCE, &unlike, &page), None);
        assert_eq!(Arms::of(License::RESOURCE, &root, &page), None);
    }
}
