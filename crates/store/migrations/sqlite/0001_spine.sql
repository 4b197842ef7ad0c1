-- The spine: every resource of the first release, the change log, jobs, keys and tombstones.
--
-- Ids are hyphenated lower-case text, times are microseconds since 1970 in UTC, truth values are 0 or 1, JSON
-- is text. Every table but accounts is keyed by account first; so is every unique index. Columns stand in the
-- order of the resource's declaration. Nothing refers to anything by FOREIGN KEY: deletions are written out.

CREATE TABLE accounts (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    api_version TEXT NOT NULL,
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    secret TEXT NOT NULL,
    keys TEXT NOT NULL,
    pypi_upstream TEXT,
    cname TEXT,
    subscription_state TEXT,
    daily_request_limit INTEGER,
    PRIMARY KEY (account_id, id),
    CHECK (account_id = id)
) STRICT;
CREATE INDEX accounts_created ON accounts (account_id, created_at, id);
CREATE UNIQUE INDEX accounts_slug ON accounts (lower(slug));
CREATE UNIQUE INDEX accounts_cname ON accounts (lower(cname));

CREATE TABLE environments (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    isolation_strategy TEXT NOT NULL,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX environments_created ON environments (account_id, created_at, id);
CREATE UNIQUE INDEX environments_code ON environments (account_id, lower(code));

CREATE TABLE settings (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX settings_created ON settings (account_id, created_at, id);
CREATE UNIQUE INDEX settings_key ON settings (account_id, key);

CREATE TABLE groups (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    max_users INTEGER,
    max_licenses INTEGER,
    max_machines INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX groups_created ON groups (account_id, created_at, id);

CREATE TABLE users (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    password_digest TEXT,
    password_reset_digest BLOB,
    password_reset_at INTEGER,
    role TEXT NOT NULL,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    banned_at INTEGER,
    group_id TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX users_created ON users (account_id, created_at, id);
CREATE UNIQUE INDEX users_email ON users (account_id, email);
CREATE INDEX users_group ON users (account_id, group_id, created_at, id);
CREATE INDEX users_banned ON users (account_id, id) WHERE banned_at IS NOT NULL;

CREATE TABLE group_owners (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX group_owners_created ON group_owners (account_id, created_at, id);
CREATE UNIQUE INDEX group_owners_pair ON group_owners (account_id, group_id, user_id);
CREATE INDEX group_owners_user ON group_owners (account_id, user_id);

CREATE TABLE second_factors (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    used_step INTEGER,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX second_factors_created ON second_factors (account_id, created_at, id);
CREATE UNIQUE INDEX second_factors_user ON second_factors (account_id, user_id);

CREATE TABLE products (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    code TEXT,
    distribution_strategy TEXT NOT NULL,
    push_status TEXT NOT NULL,
    url TEXT,
    platforms TEXT CHECK (json_valid(platforms)),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX products_created ON products (account_id, created_at, id);
CREATE UNIQUE INDEX products_code ON products (account_id, code);

CREATE TABLE entitlements (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX entitlements_created ON entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX entitlements_code ON entitlements (account_id, lower(code));

CREATE TABLE policies (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    name TEXT NOT NULL,
    duration INTEGER,
    strict INTEGER NOT NULL CHECK (strict IN (0, 1)),
    floating INTEGER NOT NULL CHECK (floating IN (0, 1)),
    use_pool INTEGER NOT NULL CHECK (use_pool IN (0, 1)),
    encrypted INTEGER NOT NULL CHECK (encrypted IN (0, 1)),
    scheme TEXT,
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    max_machines INTEGER,
    max_processes INTEGER,
    max_users INTEGER,
    max_cores INTEGER,
    max_memory INTEGER,
    max_disk INTEGER,
    max_uses INTEGER,
    machine_uniqueness_strategy TEXT NOT NULL,
    machine_matching_strategy TEXT NOT NULL,
    component_uniqueness_strategy TEXT NOT NULL,
    component_matching_strategy TEXT NOT NULL,
    expiration_strategy TEXT NOT NULL,
    expiration_basis TEXT NOT NULL,
    renewal_basis TEXT NOT NULL,
    transfer_strategy TEXT NOT NULL,
    authentication_strategy TEXT NOT NULL,
    machine_leasing_strategy TEXT NOT NULL,
    process_leasing_strategy TEXT NOT NULL,
    overage_strategy TEXT NOT NULL,
    require_product_scope INTEGER NOT NULL CHECK (require_product_scope IN (0, 1)),
    require_policy_scope INTEGER NOT NULL CHECK (require_policy_scope IN (0, 1)),
    require_machine_scope INTEGER NOT NULL CHECK (require_machine_scope IN (0, 1)),
    require_fingerprint_scope INTEGER NOT NULL CHECK (require_fingerprint_scope IN (0, 1)),
    require_components_scope INTEGER NOT NULL CHECK (require_components_scope IN (0, 1)),
    require_user_scope INTEGER NOT NULL CHECK (require_user_scope IN (0, 1)),
    require_checksum_scope INTEGER NOT NULL CHECK (require_checksum_scope IN (0, 1)),
    require_version_scope INTEGER NOT NULL CHECK (require_version_scope IN (0, 1)),
    require_environment_scope INTEGER NOT NULL CHECK (require_environment_scope IN (0, 1)),
    require_check_in INTEGER NOT NULL CHECK (require_check_in IN (0, 1)),
    check_in_interval TEXT,
    check_in_interval_count INTEGER,
    require_heartbeat INTEGER NOT NULL CHECK (require_heartbeat IN (0, 1)),
    heartbeat_duration INTEGER,
    heartbeat_cull_strategy TEXT NOT NULL,
    heartbeat_resurrection_strategy TEXT NOT NULL,
    heartbeat_basis TEXT NOT NULL,
    pinned_channel TEXT,
    pinned_constraint TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX policies_created ON policies (account_id, created_at, id);
CREATE INDEX policies_product ON policies (account_id, product_id, created_at, id);

CREATE TABLE policy_entitlements (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    policy_id TEXT NOT NULL,
    entitlement_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX policy_entitlements_created ON policy_entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX policy_entitlements_pair ON policy_entitlements (account_id, policy_id, entitlement_id);
CREATE INDEX policy_entitlements_entitlement ON policy_entitlements (account_id, entitlement_id);

CREATE TABLE keys (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX keys_created ON keys (account_id, created_at, id);
CREATE UNIQUE INDEX keys_key ON keys (account_id, key);
CREATE INDEX keys_product ON keys (account_id, product_id, created_at, id);
CREATE INDEX keys_policy ON keys (account_id, policy_id, created_at, id);

CREATE TABLE licenses (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    owner_id TEXT,
    group_id TEXT,
    name TEXT,
    key TEXT NOT NULL,
    expiry INTEGER,
    suspended INTEGER NOT NULL CHECK (suspended IN (0, 1)),
    protected INTEGER CHECK (protected IN (0, 1)),
    uses INTEGER NOT NULL,
    max_machines INTEGER,
    max_processes INTEGER,
    max_users INTEGER,
    max_cores INTEGER,
    max_memory INTEGER,
    max_disk INTEGER,
    max_uses INTEGER,
    last_validated_version TEXT,
    last_validated_checksum TEXT,
    last_validated_at INTEGER,
    last_check_in_at INTEGER,
    last_check_out_at INTEGER,
    pinned_channel TEXT,
    pinned_constraint TEXT,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    lock INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX licenses_created ON licenses (account_id, created_at, id);
CREATE UNIQUE INDEX licenses_key ON licenses (account_id, key);
CREATE INDEX licenses_product ON licenses (account_id, product_id, created_at, id);
CREATE INDEX licenses_policy ON licenses (account_id, policy_id, created_at, id);
CREATE INDEX licenses_owner ON licenses (account_id, owner_id, created_at, id);
CREATE INDEX licenses_group ON licenses (account_id, group_id, created_at, id);
-- With all that a list of an administrator asks of a licence that ends at some time.
CREATE INDEX licenses_expiry ON licenses (account_id, expiry, created_at, id, environment_id);
CREATE INDEX licenses_suspended ON licenses (account_id, created_at, id) WHERE suspended = TRUE;
CREATE INDEX licenses_check_in ON licenses (account_id, policy_id, last_check_in_at);

CREATE TABLE license_entitlements (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    license_id TEXT NOT NULL,
    entitlement_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX license_entitlements_created ON license_entitlements (account_id, created_at, id);
CREATE UNIQUE INDEX license_entitlements_pair ON license_entitlements (account_id, license_id, entitlement_id);
CREATE INDEX license_entitlements_entitlement ON license_entitlements (account_id, entitlement_id);

CREATE TABLE license_users (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    license_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX license_users_created ON license_users (account_id, created_at, id);
CREATE UNIQUE INDEX license_users_pair ON license_users (account_id, license_id, user_id);
CREATE INDEX license_users_user ON license_users (account_id, user_id);

CREATE TABLE machines (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    owner_id TEXT,
    group_id TEXT,
    fingerprint TEXT NOT NULL,
    name TEXT,
    ip TEXT,
    hostname TEXT,
    platform TEXT,
    cores INTEGER,
    memory INTEGER,
    disk INTEGER,
    last_heartbeat_at INTEGER,
    dead_at INTEGER,
    last_check_out_at INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX machines_created ON machines (account_id, created_at, id);
CREATE UNIQUE INDEX machines_fingerprint ON machines (account_id, license_id, fingerprint);
CREATE INDEX machines_by_fingerprint ON machines (account_id, fingerprint, created_at, id);
CREATE INDEX machines_license ON machines (account_id, license_id, created_at, id);
CREATE INDEX machines_product ON machines (account_id, product_id, created_at, id);
CREATE INDEX machines_owner ON machines (account_id, owner_id, created_at, id);
CREATE INDEX machines_group ON machines (account_id, group_id, created_at, id);
CREATE INDEX machines_heartbeat ON machines (account_id, dead_at, last_heartbeat_at);

CREATE TABLE components (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX components_created ON components (account_id, created_at, id);
CREATE UNIQUE INDEX components_fingerprint ON components (account_id, machine_id, fingerprint);
CREATE INDEX components_by_fingerprint ON components (account_id, fingerprint, created_at, id);
CREATE INDEX components_machine ON components (account_id, machine_id, created_at, id);
CREATE INDEX components_license ON components (account_id, license_id, created_at, id);
CREATE INDEX components_product ON components (account_id, product_id, created_at, id);

CREATE TABLE processes (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    license_id TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    pid TEXT NOT NULL,
    last_heartbeat_at INTEGER,
    dead_at INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX processes_created ON processes (account_id, created_at, id);
CREATE UNIQUE INDEX processes_pid ON processes (account_id, machine_id, pid);
CREATE INDEX processes_machine ON processes (account_id, machine_id, created_at, id);
CREATE INDEX processes_license ON processes (account_id, license_id, created_at, id);
CREATE INDEX processes_product ON processes (account_id, product_id, created_at, id);
CREATE INDEX processes_heartbeat ON processes (account_id, dead_at, last_heartbeat_at);

CREATE TABLE tokens (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    bearer_type TEXT NOT NULL,
    bearer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    expiry INTEGER,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    max_activations INTEGER,
    activations INTEGER NOT NULL,
    max_deactivations INTEGER,
    deactivations INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX tokens_created ON tokens (account_id, created_at, id);
CREATE UNIQUE INDEX tokens_digest ON tokens (account_id, digest);
CREATE INDEX tokens_bearer ON tokens (account_id, bearer_id, created_at, id);
CREATE INDEX tokens_expiry ON tokens (account_id, expiry);

CREATE TABLE engines (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX engines_created ON engines (account_id, created_at, id);
CREATE UNIQUE INDEX engines_key ON engines (account_id, key);

CREATE TABLE platforms (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX platforms_created ON platforms (account_id, created_at, id);
CREATE UNIQUE INDEX platforms_key ON platforms (account_id, key);

CREATE TABLE arches (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX arches_created ON arches (account_id, created_at, id);
CREATE UNIQUE INDEX arches_key ON arches (account_id, key);

CREATE TABLE channels (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name TEXT,
    key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX channels_created ON channels (account_id, created_at, id);
CREATE UNIQUE INDEX channels_key ON channels (account_id, key);

CREATE TABLE packages (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    normalised_key TEXT NOT NULL,
    engine TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX packages_created ON packages (account_id, created_at, id);
CREATE UNIQUE INDEX packages_key ON packages (account_id, engine, normalised_key);
CREATE UNIQUE INDEX packages_key_no_engine ON packages (account_id, normalised_key) WHERE engine IS NULL;
CREATE INDEX packages_vendor_key ON packages (account_id, key);
CREATE INDEX packages_product ON packages (account_id, product_id, created_at, id);

CREATE TABLE releases (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    package_id TEXT,
    name TEXT,
    description TEXT,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    tag TEXT,
    version TEXT NOT NULL,
    version_key TEXT NOT NULL,
    semver_major INTEGER,
    semver_minor INTEGER,
    semver_patch INTEGER,
    semver_prerelease TEXT,
    semver_build TEXT,
    semver_pre_word TEXT,
    semver_pre_num INTEGER,
    semver_build_word TEXT,
    semver_build_num INTEGER,
    backdated_at INTEGER,
    yanked_at INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
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
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    entitlement_id TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX constraints_created ON constraints (account_id, created_at, id);
CREATE UNIQUE INDEX constraints_pair ON constraints (account_id, release_id, entitlement_id);
CREATE INDEX constraints_entitlement ON constraints (account_id, entitlement_id);

CREATE TABLE rollouts (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    percentage INTEGER NOT NULL,
    starts_at INTEGER,
    ends_at INTEGER,
    paused_at INTEGER,
    halted_at INTEGER,
    reason TEXT,
    forced INTEGER NOT NULL CHECK (forced IN (0, 1)),
    critical INTEGER NOT NULL CHECK (critical IN (0, 1)),
    minimum_version TEXT,
    seed BLOB NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX rollouts_created ON rollouts (account_id, created_at, id);
CREATE UNIQUE INDEX rollouts_release ON rollouts (account_id, release_id);

CREATE TABLE artifacts (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    filetype TEXT,
    filesize INTEGER,
    platform TEXT,
    arch TEXT,
    signature TEXT,
    checksum TEXT,
    status TEXT NOT NULL,
    failure TEXT,
    blob_key TEXT,
    content_length INTEGER,
    content_type TEXT,
    md5 BLOB,
    sha1 BLOB,
    sha256 BLOB,
    sha512 BLOB,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX artifacts_created ON artifacts (account_id, created_at, id);
CREATE UNIQUE INDEX artifacts_filename ON artifacts (account_id, release_id, filename);
CREATE INDEX artifacts_by_filename ON artifacts (account_id, filename);
CREATE INDEX artifacts_blob ON artifacts (account_id, blob_key);

CREATE TABLE manifests (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    release_id TEXT NOT NULL,
    artifact_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX manifests_created ON manifests (account_id, created_at, id);
CREATE INDEX manifests_release ON manifests (account_id, release_id);
CREATE INDEX manifests_artifact ON manifests (account_id, artifact_id);

CREATE TABLE part_uploads (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    artifact_id TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    store_id TEXT,
    size INTEGER NOT NULL,
    part_size INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX part_uploads_created ON part_uploads (account_id, created_at, id);
CREATE INDEX part_uploads_artifact ON part_uploads (account_id, artifact_id);
CREATE INDEX part_uploads_blob ON part_uploads (account_id, blob_key);

CREATE TABLE package_tags (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX package_tags_created ON package_tags (account_id, created_at, id);
CREATE UNIQUE INDEX package_tags_tag ON package_tags (account_id, package_id, tag);
CREATE INDEX package_tags_release ON package_tags (account_id, release_id);

CREATE TABLE content_blobs (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    blob_key TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_blobs_created ON content_blobs (account_id, created_at, id);
CREATE UNIQUE INDEX content_blobs_digest ON content_blobs (account_id, package_id, digest);
CREATE INDEX content_blobs_by_digest ON content_blobs (account_id, digest);
CREATE INDEX content_blobs_blob ON content_blobs (account_id, blob_key);

CREATE TABLE content_manifests (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    subject TEXT,
    annotations TEXT,
    content BLOB NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_manifests_created ON content_manifests (account_id, created_at, id);
CREATE UNIQUE INDEX content_manifests_digest ON content_manifests (account_id, package_id, digest);

CREATE TABLE content_edges (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    parent TEXT NOT NULL,
    child TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_edges_created ON content_edges (account_id, created_at, id);
CREATE UNIQUE INDEX content_edges_pair ON content_edges (account_id, package_id, parent, child);
CREATE INDEX content_edges_child ON content_edges (account_id, child, package_id);

CREATE TABLE content_tags (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    release_id TEXT,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_tags_created ON content_tags (account_id, created_at, id);
CREATE UNIQUE INDEX content_tags_tag ON content_tags (account_id, package_id, tag);
CREATE INDEX content_tags_release ON content_tags (account_id, release_id);

CREATE TABLE content_roots (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    artifact_id TEXT,
    digest TEXT NOT NULL,
    waiting TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_roots_created ON content_roots (account_id, created_at, id);
CREATE INDEX content_roots_package ON content_roots (account_id, package_id);
CREATE INDEX content_roots_release ON content_roots (account_id, release_id);
CREATE INDEX content_roots_artifact ON content_roots (account_id, artifact_id);

CREATE TABLE content_uploads (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    package_id TEXT NOT NULL,
    who_type TEXT NOT NULL,
    who_id TEXT NOT NULL,
    state BLOB NOT NULL,
    size INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX content_uploads_created ON content_uploads (account_id, created_at, id);
CREATE INDEX content_uploads_package ON content_uploads (account_id, package_id);

CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    product_id TEXT,
    url TEXT NOT NULL,
    subscriptions TEXT NOT NULL CHECK (json_valid(subscriptions)),
    signature_algorithm TEXT NOT NULL,
    api_version TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX webhook_endpoints_created ON webhook_endpoints (account_id, created_at, id);

CREATE TABLE webhook_events (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    webhook_endpoint_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    api_version TEXT NOT NULL,
    payload TEXT NOT NULL,
    event TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    last_response_code INTEGER,
    last_response_body TEXT,
    idempotency_token TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX webhook_events_created ON webhook_events (account_id, created_at, id);
CREATE INDEX webhook_events_event ON webhook_events (account_id, event, created_at, id);

CREATE TABLE event_logs (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    event TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    whodunnit_type TEXT,
    whodunnit_id TEXT,
    request_id TEXT,
    metadata TEXT CHECK (json_valid(metadata)),
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_logs_created ON event_logs (account_id, created_at, id);
CREATE INDEX event_logs_resource ON event_logs (account_id, resource_id, created_at, id);
CREATE INDEX event_logs_event ON event_logs (account_id, event, created_at, id);

-- Rows are too wide to be kept in an index.
CREATE TABLE request_logs (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    requestor_type TEXT,
    requestor_id TEXT,
    resource_type TEXT,
    resource_id TEXT,
    url TEXT,
    method TEXT,
    status TEXT,
    user_agent TEXT,
    ip TEXT,
    request_headers TEXT,
    request_body TEXT,
    response_headers TEXT,
    response_body TEXT,
    response_signature TEXT,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX request_logs_created ON request_logs (account_id, created_at, id);
CREATE INDEX request_logs_requestor ON request_logs (account_id, requestor_id, created_at, id);
CREATE INDEX request_logs_resource ON request_logs (account_id, resource_id, created_at, id);

CREATE TABLE usage_snapshots (
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    environment_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    metric TEXT NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT;
CREATE INDEX usage_snapshots_created ON usage_snapshots (account_id, created_at, id);
CREATE INDEX usage_snapshots_day ON usage_snapshots (account_id, day);

-- The metadata that lists are filtered by, kept by triggers: a row for each member of the document that is a text, a
-- whole number, a truth value or null, and short. Other members are looked for in the documents.
CREATE TABLE metadata_entries (
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (account_id, kind, key, value, created_at, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX metadata_entries_record ON metadata_entries (account_id, record_id);
-- What is inserted here goes to the table above.
CREATE VIEW metadata_documents AS
    SELECT account_id, kind, created_at, record_id, '{}' AS document FROM metadata_entries;
CREATE TRIGGER metadata_documents_entered INSTEAD OF INSERT ON metadata_documents BEGIN
    INSERT INTO metadata_entries
    SELECT NEW.account_id, NEW.kind, key,
        CASE type WHEN 'text' THEN value WHEN 'integer' THEN CAST(value AS TEXT)
            WHEN 'real' THEN CAST(CAST(value AS INTEGER) AS TEXT) ELSE type END,
        NEW.created_at, NEW.record_id
    FROM json_each(NEW.document)
    WHERE typeof(key) = 'text' AND length(key) <= 128 AND (type IN ('integer', 'true', 'false', 'null')
        OR type = 'text' AND length(value) <= 128 OR type = 'real' AND value = CAST(value AS INTEGER));
END;
CREATE TRIGGER users_metadata_inserted AFTER INSERT ON users WHEN NEW.metadata <> '{}' BEGIN
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'users', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER users_metadata_updated AFTER UPDATE OF metadata ON users BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'users', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER users_metadata_deleted AFTER DELETE ON users WHEN OLD.metadata <> '{}' BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
END;
CREATE TRIGGER licenses_metadata_inserted AFTER INSERT ON licenses WHEN NEW.metadata <> '{}' BEGIN
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'licenses', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER licenses_metadata_updated AFTER UPDATE OF metadata ON licenses BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'licenses', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER licenses_metadata_deleted AFTER DELETE ON licenses WHEN OLD.metadata <> '{}' BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
END;
CREATE TRIGGER machines_metadata_inserted AFTER INSERT ON machines WHEN NEW.metadata <> '{}' BEGIN
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'machines', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER machines_metadata_updated AFTER UPDATE OF metadata ON machines BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
    INSERT INTO metadata_documents VALUES (NEW.account_id, 'machines', NEW.created_at, NEW.id, NEW.metadata);
END;
CREATE TRIGGER machines_metadata_deleted AFTER DELETE ON machines WHEN OLD.metadata <> '{}' BEGIN
    DELETE FROM metadata_entries WHERE account_id = OLD.account_id AND record_id = OLD.id;
END;

-- What each transaction made stale: two bytes per slot, high byte first; null is everything.
CREATE TABLE changes (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    slots BLOB,
    at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
) STRICT;

-- A job waits while it has no lease. Of one kind and key at most one waits. Those of a lane are done a few at a time.
CREATE TABLE jobs (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    lease TEXT,
    leased_until INTEGER,
    error TEXT,
    lane TEXT,
    PRIMARY KEY (account_id, id),
    CHECK ((lease IS NULL) = (leased_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX jobs_waiting ON jobs (account_id, kind, key) WHERE lease IS NULL;
CREATE INDEX jobs_due ON jobs (run_at, id);
CREATE INDEX jobs_name ON jobs (account_id, kind, key);
CREATE INDEX jobs_id ON jobs (id);
CREATE INDEX jobs_lane ON jobs (lane, run_at, id) WHERE lane IS NOT NULL;
CREATE INDEX jobs_leased ON jobs (account_id, lane) WHERE lease IS NOT NULL AND lane IS NOT NULL;

-- The server's own keys for blob URLs: the highest id signs, the others verify.
CREATE TABLE signing_keys (
    id INTEGER NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The move that filled this database, if one did. Until it has ended nobody may serve from here.
CREATE TABLE moves (
    installation TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

-- Names, versions and files that existed or are reserved; what a row does not name is the empty text.
CREATE TABLE tombstones (
    account_id TEXT NOT NULL,
    engine TEXT NOT NULL,
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    filename TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account_id, engine, package, version, filename)
) STRICT, WITHOUT ROWID;

-- What the query planner is to assume, since it never measures here: one account with many records, products
-- and policies with a thousand, packages with a hundred releases, everything else with a handful. Without it
-- the planner reads a whole account in order of creation rather than sort the few rows that an index finds.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('accounts', 'sqlite_autoindex_accounts_1', '100000 100000 1'),
    ('accounts', 'accounts_created', '100000 100000 1 1'),
    ('accounts', 'accounts_slug', '100000 1'),
    ('environments', 'sqlite_autoindex_environments_1', '100000 100000 1'),
    ('environments', 'environments_created', '100000 100000 1 1'),
    ('environments', 'environments_code', '100000 100000 1'),
    ('settings', 'sqlite_autoindex_settings_1', '100000 100000 1'),
    ('settings', 'settings_created', '100000 100000 1 1'),
    ('settings', 'settings_key', '100000 100000 1'),
    ('groups', 'sqlite_autoindex_groups_1', '100000 100000 1'),
    ('groups', 'groups_created', '100000 100000 1 1'),
    ('users', 'sqlite_autoindex_users_1', '100000 100000 1'),
    ('users', 'users_created', '100000 100000 1 1'),
    ('users', 'users_email', '100000 100000 1'),
    ('users', 'users_group', '100000 100000 1000 1 1'),
    ('users', 'users_banned', '1000 1000 1'),
    ('metadata_entries', 'metadata_entries', '100000 100000 100000 10000 100 1 1'),
    ('metadata_entries', 'metadata_entries_record', '100000 100000 10'),
    ('group_owners', 'sqlite_autoindex_group_owners_1', '100000 100000 1'),
    ('group_owners', 'group_owners_created', '100000 100000 1 1'),
    ('group_owners', 'group_owners_pair', '100000 100000 10 1'),
    ('group_owners', 'group_owners_user', '100000 100000 10'),
    ('products', 'sqlite_autoindex_products_1', '100000 100000 1'),
    ('products', 'products_created', '100000 100000 1 1'),
    ('products', 'products_code', '100000 100000 1'),
    ('entitlements', 'sqlite_autoindex_entitlements_1', '100000 100000 1'),
    ('entitlements', 'entitlements_created', '100000 100000 1 1'),
    ('entitlements', 'entitlements_code', '100000 100000 1'),
    ('policies', 'sqlite_autoindex_policies_1', '100000 100000 1'),
    ('policies', 'policies_created', '100000 100000 1 1'),
    ('policies', 'policies_product', '100000 100000 1000 1 1'),
    ('policy_entitlements', 'sqlite_autoindex_policy_entitlements_1', '100000 100000 1'),
    ('policy_entitlements', 'policy_entitlements_created', '100000 100000 1 1'),
    ('policy_entitlements', 'policy_entitlements_pair', '100000 100000 10 1'),
    ('policy_entitlements', 'policy_entitlements_entitlement', '100000 100000 10'),
    ('keys', 'sqlite_autoindex_keys_1', '100000 100000 1'),
    ('keys', 'keys_created', '100000 100000 1 1'),
    ('keys', 'keys_key', '100000 100000 1'),
    ('keys', 'keys_product', '100000 100000 1000 1 1'),
    ('keys', 'keys_policy', '100000 100000 1000 1 1'),
    ('licenses', 'sqlite_autoindex_licenses_1', '100000 100000 1'),
    ('licenses', 'licenses_created', '100000 100000 1 1'),
    ('licenses', 'licenses_key', '100000 100000 1'),
    ('licenses', 'licenses_product', '100000 100000 1000 1 1'),
    ('licenses', 'licenses_policy', '100000 100000 1000 1 1'),
    ('licenses', 'licenses_owner', '100000 100000 10 1 1'),
    ('licenses', 'licenses_group', '100000 100000 1000 1 1'),
    ('licenses', 'licenses_expiry', '100000 100000 10 1 1 1'),
    ('licenses', 'licenses_suspended', '1000 1000 1 1'),
    ('licenses', 'licenses_check_in', '100000 100000 1000 10'),
    ('license_entitlements', 'sqlite_autoindex_license_entitlements_1', '100000 100000 1'),
    ('license_entitlements', 'license_entitlements_created', '100000 100000 1 1'),
    ('license_entitlements', 'license_entitlements_pair', '100000 100000 10 1'),
    ('license_entitlements', 'license_entitlements_entitlement', '100000 100000 10'),
    ('license_users', 'sqlite_autoindex_license_users_1', '100000 100000 1'),
    ('license_users', 'license_users_created', '100000 100000 1 1'),
    ('license_users', 'license_users_pair', '100000 100000 10 1'),
    ('license_users', 'license_users_user', '100000 100000 10'),
    ('tokens', 'sqlite_autoindex_tokens_1', '100000 100000 1'),
    ('tokens', 'tokens_created', '100000 100000 1 1'),
    ('tokens', 'tokens_digest', '100000 100000 1'),
    ('tokens', 'tokens_bearer', '100000 100000 10 1 1'),
    ('tokens', 'tokens_expiry', '100000 100000 10'),
    ('engines', 'sqlite_autoindex_engines_1', '100000 100000 1'),
    ('engines', 'engines_created', '100000 100000 1 1'),
    ('engines', 'engines_key', '100000 100000 1'),
    ('platforms', 'sqlite_autoindex_platforms_1', '100000 100000 1'),
    ('platforms', 'platforms_created', '100000 100000 1 1'),
    ('platforms', 'platforms_key', '100000 100000 1'),
    ('arches', 'sqlite_autoindex_arches_1', '100000 100000 1'),
    ('arches', 'arches_created', '100000 100000 1 1'),
    ('arches', 'arches_key', '100000 100000 1'),
    ('channels', 'sqlite_autoindex_channels_1', '100000 100000 1'),
    ('channels', 'channels_created', '100000 100000 1 1'),
    ('channels', 'channels_key', '100000 100000 1'),
    ('packages', 'sqlite_autoindex_packages_1', '100000 100000 1'),
    ('packages', 'packages_created', '100000 100000 1 1'),
    ('packages', 'packages_key', '100000 100000 10000 1'),
    ('packages', 'packages_key_no_engine', '100000 100000 1'),
    ('packages', 'packages_vendor_key', '100000 100000 10'),
    ('packages', 'packages_product', '100000 100000 1000 1 1'),
    ('releases', 'sqlite_autoindex_releases_1', '100000 100000 1'),
    ('releases', 'releases_created', '100000 100000 1 1'),
    ('releases', 'releases_version', '100000 100000 1000 100 1'),
    ('releases', 'releases_version_no_package', '100000 100000 1000 1'),
    ('releases', 'releases_tag', '100000 100000 1000 100 1'),
    ('releases', 'releases_tag_no_package', '100000 100000 1000 1'),
    ('releases', 'releases_package', '100000 100000 100 1 1'),
    ('releases', 'releases_product', '100000 100000 1000 1 1'),
    ('releases', 'releases_by_version', '100000 100000 10'),
    ('releases', 'releases_by_tag', '100000 100000 10'),
    ('constraints', 'sqlite_autoindex_constraints_1', '100000 100000 1'),
    ('constraints', 'constraints_created', '100000 100000 1 1'),
    ('constraints', 'constraints_pair', '100000 100000 10 1'),
    ('constraints', 'constraints_entitlement', '100000 100000 10'),
    ('rollouts', 'sqlite_autoindex_rollouts_1', '100000 100000 1'),
    ('rollouts', 'rollouts_created', '100000 100000 1 1'),
    ('rollouts', 'rollouts_release', '100000 100000 1'),
    ('artifacts', 'sqlite_autoindex_artifacts_1', '100000 100000 1'),
    ('artifacts', 'artifacts_created', '100000 100000 1 1'),
    ('artifacts', 'artifacts_filename', '100000 100000 10 1'),
    ('artifacts', 'artifacts_by_filename', '100000 100000 10'),
    ('artifacts', 'artifacts_blob', '100000 100000 10'),
    ('manifests', 'sqlite_autoindex_manifests_1', '100000 100000 1'),
    ('manifests', 'manifests_created', '100000 100000 1 1'),
    ('manifests', 'manifests_release', '100000 100000 10'),
    ('manifests', 'manifests_artifact', '100000 100000 10'),
    ('part_uploads', 'sqlite_autoindex_part_uploads_1', '100000 100000 1'),
    ('part_uploads', 'part_uploads_created', '100000 100000 1 1'),
    ('part_uploads', 'part_uploads_artifact', '100000 100000 1'),
    ('part_uploads', 'part_uploads_blob', '100000 100000 1'),
    ('package_tags', 'sqlite_autoindex_package_tags_1', '100000 100000 1'),
    ('package_tags', 'package_tags_created', '100000 100000 1 1'),
    ('package_tags', 'package_tags_tag', '100000 100000 10 1'),
    ('package_tags', 'package_tags_release', '100000 100000 10'),
    ('content_blobs', 'sqlite_autoindex_content_blobs_1', '100000 100000 1'),
    ('content_blobs', 'content_blobs_created', '100000 100000 1 1'),
    ('content_blobs', 'content_blobs_digest', '100000 100000 100 1'),
    ('content_blobs', 'content_blobs_by_digest', '100000 100000 10'),
    ('content_blobs', 'content_blobs_blob', '100000 100000 10'),
    ('content_manifests', 'sqlite_autoindex_content_manifests_1', '100000 100000 1'),
    ('content_manifests', 'content_manifests_created', '100000 100000 1 1'),
    ('content_manifests', 'content_manifests_digest', '100000 100000 100 1'),
    ('content_edges', 'sqlite_autoindex_content_edges_1', '100000 100000 1'),
    ('content_edges', 'content_edges_created', '100000 100000 1 1'),
    ('content_edges', 'content_edges_pair', '100000 100000 1000 10 1'),
    ('content_edges', 'content_edges_child', '100000 100000 10 1'),
    ('content_tags', 'sqlite_autoindex_content_tags_1', '100000 100000 1'),
    ('content_tags', 'content_tags_created', '100000 100000 1 1'),
    ('content_tags', 'content_tags_tag', '100000 100000 100 1'),
    ('content_tags', 'content_tags_release', '100000 100000 10'),
    ('content_roots', 'sqlite_autoindex_content_roots_1', '100000 100000 1'),
    ('content_roots', 'content_roots_created', '100000 100000 1 1'),
    ('content_roots', 'content_roots_package', '100000 100000 100'),
    ('content_roots', 'content_roots_release', '100000 100000 10'),
    ('content_roots', 'content_roots_artifact', '100000 100000 10'),
    ('content_uploads', 'sqlite_autoindex_content_uploads_1', '100000 100000 1'),
    ('content_uploads', 'content_uploads_created', '100000 100000 1 1'),
    ('content_uploads', 'content_uploads_package', '100000 100000 10'),
    ('webhook_endpoints', 'sqlite_autoindex_webhook_endpoints_1', '100000 100000 1'),
    ('webhook_endpoints', 'webhook_endpoints_created', '100000 100000 1 1'),
    ('webhook_events', 'sqlite_autoindex_webhook_events_1', '100000 100000 1'),
    ('webhook_events', 'webhook_events_created', '100000 100000 1 1'),
    ('webhook_events', 'webhook_events_event', '100000 100000 10000 1 1'),
    ('event_logs', 'event_logs', '100000 100000 1'),
    ('event_logs', 'event_logs_created', '100000 100000 1 1'),
    ('event_logs', 'event_logs_resource', '100000 100000 10 1 1'),
    ('event_logs', 'event_logs_event', '100000 100000 10000 1 1'),
    ('request_logs', 'sqlite_autoindex_request_logs_1', '100000 100000 1'),
    ('request_logs', 'request_logs_created', '100000 100000 1 1'),
    ('request_logs', 'request_logs_requestor', '100000 100000 10 1 1'),
    ('request_logs', 'request_logs_resource', '100000 100000 10 1 1'),
    ('usage_snapshots', 'sqlite_autoindex_usage_snapshots_1', '100000 100000 1'),
    ('usage_snapshots', 'usage_snapshots_created', '100000 100000 1 1'),
    ('usage_snapshots', 'usage_snapshots_day', '100000 100000 10');
ANALYZE sqlite_schema;
