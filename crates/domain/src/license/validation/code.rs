//! The 38 codes of a validation.

keyway_jsonapi::text_enum! {
    /// Which condition decided a validation (`licensing.md` §9.2).
    Code {
        /// Nothing is wrong.
        Valid = "VALID",
        /// No such licence.
        NotFound = "NOT_FOUND",
        /// The owner is banned.
        Banned = "BANNED",
        /// Suspended.
        Suspended = "SUSPENDED",
        /// Expired.
        Expired = "EXPIRED",
        /// A check-in is overdue.
        Overdue = "OVERDUE",
        /// Environment.
        EnvironmentScopeMismatch = "ENVIRONMENT_SCOPE_MISMATCH",
        /// Environment.
        EnvironmentScopeRequired = "ENVIRONMENT_SCOPE_REQUIRED",
        /// Product.
        ProductScopeMismatch = "PRODUCT_SCOPE_MISMATCH",
        /// Product.
        ProductScopeRequired = "PRODUCT_SCOPE_REQUIRED",
        /// Policy.
        PolicyScopeMismatch = "POLICY_SCOPE_MISMATCH",
        /// Policy.
        PolicyScopeRequired = "POLICY_SCOPE_REQUIRED",
        /// User.
        UserScopeMismatch = "USER_SCOPE_MISMATCH",
        /// User.
        UserScopeRequired = "USER_SCOPE_REQUIRED",
        /// Entitlements.
        EntitlementsScopeEmpty = "ENTITLEMENTS_SCOPE_EMPTY",
        /// Entitlements.
        EntitlementsMissing = "ENTITLEMENTS_MISSING",
        /// Node-locked and nothing activated.
        NoMachine = "NO_MACHINE",
        /// Floating and nothing activated.
        NoMachines = "NO_MACHINES",
        /// Machine.
        MachineScopeMismatch = "MACHINE_SCOPE_MISMATCH",
        /// Machine.
        MachineScopeRequired = "MACHINE_SCOPE_REQUIRED",
        /// The machine never pinged.
        HeartbeatNotStarted = "HEARTBEAT_NOT_STARTED",
        /// The machine stopped pinging.
        HeartbeatDead = "HEARTBEAT_DEAD",
        /// Fingerprint.
        FingerprintScopeEmpty = "FINGERPRINT_SCOPE_EMPTY",
        /// Fingerprint.
        FingerprintScopeMismatch = "FINGERPRINT_SCOPE_MISMATCH",
        /// Fingerprint.
        FingerprintScopeRequired = "FINGERPRINT_SCOPE_REQUIRED",
        /// Components.
        ComponentsScopeEmpty = "COMPONENTS_SCOPE_EMPTY",
        /// Components.
        ComponentsScopeMismatch = "COMPONENTS_SCOPE_MISMATCH",
        /// Components.
        ComponentsScopeRequired = "COMPONENTS_SCOPE_REQUIRED",
        /// Checksum.
        ChecksumScopeMismatch = "CHECKSUM_SCOPE_MISMATCH",
        /// Checksum.
        ChecksumScopeRequired = "CHECKSUM_SCOPE_REQUIRED",
        /// Version.
        VersionScopeMismatch = "VERSION_SCOPE_MISMATCH",
        /// Version.
        VersionScopeRequired = "VERSION_SCOPE_REQUIRED",
        /// Limit.
        TooManyUsers = "TOO_MANY_USERS",
        /// Limit.
        TooManyMachines = "TOO_MANY_MACHINES",
        /// Limit.
        TooManyCores = "TOO_MANY_CORES",
        /// Limit.
        TooMuchMemory = "TOO_MUCH_MEMORY",
        /// Limit.
        TooMuchDisk = "TOO_MUCH_DISK",
        /// Limit.
        TooManyProcesses = "TOO_MANY_PROCESSES",
    }
}
