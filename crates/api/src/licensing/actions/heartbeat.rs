//! `POST /machines/:id/actions/{ping,reset}`, also as `ping-heartbeat` and `reset-heartbeat`, and
//! `POST /processes/:id/actions/ping` (`licensing.md` §10.2, §10.4).

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::machine::heartbeat::{Heartbeat, HeartbeatStatus, Ping};
use keyway_domain::resources::Policy;
use keyway_jsonapi::document::resource_object;
use keyway_jsonapi::{Failure, Invalid, Record, Value};
use serde_json::Value as Json;

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{below, find};
use crate::licensing::machine::{self, Shown};
use crate::licensing::{Machines, Processes, process};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::subject::{OnMachine, Subject};
use crate::work::Work;

/// Something that pings.
struct Kind {
    hooks: &'static dyn Hooks,
    ping: Action,
    heartbeat: fn(&Record, &Policy) -> Outcome<Heartbeat>,
    shown: Shown,
    /// Where an object says whether it lives.
    status: &'static str,
    /// The internal name that the code of its refusal starts with.
    model: &'static str,
}

static MACHINE: Kind = Kind {
    hooks: &Machines,
    ping: Action::MachineHeartbeatPing,
    heartbeat: |record, policy| Ok(Heartbeat::of_machine(&record.typed()?, policy)),
    shown: machine::shown,
    status: "/attributes/heartbeatStatus",
    model: "machine_heartbeat",
};
static PROCESS: Kind = Kind {
    hooks: &Processes,
    ping: Action::ProcessHeartbeatPing,
    heartbeat: |record, policy| Ok(Heartbeat::of_process(&record.typed()?, policy)),
    shown: process::shown,
    status: "/attributes/status",
    model: "process_heartbeat",
};

/// Notes that a machine lives.
pub(crate) async fn ping_machine(call: Arc<Call>) -> Outcome<Reply> {
    ping(call, &MACHINE).await
}

/// Notes that a process lives.
pub(crate) async fn ping_process(call: Arc<Call>) -> Outcome<Reply> {
    ping(call, &PROCESS).await
}

/// Forgets that a machine ever pinged.
pub(crate) async fn reset(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, mut record, on) = permitted(&call, &MACHINE, Action::MachineHeartbeatReset).await?;
    let object = beat(&mut work, &MACHINE, &mut record, &on, Value::Null, "heartbeat.reset").await?;
    work.commit().await?;
    Ok(Reply::data(object))
}

/// Notes that something lives, or brings it back to life if it is not too late.
async fn ping(call: Arc<Call>, kind: &'static Kind) -> Outcome<Reply> {
    let (mut work, mut record, on) = permitted(&call, kind, kind.ping).await?;
    let heartbeat = (kind.heartbeat)(&record, &on.policy)?;
    let pinged = heartbeat.ping(&on.policy, call.now);
    let event = match pinged {
        Ping::Heard => "heartbeat.ping",
        Ping::Revives => "heartbeat.resurrected",
        Ping::TooLate => return Err(dead(kind)),
    };
    // Of two pings that overtake each other the later counts.
    let heard = heartbeat.last.map_or(call.now, |last| last.max(call.now));
    let mut object = beat(&mut work, kind, &mut record, &on, Value::Time(heard), event).await?;
    if let (Ping::Revives, Some(status)) = (pinged, object.pointer_mut(kind.status)) {
        *status = HeartbeatStatus::Resurrected.as_str().into();
    }
    work.commit().await?;
    Ok(Reply::data(object))
}

async fn permitted(call: &Arc<Call>, kind: &Kind, action: Action) -> Outcome<(Work, Record, OnMachine)> {
    let mut work = Work::writing(call).await?;
    let record = find(&mut work, kind.hooks, call.param(0)).await?;
    let subject = kind.hooks.subject(&mut work, &record).await?;
    gate::authorize(call, action, &subject)?;
    match subject {
        Subject::Machine(on) => Ok((work, record, *on)),
        _ => Err(Refusal::Broken(format!("a {} is on no machine", record.resource.name))),
    }
}

/// Writes a heartbeat and its event down; gives the record as it is shown, with what was read already.
async fn beat(
    work: &mut Work,
    kind: &Kind,
    record: &mut Record,
    on: &OnMachine,
    heard: Value,
    event: &str,
) -> Outcome<Json> {
    record.set("last_heartbeat_at", heard);
    record.set("dead_at", Value::Null);
    record.set("updated_at", Value::Time(work.now()));
    work.update(record, &["last_heartbeat_at", "dead_at", "updated_at"]).await?;
    work.log(record, event).await?;
    let extras = (kind.shown)(record, &on.license, &on.policy, &work.call)?;
    Ok(resource_object(record, &extras, below))
}

fn dead(kind: &Kind) -> Refusal {
    Refusal::invalid([Invalid::base(kind.model, Failure::Kind("DEAD"), "is dead")])
}
