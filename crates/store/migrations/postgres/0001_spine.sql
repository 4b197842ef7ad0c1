-- The spine: every resource of the first release, the change log, jobs, keys and tombstones.
--
-- Ids are hyphenated lower-case text, times are microseconds since 1970 in UTC, JSON is text as it came. All text
-- is compared byte by byte, whatever the database's own collation. Every table but accounts is keyed by account
-- first; so is every unique index. Columns stand in the order of the resource's declaration. Nothing refers to
-- anything by FOREIGN KEY: deletions are written out.

CREATE TABLE accounts (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    slug TEXT COLLATE "C" NOT NULL,
    api_version TEXT COLLATE "C" NOT NULL,
    protected BOOLEAN NOT NULL,
    secret TEXT COLLATE "C" NOT NULL,
    keys TEXT COLLATE "C" NOT NULL,
    pypi_upstream TEXT COLLATE "C",
    cname TEXT COLLATE "C",
    subscription_state TEXT COLLATE "C",
    daily_request_limit BIGINT,
    PRIMARY KEY (account_id, id),
    CHECK (account_id = id)
);
CREATE INDEX accounts_created ON accounts (account_id, created_at, id);
CREATE UNIQUE INDEX accounts_slug ON accounts (lower(slug));
CREATE UNIQUE INDEX accounts_cname ON accounts (lower(cname));

