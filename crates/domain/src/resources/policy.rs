//! Policies (`licensing.md` §7): the terms that licences share.

use keyway_jsonapi::{Attribute, Relation, Roles, Shape, resource, text_enum};

use super::release::CHANNELS;

text_enum! {
    /// How licence keys are made and signed.
    Scheme {
        /// Hashed keys of old.
        LegacyEncrypt = "LEGACY_ENCRYPT",
        /// RSA private-key encryption.
        RsaPkcs1Encrypt = "RSA_2048_PKCS1_ENCRYPT",
        /// RSA PKCS#1 signature.
        RsaPkcs1Sign = "RSA_2048_PKCS1_SIGN",
        /// RSA PSS signature.
        RsaPssSign = "RSA_2048_PKCS1_PSS_SIGN",
        /// RS256 JWT.
        RsaJwt = "RSA_2048_JWT_RS256",
        /// RSA PKCS#1 signature over the prefixed text.
        RsaPkcs1SignV2 = "RSA_2048_PKCS1_SIGN_V2",
        /// RSA PSS signature over the prefixed text.
        RsaPssSignV2 = "RSA_2048_PKCS1_PSS_SIGN_V2",
        /// Ed25519 signature.
        Ed25519Sign = "ED25519_SIGN",
        /// ECDSA P-256 signature.
        EcdsaSign = "ECDSA_P256_SIGN",
    }
}
text_enum! {
    /// Where a machine's fingerprint must be unique.
    MachineUniquenessStrategy {
        /// In the account.
        PerAccount = "UNIQUE_PER_ACCOUNT",
        /// In the product.
        PerProduct = "UNIQUE_PER_PRODUCT",
        /// In the policy.
        PerPolicy = "UNIQUE_PER_POLICY",
        /// In the licence.
        PerLicense = "UNIQUE_PER_LICENSE",
    }
}
text_enum! {
    /// Where a component's fingerprint must be unique.
    ComponentUniquenessStrategy {
        /// In the account.
        PerAccount = "UNIQUE_PER_ACCOUNT",
        /// In the product.
        PerProduct = "UNIQUE_PER_PRODUCT",
        /// In the policy.
        PerPolicy = "UNIQUE_PER_POLICY",
        /// In the licence.
        PerLicense = "UNIQUE_PER_LICENSE",
        /// In the machine.
        PerMachine = "UNIQUE_PER_MACHINE",
    }
}
text_enum! {
    /// How many of the given fingerprints must match.
    MatchingStrategy {
        /// One.
        Any = "MATCH_ANY",
        /// Two.
        Two = "MATCH_TWO",
        /// Half, rounded up.
        Most = "MATCH_MOST",
        /// Every one.
        All = "MATCH_ALL",
    }
}
text_enum! {
    /// What an expired licence may still do.
    ExpirationStrategy {
        /// Invalid; keeps releases dated before the expiry.
        Restrict = "RESTRICT_ACCESS",
        /// Invalid; keeps nothing, and its key no longer authenticates.
        Revoke = "REVOKE_ACCESS",
        /// Valid; keeps releases dated before the expiry.
        Maintain = "MAINTAIN_ACCESS",
        /// Valid; keeps everything.
        Allow = "ALLOW_ACCESS",
    }
}
text_enum! {
    /// When a licence's expiry is set.
    ExpirationBasis {
        /// At creation.
        Creation = "FROM_CREATION",
        /// At the first validation.
        FirstValidation = "FROM_FIRST_VALIDATION",
        /// At the first activation.
        FirstActivation = "FROM_FIRST_ACTIVATION",
        /// At the first download.
        FirstDownload = "FROM_FIRST_DOWNLOAD",
        /// At the first use.
        FirstUse = "FROM_FIRST_USE",
    }
}
text_enum! {
    /// What renewal counts from.
    RenewalBasis {
        /// The expiry.
        Expiry = "FROM_EXPIRY",
        /// Now.
        Now = "FROM_NOW",
        /// Now if expired, else the expiry.
        NowIfExpired = "FROM_NOW_IF_EXPIRED",
    }
}
text_enum! {
    /// What moving a licence to this policy does to its expiry.
    TransferStrategy {
        /// Nothing.
        KeepExpiry = "KEEP_EXPIRY",
        /// Counts anew from now.
        ResetExpiry = "RESET_EXPIRY",
    }
}
text_enum! {
    /// How a licence may authenticate.
    AuthenticationStrategy {
        /// By token.
        Token = "TOKEN",
        /// By key.
        License = "LICENSE",
        /// By session.
        Session = "SESSION",
        /// By any of these.
        Mixed = "MIXED",
        /// Not at all.
        None = "NONE",
    }
}
text_enum! {
    /// Whose machines count.
    MachineLeasingStrategy {
        /// All of the licence.
        PerLicense = "PER_LICENSE",
        /// Those of the same user.
        PerUser = "PER_USER",
    }
}
text_enum! {
    /// Which processes count.
    ProcessLeasingStrategy {
        /// Those on the machine.
        PerMachine = "PER_MACHINE",
        /// All of the licence.
        PerLicense = "PER_LICENSE",
        /// Those of the same user.
        PerUser = "PER_USER",
    }
}
text_enum! {
    /// How far limits may be exceeded.
    OverageStrategy {
        /// Without end.
        Always = "ALWAYS_ALLOW_OVERAGE",
        /// By a quarter.
        OneQuarter = "ALLOW_1_25X_OVERAGE",
        /// By a half.
        OneHalf = "ALLOW_1_5X_OVERAGE",
        /// By as much again.
        Double = "ALLOW_2X_OVERAGE",
        /// Not at all.
        None = "NO_OVERAGE",
    }
}
text_enum! {
    /// The unit of the check-in interval.
    CheckInInterval {
        /// Day.
        Day = "day",
        /// Week.
        Week = "week",
        /// Month.
        Month = "month",
        /// Year.
        Year = "year",
    }
}
text_enum! {
    /// What becomes of dead machines.
    HeartbeatCullStrategy {
        /// They are deleted.
        Deactivate = "DEACTIVATE_DEAD",
        /// They stay.
        Keep = "KEEP_DEAD",
    }
}
text_enum! {
    /// How long after death a ping revives.
    HeartbeatResurrectionStrategy {
        /// Always.
        Always = "ALWAYS_REVIVE",
        /// Fifteen minutes.
        Fifteen = "15_MINUTE_REVIVE",
        /// Ten minutes.
        Ten = "10_MINUTE_REVIVE",
        /// Five minutes.
        Five = "5_MINUTE_REVIVE",
        /// Two minutes.
        Two = "2_MINUTE_REVIVE",
        /// One minute.
        One = "1_MINUTE_REVIVE",
        /// Never.
        None = "NO_REVIVE",
    }
}
text_enum! {
    /// What counts as the first heartbeat.
    HeartbeatBasis {
        /// Creation.
        Creation = "FROM_CREATION",
        /// The first ping.
        FirstPing = "FROM_FIRST_PING",
    }
}

