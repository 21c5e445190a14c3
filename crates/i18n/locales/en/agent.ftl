# Words of the window of the person being helped: plain and calm.
agent-window-title = Ponte
agent-exit = Leave
agent-no-window = No window could be opened: graphics do not work on this computer. Ask the operator for another way to help you.

# Key
key-title = Enter the key
key-lead = The operator reads it to you on the phone: seven letters and numbers.
key-field = Key
key-hint = Capitals and spaces do not matter. O counts as zero, I and L as one.
key-nobody-sees = Nobody can see your screen until you say yes.
key-continue = Continue
key-problem-malformed = The key is not complete.
key-problem-malformed-do = It has seven letters and numbers. Have it read out again, slowly, and type it once more.
key-problem-not-found = This key is not known.
key-problem-not-found-do = Perhaps one letter is different, or the key has expired: it lasts ten minutes. Check it with the operator, or ask for a new one.
key-problem-wrong-secret = The key is not right.
key-problem-wrong-secret-do = { $tries ->
    [one] { $tries } try is left. Have it read out again, slowly. If it is wrong again, ask for a new key: no harm is done.
   *[other] { $tries } tries are left. Have it read out again, slowly. If it does not work, ask for a new key: no harm is done.
}
key-problem-burned = This key cannot be used any more.
key-problem-burned-do = To keep you safe, a key is cancelled after three wrong tries. Ask the operator for a new one.
key-problem-busy = Somebody else is trying this key.
key-problem-busy-do = If it is not you, ask the operator for a new key. Otherwise wait a moment and try again.

# Connecting
connecting-title = One moment
connecting-lead = Looking for the operator. This usually takes a few seconds.

# Who asks
who-title-unverified = We do not know who this is
who-title = This person wants to help you
who-ask = Is this the person you are talking to? Ask them to tell you the check word; do not say it yourself. It must be this one: if it is different, leave.
who-word = Check word: { $word }
who-no = No, leave
who-yes = Yes, it is this person
who-unverified = Identity not verified.
who-unverified-do = We cannot confirm that this person works for { $organisation }. Go on only if you made the call, to a number you already had, and the word is the same.
who-team = Team: { $team }
who-domain-not-proven = { $domain } (not confirmed)

# Waiting
waiting-title = Almost there
waiting-lead = { $name } is about to ask to see your screen. You decide: you can say no.
waiting-long = If it takes more than a minute, tell the operator.
waiting-leave = Leave

