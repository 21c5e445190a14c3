//! `profile ...`: what operators may use, when, for how long.

use crate::Context;
use crate::cli::{Preset, ProfileCommand, ProfileValues};
use crate::failure::Failure;
use crate::outcome::{Outcome, table};
use crate::publish::{not_enforced, not_enforced_text, policy_failure, set_policy};
use crate::state::State;
use crate::values::{asking_name, is_name, tool_name, write_hours};
use identity::{PROFILE_BYTES, Policy, PolicyError, Profile};
use proto::session::{Asking, Capability};
use serde_json::{Value, json};

/// The policy value that a profile can also say by itself.
const LONGEST: &str = "longest_session_minutes";

pub(crate) fn run(context: &Context<'_>, command: &ProfileCommand) -> Result<Outcome, Failure> {
    match command {
        ProfileCommand::Add(values) => add(context, values),
        ProfileCommand::Edit { values, always, no_longest, without_policy } => edit(context, values, |profile| {
            if *always {
                profile.hours.clear();
            }
            if *no_longest {
                profile.longest_session_minutes = None;
            }
            profile.policy.retain(|key, _| !without_policy.contains(key));
        }),
        ProfileCommand::List => list(context),
        ProfileCommand::Show { name } => show(context, name),
    }
}

fn add(context: &Context<'_>, values: &ProfileValues) -> Result<Outcome, Failure> {
    let name = values.name.trim();
    if !is_name(name) {
        return Err(Failure::new("name"));
    }
    let (_lock, mut state) = context.change()?;
    if state.profiles.contains_key(name) {
        return Err(Failure::new("profile-exists").with("name", name));
    }
    let mut profile = Profile::of([]);
    apply(&mut profile, values)?;
    check(&state, &profile)?;
    state.profiles.insert(name.to_owned(), profile.clone());
    state.save(&context.folder)?;
    let mut text = vec![context.say("org-profile-added", &[("name", name.into())])];
    text.extend(describe(context, &profile));
    Ok(Outcome::new(as_json(name, &profile), text))
}

fn edit(
    context: &Context<'_>,
    values: &ProfileValues,
    take_away: impl FnOnce(&mut Profile),
) -> Result<Outcome, Failure> {
    let (_lock, mut state) = context.change()?;
    let name = values.name.trim();
    let mut profile = state.profile(name)?.clone();
    take_away(&mut profile);
    apply(&mut profile, values)?;
    check(&state, &profile)?;
    state.profiles.insert(name.to_owned(), profile.clone());
    state.save(&context.folder)?;
    let theirs = state.operators.iter().filter(|operator| operator.profile == name && !operator.is_revoked());
    let mut text =
        vec![context.say("org-profile-edited", &[("name", name.into()), ("operators", theirs.count().into())])];
    text.extend(describe(context, &profile));
    Ok(Outcome::new(as_json(name, &profile), text))
}

/// Puts what was written in the place of what was there.
fn apply(profile: &mut Profile, values: &ProfileValues) -> Result<(), Failure> {
    if let Some(preset) = values.preset {
        profile.tools = preset_tools(preset).tools;
    }
    for (tool, asking) in &values.tools {
        match asking {
            Asking::Absent => profile.tools.remove(tool),
            Asking::EachUse | Asking::OncePerSession => profile.tools.insert(*tool, *asking),
        };
    }
    if !values.hours.is_empty() {
        profile.hours.clone_from(&values.hours);
    }
    profile.longest_session_minutes = values.longest.or(profile.longest_session_minutes);
    set_policy(&mut profile.policy, &values.policy)
}

