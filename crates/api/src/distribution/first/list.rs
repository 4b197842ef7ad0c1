//! Lists of releases, narrowed by what their files are.

use keyway_domain::resources::Artifact;
use keyway_jsonapi::{Declared, Scope};

use crate::call::Call;
use crate::distribution::narrow::narrow;

/// What `filetype`, `platform`, `arch` and `version` in the query ask for when 1.0 is spoken.
pub(in crate::distribution) fn narrowed(call: &Call) -> Scope {
    if !call.version.is_first() {
        return Scope::All;
    }
    let version = call.query.text("version").map_or(Scope::All, |version| Scope::text("version", version));
    match narrow(call, Artifact::RESOURCE, &["filetype", "platform", "arch"]) {
        Scope::All => version,
        file => version.and(Scope::has("artifacts", "release_id", file)),
    }
}
