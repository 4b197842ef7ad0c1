//! Query parameters that narrow which record a path segment means (`distribution.md` §7).

use keyway_jsonapi::{Resource, Scope};

use crate::call::Call;

/// The conditions of these filters of a resource, as far as the query has them.
pub(super) fn narrow(call: &Call, resource: &'static Resource, names: &[&str]) -> Scope {
    let context = call.filter_context();
    let conditions =
        resource.filters.iter().filter(|filter| names.contains(&filter.name)).filter_map(|filter| {
            let value = call.query.get(filter.name)?;
            (filter.scope)(value, &context)
        });
    conditions.fold(Scope::All, Scope::and)
}
