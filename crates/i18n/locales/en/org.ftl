# What the organisation's command says. Its help is in English only.

# Questions
org-ask-root = Passphrase of the root key:
org-ask-issuing = Passphrase of the issuing key:
org-ask-recovery = Passphrase of the recovery key:
org-ask-new-root = New passphrase for the root and the recovery key:
org-ask-new-issuing = New passphrase for the issuing key:
org-ask-new-password = New password of the vault:
org-ask-again = Once more:
org-ask-fingerprint = { $name } asks to become an operator.
    Fingerprint of the key: { $fingerprint }
    Have it read out to you by telephone. Is it the same? (yes/no)
org-ask-revoke = { $name }, key { $fingerprint }, will not be able to help anybody any more. Revoke? (yes/no)

# Making an organisation
org-init-done = The organisation { $domain } is made, in { $folder }.
org-init-root = Root key: { $root }
    Recovery key: { $recovery }
    Copy both to a stick, put it in a safe place, and delete them here. Without the root key you can sign no new organisation file; without the recovery key nobody's vault can be opened for them. Their passphrase cannot be recovered: keep it apart from the stick.
org-init-issuing = Issuing key: { $issuing }
    It stays here and issues and revokes operators. Whoever has it and its passphrase can name operators: back it up like a house key.
org-init-file = Organisation file: { $file }, holds until { $ends }. Relay, consoles and agents trust it; it is no secret.
org-init-next = Next: make a profile (ponte-org profile add), then answer the first operator's request (ponte-org operator add).

# Columns
org-column-name = Name
org-column-team = Team
org-column-profile = Profile
org-column-ends = Ends
org-column-state = State
org-column-key = Key
org-column-tools = Tools
org-column-hours = Hours
org-column-operators = Operators

# Operators
org-operator-added = { $name } is an operator with the profile { $profile } until { $ends }. Send them { $file }; it is no secret, and only their console can use it.
org-operator-renewed = { $name }: renewed until { $ends }. Send them { $file }.
org-operator-changed = { $count ->
    [one] The profile or the team of { $name } is another one: { $count } earlier certificate is revoked. { $name } can help again once their console has the new answer.
   *[other] The profile or the team of { $name } is another one: { $count } earlier certificates are revoked. { $name } can help again once their console has the new answer.
}
org-operator-revoked = { $name } is revoked.
org-nobody-expires = Nobody's certificate ends in that time.
org-no-operators = There are no operators yet. An operator's console makes a request; answer it with: ponte-org operator add
org-standing-valid = { $days ->
    [one] { $days } day left
   *[other] { $days } days left
}
org-standing-soon = { $days ->
    [0] ENDS TODAY
    [one] { $days } DAY LEFT, renew now
   *[other] { $days } DAYS LEFT, renew now
}
org-standing-expired = ended
org-standing-revoked = revoked
org-certificate = Certificate { $serial }: from { $issued } to { $ends }
org-certificate-revoked = Certificate { $serial }: from { $issued } to { $ends }, revoked { $revoked }
org-list-written = { $entries ->
    [one] List { $number } of revoked certificates, with { $entries } entry: { $file }. It holds until { $ends }; give it to the relay and make a new one before.
   *[other] List { $number } of revoked certificates, with { $entries } entries: { $file }. It holds until { $ends }; give it to the relay and make a new one before.
}

org-issuing-renewed = The new issuing key is made: { $file }. It holds until { $ends }; the old one lies beside it. Certificates of the old key count until they end, but no list of revoked certificates covers them any more: renew all operators now, with: ponte-org operator renew --expiring 31 --out-dir answers
org-issuing-stolen = If the old key was stolen, this is not enough: in this version its certificate counts until it ends, and whoever has the key can go on naming operators. The only cure is a new root: make a new organisation (ponte-org init), package the agents again and enrol the operators again.
org-issuing-ends = The issuing key ends on { $ends }; certificates do not count after that. Make a new one before, with the root key: ponte-org issuing renew

# Profiles and teams
org-profile-added = The profile { $name } is made.
org-profile-edited = { $operators ->
    [0] The profile { $name } is changed.
    [one] The profile { $name } is changed. { $operators } operator keeps the old one until renewed. To change that now, which also revokes the earlier certificate: ponte-org operator renew NAME --out FILE
   *[other] The profile { $name } is changed. { $operators } operators keep the old one until they are renewed. To change that now, which also revokes the earlier certificates, for each of them: ponte-org operator renew NAME --out FILE
}
org-not-enforced = Signed for later, but not enforced by this version of the programs: { $keys }.
org-profile-longest = { $minutes ->
    [one] Sessions end after { $minutes } minute.
   *[other] Sessions end after { $minutes } minutes.
}
org-always = always
org-no-profiles = There are no profiles yet. Make one with: ponte-org profile add desk --preset help-desk
org-team-added = The team { $name } is made.
org-no-teams = There are no teams. Operators need none.

