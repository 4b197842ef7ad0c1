//! Column values: the one form in which records travel between interpreter, hooks and store.

use keyway_base::{RecordId, Timestamp};

/// A value of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL, JSON null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text without NUL bytes.
    Text(String),
    /// The id of a record.
    Id(RecordId),
    /// A moment.
    Time(Timestamp),
    /// A JSON document (metadata, lists of texts).
    Json(serde_json::Value),
    /// Bytes (digests, manifests).
    Bytes(Vec<u8>),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// See [`Value::Bool`].
    Bool,
    /// See [`Value::Int`].
    Int,
    /// See [`Value::Text`].
    Text,
    /// See [`Value::Id`].
    Id,
    /// See [`Value::Time`].
    Time,
    /// See [`Value::Json`].
    Json,
    /// See [`Value::Bytes`].
    Bytes,
}

impl Value {
    /// Whether this is null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
    /// The number, if it is one.
    pub const fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }
    /// The id, if it is one.
    pub const fn as_id(&self) -> Option<RecordId> {
        if let Self::Id(id) = self { Some(*id) } else { None }
    }
    /// The moment, if it is one.
    pub const fn as_time(&self) -> Option<Timestamp> {
        if let Self::Time(time) = self { Some(*time) } else { None }
    }
    /// The truth value, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }
    /// The JSON document, if it is one.
    pub const fn as_json(&self) -> Option<&serde_json::Value> {
        if let Self::Json(json) = self { Some(json) } else { None }
    }
    /// The bytes, if they are.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

/// A Rust type that is stored in one column.
pub trait Field: Sized {
    /// The column's type.
    const KIND: Kind;
    /// Whether the column may be null.
    const NULLABLE: bool = false;
    /// Reads the stored value; `None` when it is not of this type.
    fn from_value(value: &Value) -> Option<Self>;
    /// The value to store.
    fn into_value(self) -> Value;
}

macro_rules! field {
    ($type:ty, $kind:ident, $pattern:pat => $read:expr, $self:ident => $write:expr) => {
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $pattern => $read,
                    _ => None,
                }
            }
            fn into_value(self) -> Value {
                let $self = self;
                $write
            }
        }
    };
}

field!(bool, Bool, Value::Bool(v) => Some(*v), v => Value::Bool(v));
field!(i64, Int, Value::Int(v) => Some(*v), v => Value::Int(v));
field!(String, Text, Value::Text(v) => Some(v.clone()), v => Value::Text(v));
field!(Timestamp, Time, Value::Time(v) => Some(*v), v => Value::Time(v));
field!(serde_json::Value, Json, Value::Json(v) => Some(v.clone()), v => Value::Json(v));
field!(Vec<u8>, Bytes, Value::Bytes(v) => Some(v.clone()), v => Value::Bytes(v));
field!(RecordId, Id, Value::Id(v) => Some(*v), v => Value::Id(v));

macro_rules! id_field {
    ($($id:ty),+) => {$(field!($id, Id, Value::Id(v) => Some((*v).into()), v => Value::Id(v.into()));)+};
}
id_field!(
    keyway_base::AccountId,
    keyway_base::EnvironmentId,
    keyway_base::ProductId,
    keyway_base::PolicyId,
    keyway_base::LicenseId,
    keyway_base::MachineId,
    keyway_base::UserId,
    keyway_base::GroupId,
    keyway_base::TokenId,
    keyway_base::EntitlementId,
    keyway_base::PackageId,
    keyway_base::ReleaseId,
    keyway_base::ArtifactId,
    keyway_base::ConstraintId
);

impl<T: Field> Field for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_value(value).map(Some) }
    }
    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }
}

/// Declares an enum that is stored and sent as text.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// Every value as sent, in order.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];
            /// The value as sent and stored.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
            /// Reads the exact text.
            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$variant),)+ _ => None } }
        }
        impl $crate::Field for $name {
            const KIND: $crate::Kind = $crate::Kind::Text;
            fn from_value(value: &$crate::Value) -> Option<Self> { value.as_text().and_then(Self::parse) }
            fn into_value(self) -> $crate::Value { $crate::Value::Text(self.as_str().to_owned()) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

/// A query parameter after bracket parsing: `a=1`, `a[]=1&a[]=2`, `a[b]=1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryValue {
    /// A single text.
    Text(String),
    /// `name[]=…`, in order.
    List(Vec<QueryValue>),
    /// `name[key]=…`, in order.
    Map(Vec<(String, QueryValue)>),
}

impl QueryValue {
    /// The text, if it is one and is not blank.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }
    /// The member of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Map(entries) = self {
            entries.iter().find(|(name, _)| name == key).map(|(_, v)| v)
        } else {
            None
        }
    }
}