CREATE TABLE environments (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    isolation_strategy TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX environments_created ON environments (account_id, created_at, id);
CREATE UNIQUE INDEX environments_code ON environments (account_id, lower(code));

CREATE TABLE settings (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX settings_created ON settings (account_id, created_at, id);
CREATE UNIQUE INDEX settings_key ON settings (account_id, key);

CREATE TABLE groups (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    max_users BIGINT,
    max_licenses BIGINT,
    max_machines BIGINT,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX groups_created ON groups (account_id, created_at, id);

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    password_digest TEXT COLLATE "C",
    password_reset_digest BYTEA,
    password_reset_at BIGINT,
    role TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    banned_at BIGINT,
    group_id TEXT COLLATE "C",
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX users_created ON users (account_id, created_at, id);
CREATE UNIQUE INDEX users_email ON users (account_id, email);
CREATE INDEX users_group ON users (account_id, group_id, created_at, id);
CREATE INDEX users_banned ON users (account_id, id) WHERE banned_at IS NOT NULL;

CREATE TABLE group_owners (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX group_owners_created ON group_owners (account_id, created_at, id);
CREATE UNIQUE INDEX group_owners_pair ON group_owners (account_id, group_id, user_id);
CREATE INDEX group_owners_user ON group_owners (account_id, user_id);

CREATE TABLE second_factors (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    secret TEXT COLLATE "C" NOT NULL,
    enabled BOOLEAN NOT NULL,
    used_step BIGINT,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX second_factors_created ON second_factors (account_id, created_at, id);
CREATE UNIQUE INDEX second_factors_user ON second_factors (account_id, user_id);

CREATE TABLE products (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C",
    distribution_strategy TEXT COLLATE "C" NOT NULL,
    push_status TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C",
    platforms TEXT COLLATE "C",
    permissions TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX products_created ON products (account_id, created_at, id);
CREATE UNIQUE INDEX products_code ON products (account_id, code);

CREATE TABLE entitlements (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX entitlements_created ON entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX entitlements_code ON entitlements (account_id, lower(code));

CREATE TABLE policies (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    duration BIGINT,
    strict BOOLEAN NOT NULL,
    floating BOOLEAN NOT NULL,
    use_pool BOOLEAN NOT NULL,
    encrypted BOOLEAN NOT NULL,
    scheme TEXT COLLATE "C",
    protected BOOLEAN NOT NULL,
    max_machines BIGINT,
    max_processes BIGINT,
    max_users BIGINT,
    max_cores BIGINT,
    max_memory BIGINT,
    max_disk BIGINT,
    max_uses BIGINT,
    machine_uniqueness_strategy TEXT COLLATE "C" NOT NULL,
    machine_matching_strategy TEXT COLLATE "C" NOT NULL,
    component_uniqueness_strategy TEXT COLLATE "C" NOT NULL,
    component_matching_strategy TEXT COLLATE "C" NOT NULL,
    expiration_strategy TEXT COLLATE "C" NOT NULL,
    expiration_basis TEXT COLLATE "C" NOT NULL,
    renewal_basis TEXT COLLATE "C" NOT NULL,
    transfer_strategy TEXT COLLATE "C" NOT NULL,
    authentication_strategy TEXT COLLATE "C" NOT NULL,
    machine_leasing_strategy TEXT COLLATE "C" NOT NULL,
    process_leasing_strategy TEXT COLLATE "C" NOT NULL,
    overage_strategy TEXT COLLATE "C" NOT NULL,
    require_product_scope BOOLEAN NOT NULL,
    require_policy_scope BOOLEAN NOT NULL,
    require_machine_scope BOOLEAN NOT NULL,
    require_fingerprint_scope BOOLEAN NOT NULL,
    require_components_scope BOOLEAN NOT NULL,
    require_user_scope BOOLEAN NOT NULL,
    require_checksum_scope BOOLEAN NOT NULL,
    require_version_scope BOOLEAN NOT NULL,
    require_environment_scope BOOLEAN NOT NULL,
    require_check_in BOOLEAN NOT NULL,
    check_in_interval TEXT COLLATE "C",
    check_in_interval_count BIGINT,
    require_heartbeat BOOLEAN NOT NULL,
    heartbeat_duration BIGINT,
    heartbeat_cull_strategy TEXT COLLATE "C" NOT NULL,
    heartbeat_resurrection_strategy TEXT COLLATE "C" NOT NULL,
    heartbeat_basis TEXT COLLATE "C" NOT NULL,
    pinned_channel TEXT COLLATE "C",
    pinned_constraint TEXT COLLATE "C",
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX policies_created ON policies (account_id, created_at, id);
CREATE INDEX policies_product ON policies (account_id, product_id, created_at, id);

CREATE TABLE policy_entitlements (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    policy_id TEXT COLLATE "C" NOT NULL,
    entitlement_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX policy_entitlements_created ON policy_entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX policy_entitlements_pair ON policy_entitlements (account_id, policy_id, entitlement_id);
CREATE INDEX policy_entitlements_entitlement ON policy_entitlements (account_id, entitlement_id);

CREATE TABLE keys (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    policy_id TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX keys_created ON keys (account_id, created_at, id);
-- As of licences: a conflict is found by the same comparison.
CREATE UNIQUE INDEX keys_key ON keys (account_id, hashtextextended(key, 0), hashtextextended(key, 1));
CREATE INDEX keys_product ON keys (account_id, product_id, created_at, id);
CREATE INDEX keys_policy ON keys (account_id, policy_id, created_at, id);

CREATE TABLE licenses (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    policy_id TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C",
    group_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    expiry BIGINT,
    suspended BOOLEAN NOT NULL,
    protected BOOLEAN,
    uses BIGINT NOT NULL,
    max_machines BIGINT,
    max_processes BIGINT,
    max_users BIGINT,
    max_cores BIGINT,
    max_memory BIGINT,
    max_disk BIGINT,
    max_uses BIGINT,
    last_validated_version TEXT COLLATE "C",
    last_validated_checksum TEXT COLLATE "C",
    last_validated_at BIGINT,
    last_check_in_at BIGINT,
    last_check_out_at BIGINT,
    pinned_channel TEXT COLLATE "C",
    pinned_constraint TEXT COLLATE "C",
    permissions TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    lock BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX licenses_created ON licenses (account_id, created_at, id);
-- Keys are up to 16 KiB long, and an index takes less.
CREATE UNIQUE INDEX licenses_key ON licenses (account_id, hashtextextended(key, 0), hashtextextended(key, 1));
CREATE INDEX licenses_product ON licenses (account_id, product_id, created_at, id);
CREATE INDEX licenses_policy ON licenses (account_id, policy_id, created_at, id);
CREATE INDEX licenses_owner ON licenses (account_id, owner_id, created_at, id);
CREATE INDEX licenses_group ON licenses (account_id, group_id, created_at, id);
-- With all that a list of an administrator asks of a licence that ends at some time.
CREATE INDEX licenses_expiry ON licenses (account_id, expiry, created_at, id, environment_id);
CREATE INDEX licenses_suspended ON licenses (account_id, created_at, id) WHERE suspended = TRUE;
CREATE INDEX licenses_check_in ON licenses (account_id, policy_id, last_check_in_at);

CREATE TABLE license_entitlements (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL,
    entitlement_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX license_entitlements_created ON license_entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX license_entitlements_pair ON license_entitlements (account_id, license_id, entitlement_id);
CREATE INDEX license_entitlements_entitlement ON license_entitlements (account_id, entitlement_id);

CREATE TABLE license_users (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX license_users_created ON license_users (account_id, created_at, id);
CREATE UNIQUE INDEX license_users_pair ON license_users (account_id, license_id, user_id);
CREATE INDEX license_users_user ON license_users (account_id, user_id);

CREATE TABLE machines (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C",
    group_id TEXT COLLATE "C",
    fingerprint TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    hostname TEXT COLLATE "C",
    platform TEXT COLLATE "C",
    cores BIGINT,
    memory BIGINT,
    disk BIGINT,
    last_heartbeat_at BIGINT,
    dead_at BIGINT,
    last_check_out_at BIGINT,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX machines_created ON machines (account_id, created_at, id);
-- Fingerprints are up to 4 KiB long, and an index takes less.
CREATE UNIQUE INDEX machines_fingerprint ON machines
    (account_id, license_id, hashtextextended(fingerprint, 0), hashtextextended(fingerprint, 1));
CREATE INDEX machines_by_fingerprint ON machines (account_id, hashtextextended(fingerprint, 0), created_at, id);
CREATE INDEX machines_license ON machines (account_id, license_id, created_at, id);
CREATE INDEX machines_product ON machines (account_id, product_id, created_at, id);
CREATE INDEX machines_owner ON machines (account_id, owner_id, created_at, id);
CREATE INDEX machines_group ON machines (account_id, group_id, created_at, id);
CREATE INDEX machines_heartbeat ON machines (account_id, dead_at, last_heartbeat_at);

CREATE TABLE components (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL,
    machine_id TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX components_created ON components (account_id, created_at, id);
CREATE UNIQUE INDEX components_fingerprint ON components
    (account_id, machine_id, hashtextextended(fingerprint, 0), hashtextextended(fingerprint, 1));
CREATE INDEX components_by_fingerprint ON components (account_id, hashtextextended(fingerprint, 0), created_at, id);
CREATE INDEX components_machine ON components (account_id, machine_id, created_at, id);
CREATE INDEX components_license ON components (account_id, license_id, created_at, id);
CREATE INDEX components_product ON components (account_id, product_id, created_at, id);

CREATE TABLE processes (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL,
    machine_id TEXT COLLATE "C" NOT NULL,
    pid TEXT COLLATE "C" NOT NULL,
    last_heartbeat_at BIGINT,
    dead_at BIGINT,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX processes_created ON processes (account_id, created_at, id);
CREATE UNIQUE INDEX processes_pid ON processes
    (account_id, machine_id, hashtextextended(pid, 0), hashtextextended(pid, 1));
CREATE INDEX processes_machine ON processes (account_id, machine_id, created_at, id);
CREATE INDEX processes_license ON processes (account_id, license_id, created_at, id);
CREATE INDEX processes_product ON processes (account_id, product_id, created_at, id);
CREATE INDEX processes_heartbeat ON processes (account_id, dead_at, last_heartbeat_at);

CREATE TABLE tokens (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    bearer_type TEXT COLLATE "C" NOT NULL,
    bearer_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    expiry BIGINT,
    permissions TEXT COLLATE "C" NOT NULL,
    max_activations BIGINT,
    activations BIGINT NOT NULL,
    max_deactivations BIGINT,
    deactivations BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX tokens_created ON tokens (account_id, created_at, id);
CREATE UNIQUE INDEX tokens_digest ON tokens (account_id, digest);
CREATE INDEX tokens_bearer ON tokens (account_id, bearer_id, created_at, id);
CREATE INDEX tokens_expiry ON tokens (account_id, expiry);

CREATE TABLE engines (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX engines_created ON engines (account_id, created_at, id);
CREATE UNIQUE INDEX engines_key ON engines (account_id, key);

CREATE TABLE platforms (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX platforms_created ON platforms (account_id, created_at, id);
CREATE UNIQUE INDEX platforms_key ON platforms (account_id, key);

CREATE TABLE arches (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX arches_created ON arches (account_id, created_at, id);
CREATE UNIQUE INDEX arches_key ON arches (account_id, key);

CREATE TABLE channels (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    name TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX channels_created ON channels (account_id, created_at, id);
CREATE UNIQUE INDEX channels_key ON channels (account_id, key);

CREATE TABLE packages (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    normalised_key TEXT COLLATE "C" NOT NULL,
    engine TEXT COLLATE "C",
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX packages_created ON packages (account_id, created_at, id);
CREATE UNIQUE INDEX packages_key ON packages (account_id, engine, normalised_key);
CREATE UNIQUE INDEX packages_key_no_engine ON packages (account_id, normalised_key) WHERE engine IS NULL;
CREATE INDEX packages_vendor_key ON packages (account_id, key);
CREATE INDEX packages_product ON packages (account_id, product_id, created_at, id);

CREATE TABLE releases (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    package_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    description TEXT COLLATE "C",
    channel TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C",
    version TEXT COLLATE "C" NOT NULL,
    version_key TEXT COLLATE "C" NOT NULL,
    semver_major BIGINT,
    semver_minor BIGINT,
    semver_patch BIGINT,
    semver_prerelease TEXT COLLATE "C",
    semver_build TEXT COLLATE "C",
    semver_pre_word TEXT COLLATE "C",
    semver_pre_num BIGINT,
    semver_build_word TEXT COLLATE "C",
    semver_build_num BIGINT,
    backdated_at BIGINT,
    yanked_at BIGINT,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX releases_created ON releases (account_id, created_at, id);
CREATE UNIQUE INDEX releases_version ON releases (account_id, product_id, package_id, version_key);
CREATE UNIQUE INDEX releases_version_no_package ON releases (account_id, product_id, version_key) WHERE package_id IS NULL;
CREATE UNIQUE INDEX releases_tag ON releases (account_id, product_id, package_id, tag);
CREATE UNIQUE INDEX releases_tag_no_package ON releases (account_id, product_id, tag) WHERE package_id IS NULL;
CREATE INDEX releases_package ON releases (account_id, package_id, created_at, id);
CREATE INDEX releases_product ON releases (account_id, product_id, created_at, id);
CREATE INDEX releases_by_version ON releases (account_id, version);
CREATE INDEX releases_by_tag ON releases (account_id, tag);

CREATE TABLE constraints (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    entitlement_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX constraints_created ON constraints (account_id, created_at, id);
CREATE UNIQUE INDEX constraints_pair ON constraints (account_id, release_id, entitlement_id);
CREATE INDEX constraints_entitlement ON constraints (account_id, entitlement_id);

CREATE TABLE rollouts (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    percentage BIGINT NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    paused_at BIGINT,
    halted_at BIGINT,
    reason TEXT COLLATE "C",
    forced BOOLEAN NOT NULL,
    critical BOOLEAN NOT NULL,
    minimum_version TEXT COLLATE "C",
    seed BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX rollouts_created ON rollouts (account_id, created_at, id);
CREATE UNIQUE INDEX rollouts_release ON rollouts (account_id, release_id);

CREATE TABLE artifacts (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    filetype TEXT COLLATE "C",
    filesize BIGINT,
    platform TEXT COLLATE "C",
    arch TEXT COLLATE "C",
    signature TEXT COLLATE "C",
    checksum TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    failure TEXT COLLATE "C",
    blob_key TEXT COLLATE "C",
    content_length BIGINT,
    content_type TEXT COLLATE "C",
    md5 BYTEA,
    sha1 BYTEA,
    sha256 BYTEA,
    sha512 BYTEA,
    metadata TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX artifacts_created ON artifacts (account_id, created_at, id);
CREATE UNIQUE INDEX artifacts_filename ON artifacts (account_id, release_id, filename);
CREATE INDEX artifacts_by_filename ON artifacts (account_id, filename);
CREATE INDEX artifacts_blob ON artifacts (account_id, blob_key);

CREATE TABLE manifests (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    artifact_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX manifests_created ON manifests (account_id, created_at, id);
CREATE INDEX manifests_release ON manifests (account_id, release_id);
CREATE INDEX manifests_artifact ON manifests (account_id, artifact_id);

CREATE TABLE part_uploads (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    artifact_id TEXT COLLATE "C" NOT NULL,
    blob_key TEXT COLLATE "C" NOT NULL,
    store_id TEXT COLLATE "C",
    size BIGINT NOT NULL,
    part_size BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX part_uploads_created ON part_uploads (account_id, created_at, id);
CREATE INDEX part_uploads_artifact ON part_uploads (account_id, artifact_id);
CREATE INDEX part_uploads_blob ON part_uploads (account_id, blob_key);

CREATE TABLE package_tags (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX package_tags_created ON package_tags (account_id, created_at, id);
CREATE UNIQUE INDEX package_tags_tag ON package_tags (account_id, package_id, tag);
CREATE INDEX package_tags_release ON package_tags (account_id, release_id);

CREATE TABLE content_blobs (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    blob_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_blobs_created ON content_blobs (account_id, created_at, id);
CREATE UNIQUE INDEX content_blobs_digest ON content_blobs (account_id, package_id, digest);
CREATE INDEX content_blobs_by_digest ON content_blobs (account_id, digest);
CREATE INDEX content_blobs_blob ON content_blobs (account_id, blob_key);

CREATE TABLE content_manifests (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    artifact_type TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    annotations TEXT COLLATE "C",
    content BYTEA NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_manifests_created ON content_manifests (account_id, created_at, id);
CREATE UNIQUE INDEX content_manifests_digest ON content_manifests (account_id, package_id, digest);

CREATE TABLE content_edges (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    child TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_edges_created ON content_edges (account_id, created_at, id);
CREATE UNIQUE INDEX content_edges_pair ON content_edges (account_id, package_id, parent, child);
CREATE INDEX content_edges_child ON content_edges (account_id, child, package_id);

CREATE TABLE content_tags (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    release_id TEXT COLLATE "C",
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_tags_created ON content_tags (account_id, created_at, id);
CREATE UNIQUE INDEX content_tags_tag ON content_tags (account_id, package_id, tag);
CREATE INDEX content_tags_release ON content_tags (account_id, release_id);

CREATE TABLE content_roots (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    release_id TEXT COLLATE "C" NOT NULL,
    artifact_id TEXT COLLATE "C",
    digest TEXT COLLATE "C" NOT NULL,
    waiting TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_roots_created ON content_roots (account_id, created_at, id);
CREATE INDEX content_roots_package ON content_roots (account_id, package_id);
CREATE INDEX content_roots_release ON content_roots (account_id, release_id);
CREATE INDEX content_roots_artifact ON content_roots (account_id, artifact_id);

CREATE TABLE content_uploads (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    package_id TEXT COLLATE "C" NOT NULL,
    who_type TEXT COLLATE "C" NOT NULL,
    who_id TEXT COLLATE "C" NOT NULL,
    state BYTEA NOT NULL,
    size BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX content_uploads_created ON content_uploads (account_id, created_at, id);
CREATE INDEX content_uploads_package ON content_uploads (account_id, package_id);

CREATE TABLE webhook_endpoints (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    product_id TEXT COLLATE "C",
    url TEXT COLLATE "C" NOT NULL,
    subscriptions TEXT COLLATE "C" NOT NULL,
    signature_algorithm TEXT COLLATE "C" NOT NULL,
    api_version TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX webhook_endpoints_created ON webhook_endpoints (account_id, created_at, id);

CREATE TABLE webhook_events (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    webhook_endpoint_id TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    api_version TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    last_response_code BIGINT,
    last_response_body TEXT COLLATE "C",
    idempotency_token TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX webhook_events_created ON webhook_events (account_id, created_at, id);
CREATE INDEX webhook_events_event ON webhook_events (account_id, event, created_at, id);

CREATE TABLE event_logs (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    whodunnit_type TEXT COLLATE "C",
    whodunnit_id TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    metadata TEXT COLLATE "C",
    PRIMARY KEY (account_id, id)
);
CREATE INDEX event_logs_created ON event_logs (account_id, created_at, id);
CREATE INDEX event_logs_resource ON event_logs (account_id, resource_id, created_at, id);
CREATE INDEX event_logs_event ON event_logs (account_id, event, created_at, id);

CREATE TABLE request_logs (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    requestor_type TEXT COLLATE "C",
    requestor_id TEXT COLLATE "C",
    resource_type TEXT COLLATE "C",
    resource_id TEXT COLLATE "C",
    url TEXT COLLATE "C",
    method TEXT COLLATE "C",
    status TEXT COLLATE "C",
    user_agent TEXT COLLATE "C",
    ip TEXT COLLATE "C",
    request_headers TEXT COLLATE "C",
    request_body TEXT COLLATE "C",
    response_headers TEXT COLLATE "C",
    response_body TEXT COLLATE "C",
    response_signature TEXT COLLATE "C",
    PRIMARY KEY (account_id, id)
);
CREATE INDEX request_logs_created ON request_logs (account_id, created_at, id);
CREATE INDEX request_logs_requestor ON request_logs (account_id, requestor_id, created_at, id);
CREATE INDEX request_logs_resource ON request_logs (account_id, resource_id, created_at, id);

CREATE TABLE usage_snapshots (
    id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    environment_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    metric TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX usage_snapshots_created ON usage_snapshots (account_id, created_at, id);
CREATE INDEX usage_snapshots_day ON usage_snapshots (account_id, day);

-- The metadata that lists are filtered by, kept by triggers: a row for each member of the document that is a text, a
-- whole number, a truth value or null, and short. Other members are looked for in the documents.
CREATE TABLE metadata_entries (
    account_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    record_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, kind, key, value, created_at, record_id)
);
CREATE INDEX metadata_entries_record ON metadata_entries (account_id, record_id);
CREATE FUNCTION metadata_is_entered() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM metadata_entries WHERE kind = TG_TABLE_NAME;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO metadata_entries
        SELECT NEW.account_id, TG_TABLE_NAME, key, text, NEW.created_at, NEW.id FROM (
            SELECT key, CASE jsonb_typeof(value) WHEN 'null' THEN 'null'
                WHEN 'number' THEN trunc((value #>> '{}')::numeric)::text ELSE value #>> '{}' END AS text
            FROM jsonb_each(CASE WHEN NEW.metadata LIKE '{%' THEN NEW.metadata::jsonb ELSE '{}' END)
            WHERE jsonb_typeof(value) IN ('string', 'boolean', 'null')
                OR jsonb_typeof(value) = 'number' AND scale(trim_scale((value #>> '{}')::numeric)) = 0
        ) AS members WHERE char_length(key) <= 128 AND char_length(text) <= 128;
    END IF;
    RETURN NULL;
END
$body$;
CREATE TRIGGER users_metadata_inserted AFTER INSERT ON users
    FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER users_metadata_updated AFTER UPDATE OF metadata ON users
    FOR EACH ROW EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER users_metadata_deleted AFTER DELETE ON users
    FOR EACH ROW WHEN (OLD.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER users_metadata_truncated AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER licenses_metadata_inserted AFTER INSERT ON licenses
    FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER licenses_metadata_updated AFTER UPDATE OF metadata ON licenses
    FOR EACH ROW EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER licenses_metadata_deleted AFTER DELETE ON licenses
    FOR EACH ROW WHEN (OLD.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER licenses_metadata_truncated AFTER TRUNCATE ON licenses
    FOR EACH STATEMENT EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER machines_metadata_inserted AFTER INSERT ON machines
    FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER machines_metadata_updated AFTER UPDATE OF metadata ON machines
    FOR EACH ROW EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER machines_metadata_deleted AFTER DELETE ON machines
    FOR EACH ROW WHEN (OLD.metadata <> '{}') EXECUTE FUNCTION metadata_is_entered();
CREATE TRIGGER machines_metadata_truncated AFTER TRUNCATE ON machines
    FOR EACH STATEMENT EXECUTE FUNCTION metadata_is_entered();

-- What each transaction made stale: two bytes per slot, high byte first; null is everything. `xid` is the
-- transaction that wrote it. It stands before `seq` because values are made in the order of the columns: a
-- transaction is known to be running before it takes a number, which the tail of the log counts on.
CREATE TABLE changes (
    xid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    seq BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL,
    slots BYTEA,
    at BIGINT NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
);
CREATE INDEX changes_xid ON changes (xid);

-- A job waits while it has no lease. Of one kind and key at most one waits.
CREATE TABLE jobs (
    account_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease TEXT COLLATE "C",
    leased_until BIGINT,
    error TEXT COLLATE "C",
    lane TEXT COLLATE "C",
    PRIMARY KEY (account_id, id),
    CHECK ((lease IS NULL) = (leased_until IS NULL))
);
CREATE UNIQUE INDEX jobs_waiting ON jobs (account_id, kind, key) WHERE lease IS NULL;
CREATE INDEX jobs_due ON jobs (run_at, id);
CREATE INDEX jobs_name ON jobs (account_id, kind, key);
CREATE INDEX jobs_id ON jobs (id);
CREATE INDEX jobs_lane ON jobs (lane, run_at, id) WHERE lane IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (account_id, lane) WHERE lease IS NOT NULL AND lane IS NOT NULL;

-- The server's own keys for blob URLs: the highest id signs, the others verify.
CREATE TABLE signing_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- The move that filled this database, if one did. Until it has ended nobody may serve from here.
CREATE TABLE moves (
    installation TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- Names, versions and files that existed or are reserved; what a row does not name is the empty text.
CREATE TABLE tombstones (
    account_id TEXT COLLATE "C" NOT NULL,
    engine TEXT COLLATE "C" NOT NULL,
    package TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, engine, package, version, filename)
);
