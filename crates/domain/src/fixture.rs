//! Plain records for unit tests.

use keyway_base::{AccountId, RecordId, Timestamp};
use serde_json::json;

use crate::resources::*;

/// A fixed id, told apart by its last byte.
pub(crate) fn id(last: u8) -> RecordId {
    format!("0190163d-8694-739b-aea5-966c26f8ad{last:02x}").parse().unwrap()
}

pub(crate) fn account() -> AccountId {
    id(1).into()
}

/// A floating policy that is not strict, with every default of `licensing.md` §7.
pub(crate) fn policy(now: Timestamp) -> Policy {
    Policy {
        id: id(2),
        account_id: account(),
        environment_id: None,
        created_at: now,
        updated_at: now,
        product_id: id(3).into(),
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
        machine_uniqueness_strategy: MachineUniquenessStrategy::PerLicense,
        machine_matching_strategy: MatchingStrategy::Any,
        component_uniqueness_strategy: ComponentUniquenessStrategy::PerMachine,
        component_matching_strategy: MatchingStrategy::Any,
        expiration_strategy: ExpirationStrategy::Restrict,
        expiration_basis: ExpirationBasis::Creation,
        renewal_basis: RenewalBasis::Expiry,
        transfer_strategy: TransferStrategy::KeepExpiry,
        authentication_strategy: AuthenticationStrategy::Token,
        machine_leasing_strategy: MachineLeasingStrategy::PerLicense,
        process_leasing_strategy: ProcessLeasingStrategy::PerMachine,
        overage_strategy: OverageStrategy::None,
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
        heartbeat_cull_strategy: HeartbeatCullStrategy::Deactivate,
        heartbeat_resurrection_strategy: HeartbeatResurrectionStrategy::None,
        heartbeat_basis: HeartbeatBasis::FirstPing,
        pinned_channel: None,
        pinned_constraint: None,
        metadata: json!({}),
    }
}

/// A licence of [`policy`], made now, without owner or expiry.
pub(crate) fn license(now: Timestamp) -> License {
    License {
        id: id(4),
        account_id: account(),
        environment_id: None,
        created_at: now,
        updated_at: now,
        product_id: id(3).into(),
        policy_id: id(2).into(),
        owner_id: None,
        group_id: None,
        name: None,
        key: "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3".to_owned(),
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

/// Release 1.0.0 of the product of [`policy`], published, without a package.
pub(crate) fn release(now: Timestamp) -> Release {
    Release {
        id: id(5),
        account_id: account(),
        environment_id: None,
        created_at: now,
        updated_at: now,
        product_id: id(3).into(),
        package_id: None,
        name: None,
        description: None,
        channel: "stable".to_owned(),
        status: ReleaseStatus::Published,
        tag: None,
        version: "1.0.0".to_owned(),
        version_key: "1.0.0".to_owned(),
        semver_major: Some(1),
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

/// A rollout of [`release`] to a tenth.
pub(crate) fn rollout(now: Timestamp) -> Rollout {
    Rollout {
        id: id(6),
        account_id: account(),
        environment_id: None,
        created_at: now,
        updated_at: now,
        release_id: id(5).into(),
        percentage: 1000,
        starts_at: None,
        ends_at: None,
        paused_at: None,
        halted_at: None,
        reason: None,
        forced: false,
        critical: false,
        minimum_version: None,
        seed: vec![7; 16],
    }
}
