//! Relations of a resource: to one over a column, or to many.

use crate::Roles;

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
        Self { column: Some(column), ..Self::many(name, kind) }
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
