//! Records with every column set to something plain.

use keyway_base::{EnvironmentId, ProductId, RecordId, UserId};
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Record};
use serde_json::json;

use super::{account, day};

/// Makes records with consecutive ids.
#[derive(Debug)]
pub struct Blank(u32);

impl Blank {
    /// Ids from this number on.
    pub const fn starting_at(number: u32) -> Self {
        Self(number)
    }
    /// The id of a number.
    pub fn id(number: u32) -> RecordId {
        let text = format!("01900000-0000-7000-8000-{number:012x}");
        text.parse().expect("the text has the form of a UUID")
    }
    pub(super) fn next(&mut self) -> RecordId {
        self.0 += 1;
        Self::id(self.0)
    }
    /// An environment.
    pub fn environment(&mut self, code: &str, isolation_strategy: r::IsolationStrategy) -> r::Environment {
        r::Environment {
            id: self.next(),
            account_id: account(),
            environment_id: None,
            created_at: day(-20),
            updated_at: day(-20),
            name: code.to_owned(),
            code: code.to_owned(),
            isolation_strategy,
            permissions: json!(["*"]),
        }
    }
    /// A global user.
    pub fn user(&mut self, role: r::UserRole) -> r::User {
        r::User {
            id: self.next(),
            account_id: account(),
            environment_id: None,
            created_at: day(-20),
            updated_at: day(-20),
            email: format!("user-{}@example.com", self.0),
            first_name: None,
            last_name: None,
            password_digest: None,
            password_reset_digest: None,
            password_reset_at: None,
            role,
            permissions: json!(["*"]),
            banned_at: None,
            group_id: None,
            metadata: json!({}),
        }
    }
    /// A global product.
    pub fn product(&mut self, distribution_strategy: r::DistributionStrategy) -> r::Product {
        r::Product {
            id: self.next(),
            account_id: account(),
            environment_id: None,
            created_at: day(-20),
            updated_at: day(-20),
            name: format!("Product {}", self.0),
            code: None,
            distribution_strategy,
            push_status: r::PushStatus::Published,
            url: None,
            platforms: None,
            permissions: json!(["*"]),
            metadata: json!({}),
        }
    }
    /// A global entitlement.
    pub fn entitlement(&mut self, code: &str) -> r::Entitlement {
        r::Entitlement {
            id: self.next(),
            account_id: account(),
            environment_id: None,
            created_at: day(-20),
            updated_at: day(-20),
            name: code.to_owned(),
            code: code.to_owned(),
            metadata: json!({}),
        }
    }
    /// A policy of a product, in the product's environment, that lets tokens and keys in.
    pub fn policy(&mut self, product: &r::Product) -> r::Policy {
        r::Policy {
            id: self.next(),
            account_id: account(),
            environment_id: product.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: product.id.into(),
            name: "Floating".to_owned(),
            duration: None,
            strict: false,
            floating: true,
            use_pool: false,
            encrypted: false,
            scheme: None,
            protected: false,
            max_machines: None,
            max_processes: None,
            max_users: None,
            max_cores: None,
            max_memory: None,
            max_disk: None,
            max_uses: None,
            machine_uniqueness_strategy: r::MachineUniquenessStrategy::PerLicense,
            machine_matching_strategy: r::MatchingStrategy::Any,
            component_uniqueness_strategy: r::ComponentUniquenessStrategy::PerMachine,
            component_matching_strategy: r::MatchingStrategy::Any,
            expiration_strategy: r::ExpirationStrategy::Restrict,
            expiration_basis: r::ExpirationBasis::Creation,
            renewal_basis: r::RenewalBasis::Expiry,
            transfer_strategy: r::TransferStrategy::KeepExpiry,
            authentication_strategy: r::AuthenticationStrategy::Mixed,
            machine_leasing_strategy: r::MachineLeasingStrategy::PerLicense,
            process_leasing_strategy: r::ProcessLeasingStrategy::PerMachine,
            overage_strategy: r::OverageStrategy::None,
            require_product_scope: false,
            require_policy_scope: false,
            require_machine_scope: false,
            require_fingerprint_scope: false,
            require_components_scope: false,
            require_user_scope: false,
            require_checksum_scope: false,
            require_version_scope: false,
            require_environment_scope: false,
            require_check_in: false,
            check_in_interval: None,
            check_in_interval_count: None,
            require_heartbeat: false,
            heartbeat_duration: None,
            heartbeat_cull_strategy: r::HeartbeatCullStrategy::Deactivate,
            heartbeat_resurrection_strategy: r::HeartbeatResurrectionStrategy::None,
            heartbeat_basis: r::HeartbeatBasis::FirstPing,
            pinned_channel: None,
            pinned_constraint: None,
            metadata: json!({}),
        }
    }
    /// A key in the pool of a policy.
    pub fn key(&mut self, policy: &r::Policy) -> r::PoolKey {
        r::PoolKey {
            id: self.next(),
            account_id: account(),
            environment_id: policy.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: policy.product_id,
            policy_id: policy.id.into(),
            key: format!("pool-key-{}", self.0),
        }
    }
    /// A licence under a policy, in the policy's environment.
    pub fn license(&mut self, policy: &r::Policy) -> r::License {
        r::License {
            id: self.next(),
            account_id: account(),
            environment_id: policy.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: policy.product_id,
            policy_id: policy.id.into(),
            key: format!("KEY-{:08}", self.0),
            owner_id: None,
            group_id: None,
            name: None,
            expiry: None,
            suspended: false,
            protected: None,
            uses: 0,
            max_machines: None,
            max_processes: None,
            max_users: None,
            max_cores: None,
            max_memory: None,
            max_disk: None,
            max_uses: None,
            last_validated_version: None,
            last_validated_checksum: None,
            last_validated_at: None,
            last_check_in_at: None,
            last_check_out_at: None,
            pinned_channel: None,
            pinned_constraint: None,
            permissions: json!(["*"]),
            metadata: json!({}),
            lock: 0,
        }
    }
    /// A group without limits.
    pub fn group(&mut self) -> r::Group {
        r::Group {
            id: self.next(),
            account_id: account(),
            environment_id: None,
            created_at: day(-20),
            updated_at: day(-20),
            name: format!("Group {}", self.0),
            max_users: None,
            max_licenses: None,
            max_machines: None,
            metadata: json!({}),
        }
    }
    /// An owner of a group.
    pub fn group_owner(&mut self, group: &r::Group, user: UserId) -> r::GroupOwner {
        r::GroupOwner {
            id: self.next(),
            account_id: account(),
            environment_id: group.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            group_id: group.id.into(),
            user_id: user,
        }
    }
    /// An entitlement of a policy.
    pub fn policy_entitlement(
        &mut self,
        policy: &r::Policy,
        entitlement: &r::Entitlement,
    ) -> r::PolicyEntitlement {
        r::PolicyEntitlement {
            id: self.next(),
            account_id: account(),
            environment_id: policy.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            policy_id: policy.id.into(),
            entitlement_id: entitlement.id.into(),
        }
    }
    /// An entitlement of a licence.
    pub fn license_entitlement(
        &mut self,
        license: &r::License,
        entitlement: &r::Entitlement,
    ) -> r::LicenseEntitlement {
        r::LicenseEntitlement {
            id: self.next(),
            account_id: account(),
            environment_id: license.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            license_id: license.id.into(),
            entitlement_id: entitlement.id.into(),
        }
    }
    /// A user of a licence.
    pub fn license_user(&mut self, license: &r::License, user: UserId) -> r::LicenseUser {
        r::LicenseUser {
            id: self.next(),
            account_id: account(),
            environment_id: license.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            license_id: license.id.into(),
            user_id: user,
        }
    }
    /// A machine of a licence that nobody owns.
    pub fn machine(&mut self, license: &r::License) -> r::Machine {
        r::Machine {
            id: self.next(),
            account_id: account(),
            environment_id: license.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: license.product_id,
            license_id: license.id.into(),
            owner_id: None,
            group_id: None,
            fingerprint: format!("FINGERPRINT-{:08}", self.0),
            name: None,
            ip: None,
            hostname: None,
            platform: None,
            cores: None,
            memory: None,
            disk: None,
            last_heartbeat_at: None,
            dead_at: None,
            last_check_out_at: None,
            metadata: json!({}),
        }
    }
    /// A component of a machine.
    pub fn component(&mut self, machine: &r::Machine) -> r::Component {
        r::Component {
            id: self.next(),
            account_id: account(),
            environment_id: machine.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: machine.product_id,
            license_id: machine.license_id,
            machine_id: machine.id.into(),
            fingerprint: format!("COMPONENT-{:08}", self.0),
            name: "disk".to_owned(),
            metadata: json!({}),
        }
    }
    /// A process on a machine, alive since.
    pub fn process(&mut self, machine: &r::Machine) -> r::Process {
        r::Process {
            id: self.next(),
            account_id: account(),
            environment_id: machine.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: machine.product_id,
            license_id: machine.license_id,
            machine_id: machine.id.into(),
            pid: format!("{}", self.0),
            last_heartbeat_at: Some(day(-20)),
            dead_at: None,
            metadata: json!({}),
        }
    }
    /// A token without expiry.
    pub fn token(
        &mut self,
        bearer_type: r::BearerType,
        bearer_id: RecordId,
        environment: Option<EnvironmentId>,
    ) -> r::Token {
        r::Token {
            id: self.next(),
            account_id: account(),
            environment_id: environment,
            created_at: day(-20),
            updated_at: day(-20),
            digest: self.0.to_be_bytes().to_vec(),
            bearer_type,
            bearer_id,
            kind: "token".to_owned(),
            name: None,
            expiry: None,
            permissions: json!(["*"]),
            max_activations: None,
            activations: 0,
            max_deactivations: None,
            deactivations: 0,
        }
    }
    /// A package of a product, in the product's environment.
    pub fn package(&mut self, product: &r::Product, engine: Option<&str>) -> r::Package {
        r::Package {
            id: self.next(),
            account_id: account(),
            environment_id: product.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: product.id.into(),
            name: format!("Package {}", self.0),
            key: format!("package-{}", self.0),
            normalised_key: format!("package-{}", self.0),
            engine: engine.map(str::to_owned),
            metadata: json!({}),
        }
    }
    /// A release of a product without a package, published, in the product's environment.
    pub fn release(&mut self, product: &r::Product) -> r::Release {
        self.any_release(product.id.into(), None, product.environment_id)
    }
    /// A release of a package, published, in the package's environment.
    pub fn release_of(&mut self, package: &r::Package) -> r::Release {
        self.any_release(package.product_id, Some(package.id.into()), package.environment_id)
    }
    fn any_release(
        &mut self,
        product_id: ProductId,
        package_id: Option<keyway_base::PackageId>,
        environment_id: Option<EnvironmentId>,
    ) -> r::Release {
        r::Release {
            id: self.next(),
            account_id: account(),
            environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            product_id,
            package_id,
            name: None,
            description: None,
            channel: "stable".to_owned(),
            status: r::ReleaseStatus::Published,
            tag: None,
            version: format!("{}.0.0", self.0),
            version_key: format!("{}.0.0", self.0),
            semver_major: Some(self.0.into()),
            semver_minor: Some(0),
            semver_patch: Some(0),
            semver_prerelease: None,
            semver_build: None,
            semver_pre_word: None,
            semver_pre_num: None,
            semver_build_word: None,
            semver_build_num: None,
            backdated_at: None,
            yanked_at: None,
            metadata: json!({}),
        }
    }
    /// What a release asks for.
    pub fn constraint(&mut self, release: &r::Release, entitlement: &r::Entitlement) -> r::Constraint {
        r::Constraint {
            id: self.next(),
            account_id: account(),
            environment_id: release.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            release_id: release.id.into(),
            entitlement_id: entitlement.id.into(),
        }
    }
    /// A rollout of a release to nobody.
    pub fn rollout(&mut self, release: &r::Release) -> r::Rollout {
        r::Rollout {
            id: self.next(),
            account_id: account(),
            environment_id: release.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            release_id: release.id.into(),
            percentage: 0,
            starts_at: None,
            ends_at: None,
            paused_at: None,
            halted_at: None,
            reason: None,
            forced: false,
            critical: false,
            minimum_version: None,
            seed: self.0.to_be_bytes().to_vec(),
        }
    }
    /// An uploaded artifact of a release.
    pub fn artifact(&mut self, release: &r::Release) -> r::Artifact {
        r::Artifact {
            id: self.next(),
            account_id: account(),
            environment_id: release.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            release_id: release.id.into(),
            filename: format!("file-{}", self.0),
            filetype: None,
            filesize: None,
            platform: None,
            arch: None,
            signature: None,
            checksum: None,
            status: r::ArtifactStatus::Uploaded,
            failure: None,
            blob_key: None,
            content_length: None,
            content_type: None,
            md5: None,
            sha1: None,
            sha256: None,
            sha512: None,
            metadata: json!({}),
        }
    }
    /// An engine, platforms and a channel.
    pub fn lookups(&mut self) -> Vec<Record> {
        let keys: [(&'static keyway_jsonapi::Resource, &str); 6] = [
            (r::Engine::RESOURCE, "npm"),
            (r::Engine::RESOURCE, "pypi"),
            (r::Platform::RESOURCE, "linux"),
            (r::Platform::RESOURCE, "darwin"),
            (r::Channel::RESOURCE, "stable"),
            (r::Channel::RESOURCE, "beta"),
        ];
        let records = keys.into_iter().map(|(resource, key)| {
            let mut record = Record::new(resource, self.next(), account(), None, day(-20));
            record.set("key", keyway_jsonapi::Value::Text(key.to_owned()));
            record
        });
        records.collect()
    }
}
