//! Publishing and downloading through the API (`distribution.md` §3, §5–§8).

mod access;
mod archives;
mod artifacts;
mod bad_input;
mod constraints;
mod downloads;
mod events;
mod first_version;
mod lookups;
mod packages;
mod parts;
mod pins;
mod pushes;
mod registry;
mod releases;
mod rollouts;
mod shop;
mod short_links;
mod upgrades;
mod uploads;
mod visibility;
