//! Movable names that clients of an ecosystem put on releases (npm's dist-tags). Not part of the API, whose
//! releases have one tag each of their own.

use keyway_jsonapi::resource;

resource! {
    /// A movable name in a package. A release's own tag of the same name wins over it.
    PackageTag (kind: "package-tags", name: "package tag", noun: "tag", table: "package_tags") {
        /// The package.
        package_id: keyway_base::PackageId,
        /// The release that it means.
        release_id: keyway_base::ReleaseId,
        /// The name.
        tag: String,
    }
    attributes: []
    relations: []
}
