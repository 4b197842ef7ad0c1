//! Tokens (`licensing.md` §2.1).

use keyway_access::Action;
use keyway_base::{ProductId, RecordId};
use keyway_domain::resources::{BearerType, Environment, License, Product, Token, User};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{Declared, Record, Resource, Role};

use super::user::products_of;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of tokens. They are made by [`super::generate`].
pub(crate) struct Tokens;

impl Hooks for Tokens {
    fn resource(&self) -> &'static Resource {
        Token::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::TokenList,
            show: Action::TokenShow,
            create: Action::TokenGenerate,
            update: Action::TokenRegenerate,
            delete: Action::TokenRevoke,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let token: Token = record.typed()?;
            let bearer = Bearer::find(work, token.bearer_type, token.bearer_id).await?;
            let (role, products) = match bearer {
                Some(bearer) => (bearer.role, bearer.products),
                None => (Role::Anonymous, Vec::new()),
            };
            Ok(Subject::Token { token: Box::new(token), role, products })
        })
    }
    fn deletion(&self) -> &'static str {
        "revoked"
    }
    fn describe<'a>(&'a self, _: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        crate::hooks::done(records.iter().map(describe).collect())
    }
}

/// Activation counters are for licences' tokens only.
pub(crate) fn describe(record: &Record) -> Extras {
    let mut extras = Extras::default();
    if record.get("bearer_type").as_text() != Some(BearerType::License.as_str()) {
        extras.omitted = vec!["max_activations", "activations", "max_deactivations", "deactivations"];
    }
    extras
}

/// Whom a token speaks for.
pub(crate) struct Bearer {
    /// The record.
    pub(crate) record: Record,
    /// The type.
    pub(crate) kind: BearerType,
    /// The role: of the user, or by type.
    pub(crate) role: Role,
    /// The products: of the licence, or of the user's licences.
    pub(crate) products: Vec<ProductId>,
}

impl Bearer {
    /// The bearer with an id; `None` when it is gone.
    pub(crate) async fn find(work: &mut Work, kind: BearerType, id: RecordId) -> Outcome<Option<Self>> {
        let resource = match kind {
            BearerType::User => User::RESOURCE,
            BearerType::Product => Product::RESOURCE,
            BearerType::Environment => Environment::RESOURCE,
            BearerType::License => License::RESOURCE,
        };
        match work.get(resource, id).await? {
            Some(record) => Ok(Some(Self::of(work, kind, record).await?)),
            None => Ok(None),
        }
    }
    /// A record as a bearer.
    pub(crate) async fn of(work: &mut Work, kind: BearerType, record: Record) -> Outcome<Self> {
        let (role, products) = match kind {
            BearerType::User => {
                let role = record.get("role").as_text().and_then(Role::of_user).unwrap_or(Role::User);
                (role, products_of(work, record.id()).await?)
            }
            BearerType::Product => (Role::Product, vec![record.id().into()]),
            BearerType::Environment => (Role::Environment, Vec::new()),
            BearerType::License => {
                let product = record.get("product_id").as_id();
                (Role::License, product.map(ProductId::from).into_iter().collect())
            }
        };
        Ok(Self { record, kind, role, products })
    }
}
