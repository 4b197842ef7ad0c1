//! The list filters of licences that know the time (`licensing.md` §8.2).

use keyway_jsonapi::{FilterContext, QueryValue, Scope};

/// `status=ACTIVE|INACTIVE|EXPIRED|EXPIRING|SUSPENDED|BANNED` (looser than the attribute, see §17.9).
pub fn status(_value: &QueryValue, _context: &FilterContext) -> Option<Scope> {
    None
}
/// `expiring=true|1`: expires within three days.
pub fn expiring(_value: &QueryValue, _context: &FilterContext) -> Option<Scope> {
    None
}
/// `expires[within|in|before|after|on]`.
pub fn expires(_value: &QueryValue, _context: &FilterContext) -> Option<Scope> {
    None
}
/// `expired=bool` and `expired[within|in|before|after|on]`.
pub fn expired(_value: &QueryValue, _context: &FilterContext) -> Option<Scope> {
    None
}
/// `activity[inside|outside|before|after]`.
pub fn activity(_value: &QueryValue, _context: &FilterContext) -> Option<Scope> {
    None
}