# Questions
ask-not-now = Not now
ask-read-on = Read the rest
ask-view-title = May { $name } see your screen?
ask-view-lead = { $name } will see everything that is open on the screen.
ask-view-lead-monitor = { $name } will see everything that is open on that one screen.
ask-view-title-window = May { $name } see this window?
ask-view-lead-window = { $name } will see “{ $title }” and nothing else.
ask-view-advice = First close what is private.
ask-view-advice-do = Mail, bank, photos, documents: close what you do not want to show, then answer in your own time.
ask-view-points = { $name } can also point at things on it and draw over it; nothing is clicked that way.
ask-view-only = To use mouse and keyboard the operator must ask you again. You can stop at any time with the red button “End”.
ask-view-no = Do not show
ask-view-yes = Show the screen
ask-control-title = May { $name } use your mouse and keyboard?
ask-control-lead = { $name } asks to use the computer. You see everything, and when you move the mouse, you are in charge.
ask-control-warning = Beware of scams.
ask-control-warning-do = Do not open your bank and do not type passwords while somebody else uses the computer. If they called you and you had not asked for help, press “This is a scam”.
ask-control-yes = Allow
ask-scam = This is a scam: close now
ask-receive-title = Do you want to receive this file?
ask-receive-lead = { $name } wants to send you this file:
ask-receive-folder = It will be put in { $folder }
ask-receive-files-folder = They will be put in { $folder }
ask-receive-advice = Receive it only if you expected it.
ask-receive-advice-do = If you do not know what it is, ask before you answer.
ask-receive-yes = Receive the file
ask-give-title = Do you want to give this file?
ask-give-lead = { $name } asks for a copy of this file:
ask-give-advice = Check carefully which file this is.
ask-give-advice-do = The operator will have a copy. Do not give files with passwords or bank details.
ask-give-yes = Give the file
ask-system-title = May { $name } read the details of this computer?
ask-system-lead = { $name } asks to see what it is made of, how it is connected, and which programs are installed and running.
ask-system-advice = Your files are not opened.
ask-system-advice-do = The list shows which programs you have open, and sometimes the name of the document or page. Close what is private first.
ask-system-only = Nothing is changed. To end a program the operator must ask you again, each time.
ask-system-yes = Show the details
ask-clipboard-title = May { $name } use what you copy and paste?
ask-clipboard-lead = { $name } asks to see the last thing you copied, and to put text or pictures in its place for you to paste.
ask-clipboard-advice = It might be a password.
ask-clipboard-advice-do = If you copied something private, copy a harmless word now, and then answer.
ask-clipboard-only = Only text and pictures, never files. What the operator puts there replaces what you had copied.
ask-clipboard-yes = Let them use it
ask-end-title = May { $name } close this program?
ask-end-lead = { $name } asks to close a program that is running on this computer:
ask-end-number = Number { $pid }
ask-end-advice = Save your work first.
ask-end-advice-do = What is not saved in this program is lost when it closes. If you do not know what it is, ask before you answer.
ask-end-yes = Close the program
ask-force-title = May { $name } force this program to close?
ask-force-lead = It was asked to close and did not. { $name } now asks to have it stopped at once:
ask-force-yes = Stop it now
ask-holds-for-program = Your yes holds for this program only.
ask-shell-title = May { $name } give commands to this computer?
ask-shell-lead = { $name } asks to type commands on this computer, with your permissions. Every command appears in your panel and is kept in the log.
ask-shell-warning = Beware of scams.
ask-shell-warning-do = A command can read, change and delete your files, and you are not asked again. Say yes only if you asked for this help. If they called you and you had not asked for it, press “This is a scam”.
ask-shell-only = If you switch it off in the panel, the programs started this way are closed, except those started with an administrator’s password. The operator may keep, protected, what the command window showed.
ask-shell-yes = Allow commands
ask-holds-for-terminal = Your yes holds while the command window is open: after that they must ask again.

# Panel
panel-end = End the help now
panel-end-short = End
panel-grant-view = Sees this screen
panel-grant-view-window = Sees one window
panel-held-view = Will see this screen again
panel-held-view-window = Will see one window again
panel-held-control = Will use mouse and keyboard again
panel-grant-control = Uses mouse and keyboard
panel-grant-send-file = May send you files
panel-grant-fetch-file = May ask you for files
panel-grant-system-info = Reads the computer’s details
panel-grant-end-process = May ask to close programs
panel-grant-shell = Gives commands
panel-shell = What is in the operator’s command window: { $lines }
panel-shell-empty = The command window is open. Nothing is in it yet.
panel-grant-clipboard = Uses what you copy and paste
panel-barred = You said no three times, so you are not asked any more.
panel-allow-asking = Let them ask again
panel-allow-asking-name = Let them ask again: { $power }
panel-asks-each-time = Asks you each time
panel-holds-for-terminal = Any command, without asking again
panel-not-allowed = Nothing else is allowed: for anything more the operator must ask you first.
panel-check-word = Check word
panel-chat = Chat
panel-chat-unread = { $count ->
    [one] Chat, { $count } new message
   *[other] Chat, { $count } new messages
}
panel-chat-hint = Write here
panel-chat-empty = Here you can write to the operator. What you both write is kept in the record of the session.
panel-reconnecting = Connection interrupted.
panel-reconnecting-do = Trying again. Meanwhile the operator sees nothing.
panel-received = { $name } received
panel-given = { $name } handed over
panel-saved-to = It is in { $path }
panel-receiving = { $name } is arriving
panel-giving = Sending { $name }
panel-transfer-failed = { $name } was not transferred

