//! Which permissions each kind of bearer may have, and which it gets by default (`licensing.md` §3.3).

use keyway_jsonapi::Role;

use super::{Permission as P, Permissions};

/// What everyone who downloads reads.
const CATALOGUE_READS: Permissions =
    Permissions::of(&[P::ArchRead, P::ChannelRead, P::ConstraintRead, P::EngineRead, P::PlatformRead]);
const ARTIFACT: Permissions = Permissions::range(P::ArtifactCreate, P::ArtifactUpdate);
const COMPONENT: Permissions = Permissions::range(P::ComponentCreate, P::ComponentUpdate);
const GROUP: Permissions = Permissions::range(P::GroupCreate, P::GroupUsersRead);
const KEY: Permissions = Permissions::range(P::KeyCreate, P::KeyUpdate);
const LICENSE: Permissions = Permissions::range(P::LicenseCheckIn, P::LicenseValidate);
const MACHINE: Permissions = Permissions::range(P::MachineCheckOut, P::MachineUpdate);
const PACKAGE: Permissions = Permissions::range(P::PackageCreate, P::PackageUpdate);
const POLICY: Permissions = Permissions::range(P::PolicyCreate, P::PolicyUpdate);
const PROCESS: Permissions = Permissions::range(P::ProcessCreate, P::ProcessUpdate);
const RELEASE: Permissions = Permissions::range(P::ReleaseConstraintsAttach, P::ReleaseYank);
const TOKEN: Permissions = Permissions::range(P::TokenGenerate, P::TokenRevoke);
const WEBHOOK_ENDPOINT: Permissions = Permissions::range(P::WebhookEndpointCreate, P::WebhookEndpointUpdate);

/// What a token that stands in an address may do.
const DOWNLOAD: Permissions = CATALOGUE_READS.union(Permissions::of(&[
    P::ArtifactRead,
    P::PackageRead,
    P::ReleaseRead,
    P::ReleaseDownload,
    P::ReleaseUpgrade,
]));

const READ_ONLY: Permissions = CATALOGUE_READS.union(Permissions::of(&[
    P::AccountRead,
    P::AccountAnalyticsRead,
    P::AccountBillingRead,
    P::AccountPlanRead,
    P::AccountSubscriptionRead,
    P::AdminRead,
    P::ArtifactRead,
    P::ComponentRead,
    P::EntitlementRead,
    P::EnvironmentRead,
    P::EventLogRead,
    P::GroupRead,
    P::GroupLicensesRead,
    P::GroupMachinesRead,
    P::GroupOwnersRead,
    P::GroupUsersRead,
    P::KeyRead,
    P::LicenseRead,
    P::LicenseValidate,
    P::MachineRead,
    P::PackageRead,
    P::PolicyRead,
    P::ProcessRead,
    P::ProductRead,
    P::ReleaseRead,
    P::ReleaseDownload,
    P::ReleaseUpgrade,
    P::RequestLogRead,
    P::TokenRead,
    P::TokenGenerate,
    P::UserRead,
    P::UserSecondFactorsRead,
    P::UserPasswordReset,
    P::UserPasswordUpdate,
    P::WebhookEndpointRead,
    P::WebhookEventRead,
]));

const ENVIRONMENT: Permissions = Permissions::all()
    .minus(
        Permissions::range(P::AccountAnalyticsRead, P::AccountUpdate)
            .minus(Permissions::of(&[P::AccountRead])),
    )
    .minus(Permissions::range(P::AdminCreate, P::AdminUpdate))
    .minus(Permissions::range(P::EnvironmentCreate, P::EnvironmentUpdate))
    .with(P::EnvironmentRead);

const PRODUCT: Permissions = CATALOGUE_READS
    .union(ARTIFACT)
    .union(COMPONENT)
    .union(GROUP)
    .union(KEY)
    .union(LICENSE)
    .union(MACHINE)
    .union(PACKAGE)
    .union(POLICY)
    .union(PROCESS)
    .union(RELEASE)
    .union(TOKEN)
    .union(WEBHOOK_ENDPOINT)
    .union(Permissions::of(&[
        P::AccountRead,
        P::EntitlementRead,
        P::ProductRead,
        P::ProductUpdate,
        P::UserBan,
        P::UserCreate,
        P::UserDelete,
        P::UserGroupUpdate,
        P::UserRead,
        P::UserTokensGenerate,
        P::UserUnban,
        P::UserUpdate,
        P::WebhookEventRead,
    ]));

/// What customers share, whether they come as a user or as a licence.
const CUSTOMER: Permissions = CATALOGUE_READS.union(COMPONENT).union(PROCESS).union(Permissions::of(&[
    P::AccountRead,
    P::ArtifactRead,
    P::EntitlementRead,
    P::GroupOwnersRead,
    P::GroupRead,
    P::LicenseCheckIn,
    P::LicenseCheckOut,
    P::LicenseRead,
    P::LicenseUsageIncrement,
    P::LicenseValidate,
    P::MachineCheckOut,
    P::MachineCreate,
    P::MachineDelete,
    P::MachineHeartbeatPing,
    P::MachineProofsGenerate,
    P::MachineRead,
    P::MachineUpdate,
    P::PackageRead,
    P::PolicyRead,
    P::ProductRead,
    P::ReleaseDownload,
    P::ReleaseRead,
    P::ReleaseUpgrade,
    P::TokenRead,
    P::TokenRegenerate,
    P::TokenRevoke,
    P::UserRead,
]));

const USER: Permissions = CUSTOMER.union(Permissions::of(&[
    P::GroupLicensesRead,
    P::GroupMachinesRead,
    P::GroupUsersRead,
    P::LicenseCreate,
    P::LicenseDelete,
    P::LicensePolicyUpdate,
    P::LicenseRenew,
    P::LicenseRevoke,
    P::LicenseUsersAttach,
    P::LicenseUsersDetach,
    P::TokenGenerate,
    P::UserPasswordReset,
    P::UserPasswordUpdate,
    P::UserSecondFactorsCreate,
    P::UserSecondFactorsDelete,
    P::UserSecondFactorsRead,
    P::UserSecondFactorsUpdate,
    P::UserUpdate,
]));

const NOT_BY_DEFAULT: Permissions = Permissions::of(&[P::AccountRead, P::PolicyRead, P::ProductRead]);

impl Permissions {
    /// What a token that stands in an address may do: read releases.
    pub const DOWNLOAD: Self = DOWNLOAD;

    /// What a bearer of this kind may be given at all.
    pub const fn allowed(role: Role) -> Self {
        match role {
            Role::Admin | Role::Developer | Role::SalesAgent | Role::SupportAgent => Self::all(),
            Role::ReadOnly => READ_ONLY,
            Role::Environment => ENVIRONMENT,
            Role::Product => PRODUCT,
            Role::User => USER,
            Role::License => CUSTOMER,
            Role::Anonymous => Self::NONE,
        }
    }
    /// What a bearer of this kind is given when nothing else is said.
    pub const fn default_of(role: Role) -> Self {
        let withheld = match role {
            Role::User => NOT_BY_DEFAULT.union(Self::of(&[P::LicenseUsersAttach, P::LicenseUsersDetach])),
            Role::License => NOT_BY_DEFAULT.with(P::UserRead),
            _ => Self::NONE,
        };
        Self::allowed(role).minus(withheld)
    }
}
