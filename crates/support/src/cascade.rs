//! Deletion: what refers to a record that goes is let go of, or goes too.

use keyway_base::{AccountId, RecordId};
use keyway_domain::resources::ALL;
use keyway_jsonapi::{Resource, Scope, Value};
use keyway_store::Write;

use crate::SupportError;
use crate::notion::is_account;

/// Columns that refer to another table's records, and the table.
const REFERENCES: &[(&str, &str)] = &[
    ("environment_id", "environments"),
    ("product_id", "products"),
    ("policy_id", "policies"),
    ("license_id", "licenses"),
    ("machine_id", "machines"),
    ("entitlement_id", "entitlements"),
    ("owner_id", "users"),
    ("user_id", "users"),
    ("group_id", "groups"),
    ("package_id", "packages"),
    ("release_id", "releases"),
    ("artifact_id", "artifacts"),
    ("webhook_endpoint_id", "webhook_endpoints"),
];

/// A record to delete.
type Doomed = (&'static Resource, RecordId);

/// Deletes a record with everything that cannot be without it; `false` when there is none.
pub(crate) async fn delete(
    write: &mut Write,
    account: AccountId,
    resource: &'static Resource,
    id: RecordId,
) -> Result<bool, SupportError> {
    if is_account(resource) {
        for resource in ALL {
            write.delete_where(resource, account, &Scope::All).await?;
        }
        return Ok(true);
    }
    let mut open: Vec<Doomed> = vec![(resource, id)];
    let mut deleted = false;
    while let Some((resource, id)) = open.pop() {
        let gone = write.delete(resource, account, id).await?;
        deleted |= gone;
        if gone {
            let_go(write, account, (resource, id), &mut open).await?;
        }
    }
    Ok(deleted)
}

/// Sets the references to a record to null where they may be; where not, whoever refers to it goes too.
async fn let_go(
    write: &mut Write,
    account: AccountId,
    (of, id): Doomed,
    open: &mut Vec<Doomed>,
) -> Result<(), SupportError> {
    let names = |name: &str| REFERENCES.iter().any(|(column, table)| *column == name && *table == of.table);
    for resource in ALL {
        for column in
            resource.columns.iter().filter(|column| names(column.name) || column.name == "bearer_id")
        {
            for mut record in write.all(resource, account, &Scope::id(column.name, id)).await? {
                if column.nullable {
                    record.set(column.name, Value::Null);
                    write.update(&record, &[column.name]).await?;
                } else {
                    open.push((resource, record.id()));
                }
            }
        }
    }
    Ok(())
}