# End
ended-title = The help has ended
ended-lasted = { $time } with { $name }.
ended-did = What { $name } did
ended-lost-title = Connection lost
ended-lost = The operator does not answer any more. Nobody sees your screen. If you are still on the phone, ask for a new key. If not, call the organisation on a number you already had.
ended-denied-title = That is all right
ended-denied = Without your consent we cannot help you. Nobody has seen your screen. If you change your mind, ask for a new key.
ended-not-recognised-title = You did the right thing
ended-not-recognised = If it is not the person you were talking to, hang up. Nobody has seen your screen. If in doubt, call the organisation yourself, on a number you already had.
ended-scam-title = You were right to close
ended-scam = Hang up. Nobody sees your screen any more. If you showed your bank or typed passwords, call the bank now, on the number on your card or statement.
ended-scam-unseen = Hang up. Nobody has seen your screen. If in doubt, call the organisation yourself, on a number you already had.
ended-violation-title = Closed to keep you safe
ended-violation = Something was not in order, and the program stopped. Nobody sees your screen any more. Tell the organisation, on a number you already had.
ended-screen-title = Screen not available
ended-screen = The screen could not be shown, so the help has ended. Nobody sees it now. Tell the operator.
ended-by-operator = The operator ended it. Nobody sees your screen now.
ended-by-client = You ended it. Nobody sees your screen now.
ended-used-view = Saw the screen
ended-used-control = Used mouse and keyboard
ended-used-system-info = Read the computer’s details
ended-used-shell = Gave commands
ended-used-clipboard = Could use what you copied and pasted
ended-program = Closed the program: { $name }
ended-still-running = Programs that were started by commands and could not be ended: { $count }. Restart the computer to end them.
ended-file-received = Sent you: { $name }
ended-file-given = Got a copy from you: { $name }
ended-file-received-cut = Sent you: { $name }, and was cut off in the middle of { $file }
ended-file-given-cut = Got a copy from you: { $name }, and was cut off in the middle of { $file }
ended-file-some = { $done } of { $files } files
ended-file-failed = not transferred
ended-removing = Removing what the program left on this computer.
ended-removed = Removed.
ended-removed-do = { $count ->
    [0] There was nothing to delete.
    [one] { $count } item deleted: the program and what it made are gone.
   *[other] { $count } items deleted: the program and what it made are gone.
}
ended-not-removed = Not everything was removed.
ended-not-removed-do = If you like, delete it yourself: drag the file to the bin.
ended-kept = The files that you received stay on the computer:
ended-kept-file = { $name }, in the folder { $folder }
ended-details = Details
ended-path-reason = { $path } ({ $reason })

# It did not work
failed-organisation-title = The program is not complete
failed-organisation-means = It does not know which organisation to trust, so it cannot connect. Nothing is wrong with your computer.
failed-organisation-do = Download it again from the page that the operator names.
failed-relay-title = Cannot connect
failed-relay-means = The operator cannot be reached. Usually the internet is down, or an office network blocks it.
failed-relay-do = Check that the internet works, then try again. If that is not enough, tell the operator.
failed-busy-title = The service is busy
failed-busy-means = The connection service can take nobody more at the moment. Your internet works, and nobody has seen your screen.
failed-busy-do = Wait a minute, then try again. If you are on the phone, tell the operator.
failed-proxy-title = The network asks for a password
failed-proxy-means = To let programs out to the internet, this network wants a name and a password. They are missing or wrong.
failed-proxy-do = Show this page to whoever looks after the network: what to do is under “Technical details”. You need not do anything else.
failed-proxy-why = Name and password of the proxy go into the setting HTTPS_PROXY, as in http://name:password@proxy:3128; then the program is started again.
failed-version-title = The two programs do not match
failed-version-means = This program and the operator’s are of different versions, so they do not understand each other. Nobody has seen your screen.
failed-version-do = Close this, download the program again from the page that the operator names, and ask for a new key.
failed-operator-title = Do not go on
failed-operator-means = Whoever answered could not prove who they are. Nobody has seen your screen.
failed-operator-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call.
failed-protocol-title = Closed to keep you safe
failed-protocol-means = The answer was not in order, so the program stopped. Nobody has seen your screen.
failed-protocol-do = Ask for a new key. If it happens again, call the organisation on a number you already had.
failed-gone-title = The operator has gone
failed-gone-means = They left before you could begin. Nobody has seen your screen.
failed-gone-do = If you are still on the phone, ask for a new key. If not, call the organisation on a number you already had.
failed-screen-title = The screen cannot be shown
failed-screen-means = On this computer the program cannot read the screen.
failed-screen-do = Tell the operator: you will find another way.
failed-close = Close
failed-again = Try again
failed-removes-itself = When you close it, the program removes itself.

