//! The endpoints of this module, in the order of the documentation.

use super::actions::{
    ban_user, check_out, download_token, generate_own_token, generate_token, heartbeat, license_owner,
    license_policy, license_state, license_usage, machine_owner, machine_proof, machine_user, me,
    member_group, password_reset, ping, pop_key, recover_accounts, regenerate_token, second_factor,
    update_password, validate,
};
use super::nested as n;
use super::{
    Accounts, Components, Entitlements, Environments, Groups, Licenses, Machines, Policies, PoolKeys,
    Processes, Products, Settings, Tokens, Users, attachments,
};
use super::{found_account, generate};
use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{
    Child, Children, Create, Delete, List, Open, Outside, Related as One, Show, Update,
};
use crate::endpoint::act;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/ping", Open(|call| Box::pin(ping::ping(call)))).accepts_any().told(ping::CONTRACT),
    E::post("/accounts", Outside(|outside| Box::pin(found_account::found_account(outside))))
        .of_many()
        .told(found_account::CONTRACT),
    E::get("", Show(&Accounts)),
    E::patch("", Update(&Accounts)),
    E::delete("", Delete(&Accounts)),
    E::get("/settings", List(&Settings)).prefixed(),
    E::post("/settings", Create(&Settings)).prefixed(),
    E::get("/settings/{id}", Show(&Settings)).prefixed(),
    E::patch("/settings/{id}", Update(&Settings)).prefixed(),
    E::delete("/settings/{id}", Delete(&Settings)).prefixed(),
    E::get("/me", act!(ProfileShow, me::me)).told(me::CONTRACT),
    E::get("/profile", act!(ProfileShow, me::profile)).told(me::CONTRACT),
    E::post("/passwords", act!(UserPasswordReset, password_reset::ask)).told(password_reset::ASK),
    E::post("/recover", Outside(|outside| Box::pin(recover_accounts::recover(outside))))
        .told(recover_accounts::CONTRACT),
    E::get("/tokens", List(&Tokens)),
    E::post("/tokens", act!(TokenGenerate, generate_own_token::generate_own_token)).told(generate::OWN),
    E::put("/tokens", act!(TokenRegenerate, regenerate_token::own)).told(generate::REGENERATED),
    E::get("/tokens/{id}", Show(&Tokens)),
    E::put("/tokens/{id}", act!(TokenRegenerate, regenerate_token::named)),
    E::delete("/tokens/{id}", Delete(&Tokens)),
    E::get("/environments", List(&Environments)),
    E::post("/environments", Create(&Environments)),
    E::get("/environments/{id}", Show(&Environments)),
    E::patch("/environments/{id}", Update(&Environments)),
    E::delete("/environments/{id}", Delete(&Environments)),
    E::get("/environments/{id}/tokens", Children(&n::ENVIRONMENT_TOKENS)),
    E::post("/environments/{id}/tokens", act!(EnvironmentTokensGenerate, generate_token::of_environment))
        .told(generate::OF_ENVIRONMENT),
    E::get("/environments/{id}/tokens/{token}", Child(&n::ENVIRONMENT_TOKENS)),
    E::get("/users", List(&Users)),
    E::post("/users", Create(&Users)),
    E::get("/users/{id}", Show(&Users)),
    E::patch("/users/{id}", Update(&Users)),
    E::delete("/users/{id}", Delete(&Users)),
    E::post("/users/{id}/actions/ban", act!(UserBan, ban_user::ban)),
    E::post("/users/{id}/actions/unban", act!(UserUnban, ban_user::unban)),
    E::post(
        "/users/{id}/actions/update-password",
        act!(UserPasswordUpdate, update_password::update_password),
    )
    .told(update_password::CONTRACT),
    E::get("/users/{id}/group", act!(UserGroupShow, member_group::of_user)).told(member_group::OF_USER),
    E::patch("/users/{id}/group", act!(UserGroupUpdate, member_group::change_of_user))
        .told(member_group::CHANGE),
    E::post("/users/{id}/actions/reset-password", act!(UserPasswordReset, password_reset::reset))
        .told(password_reset::RESET_WITH),
    E::get("/users/{id}/products", Children(&n::USER_PRODUCTS)),
    E::get("/users/{id}/products/{product}", Child(&n::USER_PRODUCTS)),
    E::get("/users/{id}/licenses", Children(&n::USER_LICENSES)),
    E::get("/users/{id}/licenses/{license}", Child(&n::USER_LICENSES)),
    E::get("/users/{id}/machines", Children(&n::USER_MACHINES)),
    E::get("/users/{id}/machines/{machine}", Child(&n::USER_MACHINES)),
    E::get("/users/{id}/tokens", Children(&n::USER_TOKENS)),
    E::post("/users/{id}/tokens", act!(UserTokensGenerate, generate_token::of_user))
        .told(generate::OF_OTHERS),
    E::get("/users/{id}/tokens/{token}", Child(&n::USER_TOKENS)),
    E::get("/users/{id}/second-factors", Children(&n::USER_SECOND_FACTORS)),
    E::post("/users/{id}/second-factors", act!(UserSecondFactorsCreate, second_factor::create))
        .told(second_factor::CREATE),
    E::get("/users/{id}/second-factors/{factor}", Child(&n::USER_SECOND_FACTORS)),
    E::patch("/users/{id}/second-factors/{factor}", act!(UserSecondFactorsUpdate, second_factor::update))
        .told(second_factor::UPDATE),
    E::delete("/users/{id}/second-factors/{factor}", act!(UserSecondFactorsDelete, second_factor::delete))
        .told(second_factor::DELETE),
    E::get("/products", List(&Products)),
    E::post("/products", Create(&Products)),
    E::get("/products/{id}", Show(&Products)),
    E::patch("/products/{id}", Update(&Products)),
    E::delete("/products/{id}", Delete(&Products)),
    E::get("/products/{id}/policies", Children(&n::PRODUCT_POLICIES)),
    E::get("/products/{id}/policies/{policy}", Child(&n::PRODUCT_POLICIES)),
    E::get("/products/{id}/licenses", Children(&n::PRODUCT_LICENSES)),
    E::get("/products/{id}/licenses/{license}", Child(&n::PRODUCT_LICENSES)),
    E::get("/products/{id}/machines", Children(&n::PRODUCT_MACHINES)),
    E::get("/products/{id}/machines/{machine}", Child(&n::PRODUCT_MACHINES)),
    E::get("/products/{id}/users", Children(&n::PRODUCT_USERS)),
    E::get("/products/{id}/users/{user}", Child(&n::PRODUCT_USERS)),
    E::get("/products/{id}/tokens", Children(&n::PRODUCT_TOKENS)),
    E::post("/products/{id}/tokens", act!(ProductTokensGenerate, generate_token::of_product))
        .told(generate::OF_OTHERS),
    E::get("/products/{id}/tokens/{token}", Child(&n::PRODUCT_TOKENS)),
    E::get("/entitlements", List(&Entitlements)),
    E::post("/entitlements", Create(&Entitlements)),
    E::get("/entitlements/{id}", Show(&Entitlements)),
    E::patch("/entitlements/{id}", Update(&Entitlements)),
    E::delete("/entitlements/{id}", Delete(&Entitlements)),
    E::get("/groups", List(&Groups)),
    E::post("/groups", Create(&Groups)),
    E::get("/groups/{id}", Show(&Groups)),
    E::patch("/groups/{id}", Update(&Groups)),
    E::delete("/groups/{id}", Delete(&Groups)),
    E::get("/groups/{id}/users", Children(&n::GROUP_USERS)),
    E::get("/groups/{id}/users/{user}", Child(&n::GROUP_USERS)),
    E::get("/groups/{id}/licenses", Children(&n::GROUP_LICENSES)),
    E::get("/groups/{id}/licenses/{license}", Child(&n::GROUP_LICENSES)),
    E::get("/groups/{id}/machines", Children(&n::GROUP_MACHINES)),
    E::get("/groups/{id}/machines/{machine}", Child(&n::GROUP_MACHINES)),
    E::get("/groups/{id}/owners", Children(&n::GROUP_OWNERS)),
    E::get("/groups/{id}/owners/{owner}", Child(&n::GROUP_OWNERS)),
    E::post("/groups/{id}/owners", act!(GroupOwnersAttach, attachments::attach_owner))
        .told(attachments::OWNERS_OF_GROUP),
    E::delete("/groups/{id}/owners", act!(GroupOwnersDetach, attachments::detach_owner))
        .told(attachments::WITHOUT_USERS),
    E::get("/policies", List(&Policies)),
    E::post("/policies", Create(&Policies)),
    E::get("/policies/{id}", Show(&Policies)),
    E::patch("/policies/{id}", Update(&Policies)),
    E::delete("/policies/{id}", Delete(&Policies)),
    E::get("/policies/{id}/product", One(&n::POLICY_PRODUCT)),
    E::get("/policies/{id}/licenses", Children(&n::POLICY_LICENSES)),
    E::get("/policies/{id}/licenses/{license}", Child(&n::POLICY_LICENSES)),
    E::get("/policies/{id}/entitlements", Children(&n::POLICY_ENTITLEMENTS)),
    E::get("/policies/{id}/entitlements/{entitlement}", Child(&n::POLICY_ENTITLEMENTS)),
    E::post("/policies/{id}/entitlements", act!(PolicyEntitlementsAttach, attachments::attach_to_policy))
        .told(attachments::ENTITLEMENTS_OF_POLICY),
    E::delete("/policies/{id}/entitlements", act!(PolicyEntitlementsDetach, attachments::detach_from_policy))
        .told(attachments::WITHOUT_ENTITLEMENTS),
    E::get("/policies/{id}/pool", Children(&n::POLICY_POOL)),
    E::delete("/policies/{id}/pool", act!(PolicyPoolPop, pop_key::pop_key)).told(pop_key::CONTRACT),
    E::get("/policies/{id}/pool/{key}", Child(&n::POLICY_POOL)),
    E::get("/keys", List(&PoolKeys)),
    E::post("/keys", Create(&PoolKeys)),
    E::get("/keys/{id}", Show(&PoolKeys)),
    E::patch("/keys/{id}", Update(&PoolKeys)),
    E::delete("/keys/{id}", Delete(&PoolKeys)),
    E::get("/keys/{id}/product", One(&n::KEY_PRODUCT)),
    E::get("/keys/{id}/policy", One(&n::KEY_POLICY)),
    E::get("/licenses", List(&Licenses)),
    E::post("/licenses", Create(&Licenses)),
    E::post("/licenses/actions/validate-key", act!(LicenseValidateKey, validate::by_key))
        .told(validate::BY_KEY),
    E::get("/licenses/{id}", Show(&Licenses)),
    E::patch("/licenses/{id}", Update(&Licenses)),
    E::delete("/licenses/{id}", Delete(&Licenses)),
    E::get("/licenses/{id}/actions/validate", act!(LicenseValidate, validate::quick)).told(validate::QUICK),
    E::post("/licenses/{id}/actions/validate", act!(LicenseValidate, validate::by_id)).told(validate::BY_ID),
    E::post("/licenses/{id}/actions/check-in", act!(LicenseCheckIn, license_state::check_in)),
    E::post("/licenses/{id}/actions/renew", act!(LicenseRenew, license_state::renew)),
    E::post("/licenses/{id}/actions/suspend", act!(LicenseSuspend, license_state::suspend)),
    E::post("/licenses/{id}/actions/reinstate", act!(LicenseReinstate, license_state::reinstate)),
    E::delete("/licenses/{id}/actions/revoke", act!(LicenseRevoke, license_state::revoke)),
    E::post("/licenses/{id}/actions/increment-usage", act!(LicenseUsageIncrement, license_usage::increment))
        .told(license_usage::INCREMENT),
    E::post("/licenses/{id}/actions/decrement-usage", act!(LicenseUsageDecrement, license_usage::decrement))
        .told(license_usage::DECREMENT),
    E::post("/licenses/{id}/actions/reset-usage", act!(LicenseUsageReset, license_usage::reset)),
    E::get("/licenses/{id}/actions/check-out", act!(LicenseCheckOut, check_out::raw_license))
        .told(check_out::RAW_LICENSE),
    E::post("/licenses/{id}/actions/check-out", act!(LicenseCheckOut, check_out::license))
        .told(check_out::LICENSE),
    E::get("/licenses/{id}/product", One(&n::LICENSE_PRODUCT)),
    E::get("/licenses/{id}/policy", One(&n::LICENSE_POLICY)),
    E::patch("/licenses/{id}/policy", act!(LicensePolicyUpdate, license_policy::change_policy))
        .told(license_policy::CONTRACT),
    E::get("/licenses/{id}/owner", One(&n::LICENSE_OWNER)),
    E::patch("/licenses/{id}/owner", act!(LicenseOwnerUpdate, license_owner::change_owner))
        .told(license_owner::CONTRACT),
    E::get("/licenses/{id}/user", One(&n::LICENSE_OWNER)),
    E::patch("/licenses/{id}/user", act!(LicenseOwnerUpdate, license_owner::change_user))
        .told(license_owner::CONTRACT),
    E::get("/licenses/{id}/group", act!(LicenseGroupShow, member_group::of_license))
        .told(member_group::OF_OTHERS),
    E::patch("/licenses/{id}/group", act!(LicenseGroupUpdate, member_group::change_of_license))
        .told(member_group::CHANGE),
    E::get("/licenses/{id}/users", Children(&n::LICENSE_USERS)),
    E::get("/licenses/{id}/users/{user}", Child(&n::LICENSE_USERS)),
    E::post("/licenses/{id}/users", act!(LicenseUsersAttach, attachments::attach_user))
        .told(attachments::USERS_OF_LICENSE),
    E::delete("/licenses/{id}/users", act!(LicenseUsersDetach, attachments::detach_user))
        .told(attachments::WITHOUT_USERS),
    E::get("/licenses/{id}/entitlements", Children(&n::LICENSE_ENTITLEMENTS)),
    E::get("/licenses/{id}/entitlements/{entitlement}", Child(&n::LICENSE_ENTITLEMENTS)),
    E::post("/licenses/{id}/entitlements", act!(LicenseEntitlementsAttach, attachments::attach_to_license))
        .told(attachments::ENTITLEMENTS_OF_LICENSE),
    E::delete(
        "/licenses/{id}/entitlements",
        act!(LicenseEntitlementsDetach, attachments::detach_from_license),
    )
    .told(attachments::WITHOUT_ENTITLEMENTS),
    E::get("/licenses/{id}/machines", Children(&n::LICENSE_MACHINES)),
    E::get("/licenses/{id}/machines/{machine}", Child(&n::LICENSE_MACHINES)),
    E::get("/licenses/{id}/tokens", Children(&n::LICENSE_TOKENS)),
    E::post(
        "/licenses/{id}/actions/generate-download-token",
        act!(LicenseDownloadTokenGenerate, download_token::generate),
    )
    .told(download_token::CONTRACT),
    E::post("/licenses/{id}/tokens", act!(LicenseTokensGenerate, generate_token::of_license))
        .told(generate::OF_LICENSE),
    E::get("/licenses/{id}/tokens/{token}", Child(&n::LICENSE_TOKENS)),
    E::get("/machines", List(&Machines)),
    E::post("/machines", Create(&Machines)),
    E::get("/machines/{id}", Show(&Machines)),
    E::patch("/machines/{id}", Update(&Machines)),
    E::delete("/machines/{id}", Delete(&Machines)),
    E::get("/machines/{id}/actions/check-out", act!(MachineCheckOut, check_out::raw_machine))
        .told(check_out::RAW_MACHINE),
    E::post("/machines/{id}/actions/check-out", act!(MachineCheckOut, check_out::machine))
        .told(check_out::MACHINE),
    E::get("/machines/{id}/product", One(&n::MACHINE_PRODUCT)),
    E::get("/machines/{id}/license", One(&n::MACHINE_LICENSE)),
    E::get("/machines/{id}/user", act!(MachineUserShow, machine_user::show)).told(machine_user::CONTRACT),
    E::get("/machines/{id}/owner", One(&n::MACHINE_OWNER)),
    E::patch("/machines/{id}/owner", act!(MachineOwnerUpdate, machine_owner::change_owner))
        .told(machine_owner::CONTRACT),
    E::get("/machines/{id}/group", act!(MachineGroupShow, member_group::of_machine))
        .told(member_group::OF_OTHERS),
    E::patch("/machines/{id}/group", act!(MachineGroupUpdate, member_group::change_of_machine))
        .told(member_group::CHANGE),
    E::get("/machines/{id}/components", Children(&n::MACHINE_COMPONENTS)),
    E::get("/machines/{id}/components/{component}", Child(&n::MACHINE_COMPONENTS)),
    E::get("/machines/{id}/processes", Children(&n::MACHINE_PROCESSES)),
    E::get("/machines/{id}/processes/{process}", Child(&n::MACHINE_PROCESSES)),
    E::post("/machines/{id}/actions/ping", act!(MachineHeartbeatPing, heartbeat::ping_machine)),
    E::post("/machines/{id}/actions/ping-heartbeat", act!(MachineHeartbeatPing, heartbeat::ping_machine)),
    E::post("/machines/{id}/actions/reset", act!(MachineHeartbeatReset, heartbeat::reset)),
    E::post("/machines/{id}/actions/reset-heartbeat", act!(MachineHeartbeatReset, heartbeat::reset)),
    E::post(
        "/machines/{id}/actions/generate-offline-proof",
        act!(MachineProofsGenerate, machine_proof::generate),
    )
    .told(machine_proof::CONTRACT),
    E::get("/components", List(&Components)),
    E::post("/components", Create(&Components)),
    E::get("/components/{id}", Show(&Components)),
    E::patch("/components/{id}", Update(&Components)),
    E::delete("/components/{id}", Delete(&Components)),
    E::get("/components/{id}/product", One(&n::COMPONENT_PRODUCT)),
    E::get("/components/{id}/license", One(&n::COMPONENT_LICENSE)),
    E::get("/components/{id}/machine", One(&n::COMPONENT_MACHINE)),
    E::get("/processes", List(&Processes)),
    E::post("/processes", Create(&Processes)),
    E::get("/processes/{id}", Show(&Processes)),
    E::patch("/processes/{id}", Update(&Processes)),
    E::delete("/processes/{id}", Delete(&Processes)),
    E::post("/processes/{id}/actions/ping", act!(ProcessHeartbeatPing, heartbeat::ping_process)),
    E::get("/processes/{id}/product", One(&n::PROCESS_PRODUCT)),
    E::get("/processes/{id}/license", One(&n::PROCESS_LICENSE)),
    E::get("/processes/{id}/machine", One(&n::PROCESS_MACHINE)),
];