# Organisation file and agent
org-export-done = Organisation file { $serial } of { $domain }: { $file }. It holds until { $ends }. Give it to the relay, to the consoles, and package the agent with it again.
org-export-no-texts = It has no terms or no privacy notice yet. People are asked to accept terms before they are helped: add them with --terms and --privacy.
org-export-laxer = The profile { $profile } has a laxer value for { $key } than the organisation now has. The organisation's counts.
org-packaged = { $file } belongs to { $domain }. Its organisation file holds until { $ends }; package it again before.

org-vault-recovered = The vault of { $name } ({ $standing }), key { $fingerprint }, has a new password: { $file }. This is noted in the organisation. Bring vault and password to the operator on two ways, and have the password changed at once.

# Logs
org-log-half-signed = Both programs signed this log up to entry { $number }. What follows is the word of one side only.
org-log-beginning-signed = This log is the word of one side only: both programs signed only its beginning. Whoever has the other side’s computer could have written all that follows. Compare it with the other end’s copy.
org-log-one-sided-agent = This log is the word of one side only: the helped person’s program signed it, the operator’s program never did. Whoever has the helped person’s computer could have written all of it. Compare it with the other end’s copy.
org-log-one-sided-console = This log is the word of one side only: the operator’s program signed it, the helped person’s program never did. Whoever has the operator’s computer could have written all of it. Compare it with the other end’s copy.
org-log-unsigned = Nobody signed this log: whoever had the file could have written all of it. Compare it with the other end’s copy.
org-log-other = The other copy, { $file }:
org-log-same = Both copies tell the same.
org-log-other-session = The two copies do not begin the same. Either they are of different sessions, and one of the files is the wrong one, or one copy was made anew afterwards: then rely only on one that both programs signed. The session numbers that log show prints tell which it is.
org-log-differs = The copies differ from entry { $number } on: at least one of them was changed.
org-log-longer-first = The copies tell the same up to entry { $number }; from there on only the first one goes on.
org-log-longer-other = The copies tell the same up to entry { $number }; from there on only the other one goes on.
org-log-operator = The operator was { $name }, { $organisation }: the organisation stood behind this certificate when the session began. Whether it was revoked by then, a log cannot say.
org-log-time = The time of the session, { $time }, is the log's own word, by the clock of the helped person's computer: nothing else proves it.
org-log-operator-unproven = Who the operator was is not proven. { $reason }
org-log-no-beginning = The log has no readable beginning.
org-log-no-certificates = The operator's certificates were left out of this copy; the other end's copy may have them.
org-log-other-key = The certificate in the log is for another key than the one that began the session.
org-log-not-theirs = This organisation did not stand behind the certificate at the time of the session.
org-log-written = The log is written to { $file }. It has personal data: keep it as you keep those.

