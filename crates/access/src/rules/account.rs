//! The account and its settings, the caller itself, search, and the logs of events and requests.

use keyway_domain::permission::Permission;
use keyway_jsonapi::{Role, Roles};

use super::relation::always;
use super::{AD, ADSTR, ADSTRE, Clause, Needs, Rule, read, write};
use crate::Action;

/// Every bearer.
const BEARER: Roles = ADSTRE.or(Role::Product).or(Role::User).or(Role::License);

/// Those who may read what happened.
const LOG_READERS: Roles = AD.or(Role::ReadOnly).or(Role::Environment);

pub(super) const RULES: &[Rule] = &[
    read(Action::AccountShow, Permission::AccountRead, &[Clause(BEARER, always)]),
    write(Action::AccountUpdate, Permission::AccountUpdate, &[Clause(AD, always)]),
    write(Action::AccountDelete, Permission::AccountUpdate, &[]),
    read(Action::SettingList, Permission::AccountRead, &[Clause(AD, always)]),
    read(Action::SettingShow, Permission::AccountRead, &[Clause(AD, always)]),
    write(Action::SettingCreate, Permission::AccountUpdate, &[Clause(AD, always)]),
    write(Action::SettingUpdate, Permission::AccountUpdate, &[Clause(AD, always)]),
    write(Action::SettingDelete, Permission::AccountUpdate, &[Clause(AD, always)]),
    Rule {
        needs: Needs::OwnRead,
        ..read(Action::ProfileShow, Permission::UserRead, &[Clause(BEARER, always)])
    },
    read(Action::EventLogList, Permission::EventLogRead, &[Clause(LOG_READERS, always)]),
    read(Action::EventLogShow, Permission::EventLogRead, &[Clause(LOG_READERS, always)]),
    read(Action::RequestLogList, Permission::RequestLogRead, &[Clause(LOG_READERS, always)]),
    read(Action::RequestLogShow, Permission::RequestLogRead, &[Clause(LOG_READERS, always)]),
    read(Action::AnalyticsRead, Permission::AccountAnalyticsRead, &[Clause(ADSTR, always)]),
    Rule { needs: Needs::Nothing, ..read(Action::Search, Permission::UserRead, &[Clause(ADSTR, always)]) },
];
