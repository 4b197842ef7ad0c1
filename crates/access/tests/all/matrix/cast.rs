//! The bearers and records that the matrix names.

use keyway_access::worlds::{Blank, NOW, World, account};
use keyway_access::{Action, EnvironmentView, Principal, Target, TokenBearer};
use keyway_base::{EntitlementId, EnvironmentId, ProductId, RecordId, UserId};
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Record, Role, Roles};

use super::stage::{
    BOTH, HOME, OPEN, OTHER_ADMIN, OTHER_DEVELOPER, OWNED, POLICY_PROTECTED, POLICY_SIBLING, POLICY_X,
    POLICY_Y, SHUT, U, V, W, X, Y, add_machines, add_people, add_policies_and_licenses, add_products,
    add_releases, add_tokens,
};

/// A world with fixed parts, all in one environment (or none), and its other environment.
pub(super) struct Cast {
    pub(super) world: World,
    view: EnvironmentView,
    environment: Option<EnvironmentId>,
    /// Where nobody of the cast looks.
    elsewhere: Option<EnvironmentId>,
}

/// What an action is done to: the record to find first, and how to make the target.
pub(super) struct Subject<'a> {
    pub(super) record: Option<Record>,
    make: Box<dyn Fn() -> Target<'a> + 'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn target(&self) -> Target<'a> {
        (self.make)()
    }
    fn new(record: impl Into<Option<Record>>, make: impl Fn() -> Target<'a> + 'a) -> Self {
        Self { record: record.into(), make: Box::new(make) }
    }
}

/// The type and id of a token's bearer, its role, and the products it has licences of.
type TokenOwner = (r::BearerType, RecordId, Role, Vec<ProductId>);

impl Cast {
    /// Everything global, met without an environment.
    pub(super) fn global() -> Self {
        Self::made(|_| None, |_| EnvironmentView::Global)
    }
    /// Everything in an isolated environment, met inside it.
    pub(super) fn inside() -> Self {
        Self::made(
            |world| Some(world.environments[0].id.into()),
            |world| EnvironmentView::of(Some(&world.environments[0])),
        )
    }

    fn made(place: fn(&World) -> Option<EnvironmentId>, view: fn(&World) -> EnvironmentView) -> Self {
        let mut blank = Blank::starting_at(1);
        let mut world = World::default();
        world.environments = vec![
            blank.environment("one", r::IsolationStrategy::Isolated),
            blank.environment("two", r::IsolationStrategy::Isolated),
        ];
        let environment = place(&world);
        add_people(&mut world, &mut blank);
        add_products(&mut world, &mut blank);
        world.users.iter_mut().for_each(|user| user.environment_id = environment);
        world.products.iter_mut().for_each(|product| product.environment_id = environment);
        world.entitlements.iter_mut().for_each(|of| of.environment_id = environment);
        add_policies_and_licenses(&mut world, &mut blank);
        add_machines(&mut world, &mut blank);
        add_releases(&mut world, &mut blank);
        add_tokens(&mut world, &mut blank);
        world.add_webhooks();
        world.index();
        let elsewhere = Some(world.environments[1].id.into());
        Self { view: view(&world), world, environment, elsewhere }
    }

    /// The bearer of a letter. `inside` puts everyone into the first environment.
    pub(super) fn caller(&self, letter: char, relation: &str) -> Option<Principal> {
        let view = self.view;
        let mut caller = match "ADSTR".find(letter) {
            Some(position) => self.by(r::BearerType::User, self.world.users[position].id)?,
            None => match letter {
                'E' => self.by(r::BearerType::Environment, self.world.environments[0].id)?,
                'P' => self.by(r::BearerType::Product, self.world.products[X].id)?,
                'U' => self.by(r::BearerType::User, self.world.users[U].id)?,
                'L' => self.by(r::BearerType::License, self.world.licenses[0].id)?,
                _ => Principal::anonymous(account(), view),
            },
        };
        if relation == "inside" {
            caller.view = EnvironmentView::of(Some(&self.world.environments[0]));
        }
        Some(caller)
    }

    fn by(&self, kind: r::BearerType, id: RecordId) -> Option<Principal> {
        let token =
            self.world.tokens.iter().find(|token| token.bearer_type == kind && token.bearer_id == id)?;
        Some(self.world.by_token(token, self.view).expect("the cast can authenticate"))
    }