# What went wrong: what happened, what it means, what to do
org-error-no-file = There is no file { $file }. Check the path.
org-error-unreadable = { $file } cannot be read: { $reason }. Check the path and who may read it.
org-error-unwritable = { $file } cannot be written: { $reason }. Check that the folder exists, that you may write there, and that the disk has room.
org-error-too-large = { $file } is larger than such a file can be. It is another kind of file; check the path.
org-error-not-text = { $file } is not text in UTF-8. Save it as UTF-8 and try again.
org-error-in-use = Another ponte-org is working in { $folder }. Nothing was changed; wait until it has finished, then try again.
org-error-no-organisation = There is no organisation in { $folder }. Name its folder with --dir, or make one with: ponte-org init
org-error-exists = There is an organisation in { $folder } already, and its keys must not be lost. Choose another folder with --dir.
org-error-state-broken = { $file } is damaged ({ $reason }). Nothing was changed. Put the last backup of this file in its place; certificates issued since then would be missing in it, so revoke and add those operators again.
org-error-state-newer = { $file } was written by a newer ponte-org. Nothing was changed; use that version or a later one.
org-error-time-zone = There is no time zone { $zone }. Write it as in Europe/Rome; UTC works too.
org-error-name = A name is empty, longer than 200 bytes or has characters that are not seen. It stands in certificates, so choose another.
org-error-content = The organisation file would not be valid: { $reason }. The domain must be lower-case with a dot, names and the relay's nodes must not be empty, and node names not be there twice. Nothing was written.
org-error-issue = Something could not be signed: { $reason }. Nothing was issued.
org-error-no-terminal = A passphrase is needed, and there is no terminal to ask at. Run this in a terminal, or name a file: --passphrase-file for the issuing key, --root-passphrase-file for the root key.
org-error-passphrase-file = { $file } has no passphrase in its first line. Write it there as text, and let nobody else read the file.
org-error-passphrases-differ = The two passphrases are not the same. Nothing was made; try again.
org-error-passphrase-short = The passphrase is too short: at least { $characters } characters are needed, as whoever guesses it can speak for the organisation. Four or five random words are good.
org-error-wrong-passphrase = This is not the passphrase of { $file }. Nothing was changed; try again.
org-error-key-broken = { $file } is not a key of this organisation, or it is damaged. Put the backup in its place.
org-error-key-mismatch = The key in { $file } is another organisation's. Nothing was changed; check the folder or the stick.
org-error-no-confirmation = You must confirm this, and there is no terminal to ask at. Run it in a terminal, or add --yes if you have checked.
org-error-not-confirmed = Not confirmed: nothing was changed. If the fingerprint was different, somebody may have changed the request on its way: have a new one made and brought another way.
org-error-not-a-request = { $file } is not a request of an operator's console, or it is damaged. Have the person make it again.
org-error-request-newer = { $file } was made by a newer console. Use a newer ponte-org.
org-error-request-signature = The request in { $file } was changed after it was made. Do not answer it; have the person make it again and bring it another way.
org-error-no-operator = There is no operator { $who }. See ponte-org operator list; the name must be whole, or give the first four digits of the key.
org-error-which-operator = There is more than one operator { $who }. Give the first digits of the key in place of the name; see ponte-org operator list --json.
org-error-name-taken = There is an operator { $name } already. Give the new one another name with --name, or revoke the old one first.
org-error-key-known = This key is { $name }'s already. To give a new certificate use: ponte-org operator renew
org-error-key-revoked = This key was { $name }'s and is revoked. Revoked keys do not come back: have the person's console make a new one.
org-error-revoked = { $name } is revoked. To let them help again, have their console make a new request and use: ponte-org operator add
org-error-no-profile = There is no profile { $name }. There are: { $names }. Make one with: ponte-org profile add
org-error-profile-exists = There is a profile { $name } already. Change it with: ponte-org profile edit
org-error-profile-empty = The profile would have no tool at all. Give it some with --preset or --tool.
org-error-profile-long = The profile does not fit into a certificate ({ $bytes } bytes at most). Join its hours or leave out policy values.
org-error-no-team = There is no team { $name }. There are: { $names }. Make one with: ponte-org team add
org-error-team-exists = There is a team { $name } already.
org-error-policy-unknown = There is no policy value { $key }. There are: { $keys }.
org-error-policy-value = { $key } cannot have this value. See the table of policy values in the README of ponte-org.
org-error-policy-laxer = { $key } would be laxer than the organisation's value. A profile can only be stricter; change the organisation's with: ponte-org export --policy
org-error-list-long = The list of revoked certificates is too long to be sent. Entries leave it 30 days after the certificate has ended; wait, or make a new issuing key with: ponte-org issuing renew
org-error-file-expired = The organisation file { $file } has ended: relay, consoles and agents do not trust it any more. Sign a new one with: ponte-org export
org-error-file-broken = { $file } is not a usable organisation file ({ $reason }). Sign a new one with: ponte-org export
org-error-not-a-vault = { $file } is not an operator's vault, or it is damaged. Choose the vault file of the operator's console.
org-error-unknown-vault = The key of the vault { $file }, { $fingerprint }, is no operator's of this organisation. Nothing was changed; check which file you chose, and whether the person was ever added.
org-error-not-recoverable = The vault { $file } was never made recoverable. Its key cannot be taken out without the password: revoke the operator, and have the console make a new key.
org-error-other-recovery-key = The vault { $file } was not made recoverable with this organisation's recovery key, or it is damaged. Nothing was changed.
org-error-password-short = The new password is too short: the organisation's policy wants at least { $characters } characters.
org-error-self-check = What was made would not be accepted ({ $reason }), so nothing was written. If the issuing key has ended, make a new one with: ponte-org issuing renew. Otherwise check this computer's clock.
org-error-empty-program = { $file } is empty. Download the agent again.
org-error-signed-program = { $file } carries a code signature, which an appended file would break. Give the organisation file along with the program instead, and have it started with: --organisation FILE
