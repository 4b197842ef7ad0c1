//! The JSON:API surface as data: what a resource *is* ([`Resource`], declared with [`resource!`]), what a
//! record holds ([`Record`]), which records are meant ([`Scope`]), and the wire dialect (`licensing.md` §1):
//! body parsing against a schema, key folding, query strings, links, errors.
//!
//! Pure: it knows no database, no HTTP server and no rule of any particular resource.

mod accept;
mod attribute;
mod body;
mod error;
mod input;
mod invalid;
mod key;
mod page;
mod query;
mod record;
mod relation;
mod resource;
mod roles;
mod scope;
mod value;

pub mod document;
pub mod hundredths;
pub mod links;
pub mod metadata;
pub mod schema;

pub use accept::MediaType;
pub use attribute::{Attribute, Shape};
pub use body::{MAX_DEPTH, parse_body};
pub use error::{ApiError, ErrorObject, Source};
pub use input::{Extra, Identifier, Input, Intent, Linkage, identifier, linkage, parse, schema as schema_of};
pub use invalid::{Failure, Invalid};
pub use key::{camel_key, fold_key};
pub use page::{Direction, Paging, Part};
pub use query::Query;
pub use record::{Declared, DecodeError, Record};
pub use relation::Relation;
pub use resource::{Alias, Column, Filter, FilterContext, Resource, common_columns};
pub use roles::{Role, Roles};
pub use scope::Scope;
pub use value::{Field, Kind, QueryValue, Value};
