//! What the interpreter does not do: one file for each action.

pub(crate) mod ban_user;
pub(crate) mod check_out;
pub(crate) mod download_token;
pub(crate) mod generate_own_token;
pub(crate) mod generate_token;
pub(crate) mod heartbeat;
pub(crate) mod license_owner;
pub(crate) mod license_policy;
pub(crate) mod license_state;
pub(crate) mod license_usage;
mod log_in;
pub(crate) mod machine_owner;
pub(crate) mod machine_proof;
pub(crate) mod machine_user;
pub(crate) mod me;
pub(crate) mod member_group;
pub(crate) mod password_reset;
pub(crate) mod ping;
pub(crate) mod pop_key;
pub(crate) mod regenerate_token;
pub(crate) mod second_factor;
pub(crate) mod update_password;
pub(crate) mod validate;
mod validation_facts;
mod validation_machines;
mod validation_scope;
mod validation_touch;
