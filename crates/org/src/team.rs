//! `team ...`: teams and who is in them.

use crate::Context;
use crate::cli::Team;
use crate::failure::Failure;
use crate::outcome::{Outcome, table};
use crate::state::State;
use crate::values::is_name;
use serde_json::json;

pub(crate) fn run(context: &Context<'_>, command: &Team) -> Result<Outcome, Failure> {
    match command {
        Team::Add { name } => add(context, name),
        Team::List => list(context),
    }
}

fn add(context: &Context<'_>, name: &str) -> Result<Outcome, Failure> {
    let name = name.trim();
    if !is_name(name) {
        return Err(Failure::new("name"));
    }
    let (_lock, mut state) = context.change()?;
    if !state.teams.insert(name.to_owned()) {
        return Err(Failure::new("team-exists").with("name", name));
    }
    state.save(&context.folder)?;
    Ok(Outcome::new(json!({ "team": name }), vec![context.say("org-team-added", &[("name", name.into())])]))
}

fn list(context: &Context<'_>) -> Result<Outcome, Failure> {
    let state = State::load(&context.folder)?;
    let members = |team: &str| -> Vec<&str> {
        let theirs = state.operators.iter().filter(|operator| operator.team.as_deref() == Some(team));
        theirs.filter(|operator| !operator.is_revoked()).map(|operator| operator.name.as_str()).collect()
    };
    let mut rows = vec![vec![context.say("org-column-team", &[]), context.say("org-column-operators", &[])]];
    rows.extend(state.teams.iter().map(|team| vec![team.clone(), members(team).join(", ")]));
    let teams: Vec<_> = state.teams.iter().map(|team| json!({ "name": team, "operators": members(team) })).collect();
    let text = if teams.is_empty() { vec![context.say("org-no-teams", &[])] } else { table(&rows) };
    Ok(Outcome::new(json!({ "teams": teams }), text))
}
