//! Users (`licensing.md` §11).

use keyway_access::Action;
use keyway_base::{ProductId, RecordId};
use keyway_domain::license::status::INACTIVE;
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{BearerType, License, LicenseUser, Token, User, UserRole};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{
    ApiError, Declared, Failure, Invalid, QueryValue, Record, Resource, Role, Roles, Scope, Value,
};

use super::setting::default_permissions;
use super::{cascade, email, membership, password, permissions};
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of users.
pub(crate) struct Users;

impl Hooks for Users {
    fn resource(&self) -> &'static Resource {
        User::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::UserList,
            show: Action::UserShow,
            create: Action::UserCreate,
            update: Action::UserUpdate,
            delete: Action::UserDelete,
        }
    }
    fn schema_first(&self) -> bool {
        true
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let products = products_of(work, record.id()).await?;
            Ok(Subject::User(Box::new(record.typed()?), products))
        })
    }
    fn new_subject<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        let role = draft.text("role").and_then(Role::of_user).unwrap_or(Role::User);
        crate::hooks::done(Subject::NewUser {
            environment: draft.record.environment(),
            role,
            account_protected: work.call.account.protected,
        })
    }
    fn list_subject<'a>(&'a self, work: &'a mut Work, scope: &'a Scope) -> Step<'a, Subject> {
        Box::pin(async move {
            let mut roles = Roles::NONE;
            for role in asked_roles(&work.call) {
                let of_role = scope.clone().and(Scope::text("role", role.as_str()));
                if work.any(User::RESOURCE, &of_role).await? {
                    roles = roles.or(role);
                }
            }
            Ok(Subject::Users(roles))
        })
    }
    fn list_default(&self, call: &Call) -> Scope {
        match call.query.get("roles") {
            Some(QueryValue::List(_)) => Scope::All,
            _ => Scope::text("role", UserRole::User.as_str()),
        }
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            super::default_metadata(draft);
            draft.default("role", Value::Text(UserRole::User.as_str().to_owned()));
            if draft.before.is_none() {
                membership::join(work, draft, &[]).await?;
            }
            prepare_email(draft);
            prepare_permissions(work, draft).await?;
            keep_an_admin(work, draft).await?;
            prepare_password(draft)
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move {
            let changed = draft.changed("role") || draft.changed("password_digest");
            if draft.before.is_some() && changed {
                let kept = token_in_use(&work.call);
                drop_tokens(work, draft.record.id(), kept).await?;
            }
            Ok(())
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move {
            if is_full_admin(record) && !another_admin(work, record.id()).await? {
                return Err(Refusal::invalid([admins_required()]));
            }
            cascade::user(work, record).await
        })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move {
            let mut all = Vec::with_capacity(records.len());
            for record in records {
                all.push(describe(work, record).await?);
            }
            Ok(all)
        })
    }
}

/// The roles that a list was asked for.
fn asked_roles(call: &Call) -> Vec<Role> {
    match call.query.get("roles") {
        Some(QueryValue::List(items)) => {
            items.iter().filter_map(QueryValue::text).filter_map(Role::of_user).collect()
        }
        _ => vec![Role::User],
    }
}

/// The products of the licences that a user owns or is attached to.
pub(crate) async fn products_of(work: &mut Work, user: RecordId) -> Outcome<Vec<ProductId>> {
    let licenses = work.all(License::RESOURCE, &held_by(user)).await?;
    let mut products: Vec<ProductId> =
        licenses.iter().filter_map(|license| license.get("product_id").as_id()).map(Into::into).collect();
    products.sort_unstable();
    products.dedup();
    Ok(products)
}

/// The licences that a user owns or is attached to.
pub(crate) fn held_by(user: RecordId) -> Scope {
    let attached = Scope::has(LicenseUser::RESOURCE.table, "license_id", Scope::id("user_id", user));
    Scope::id("owner_id", user).or(attached)
}

fn prepare_email(draft: &mut Draft) {
    let Some(sent) = draft.text("email").map(str::to_owned) else { return };
    let normal = email::normal(&sent);
    if draft.changed("email") && !email::is_valid(&normal) {
        draft.fail(Invalid::attribute("email", Failure::Kind("INVALID"), "must be a valid email"));
    }
    draft.record.set("email", Value::Text(normal));
}

/// Permissions are those sent, as far as the role may have them; else the role's default; a change of role
/// keeps what the old permissions and the new role's default have in common (§3.3).
async fn prepare_permissions(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(role) = draft.text("role").and_then(Role::of_user) else { return Ok(()) };
    let sent = draft.input.get("permissions").is_some();
    permissions::check(draft, role);
    let before = draft.before.as_ref().and_then(|before| {
        let old = before.get("role").as_text().and_then(Role::of_user)?;
        Some((old, Granted::stored(before.get("permissions").as_json()?)))
    });
    let granted = match (sent, before) {
        (true, _) => None,
        (false, None) => Some(default_permissions(work, role).await?),
        (false, Some((old, granted))) if old != role => {
            let kept = granted.within(Permissions::allowed(old)).intersection(Permissions::default_of(role));
            Some(if kept == Permissions::all() { Granted::Wildcard } else { Granted::Only(kept) })
        }
        (false, Some(_)) => None,
    };
    if let Some(granted) = granted {
        draft.record.set("permissions", Value::Json(granted.to_json()));
    }
    no_more_than_the_caller(&work.call, draft, role, sent);
    Ok(())
}