# An answer that was not counted
refused-not-pressed = That did not count.
refused-not-pressed-do = It did not come from your own mouse or keyboard. If it was you, press again.
refused-program-pressed = That did not count.
refused-program-pressed-do = It was another program that pressed, not you. If you want to say yes, wait two seconds and press again.
refused-program-pointed = That did not count.
refused-program-pointed-do = Another program moved the mouse. If it is your wish, move the mouse a little and press again.
refused-window-moved = That did not count.
refused-window-moved-do = This window had just moved. Look again, then press.
refused-blind = That did not count.
refused-blind-do = It can no longer be seen whether you press or another program does. Close this and ask for a new key.

# Who is not accepted, each with its own reason
failed-foreign-title = Do not go on
failed-foreign-means = Whoever answered is not an operator of the organisation that this program belongs to. Nobody has seen your screen.
failed-foreign-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call.
failed-expired-title = The operator’s permission has run out
failed-expired-means = The operator’s permission is no longer valid, or the date of this computer is wrong. Nobody has seen your screen.
failed-expired-do = Look at the date and time of the computer: if they are wrong, correct them and try again. If they are right, tell the operator: their permission must be renewed.
failed-expired-why = The operator’s certificate has expired.
failed-not-yet-title = This computer’s date seems wrong
failed-not-yet-means = For this computer the operator’s permission is not valid yet: usually this means that its date is behind. Nobody has seen your screen.
failed-not-yet-do = Correct the date and time in the settings, then try again. If they are right, tell the operator.
failed-not-yet-why = The operator’s certificate begins later.
failed-revoked-title = Do not go on
failed-revoked-means = The organisation has taken back this person’s permission to help. Nobody has seen your screen.
failed-revoked-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call, and tell them what happened.
failed-purpose-title = Do not go on
failed-purpose-means = Whoever answered could not prove that they are allowed to help you. Nobody has seen your screen.
failed-purpose-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call.
failed-purpose-why = The certificate of whoever answered is for something else.
failed-no-profile-title = Do not go on
failed-no-profile-means = Whoever answered could not prove that they are allowed to help you. Nobody has seen your screen.
failed-no-profile-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call.
failed-no-profile-why = The certificate of whoever answered does not say what they may do.
failed-newer-title = This program is too old
failed-newer-means = The operator uses a newer version of this program. Nobody has seen your screen.
failed-newer-do = Close this, download the program again from the page that the operator names, and ask for a new key.
failed-newer-why = The operator’s certificate has rules that this program does not know.
failed-stale-title = The permission cannot be checked
failed-stale-means = It cannot be found out whether this person’s permission is still valid. Nobody has seen your screen.
failed-stale-do = If you did not ask for help, close this and hang up. Otherwise read out to the operator what is under “Technical details”, then ask for a new key. Look at the date of this computer too.
failed-stale-why = The list of permissions taken back, in the operator’s program, is too old.
failed-bad-list-title = Do not go on
failed-bad-list-means = Whoever answered could not prove that they are allowed to help you. Nobody has seen your screen.
failed-bad-list-do = Close this and hang up. Then call the organisation yourself, on a number you had before this call.
failed-bad-list-why = The list of permissions taken back is damaged or not from their organisation.

# How long a yes holds
ask-holds-for-session = Your yes holds until the help ends, or until you switch it off in the panel.
ask-holds-for-use = Your yes holds for this time: if the operator stops or the connection is lost, they must ask again.
ask-holds-for-file = Your yes holds for this file only.
panel-grant-other = Another permission
panel-ends-at = The help ends by itself at { $time }