    /// What a relation names for an action; `None` where the role has no such thing.
    pub(super) fn subject<'a>(&'a self, action: Action, relation: &str, letter: char) -> Option<Subject<'a>> {
        let name = action.as_str();
        let creates = name.ends_with("Create");
        Some(match name {
            "LicenseCreate" => self.new_license(relation),
            "UserCreate" => self.new_user(relation),
            "UserList" => {
                let roles = if relation == "admins" { &[Role::User, Role::Admin][..] } else { &[Role::User] };
                let roles = Roles::of(roles);
                Subject::new(None, move || Target::users(roles))
            }
            "ProductCreate" | "EntitlementCreate" | "GroupCreate" | "EnvironmentCreate" => {
                let environment = self.place(relation);
                let is_environment = name == "EnvironmentCreate";
                Subject::new(
                    None,
                    move || if is_environment { Target::none() } else { Target::within(environment) },
                )
            }
            "TokenGenerate" => self.new_token(self.bearer(relation, letter)?, None),
            "UserTokensGenerate" => {
                let bearer =
                    self.bearer(relation, letter).filter(|bearer| bearer.0 == r::BearerType::User)?;
                let user = self.world.users.iter().find(|user| user.id == bearer.1)?.clone();
                self.new_token(bearer, Some(user.into_record()))
            }
            "MachineCreate" | "ComponentCreate" | "ProcessCreate" => {
                Subject { record: None, ..self.machine(name, relation) }
            }
            _ if relation == "none" => Subject::new(None, Target::none),
            _ if name.starts_with("UserSecondFactors") => self.user(relation, letter)?,
            _ if creates && !name.starts_with("Artifact") => self.new_in_product(relation),
            _ if name.starts_with("Environment") => self.environment(relation),
            _ if name.starts_with("Token") => self.token(relation, letter)?,
            _ if name.starts_with("User") => self.user(relation, letter)?,
            _ if name.starts_with("Product") => self.product(relation),
            _ if name.starts_with("Entitlement") => self.entitlement(relation),
            _ if name.starts_with("Group") => self.group(relation, letter),
            _ if name.starts_with("Policy") => self.policy(relation),
            _ if name.starts_with("Key") => self.key(relation),
            _ if name.starts_with("License") => self.license(name, relation),
            _ if ["Machine", "Component", "Process"].iter().any(|of| name.starts_with(of)) => {
                self.machine(name, relation)
            }
            _ if name.starts_with("Package") => self.package(relation),
            _ if name.starts_with("Webhook") => self.webhook(name, relation),
            _ => self.release(name, relation),
        })
    }

    fn place(&self, relation: &str) -> Option<EnvironmentId> {
        if relation == "elsewhere" { self.elsewhere } else { self.environment }
    }

    fn new_license(&self, relation: &str) -> Subject<'_> {
        let (policy, owner) = match relation {
            "bound" => (POLICY_PROTECTED, U),
            "sibling" => (POLICY_X, V),
            "foreign" => (POLICY_Y, W),
            _ => (POLICY_X, U),
        };
        let environment = self.place(relation);
        let owner: UserId = self.world.users[owner].id.into();
        Subject::new(None, move || {
            Target::new_license(environment, &self.world.policies[policy], Some(owner))
        })
    }

    fn new_user(&self, relation: &str) -> Subject<'_> {
        let role = if relation == "admin" { Role::Admin } else { Role::User };
        let (environment, protected) = (self.place(relation), relation == "protected");
        Subject::new(None, move || Target::new_user(environment, role, protected))
    }

    fn new_in_product(&self, relation: &str) -> Subject<'_> {
        let product = self.world.products[if relation == "foreign" { Y } else { X }].id.into();
        let environment = self.place(relation);
        Subject::new(None, move || Target::of_product(environment, product))
    }

    fn environment(&self, relation: &str) -> Subject<'_> {
        let environment = &self.world.environments[usize::from(relation == "other")];
        Subject::new(environment.clone().into_record(), move || Target::environment(environment))
    }

    /// A bearer that tokens are of: its type, id, role and products.
    fn bearer(&self, relation: &str, letter: char) -> Option<TokenOwner> {
        let world = &self.world;
        let user = |at: usize| {
            let products = self.products_of(world.users[at].id.into());
            let role = Role::of_user(world.users[at].role.as_str()).expect("users have user roles");
            (r::BearerType::User, world.users[at].id, role, products)
        };
        let license = |at: usize| {
            let license = &world.licenses[at];
            (r::BearerType::License, license.id, Role::License, vec![license.product_id])
        };
        Some(match relation {
            "mine" => match letter {
                'E' => (r::BearerType::Environment, world.environments[0].id, Role::Environment, vec![]),
                'P' => (r::BearerType::Product, world.products[X].id, Role::Product, vec![]),
                'U' => user(U),
                'L' => license(0),
                _ => user("ADSTR".find(letter)?),
            },
            "u" => user(U),
            "user" | "teammate" => user(V),
            "stranger" => user(W),
            "license" => license(2),
            "foreign" => license(3),
            _ => user(OTHER_ADMIN),
        })
    }

    /// A token to be made, through the route of its bearer when there is one.
    fn new_token(&self, bearer: TokenOwner, parent: Option<Record>) -> Subject<'_> {
        let (kind, id, role, products) = bearer;
        let products: &'static [ProductId] = products.leak();
        let environment = self.environment;
        Subject::new(parent, move || Target::new_token(environment, kind, id, TokenBearer { role, products }))
    }

    fn token(&self, relation: &str, letter: char) -> Option<Subject<'_>> {
        let (kind, id, role, products) =
            self.bearer(if relation == "elsewhere" { "user" } else { relation }, letter)?;
        let mut tokens = self.world.tokens.iter();
        let mut token = tokens.find(|token| token.bearer_type == kind && token.bearer_id == id)?.clone();
        if relation == "elsewhere" {
            token.environment_id = self.elsewhere;
        }
        let products: &'static [ProductId] = products.leak();
        let record = token.clone().into_record();
        Some(Subject::new(record, move || Target::token(&token, TokenBearer { role, products })))
    }

    fn user(&self, relation: &str, letter: char) -> Option<Subject<'_>> {
        let at = match relation {
            "mine" => "ADSTR".find(letter).or((letter == 'U').then_some(U))?,
            "teammate" => V,
            "stranger" => W,
            "both" => BOTH,
            "developer" => OTHER_DEVELOPER,
            "admin" => OTHER_ADMIN,
            _ => U,
        };
        let mut user = self.world.users[at].clone();
        user.environment_id = self.place(relation);
        let products: &'static [ProductId] = self.products_of(user.id.into()).leak();
        Some(Subject::new(user.clone().into_record(), move || Target::user(&user, products)))
    }

    fn products_of(&self, user: UserId) -> Vec<ProductId> {
        let attached = |license: &r::License| {
            let mut pairs = self.world.license_users.iter();
            pairs.any(|of| of.license_id == license.id.into() && of.user_id == user)
        };
        let licenses = self.world.licenses.iter();
        let mine = licenses.filter(|license| license.owner_id == Some(user) || attached(license));
        mine.map(|license| license.product_id).collect()
    }

    fn product(&self, relation: &str) -> Subject<'_> {
        let mut product = self.world.products[product_at(relation)].clone();
        product.environment_id = self.place(relation);
        Subject::new(product.clone().into_record(), move || Target::product(&product))
    }

    fn entitlement(&self, relation: &str) -> Subject<'_> {
        let mut entitlement = self.world.entitlements[usize::from(relation == "other")].clone();
        entitlement.environment_id = self.place(relation);
        Subject::new(entitlement.clone().into_record(), move || Target::entitlement(&entitlement))
    }

    fn group(&self, relation: &str, letter: char) -> Subject<'_> {
        let at = match relation {
            "owned" => OWNED,
            "other" => OWNED + 1,
            _ => HOME,
        };
        let mut group = self.world.groups[at].clone();
        group.environment_id = self.place(relation);
        let owners = self.world.group_owners.iter().filter(|of| of.group_id == group.id.into());
        let owners: &'static [UserId] = owners.map(|of| of.user_id).collect::<Vec<_>>().leak();
        let callers = "UL".contains(letter).then(|| self.world.groups[HOME].id.into());
        Subject::new(group.clone().into_record(), move || Target::group(&group, owners, callers))
    }

    fn policy(&self, relation: &str) -> Subject<'_> {
        let at = match relation {
            "sibling" => POLICY_SIBLING,
            "foreign" => POLICY_Y,
            _ => POLICY_X,
        };
        let mut policy = self.world.policies[at].clone();
        policy.environment_id = self.place(relation);
        Subject::new(policy.clone().into_record(), move || Target::policy(&policy))
    }

    fn key(&self, relation: &str) -> Subject<'_> {
        let mut key = self.world.keys[usize::from(relation == "foreign")].clone();
        key.environment_id = self.place(relation);
        let (environment, product) = (key.environment_id, key.product_id);
        Subject::new(key.into_record(), move || Target::of_product(environment, product))
    }

    fn license(&self, action: &str, relation: &str) -> Subject<'_> {
        let mut license = self.world.licenses[license_at(relation)].clone();
        license.environment_id = self.place(relation);
        let (policy, users) = (self.policy_of(&license), self.users_of(&license));
        let moves = (action == "LicensePolicyUpdate").then(|| {
            &self.world.policies[match relation {
                "foreign" | "away" => POLICY_Y,
                "protected" => POLICY_PROTECTED,
                _ => POLICY_SIBLING,
            }]
        });
        // Keys are looked up by themselves, not through what the caller sees.
        let record = (action != "LicenseValidateKey").then(|| license.clone().into_record());
        Subject::new(record, move || {
            let target = Target::license(&license, policy, users);
            moves.map_or(target, |policy| target.moving_to(policy))
        })
    }

    /// A machine, or the component or process of one.
    fn machine(&self, action: &str, relation: &str) -> Subject<'_> {
        let license = license_at(relation);
        let at = if relation == "mine" { self.world.machines.len() - 1 } else { license };
        let mut machine = self.world.machines[at].clone();
        machine.environment_id = self.place(relation);
        let mut component = self.world.components[at].clone();
        component.environment_id = self.place(relation);
        let mut process = self.world.processes[at].clone();
        process.environment_id = self.place(relation);
        let record = match action {
            _ if action.starts_with("Component") => component.into_record(),
            _ if action.starts_with("Process") => process.into_record(),
            _ => machine.clone().into_record(),
        };
        let license = &self.world.licenses[license];
        let policy = self.policy_of(license);
        let users = self.users_of(license);
        Subject::new(record, move || {
            let target = Target::license(license, policy, users);
            target.on_machine(machine.environment_id, machine.owner_id)
        })
    }

    fn policy_of(&self, license: &r::License) -> &r::Policy {
        let policy = self.world.policies.iter().find(|policy| policy.id == license.policy_id.into());
        policy.expect("every licence has a policy")
    }

    /// The users attached to a licence.
    fn users_of(&self, license: &r::License) -> &'static [UserId] {
        let of_it = self.world.license_users.iter().filter(|of| of.license_id == license.id.into());
        of_it.map(|of| of.user_id).collect::<Vec<_>>().leak()
    }

    fn package(&self, relation: &str) -> Subject<'_> {
        let at = product_at(relation);
        let mut package = self.world.packages[at].clone();
        package.environment_id = self.place(relation);
        let strategy = self.world.products[at].distribution_strategy;
        Subject::new(package.clone().into_record(), move || Target::package(&package, strategy))
    }

    /// A product's webhook endpoint, or what it was told.
    fn webhook(&self, action: &str, relation: &str) -> Subject<'_> {
        let at = product_at(relation);
        let environment = self.place(relation);
        let record = if action.starts_with("WebhookEvent") {
            let told = self.world.webhook_events[at].clone();
            r::WebhookEvent { environment_id: environment, ..told }.into_record()
        } else {
            let endpoint = self.world.webhook_endpoints[at].clone();
            r::WebhookEndpoint { environment_id: environment, ..endpoint }.into_record()
        };
        let product = self.world.products[at].id.into();
        Subject::new(record, move || Target::of_product(environment, product))
    }

    /// A release, or an artifact, constraint or rollout of it.
    fn release(&self, action: &str, relation: &str) -> Subject<'_> {
        let at = match relation {
            "held" => 4,
            "needs" => 5,
            "draft" => 6,
            "yanked" => 7,
            other => product_at(other),
        };
        let mut release = self.world.releases[at].clone();
        release.environment_id = self.place(relation);
        let mut products = self.world.products.iter();
        let product = products.find(|product| product.id == release.product_id.into());
        let strategy = product.expect("every release has a product").distribution_strategy;
        let constraints = self.world.constraints.iter().filter(|of| of.release_id == release.id.into());
        let asked: Vec<EntitlementId> = constraints.clone().map(|of| of.entitlement_id).collect();
        let asked: &'static [EntitlementId] = asked.leak();
        let record = match action {
            "ArtifactCreate" => release.clone().into_record(),
            _ if action.starts_with("Artifact") => {
                let mut artifacts = self.world.artifacts.iter();
                let artifact = artifacts.find(|artifact| artifact.release_id == release.id.into());
                let mut artifact = artifact.expect("every release has an artifact").clone();
                artifact.environment_id = self.place(relation);
                artifact.into_record()
            }
            _ if action.starts_with("Rollout") => {
                let mut rollouts = self.world.rollouts.iter();
                let rollout = rollouts.find(|rollout| rollout.release_id == release.id.into());
                let mut rollout = rollout.expect("every release has a rollout").clone();
                rollout.environment_id = self.place(relation);
                rollout.into_record()
            }
            _ if action.starts_with("Constraint") => {
                constraints.clone().next().expect("the release has a constraint").clone().into_record()
            }
            _ => release.clone().into_record(),
        };
        Subject::new(record, move || Target::release(&release, strategy, asked, NOW))
    }
}

/// The position of the licence that a relation names.
fn license_at(relation: &str) -> usize {
    match relation {
        "used" | "mine" => 1,
        "sibling" => 2,
        "foreign" => 3,
        "locked" => 4,
        "bound" => 5,
        _ => 0,
    }
}

fn product_at(relation: &str) -> usize {
    match relation {
        "foreign" => Y,
        "open" => OPEN,
        "shut" => SHUT,
        _ => X,
    }
}