fn check(state: &State, profile: &Profile) -> Result<(), Failure> {
    Policy::check_profile(&state.file.policy, &profile.policy).map_err(|error| policy_failure(&error))?;
    // The same limit can be written in two places; the one of the profile itself must not be laxer either.
    let longest = Policy::effective(&state.file.policy, &profile.policy).value(LONGEST);
    if longest > 0 && profile.longest_session_minutes.is_some_and(|minutes| u64::from(minutes) > longest) {
        return Err(policy_failure(&PolicyError::Laxer(LONGEST.to_owned())));
    }
    if profile.tools.is_empty() {
        return Err(Failure::new("profile-empty"));
    }
    if profile.to_extension().is_none() {
        return Err(Failure::new("profile-long").with("bytes", PROFILE_BYTES));
    }
    Ok(())
}

fn preset_tools(preset: Preset) -> Profile {
    use Asking::{EachUse, OncePerSession};
    use Capability as C;
    let look = [(C::View, OncePerSession), (C::Annotate, OncePerSession), (C::Chat, OncePerSession)];
    let help = [
        (C::Control, OncePerSession),
        (C::SendFile, EachUse),
        (C::FetchFile, EachUse),
        (C::SystemInfo, OncePerSession),
        (C::Clipboard, EachUse),
        (C::Invite, EachUse),
    ];
    match preset {
        Preset::ViewOnly => Profile::of(look),
        Preset::HelpDesk => Profile::of(look.into_iter().chain(help)),
        Preset::Full => Profile::all_tools(),
    }
}

fn list(context: &Context<'_>) -> Result<Outcome, Failure> {
    let state = State::load(&context.folder)?;
    let profiles: Vec<Value> = state.profiles.iter().map(|(name, profile)| as_json(name, profile)).collect();
    if profiles.is_empty() {
        return Ok(Outcome::new(json!({ "profiles": [] }), vec![context.say("org-no-profiles", &[])]));
    }
    let head = ["org-column-profile", "org-column-tools", "org-column-hours"].map(|id| context.say(id, &[]));
    let mut rows = vec![head.to_vec()];
    rows.extend(
        state.profiles.iter().map(|(name, profile)| vec![name.clone(), tools(profile), hours(context, profile)]),
    );
    Ok(Outcome::new(json!({ "profiles": profiles }), table(&rows)))
}

fn show(context: &Context<'_>, name: &str) -> Result<Outcome, Failure> {
    let state = State::load(&context.folder)?;
    let profile = state.profile(name)?;
    Ok(Outcome::new(as_json(name, profile), describe(context, profile)))
}

fn tools(profile: &Profile) -> String {
    let tools = profile.tools.iter().map(|(tool, asking)| format!("{}={}", tool_name(*tool), asking_name(*asking)));
    tools.collect::<Vec<_>>().join(" ")
}

fn hours(context: &Context<'_>, profile: &Profile) -> String {
    if profile.hours.is_empty() {
        return context.say("org-always", &[]);
    }
    profile.hours.iter().map(write_hours).collect::<Vec<_>>().join("; ")
}

/// A profile for people.
fn describe(context: &Context<'_>, profile: &Profile) -> Vec<String> {
    let line = |id: &str, value: String| format!("{}  {value}", context.say(id, &[]));
    let mut lines = vec![line("org-column-tools", tools(profile)), line("org-column-hours", hours(context, profile))];
    if let Some(minutes) = profile.longest_session_minutes {
        lines.push(context.say("org-profile-longest", &[("minutes", minutes.into())]));
    }
    lines.extend(profile.policy.iter().map(|(key, value)| format!("{key} = {value}")));
    lines.extend(not_enforced_text(context, &profile.policy));
    lines
}

/// A profile for programs.
fn as_json(name: &str, profile: &Profile) -> Value {
    let tools: serde_json::Map<String, Value> =
        profile.tools.iter().map(|(tool, asking)| (tool_name(*tool).to_owned(), asking_name(*asking).into())).collect();
    json!({
        "name": name, "tools": tools, "hours": profile.hours.iter().map(write_hours).collect::<Vec<_>>(),
        "longest_session_minutes": profile.longest_session_minutes, "policy": profile.policy,
        "not_enforced": not_enforced(&profile.policy),
    })
}
