//! The declaration of a resource: columns, attributes, relations, filters, aliases.
//!
//! `resource!` writes the struct and its mapping; the attributes are plain `const` values built with the
//! functions of [`Attribute`], so that they can be read, searched and tested like any other data.

use crate::{Attribute, Field, Kind, QueryValue, Relation, Roles, Scope};
use keyway_base::Timestamp;

/// A resource type, declared once.
#[derive(Debug)]
pub struct Resource {
    /// The JSON:API type (`licenses`).
    pub kind: &'static str,
    /// The name in messages and permissions (`license`, `release artifact`).
    pub name: &'static str,
    /// The prefix of its events and permissions (`license`, `artifact`).
    pub noun: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its columns; the common ones come first.
    pub columns: &'static [Column],
    /// Its attributes in the order in which they are rendered.
    pub attributes: &'static [Attribute],
    /// Its relations in the order in which they are rendered.
    pub relations: &'static [Relation],
    /// Columns that name it in paths beside the id.
    pub aliases: &'static [Alias],
    /// List filters.
    pub filters: &'static [Filter],
    /// Whether a client may choose the id on creation, and which roles.
    pub client_id: Roles,
    /// The full names of its events (`license.created`), in the order of the documentation.
    pub events: &'static [&'static str],
    /// The collection of the record that its path is below, and the column that refers to that.
    pub below: Option<(&'static str, &'static str)>,
}

impl Resource {
    /// The full name of its event of a kind (`created`); `None` for kinds that it does not declare.
    pub fn event(&self, kind: &str) -> Option<&'static str> {
        let named = |name: &&&str| {
            name.strip_prefix(self.noun)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest == kind)
        };
        self.events.iter().find(named).copied()
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in SQL.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
}

impl Column {
    /// The column of a field type.
    pub const fn of<T: Field>(name: &'static str) -> Self {
        Self { name, kind: T::KIND, nullable: T::NULLABLE }
    }
}

/// The columns every table has.
pub const fn common_columns() -> [Column; 5] {
    [
        Column { name: "id", kind: Kind::Id, nullable: false },
        Column { name: "account_id", kind: Kind::Id, nullable: false },
        Column { name: "environment_id", kind: Kind::Id, nullable: true },
        Column { name: "created_at", kind: Kind::Time, nullable: false },
        Column { name: "updated_at", kind: Kind::Time, nullable: false },
    ]
}

/// A path alias: a column, and whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The column.
    pub column: &'static str,
    /// Whether look-ups ignore case.
    pub caseless: bool,
}

impl Alias {
    /// An alias that is compared exactly.
    pub const fn exact(column: &'static str) -> Self {
        Self { column, caseless: false }
    }
    /// An alias that is compared without regard to case.
    pub const fn caseless(column: &'static str) -> Self {
        Self { column, caseless: true }
    }
}

/// What a filter may know beside its value.
#[derive(Debug, Clone, Copy)]
pub struct FilterContext {
    /// The time of the request.
    pub now: Timestamp,
}

/// A list filter: a query parameter and what it means. `None` means that the value is ignored.
#[derive(Clone, Copy)]
pub struct Filter {
    /// The query parameter.
    pub name: &'static str,
    /// Turns its value into a condition.
    pub scope: fn(&QueryValue, &FilterContext) -> Option<Scope>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({})", self.name)
    }
}

/// Declares a resource: a struct with typed columns and its [`Resource`].
///
/// The five common columns (`id`, `account_id`, `environment_id`, `created_at`, `updated_at`) are added.
#[macro_export]
macro_rules! resource {
    (
        $(#[$doc:meta])*
        $name:ident ( kind: $kind:literal, name: $word:literal, noun: $noun:literal, table: $table:literal ) {
            $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)?
        }
        attributes: [$($attribute:expr),* $(,)?]
        relations: [$($relation:expr),* $(,)?]
        $(aliases: [$($alias:expr),* $(,)?])?
        $(filters: [$($filter:expr),* $(,)?])?
        $(events: [$($event:literal),* $(,)?])?
        $(below: ($above:literal, $reference:literal))?
        $(client_id: $client_id:expr)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            /// The record's id.
            pub id: keyway_base::RecordId,
            /// The account it belongs to.
            pub account_id: keyway_base::AccountId,
            /// The environment it belongs to; `None` is global.
            pub environment_id: Option<keyway_base::EnvironmentId>,
            /// When it was created.
            pub created_at: keyway_base::Timestamp,
            /// When it was last changed.
            pub updated_at: keyway_base::Timestamp,
            $($(#[$fdoc])* pub $field: $type,)*
        }

        impl $crate::Declared for $name {
            const RESOURCE: &'static $crate::Resource = {
                const COMMON: [$crate::Column; 5] = $crate::common_columns();
                static DECLARATION: $crate::Resource = $crate::Resource {
                    kind: $kind,
                    name: $word,
                    noun: $noun,
                    table: $table,
                    columns: &[
                        COMMON[0], COMMON[1], COMMON[2], COMMON[3], COMMON[4],
                        $($crate::Column::of::<$type>(stringify!($field)),)*
                    ],
                    attributes: &[$($attribute),*],
                    relations: &[$($relation),*],
                    aliases: &[$($($alias),*)?],
                    filters: &[$($($filter),*)?],
                    client_id: { #[allow(unused_variables)] let roles = $crate::Roles::NONE; $(let roles = $client_id;)? roles },
                    events: &[$($(concat!($noun, ".", $event)),*)?],
                    below: { #[allow(unused_variables)] let below: Option<(&str, &str)> = None; $(let below = Some(($above, $reference));)? below },
                };
                &DECLARATION
            };

            fn from_record(record: &$crate::Record) -> Result<Self, $crate::DecodeError> {
                let wrong = |column| $crate::DecodeError { resource: $word, column };
                Ok(Self {
                    id: $crate::Field::from_value(record.get("id")).ok_or(wrong("id"))?,
                    account_id: $crate::Field::from_value(record.get("account_id")).ok_or(wrong("account_id"))?,
                    environment_id: $crate::Field::from_value(record.get("environment_id")).ok_or(wrong("environment_id"))?,
                    created_at: $crate::Field::from_value(record.get("created_at")).ok_or(wrong("created_at"))?,
                    updated_at: $crate::Field::from_value(record.get("updated_at")).ok_or(wrong("updated_at"))?,
                    $($field: $crate::Field::from_value(record.get(stringify!($field))).ok_or(wrong(stringify!($field)))?,)*
                })
            }

            fn into_record(self) -> $crate::Record {
                $crate::Record {
                    resource: Self::RESOURCE,
                    values: vec![
                        $crate::Field::into_value(self.id),
                        $crate::Field::into_value(self.account_id),
                        $crate::Field::into_value(self.environment_id),
                        $crate::Field::into_value(self.created_at),
                        $crate::Field::into_value(self.updated_at),
                        $($crate::Field::into_value(self.$field),)*
                    ],
                }
            }
        }
    };
}
