//! `/machines/:id/actions/check-out`.

use std::sync::Arc;

use keyway_access::Action;
use keyway_crypto::certificate::Subject;
use keyway_domain::permission::Permission;

use super::include::{Include, Way};
use super::license::{self, include};
use super::{Kind, Route};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::endpoint::Verb;
use crate::licensing::nested::MACHINE_COMPONENTS;
use crate::licensing::{Licenses, Machines};
use crate::refusal::Outcome;
use crate::reply::Reply;

static KIND: Kind = Kind {
    file: "machine-files",
    subject: Subject::Machine,
    hooks: &Machines,
    action: Action::MachineCheckOut,
    read: Permission::MachineRead,
    route: Route { verb: Verb::Get, path: "/machines/{id}" },
    license: Some("license_id"),
    // A file that was copied to another machine is of no use there.
    secret: |license, machine| {
        let text = |record: &keyway_jsonapi::Record, column| {
            record.get(column).as_text().unwrap_or_default().to_owned()
        };
        text(license, "key") + &text(machine, "fingerprint")
    },
    includes: &[
        &LICENSE,
        &LICENSE_ENTITLEMENTS,
        &LICENSE_PRODUCT,
        &LICENSE_POLICY,
        &LICENSE_OWNER,
        &LICENSE_USERS,
        &COMPONENTS,
        &license::ENVIRONMENT,
        &license::GROUP,
        &OWNER,
    ],
};

const LICENSE: Include = include("license", Permission::LicenseRead, Way::One(&Licenses, "license_id"));
const LICENSE_ENTITLEMENTS: Include =
    Include { name: "license.entitlements", below: Some(&LICENSE), ..license::ENTITLEMENTS };
const LICENSE_PRODUCT: Include =
    Include { name: "license.product", below: Some(&LICENSE), ..license::PRODUCT };
const LICENSE_POLICY: Include = Include { name: "license.policy", below: Some(&LICENSE), ..license::POLICY };
const LICENSE_OWNER: Include =
    Include { name: "license.owner", alias: Some("license.user"), below: Some(&LICENSE), ..license::OWNER };
const LICENSE_USERS: Include = Include { name: "license.users", below: Some(&LICENSE), ..license::USERS };
const COMPONENTS: Include = include("components", Permission::ComponentRead, Way::Many(&MACHINE_COMPONENTS));
const OWNER: Include = Include { alias: None, ..license::OWNER };

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

/// `POST`: a `machine-files`.
pub(crate) async fn resource(call: Arc<Call>) -> Outcome<Reply> {
    super::resource(call, &KIND).await
}
