//! The acts with the organisation's own relay, and those with a relay that lets in whoever comes.

use super::office::{DOMAIN, NAME, Office, TEAM};
use super::scene::{Scene, Whose, check, is_log};
use crate::demo::names::{self, agent, console};
use crate::demo::person::Person;
use crate::demo::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};

/// The operator of the organisation.
pub(crate) const OPERATOR: &str = "Giulia Rinaldi";

/// Somebody who calls themselves like one of its operators would.
pub(crate) const ROGUE: &str = "Marco Bianchi";

/// The password of both vaults.
const PASSWORD: &str = "Verde-Lampada-72";

/// A domain that nobody answers for.
const NOBODY: &str = "nessuno.example";

/// What the acts are played with.
pub(crate) struct Props<'o, 'w> {
    /// The real organisation.
    pub(crate) ours: &'o Office<'w>,
    /// The one with the same name and domain.
    pub(crate) theirs: &'o Office<'w>,
    /// The agent as the organisation publishes it.
    pub(crate) packed: PathBuf,
    /// The agent as it was built.
    pub(crate) bare: PathBuf,
}

impl<'w> Scene<'w> {
    /// Where a person's console keeps its files.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.join("operator").join(name)
    }

    /// Somebody sets up their console by its own window, and an office answers.
    pub(crate) async fn enrol(&mut self, office: &Office<'_>, name: &str) -> Result<(), Failure> {
        let data = self.data(name);
        let (request, answer) = (data.join("operator.request"), self.folder.join("answer.enrolment"));
        let operator = self.console(&data).await?;
        operator.fill("console-enrol-name", name).await?;
        operator.fill_hidden("console-new-password", PASSWORD).await?;
        operator.fill_hidden("console-new-password-again", PASSWORD).await?;
        operator.press("console-enrol-make").await?;
        operator.see("console-requested-title").await?;
        office.certify(&request, &answer)?;
        operator.fill("console-answer-path", &answer.to_string_lossy()).await?;
        operator.press("console-answer-take").await?;
        operator.press("console-confirm-yes").await?;
        operator.see(console::SIGN_IN).await
    }

    /// Signs in and asks for a key.
    async fn new_key(&mut self, name: &str) -> Result<Person<'w>, Failure> {
        let data = self.data(name);
        let operator = self.console(&data).await?;
        operator.fill_hidden(console::PASSWORD, PASSWORD).await?;
        operator.press(console::SIGN_IN).await?;
        operator.press(console::NEW_KEY).await?;
        Ok(operator)
    }

    /// An operator's key, typed by a person into this agent.
    async fn meet(&mut self, name: &str, packed: &Path, arguments: &[&str]) -> Result<[Person<'w>; 2], Failure> {
        let operator = self.new_key(name).await?;
        let key = operator.read("a session key", names::session_key).await?;
        let client = self.agent(packed, arguments).await?;
        self.type_key(&client, &key).await?;
        Ok([operator, client])
    }

    /// A whole session with the right operator; the logs of both ends.
    pub(crate) async fn right_operator(&mut self, props: &Props<'_, '_>) -> Result<[PathBuf; 2], Failure> {
        self.act("1-right-operator").await?;
        let [operator, client] = self.meet(OPERATOR, &props.packed, &[]).await?;
        client.see(agent::RECOGNISED).await?;
        let seen = self.keep(Whose::Client, &client, "1-right-operator-who").await?;
        let verified = self.words.text("common-verified");
        check(&seen, &[OPERATOR, NAME, DOMAIN, TEAM, &verified], &[&self.words.text("who-unverified")])?;
        self.show_screen(&client, "1-right-operator-question").await?;
        operator.see(console::SCREEN).await?;
        self.keep(Whose::Operator, &operator, "1-right-operator-session").await?;
        client.press(agent::END).await?;
        client.answer(agent::NO_RATING).await?;
        operator.see(console::ENDED).await?;
        self.keep(Whose::Operator, &operator, "1-right-operator-ended-console").await?;
        let saved = self.save_log(&client, "log-agent.ponte-log").await?;
        self.keep(Whose::Client, &client, "1-right-operator-ended").await?;
        let logs = self.data(OPERATOR).join("logs");
        let mut files = fs::read_dir(&logs).context(logs.display())?.flatten().map(|file| file.path());
        let log = files.find(|path| is_log(path)).ok_or("the console kept no log")?;
        let kept = self.out.join("log-console.ponte-log");
        fs::copy(log, &kept).context(kept.display())?;
        Ok([saved, kept])
    }

    /// The person recognises the operator and lets them see the screen.
    pub(crate) async fn show_screen(&mut self, client: &Person<'_>, picture: &str) -> Result<(), Failure> {
        client.let_help_begin().await?;
        client.see(agent::ALLOW_VIEW).await?;
        self.keep(Whose::Client, client, picture).await?;
        client.answer(agent::ALLOW_VIEW).await
    }

    /// An operator of the organisation that only calls itself so comes to our relay.
    pub(crate) async fn at_our_relay(&mut self) -> Result<(), Failure> {
        self.act("2-same-name-at-our-relay").await?;
        let operator = self.new_key(ROGUE).await?;
        operator.see_text(&self.words.text("console-notice-certificate-refused")).await?;
        self.keep(Whose::Operator, &operator, "2-same-name-at-our-relay-console").await?;
        no_key(&operator).await
    }

    /// The operator is revoked while a key waits, and starts again.
    pub(crate) async fn revoked(&mut self, props: &Props<'_, '_>) -> Result<(), Failure> {
        self.act("3-revoked-while-waiting").await?;
        let operator = self.new_key(OPERATOR).await?;
        let key = operator.read("a session key", names::session_key).await?;
        self.keep(Whose::Operator, &operator, "3-revoked-before-console").await?;
        props.ours.revoke(OPERATOR)?;
        let revoked = self.words.text("console-notice-certificate-revoked");
        operator.see_text(&revoked).await?;
        self.keep(Whose::Operator, &operator, "3-revoked-while-waiting-console").await?;
        no_key(&operator).await?;
        let client = self.agent(&props.packed, &[]).await?;
        client.fill(agent::KEY, &key).await?;
        client.press(agent::CONTINUE).await?;
        client.see_text(&self.words.text("key-problem-not-found")).await?;
        self.keep(Whose::Client, &client, "3-revoked-key-is-dead").await?;

        self.act("3-revoked-starts-again").await?;
        let operator = self.new_key(OPERATOR).await?;
        operator.see_text(&revoked).await?;
        self.keep(Whose::Operator, &operator, "3-revoked-starts-again-console").await?;
        no_key(&operator).await
    }

    /// The revoked operator hides the list, at a relay that has none.
    pub(crate) async fn hidden_list(&mut self, props: &Props<'_, '_>) -> Result<(), Failure> {
        self.act("3-revoked-hides-the-list").await?;
        let list = self.data(OPERATOR).join("revocations.crl");
        fs::remove_file(&list).context(list.display())?;
        self.refused(OPERATOR, props, "3-revoked-hides-the-list", "failed-stale", "console-refused-stale-list").await
    }

    /// The organisation that only calls itself so, at a relay that lets it in.
    pub(crate) async fn same_name(&mut self, props: &Props<'_, '_>) -> Result<(), Failure> {
        self.act("2-same-name-packaged-agent").await?;
        let told = "console-refused-not-from-this-organisation";
        self.refused(ROGUE, props, "2-same-name-packaged-agent", "failed-foreign", told).await
    }

    /// The packaged agent refuses this operator, and tells both why.
    async fn refused(
        &mut self,
        name: &str,
        props: &Props<'_, '_>,
        picture: &str,
        page: &str,
        told: &str,
    ) -> Result<(), Failure> {
        let [operator, client] = self.meet(name, &props.packed, &[]).await?;
        client.see_text(&self.words.text(&format!("{page}-means"))).await?;
        self.keep(Whose::Client, &client, picture).await?;
        if client.offers(agent::RECOGNISED).await {
            return Err("the person was asked".into());
        }
        let told = operator.see_text(&self.words.text(told)).await;
        self.keep(Whose::Operator, &operator, &format!("{picture}-console")).await?;
        told.map_err(|failure| format!("the agent refused, but the operator was not told why: {failure}").into())
    }

    /// The same, with the organisation file that the rogue gives away.
    pub(crate) async fn given_file(&mut self, props: &Props<'_, '_>) -> Result<(), Failure> {
        self.act("2-same-name-own-file").await?;
        let file = props.theirs.file();
        let [_operator, client] = self.meet(ROGUE, &props.bare, &["--organisation", &file.to_string_lossy()]).await?;
        client.see("who-no").await?;
        let seen = self.keep(Whose::Client, &client, "2-same-name-own-file-who").await?;
        let not_proven = self.words.pattern("who-domain-not-proven", "domain");
        if !seen.iter().any(|sentence| not_proven.value_in(sentence).as_deref() == Some(DOMAIN)) {
            return Err(format!("the domain stands there as if it were proven: {seen:?}").into());
        }
        check(&seen, &[&self.words.text("who-unverified")], &[&self.words.text("common-verified")])?;
        client.see_focus("who-no").await?;
        client.answer("who-no").await?;
        client.see_text(&self.words.text("ended-not-recognised")).await?;
        self.keep(Whose::Client, &client, "2-same-name-own-file-left").await.map(|_| ())
    }

    /// An agent that belongs to no organisation.
    pub(crate) async fn unknown(&mut self, props: &Props<'_, '_>) -> Result<(), Failure> {
        self.act("4-unknown-organisation").await?;
        let client = self.agent(&props.bare, &[]).await?;
        client.see("domain-title").await?;
        self.keep(Whose::Client, &client, "4-unknown-organisation").await?;
        client.fill("domain-field", NOBODY).await?;
        client.press(agent::CONTINUE).await?;
        client.see_text(&self.words.text("domain-unreachable")).await?;
        self.keep(Whose::Client, &client, "4-unknown-organisation-no-answer").await?;
        if client.offers(agent::KEY).await { Err("a key is asked for".into()) } else { Ok(()) }
    }
}

/// Fails if a key is shown; waits until none is.
async fn no_key(operator: &Person<'_>) -> Result<(), Failure> {
    until("no key to be shown", PATIENCE, || async {
        let controls = operator.reader().controls().await?;
        Ok(controls.iter().all(|control| names::session_key(&control.name).is_none()).then_some(()))
    })
    .await
}