/// A team member without full permissions cannot make a peer who has more, nor promote a customer who has: the
/// same permissions reach further in the team.
fn no_more_than_the_caller(call: &Call, draft: &mut Draft, role: Role, sent: bool) {
    let own = call.principal.permissions;
    let changed = draft.changed("permissions") || draft.changed("role");
    if !role.is_team() || own.contains_all(Permissions::all()) || !changed {
        return;
    }
    let asked = draft.record.get("permissions").as_json().map(Granted::stored);
    let asked = asked.unwrap_or(Granted::Wildcard).within(Permissions::allowed(role));
    if own.contains_all(asked) {
        return;
    }
    if sent {
        draft.fail(permissions::not_allowed());
    } else {
        let capped = Granted::Only(asked.intersection(own));
        draft.record.set("permissions", Value::Json(capped.to_json()));
    }
}

/// The last admin with full permissions stays one.
async fn keep_an_admin(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let was = draft.before.as_ref().is_some_and(is_full_admin);
    if was && !is_full_admin(&draft.record) && !another_admin(work, draft.record.id()).await? {
        draft.fail(admins_required());
    }
    Ok(())
}

fn is_full_admin(user: &Record) -> bool {
    let granted = user.get("permissions").as_json().map(Granted::stored);
    let full = granted.is_some_and(|granted| match granted {
        Granted::Wildcard => true,
        Granted::Only(set) => set.contains_all(Permissions::all()),
    });
    full && user.get("role").as_text() == Some(UserRole::Admin.as_str()) && user.environment().is_none()
}

async fn another_admin(work: &mut Work, id: RecordId) -> Outcome<bool> {
    let admins = Scope::text("role", UserRole::Admin.as_str()).and(Scope::IsNull("environment_id"));
    let admins = work.all(User::RESOURCE, &admins).await?;
    Ok(admins.iter().any(|admin| admin.id() != id && is_full_admin(admin)))
}

fn admins_required() -> Invalid {
    Invalid::relation("account", Failure::Kind("ADMINS_REQUIRED"), "account must have at least 1 admin user")
}

fn prepare_password(draft: &mut Draft) -> Outcome<()> {
    match draft.input.get("password").cloned() {
        Some(Value::Text(given)) => {
            if let Some((failure, detail)) = password::failure(&given) {
                draft.fail(Invalid::attribute("password", failure, detail));
            }
            password::demand(draft, vec![given])?;
            if let Some(digest) = draft.digests.first().cloned() {
                draft.record.set("password_digest", Value::Text(digest));
                forget_reset(&mut draft.record);
            }
        }
        Some(_) => {
            draft.record.set("password_digest", Value::Null);
            forget_reset(&mut draft.record);
        }
        None => {}
    }
    Ok(())
}

/// Ends a token by which a new password could be chosen.
pub(crate) fn forget_reset(user: &mut Record) {
    user.set("password_reset_digest", Value::Null);
    user.set("password_reset_at", Value::Null);
}

/// The token in use.
pub(crate) fn token_in_use(call: &Call) -> Option<RecordId> {
    call.principal.token.as_ref().map(|token| token.id.into())
}

/// Revokes a user's tokens but one that is to be kept.
pub(crate) async fn drop_tokens(work: &mut Work, user: RecordId, kept: Option<RecordId>) -> Outcome<()> {
    let scope = Scope::text("bearer_type", BearerType::User.as_str()).and(Scope::id("bearer_id", user));
    for token in work.all(Token::RESOURCE, &scope).await? {
        if kept != Some(token.id()) {
            work.delete(&token).await?;
            crate::touch::record(work, Some(&token), None).await?;
        }
    }
    Ok(())
}

async fn describe(work: &mut Work, user: &Record) -> Outcome<Extras> {
    let mut extras = Extras::default();
    let names = (user.get("first_name").as_text(), user.get("last_name").as_text());
    let full_name = match names {
        (Some(first), Some(last)) => serde_json::Value::String(format!("{first} {last}")),
        _ => serde_json::Value::Null,
    };
    extras.attribute("full_name", full_name);
    extras.attribute("status", status(work, user).await?);
    Ok(extras)
}

/// BANNED, ACTIVE (made within 90 days, or with a licence that was active in them), else INACTIVE.
async fn status(work: &mut Work, user: &Record) -> Outcome<&'static str> {
    if !user.get("banned_at").is_null() {
        return Ok("BANNED");
    }
    let since = work.now().minus(INACTIVE);
    if user.created() >= since {
        return Ok("ACTIVE");
    }
    let signs = ["created_at", "last_validated_at", "last_check_out_at", "last_check_in_at"];
    let recent = signs.into_iter().map(|column| Scope::Ge(column, Value::Time(since)));
    let recent = recent.fold(Scope::None, Scope::or);
    let active = work.any(License::RESOURCE, &held_by(user.id()).and(recent)).await?;
    Ok(if active { "ACTIVE" } else { "INACTIVE" })
}

/// The refusal of a password that is not the user's.
pub(crate) fn wrong_password(pointer: &'static str) -> ApiError {
    ApiError::unauthorized("is not valid", "PASSWORD_INVALID").pointer(pointer)
}