/// The largest 32-bit integer: the bound of counts and durations.
const INT: i64 = 2_147_483_647;

resource! {
    /// The terms that licences share.
    Policy (kind: "policies", name: "policy", noun: "policy", table: "policies") {
        /// The product.
        product_id: keyway_base::ProductId,
        /// Display name.
        name: String,
        /// Seconds until a licence expires; none is for ever.
        duration: Option<i64>,
        /// Whether validation enforces machine rules.
        strict: bool,
        /// Whether more than one machine is allowed.
        floating: bool,
        /// Whether keys come from the pool.
        use_pool: bool,
        /// Whether keys are hashed (legacy).
        encrypted: bool,
        /// How keys are signed.
        scheme: Option<Scheme>,
        /// Whether users may not manage their licences themselves.
        protected: bool,
        /// Limit.
        max_machines: Option<i64>,
        /// Limit.
        max_processes: Option<i64>,
        /// Limit.
        max_users: Option<i64>,
        /// Limit.
        max_cores: Option<i64>,
        /// Limit.
        max_memory: Option<i64>,
        /// Limit.
        max_disk: Option<i64>,
        /// Limit.
        max_uses: Option<i64>,
        /// Where fingerprints must be unique.
        machine_uniqueness_strategy: MachineUniquenessStrategy,
        /// How many fingerprints must match.
        machine_matching_strategy: MatchingStrategy,
        /// Where component fingerprints must be unique.
        component_uniqueness_strategy: ComponentUniquenessStrategy,
        /// How many component fingerprints must match.
        component_matching_strategy: MatchingStrategy,
        /// What expired licences may do.
        expiration_strategy: ExpirationStrategy,
        /// When expiry is set.
        expiration_basis: ExpirationBasis,
        /// What renewal counts from.
        renewal_basis: RenewalBasis,
        /// What moving here does.
        transfer_strategy: TransferStrategy,
        /// How licences authenticate.
        authentication_strategy: AuthenticationStrategy,
        /// Whose machines count.
        machine_leasing_strategy: MachineLeasingStrategy,
        /// Which processes count.
        process_leasing_strategy: ProcessLeasingStrategy,
        /// How far limits may be exceeded.
        overage_strategy: OverageStrategy,
        /// Validation must carry this scope.
        require_product_scope: bool,
        /// Validation must carry this scope.
        require_policy_scope: bool,
        /// Validation must carry this scope.
        require_machine_scope: bool,
        /// Validation must carry this scope.
        require_fingerprint_scope: bool,
        /// Validation must carry this scope.
        require_components_scope: bool,
        /// Validation must carry this scope.
        require_user_scope: bool,
        /// Validation must carry this scope.
        require_checksum_scope: bool,
        /// Validation must carry this scope.
        require_version_scope: bool,
        /// Validation must carry this scope; cannot be set over the API.
        require_environment_scope: bool,
        /// Whether licences must check in.
        require_check_in: bool,
        /// Unit of the check-in interval.
        check_in_interval: Option<CheckInInterval>,
        /// Number of units, 1 to 365.
        check_in_interval_count: Option<i64>,
        /// Whether machines must ping.
        require_heartbeat: bool,
        /// Seconds between pings; none means 600.
        heartbeat_duration: Option<i64>,
        /// What becomes of dead machines.
        heartbeat_cull_strategy: HeartbeatCullStrategy,
        /// How long a ping revives.
        heartbeat_resurrection_strategy: HeartbeatResurrectionStrategy,
        /// What counts as the first ping.
        heartbeat_basis: HeartbeatBasis,
        /// The channel that updates come from, whatever is asked for.
        pinned_channel: Option<String>,
        /// The versions that updates stay within.
        pinned_constraint: Option<String>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::integer("duration", 86_400, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::boolean("strict").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("floating").write(Roles::ALL, Roles::ALL),
        Attribute::one_of("scheme", Scheme::TEXTS).nullable().write(Roles::ALL, Roles::NONE),
        Attribute::boolean("require_product_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_policy_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_machine_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_fingerprint_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_components_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_user_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_checksum_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_version_scope").write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_check_in").write(Roles::ALL, Roles::ALL),
        Attribute::one_of("check_in_interval", CheckInInterval::TEXTS).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("check_in_interval_count", Shape::Integer).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::boolean("use_pool").write(Roles::ALL, Roles::NONE),
        Attribute::integer("max_machines", 1, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_processes", 1, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_users", 1, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_cores", 1, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_memory", 1, i64::MAX).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_disk", 1, i64::MAX).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_uses", 0, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::boolean("encrypted").write(Roles::ALL, Roles::NONE),
        Attribute::boolean("protected").write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::boolean("require_heartbeat").write(Roles::ALL, Roles::ALL),
        Attribute::integer("heartbeat_duration", 60, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::one_of("heartbeat_cull_strategy", HeartbeatCullStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("heartbeat_resurrection_strategy", HeartbeatResurrectionStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL),
        Attribute::one_of("heartbeat_basis", HeartbeatBasis::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("machine_uniqueness_strategy", MachineUniquenessStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL),
        Attribute::one_of("machine_matching_strategy", MatchingStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("component_uniqueness_strategy", ComponentUniquenessStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL),
        Attribute::one_of("component_matching_strategy", MatchingStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("expiration_strategy", ExpirationStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL)
            .affects_access(),
        Attribute::one_of("expiration_basis", ExpirationBasis::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("renewal_basis", RenewalBasis::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("transfer_strategy", TransferStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("authentication_strategy", AuthenticationStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL)
            .affects_access(),
        Attribute::one_of("machine_leasing_strategy", MachineLeasingStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("process_leasing_strategy", ProcessLeasingStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("overage_strategy", OverageStrategy::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("pinned_channel", CHANNELS).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::text("pinned_constraint", 255).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: [
        Relation::one("product", "products", "product_id").create(Roles::ALL).required(),
        Relation::many("pool", "keys"),
        Relation::many("licenses", "licenses"),
        Relation::many("entitlements", "entitlements"),
    ]
    filters: [super::filter::id_filter!("product", "product_id")]
    events: [
        "created", "updated", "deleted", "pool.popped", "entitlements.attached", "entitlements.detached",
    ]
}
