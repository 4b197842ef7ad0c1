//! The house rules, checked on the tree as it is.

mod edges;
mod text;
mod tree;
