//! `POST /machines/:id/actions/generate-offline-proof` (`licensing.md` §10.1).

use std::sync::Arc;

use keyway_access::Action;
use keyway_crypto::machine_proof;
use keyway_domain::resources::Machine;
use keyway_jsonapi::document::camel_keys;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{Declared, Record, Role, Roles};
use serde_json::{Value as Json, json};
use tokio::task::spawn_blocking;

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{find, one};
use crate::licensing::Machines;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::subject::{OnMachine, Subject};
use crate::work::Work;

/// Takes what is to be signed, and gives the machine with the proof.
pub(crate) const CONTRACT: Contract =
    Contract::taking(|| schema(Role::Admin))
        .gives(&[Given::new(200, Data::One(Machine::RESOURCE)).meta(meta_schema)]);

/// `meta {dataset?}`.
fn schema(role: Role) -> Vec<Node> {
    let dataset = Node::new("dataset", Form::Metadata).permitted(Roles::ADSTPE.contains(role));
    vec![Node::object("meta", vec![dataset])]
}

fn meta_schema() -> Json {
    json!({ "type": "object", "required": ["proof"], "properties": { "proof": { "type": "string" } } })
}

/// Signs what the machine and its licence are now, or what the vendor wants to be signed of them.
pub(crate) async fn generate(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let (machine, on) = permitted(&mut work).await?;
    check(&schema(call.role()), &call.body)?;
    let given = call.meta().and_then(|meta| meta.get("dataset")).filter(|dataset| !dataset.is_null());
    let dataset = match given {
        Some(given) => camel_keys(given.clone()),
        None => dataset_of(&machine, &on, &call),
    };
    // RSA takes its time, during which nobody is kept from writing.
    drop(work);
    call.api.pace().count(call.account.id, on.license.id.into(), call.api.parts().clock.monotonic())?;
    let _core = call.api.pace().core().await;
    let keys = Arc::clone(&call.account.keys);
    let signing = spawn_blocking(move || machine_proof::write(&keys, &dataset.to_string()));
    let signed = signing.await.map_err(|error| Refusal::Broken(format!("signing died: {error}")))?;
    let proof = signed.map_err(|error| Refusal::Broken(error.to_string()))?;
    let mut work = Work::writing(&call).await?;
    let (machine, _) = permitted(&mut work).await?;
    let meta = json!({ "proof": proof });
    work.log_telling(&machine, "proofs.generated", json!({}), &meta).await?;
    let reply = Reply::data(one(&mut work, &Machines, &machine).await?).with("meta", meta);
    work.commit().await?;
    Ok(reply)
}

async fn permitted(work: &mut Work) -> Outcome<(Record, OnMachine)> {
    let call = Arc::clone(&work.call);
    let machine = find(work, &Machines, call.param(0)).await?;
    let subject = Machines.subject(work, &machine).await?;
    gate::authorize(&call, Action::MachineProofsGenerate, &subject)?;
    match subject {
        Subject::Machine(on) => Ok((machine, *on)),
        _ => Err(Refusal::Broken("a machine is of no licence".to_owned())),
    }
}

/// What is proven when the vendor says nothing.
fn dataset_of(machine: &Record, on: &OnMachine, call: &Call) -> Json {
    json!({
        "account": { "id": call.account.id.to_string() },
        "product": { "id": on.policy.product_id.to_string() },
        "policy": { "id": on.policy.id.to_string(), "duration": on.policy.duration },
        "license": {
            "id": on.license.id.to_string(),
            "key": on.license.key,
            "expiry": on.license.expiry.map(|expiry| expiry.to_string()),
        },
        "machine": {
            "id": machine.id().to_string(),
            "fingerprint": machine.get("fingerprint").as_text(),
            "created": machine.created().to_string(),
        },
        "ts": call.now.to_string(),
    })
}
