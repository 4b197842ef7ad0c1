//! The declaration of a resource: columns, attributes, relations, filters, aliases.
//!
//! `resource!` writes the struct and its mapping; the attributes are plain `const` values built with the
//! functions of [`Attribute`], so that they can be read, searched and tested like any other data.

use crate::{Field, Kind, QueryValue, Roles, Scope};
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

/// The JSON shape of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// A moment: ISO 8601, a Unix timestamp, or its digits.
    Time,
    /// An object of two container levels at most (`licensing.md` §1.5).
    Metadata,
    /// An array of strings.
    Texts,
    /// Anything: what it may be depends on another attribute.
    Any,
}

/// An attribute of a resource, built with `const` functions.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name in folded form (`max_machines`); rendered in camel case.
    pub name: &'static str,
    /// Its JSON shape.
    pub shape: Shape,
    /// The column behind it; `None` for attributes that a hook computes or consumes.
    pub column: Option<&'static str>,
    /// Roles that may send it on creation.
    pub create: Roles,
    /// Roles that may send it on update.
    pub update: Roles,
    /// Whether creation without it is refused.
    pub required: bool,
    /// Whether null is a value of its own.
    pub nullable: bool,
    /// Whether an empty string is accepted.
    pub blank: bool,
    /// The longest text, in characters (`TOO_LONG`).
    pub max: Option<usize>,
    /// The range of a number (`INVALID`).
    pub range: Option<(i64, i64)>,
    /// The texts allowed (`NOT_ALLOWED`, a 422).
    pub one_of: Option<&'static [&'static str]>,
    /// The texts allowed by the schema (`is invalid`, a 400).
    pub schema_one_of: Option<&'static [&'static str]>,
    /// Whether it is rendered.
    pub shown: bool,
    /// Whether a change can change who may see or do what (it touches the record's slots).
    pub access: bool,
}

impl Attribute {
    /// An attribute of a shape, backed by the column of its name, read-only until said otherwise.
    pub const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            shape,
            column: Some(name),
            create: Roles::NONE,
            update: Roles::NONE,
            required: false,
            nullable: false,
            blank: false,
            max: None,
            range: None,
            one_of: None,
            schema_one_of: None,
            shown: true,
            access: false,
        }
    }
    /// A string of at most `max` characters.
    pub const fn text(name: &'static str, max: usize) -> Self {
        let mut attribute = Self::new(name, Shape::Text);
        attribute.max = Some(max);
        attribute
    }
    /// A string out of a list, checked as a validation (422 `NOT_ALLOWED`).
    pub const fn one_of(name: &'static str, texts: &'static [&'static str]) -> Self {
        let mut attribute = Self::new(name, Shape::Text);
        attribute.one_of = Some(texts);
        attribute
    }
    /// A whole number within a range (422 `INVALID` outside).
    pub const fn integer(name: &'static str, min: i64, max: i64) -> Self {
        let mut attribute = Self::new(name, Shape::Integer);
        attribute.range = Some((min, max));
        attribute
    }
    /// true or false.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Shape::Boolean)
    }
    /// A moment.
    pub const fn time(name: &'static str) -> Self {
        Self::new(name, Shape::Time)
    }
    /// The free-form object.
    pub const fn metadata() -> Self {
        Self::new("metadata", Shape::Metadata)
    }
    /// Both may send it.
    pub const fn write(mut self, create: Roles, update: Roles) -> Self {
        self.create = create;
        self.update = update;
        self
    }
    /// Creation needs it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// Null is a value.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
    /// The empty string is a value.
    pub const fn blank(mut self) -> Self {
        self.blank = true;
        self
    }
    /// Another column is behind it.
    pub const fn column(mut self, column: &'static str) -> Self {
        self.column = Some(column);
        self
    }
    /// A hook computes it (rendering) or consumes it (writing); no column is behind it.
    pub const fn computed(mut self) -> Self {
        self.column = None;
        self
    }
    /// It is never rendered.
    pub const fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }
    /// The schema refuses other texts (400 `is invalid`).
    pub const fn schema(mut self, texts: &'static [&'static str]) -> Self {
        self.schema_one_of = Some(texts);
        self
    }
    /// A change can change access.
    pub const fn affects_access(mut self) -> Self {
        self.access = true;
        self
    }
}

/// A relation of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    /// Its name in folded form (`owner`).
    pub name: &'static str,
    /// The JSON:API type at the other end.
    pub kind: &'static str,
    /// The column of a to-one relation; `None` for a to-many.
    pub column: Option<&'static str>,
    /// Roles that may send it on creation.
    pub create: Roles,
    /// Whether creation without it is refused.
    pub required: bool,
    /// Whether null may be sent.
    pub nullable: bool,
    /// Whether it is rendered as a link, and with `data` when it is to-one.
    pub shown: bool,
    /// The column that holds the type of a polymorphic relation (`bearer_type`).
    pub type_column: Option<&'static str>,
}

impl Relation {
    /// A to-one relation over a column.
    pub const fn one(name: &'static str, kind: &'static str, column: &'static str) -> Self {
        Self {
            name,
            kind,
            column: Some(column),
            create: Roles::NONE,
            required: false,
            nullable: false,
            shown: true,
            type_column: None,
        }
    }
    /// A to-many relation, rendered as a link.
    pub const fn many(name: &'static str, kind: &'static str) -> Self {
        Self {
            name,
            kind,
            column: None,
            create: Roles::NONE,
            required: false,
            nullable: false,
            shown: true,
            type_column: None,
        }
    }
    /// These roles may send it on creation.
    pub const fn create(mut self, roles: Roles) -> Self {
        self.create = roles;
        self
    }
    /// Creation needs it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// Null may be sent.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
    /// Accepted but not rendered.
    pub const fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }
    /// The type of the other end stands in a column.
    pub const fn polymorphic(mut self, type_column: &'static str) -> Self {
        self.type_column = Some(type_column);
        self
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
