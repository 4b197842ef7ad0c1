//! `/licenses/:id/actions/check-out`.

use std::sync::Arc;

use keyway_access::Action;
use keyway_crypto::certificate::Subject;
use keyway_domain::permission::Permission;

use super::include::{Include, Way};
use super::{Kind, Route};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::endpoint::Verb;
use crate::licensing::nested::{LICENSE_ENTITLEMENTS, LICENSE_USERS};
use crate::licensing::{Environments, Groups, Licenses, Policies, Products, Users};
use crate::refusal::Outcome;
use crate::reply::Reply;

static KIND: Kind = Kind {
    file: "license-files",
    subject: Subject::License,
    hooks: &Licenses,
    action: Action::LicenseCheckOut,
    read: Permission::LicenseRead,
    route: Route { verb: Verb::Get, path: "/licenses/{id}" },
    license: None,
    // Of hashed keys it is the hash, which clients do not have (`licensing.md` §17.23).
    secret: |license, _| license.get("key").as_text().unwrap_or_default().to_owned(),
    includes: &[&ENTITLEMENTS, &ENVIRONMENT, &PRODUCT, &POLICY, &GROUP, &OWNER, &USERS],
};

/// What hangs on the record itself, under one name.
pub(super) const fn include(name: &'static str, permission: Permission, way: Way) -> Include {
    Include { name, alias: None, permission, below: None, way }
}

pub(super) const ENTITLEMENTS: Include =
    include("entitlements", Permission::EntitlementRead, Way::Many(&LICENSE_ENTITLEMENTS));
pub(super) const ENVIRONMENT: Include =
    include("environment", Permission::EnvironmentRead, Way::One(&Environments, "environment_id"));
pub(super) const PRODUCT: Include =
    include("product", Permission::ProductRead, Way::One(&Products, "product_id"));
pub(super) const POLICY: Include =
    include("policy", Permission::PolicyRead, Way::One(&Policies, "policy_id"));
pub(super) const GROUP: Include = include("group", Permission::GroupRead, Way::One(&Groups, "group_id"));
pub(super) const OWNER: Include =
    Include { alias: Some("user"), ..include("owner", Permission::UserRead, Way::One(&Users, "owner_id")) };
pub(super) const USERS: Include = include("users", Permission::UserRead, Way::Many(&LICENSE_USERS));

/// The certificate.
pub(crate) const RAW: Contract = super::OPTIONS.gives(super::CERTIFICATE);
/// The file.
pub(crate) const RESOURCE: Contract = super::OPTIONS
    .takes(super::options::schema)
    .gives(&[Given::new(200, Data::Made(|| super::file_schema(KIND.file)))]);

/// `GET`: the certificate.
pub(crate) async fn raw(call: Arc<Call>) -> Outcome<Reply> {
    super::raw(call, &KIND).await
}

/// `POST`: a `license-files`.
pub(crate) async fn resource(call: Arc<Call>) -> Outcome<Reply> {
    super::resource(call, &KIND).await
}