# The log
ended-time-up = The longest time that the organisation allows is over. Nobody sees your screen now. If you still need help, the operator can give you a new key.
ended-log = The log of this session
ended-log-both = The log says what was asked, allowed and done. The operator has a copy too, signed by both programs.
ended-log-alone = The log says what was asked, allowed and done. The operator’s program did not confirm the end: your copy holds all the same.
ended-log-saved = The log is saved. Keep it if you want to show it to somebody:
ended-log-failed = The log was not saved.
ended-log-failed-do = The computer says: { $reason }. Make room on the disk or look at the folder for downloads, then try again.
ended-log-read = What it says

# The organisation's domain
domain-title = Who is helping you?
domain-lead = Type the internet address of whoever helps you, for example your town council’s. It lets this program check that they are the right organisation.
domain-field = Internet address of the organisation
domain-example = For example town.example.org
domain-careful = Type an address that you know yourself, not one that somebody who called you reads out.
domain-malformed = This is not an internet address.
domain-malformed-do = It looks like town.example.org: words with dots between them, without spaces.
domain-unreachable = The address does not answer.
domain-unreachable-do = Check that it is typed correctly and that the internet works, then try again.
domain-not-trusted = The address cannot prove that it is the real one.
domain-not-trusted-do = Do not go on. Check that it is typed correctly; if it is, call the organisation on a number you already had.
domain-not-there = Nobody offers help at this address.
domain-not-there-do = The owner of this address does not use this program. Check that it is typed correctly.
domain-expired = This organisation’s data have expired.
domain-expired-do = Tell whoever helps you: they must publish them again. Look at the date of this computer too.

# The terms
terms-title = Before we begin
terms-lead = These are the terms of the help. Read in your own time; the operator waits.
terms-general = { $organisation } helps you with this program, once. The operator sees and does only what you allow, one thing at a time, and you can take everything back at any moment. What was asked, allowed and done is written into a log that you can keep. Nothing else is recorded.
terms-relay = What passes between the two computers goes through { $relay }, which cannot read it.
terms-nothing-stays = Nothing is installed. At the end the program removes itself. If the power fails, the program’s file may remain: by itself it does nothing.
terms-privacy = Read the whole privacy notice
terms-no = I do not accept
terms-yes = I accept

# What to share
share-title = What do you want to show?
share-lead = Only you see these pictures. Close what the operator should not see; nothing is shown yet.
share-lead-change = Nobody sees your screen while you choose.
share-lead-gone = What you were showing is not open any more. Nobody sees your screen now. Choose what to show.
share-choose-first = Choose one of these first.
share-see = See the choices
share-one-window = Choose one window
share-recommended = recommended
share-screen = The screen
share-screen-all = Everything that is open
share-main-monitor = Main screen
share-monitor = Screen { $number }
share-monitor-only = Only this one
share-everything = All screens
share-window = One window only
share-window-lead = Nothing else is seen: no messages that pop up, no other windows.
share-window-unnamed = A window without a name
share-no = Leave
share-keep = Keep it as it was
share-yes = Continue
share-yes-now = Show this

# The panel could not be seen
unseen-title = Sharing is paused
unseen-lead = For ten seconds this window could not be seen. It must always be in sight, so nobody sees your screen now.
unseen-do = Perhaps another window was covering it. If you want { $name } to go on, move that window aside and press “Go on sharing”.
unseen-yes = Go on sharing
unseen-no = Stay paused

# The panel: pause and share
panel-paused = Paused.
panel-paused-do = Nobody sees your screen or uses your mouse.
panel-pause = Pause
panel-resume = Go on
panel-change-share = Change what is shown
panel-change-share-short = Change
panel-shares-everything = The whole screen
panel-shares-monitor = One of your screens
panel-shares-window = The window “{ $title }”

