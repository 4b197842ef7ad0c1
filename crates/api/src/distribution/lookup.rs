//! Engines, platforms, arches and channels: read-only, made as a side effect of what uses them
//! (`distribution.md` §5.4).

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{Arch, Channel, Engine, Platform};
use keyway_jsonapi::{Declared, Record, Resource, Value};

use crate::hooks::{Actions, Hooks, Step, done};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of one look-up resource.
pub(crate) struct Lookup {
    resource: &'static Resource,
    list: Action,
    show: Action,
}

/// Engines.
pub(crate) static ENGINES: Lookup =
    Lookup { resource: Engine::RESOURCE, list: Action::EngineList, show: Action::EngineShow };
/// Platforms.
pub(crate) static PLATFORMS: Lookup =
    Lookup { resource: Platform::RESOURCE, list: Action::PlatformList, show: Action::PlatformShow };
/// Arches.
pub(crate) static ARCHES: Lookup =
    Lookup { resource: Arch::RESOURCE, list: Action::ArchList, show: Action::ArchShow };
/// Channels.
pub(crate) static CHANNELS: Lookup =
    Lookup { resource: Channel::RESOURCE, list: Action::ChannelList, show: Action::ChannelShow };

impl Hooks for Lookup {
    fn resource(&self) -> &'static Resource {
        self.resource
    }
    fn actions(&self) -> Actions {
        // There are no routes for writing them.
        Actions { list: self.list, show: self.show, create: self.show, update: self.show, delete: self.show }
    }
    /// The rows belong to the account, whatever the environment.
    fn subject<'a>(&'a self, _: &'a mut Work, _: &'a Record) -> Step<'a, Subject> {
        done(Subject::None)
    }
}

/// Makes sure that the row of a key exists.
pub(super) async fn materialise(work: &mut Work, lookup: &Lookup, key: &str) -> Outcome<()> {
    let id = RecordId::generate(work.now());
    let mut record = Record::new(lookup.resource, id, work.account(), None, work.now());
    record.set("key", Value::Text(key.to_owned()));
    work.insert_new(&record).await?;
    Ok(())
}