# The rating
rating-title = How did it go?
rating-1 = Bad
rating-2 = Not good
rating-3 = All right
rating-4 = Good
rating-scale = Press a star: from one, bad, to five, very good.
rating-choose-first = Press a star first, or “Skip”.
rating-5 = Very good
rating-comment = A few words, if you like
rating-who-reads = The operator’s organisation will read your words.
rating-then = After this the program removes itself.
rating-skip = Skip
rating-send = Send
rating-scam = It was a scam
rating-given = Your rating: { $stars } out of 5. Thank you.
rating-not-delivered = Your rating: { $stars } out of 5. It is kept in your log; the operator’s program was gone already.

# Where the log goes
ended-log-save = Keep the log
ended-close = Close
ended-log-keep = The log says what was allowed and done. If you close without keeping it, it is lost here.
ended-log-back = Back
ended-log-where = Where do you want to keep it?
ended-log-save-in = Save the log in: { $place }
place-documents = Documents
place-desktop = Desktop
place-downloads = Downloads
place-removable = USB stick { $name }

# More that can fail
failed-wayland-title = The screen cannot be shown
failed-wayland-means = This computer draws its screen in a way that this program cannot read yet. Nothing is wrong with your computer.
failed-wayland-do = Tell the operator: “the computer uses Wayland”. What to do is under “Technical details”.
failed-wayland-why = Usually one logs out and, at the login, chooses “Xorg” or “X11” at the cogwheel. The program removes itself when it closes: it must then be downloaded again.
failed-too-old-title = This program is too old
failed-too-old-means = The organisation wants a newer version, because this one is not safe enough any more. Nobody has seen your screen.
failed-too-old-do = Download the program again from the page that the operator names.
failed-technical = Technical details
failed-technical-what = What the program noted for a technician. It holds no keys and nothing that you wrote or showed.
failed-technical-save = Save for a technician
failed-technical-saved = Saved:
failed-technical-not-saved = It could not be saved: { $reason }.

# Of a single window, and of somebody who is not verified
ask-view-yes-window = Show the window
ask-view-advice-window = Look at this window.
ask-view-advice-window-do = If something private is in it, close that first; then answer in your own time.
who-yes-unverified = Go on all the same
who-called = If they called you and you had not asked for help, leave.
# Folders and several files
ask-browse-title = May { $name } look through your folders?
ask-browse-lead-session = { $name } asks to look through the folders of this computer and to copy files from it.
ask-browse-lead-use = { $name } asks to see which files and folders there are. Before a file is copied you are asked again.
ask-browse-advice = The names of your files can be seen.
ask-browse-advice-do = If somebody called you and you had not asked for help, say no and press “This is a scam”.
ask-browse-yes = Let them look
ask-receive-files-title = Do you want to receive these files?
ask-receive-files-lead = { $name } wants to send you these files:
ask-receive-files-yes = Receive the files
ask-give-files-title = Do you want to give these files?
ask-give-files-lead = { $name } asks for a copy of these files:
ask-give-files-yes = Give the files
ask-files-count = { $count ->
    [one] 1 file
   *[other] { $count } files
}
ask-files-more = and { $count } more
ask-conflict = { $count ->
    [one] One of them is there already. What should happen to it?
   *[other] { $count } of them are there already. What should happen to those?
}
ask-conflict-only = There is a file of this name already. What should happen to it?
ask-conflict-keep = Keep both
ask-conflict-replace = Replace what is there
ask-conflict-skip = { $count ->
    [one] Leave what is there, do not receive this one
   *[other] Leave what is there, do not receive them
}
ask-holds-for-files = Your yes holds for these files only.
panel-stop-transfer = Stop
panel-stop-transfer-name = Stop: { $name }
ended-again-file = The part of { $name } that arrived is kept.
ended-again = You can enter a new key without downloading this program again. You will be asked everything again.
ended-again-files = The part of the files that arrived is kept.
ended-again-files-do = When the same operator is back, the transfer continues. If you close, it is deleted.
ended-again-close = Close
ended-again-key = Enter a new key
ended-scam-ask = If they called you and you had not asked for help, press “It was a scam”. You are told what to do now, and your log says so.
ended-scam-go-on = Continue
