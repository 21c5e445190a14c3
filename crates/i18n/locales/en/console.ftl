# Words of the operator's window.
console-window-title = Ponte - Console

# Side bar
console-assistance = Assistance
console-certificate-days = { $days ->
    [0] certificate: ends today
    [one] certificate: { $days } day
   *[other] certificate: { $days } days
}
console-certificate-ended = certificate ended

# Home
console-new-title = New session
console-new-text = Create a key and read it out on the phone. It lasts ten minutes and works once.
console-new-key = New key
console-how-title = How it works
console-how-1 = Create a key and read it out to the person you help.
console-how-2 = They start Ponte and type the key: they see your name and decide what to share.
console-how-3 = You compare the check word aloud, then you see the screen and can ask for the rest.
console-next-title = What happens now
console-next-1 = Read the key out on the phone, with the words below it.
console-preparing = Preparing the key...
console-key-waiting = Key waiting
console-key-name = Session key
console-key-expired-now = expired
console-key-expires-name = The key is valid for another
console-spelling-name = To read out on the phone
console-copy-key = Copy key
console-copy-invitation = Copy invitation
console-copied-key = Key copied to the clipboard.
console-copied-invitation = Invitation copied to the clipboard.
console-copy-failed = The system gives no access to the clipboard. Read the key aloud.
console-cancel-key = Cancel
console-tries-left = { $tries ->
    [one] A wrong key was typed. { $tries } try is left: read the key again, slowly.
   *[other] A wrong key was typed. { $tries } tries are left: read the key again, slowly.
}
console-invitation =
    Hello, this is { $operator } ({ $organisation }).
    To get help, start the program Ponte and type this key: { $key }
    The key lasts ten minutes and works once. Before anything is shared you will see my name: you always decide.
console-joining-title = Connecting
console-joining-text = The key was typed. The protected channel is being made: this takes a few seconds.

# Notices
console-notice-dismiss = Dismiss notice
console-notice-key-expired = The key has expired: nobody typed it within ten minutes. Create a new one and read it out again.
console-notice-key-burned = The key was withdrawn after three wrong tries. Create a new one and read it out with the words below it.
console-notice-wrong-try = { $tries ->
    [one] A wrong key was typed. { $tries } try is left: check on the phone what was typed.
   *[other] A wrong key was typed. { $tries } tries are left: check on the phone what was typed.
}
console-notice-relay-unreachable = The connection server does not answer, so no keys can be made. Check the network and try again in a minute.
console-notice-proxy-password = The proxy of this network wants a name and a password, or others than it was given. Ask whoever looks after the network, put them into the variable HTTPS_PROXY (http://name:password@proxy:3128), and start the console again.
console-notice-certificate-refused = The connection server does not accept your certificate. Ask your organisation for a new one.
console-notice-certificate-time = The certificate is not valid at this time. Check the date and time of this computer; if they are right, ask for a new certificate.
console-notice-relay-full = The connection server takes no more keys at the moment. Try again in a minute.
console-notice-channel-not-proven = The channel could not be proven safe: somebody may be in between. The attempt was closed. Create a new key; if it happens again, tell your organisation.
console-notice-client-lost = The person's connection was lost before the session began. Create a new key and read it out again.
console-notice-version-mismatch = The person's program is of another version. Have them download the current one, then create a new key.
console-notice-refused-by-agent = The person's program does not accept your certificate: mostly the date and time of that computer are wrong. Have them checked, then create a new key.
console-notice-picture-saved = Picture saved to { $path }
console-notice-picture-not-saved = The picture could not be saved. Check the space and the permissions of the folder for downloads.

# Session: top bar
console-client = The person's computer
console-round-trip = { $ms } ms
console-rate = { $count } fps
console-still = still screen
console-since = { $since } · { $duration }
console-exact = exact
console-figures-name = Delay { $delay }, { $rate } pictures per second, link { $link }
console-figures-still-name = Delay { $delay }, still screen, link { $link }
console-delay-unknown = not measured yet
console-monitor = Monitor { $number }
console-reconnecting = The link is down: it is being restored by itself, no new key is needed.
console-reconnecting-short = restoring the link
console-reconnecting-input = The line is interrupted: mouse and keyboard do nothing until it is back.

# Session: tools
console-tools = Tools
console-tool-control = Ask for control
console-tool-control-short = Control
console-tool-steer = Steer the person's computer
console-tool-steer-short = Steer
console-tool-release = Release mouse and keyboard
console-tool-release-short = Release
console-tool-send = Send a file
console-tool-send-short = Send
console-tool-fetch = Fetch a file
console-tool-fetch-short = Fetch
console-tool-one-to-one = Actual size
console-tool-one-to-one-short = 1:1
console-tool-picture = Save a picture of the screen
console-tool-picture-short = Picture
console-tool-end = End the session
console-tool-end-short = End
console-tool-hover = { $name } ({ $keys })
console-tool-needs-view = { $name }: the person must show the screen first.
console-tool-needs-picture = { $name }: there is no picture yet.

# Session: remote screen
console-remote-screen = Remote screen
console-hint-focused = Mouse and keyboard go to the person. Ctrl+Alt releases them.
console-hint-click = Click the screen to use mouse and keyboard.
console-hint-view-only = View only. Ask for control to act.
console-hint-paused = Paused: the person has a question open, or the pointer is on Ponte's own windows.
console-empty-recognise-title = The person is checking who you are
console-empty-recognise-text = Tell them your name and compare the check word on the right aloud.
console-empty-asked-title = The person is choosing what to show
console-empty-asked-text = Advise them to close first what should not be seen. The screen appears as soon as they agree.
console-empty-refused-title = The person does not show the screen
console-empty-refused-text = You can help by chat, or explain why it is needed and ask again.
console-empty-first-title = The first picture is on its way
console-empty-first-text = On a slow link this may take a few seconds.
console-ask-view = Ask to see the screen
console-picture-too-large = The person's screen is too large for this graphics card.

# Session: right column
console-check-word = Check word
console-check-word-text = Read it aloud: the person must see the same one.
console-powers = Powers
console-power-view = See the screen
console-power-control = Mouse and keyboard
console-power-send-file = Send files
console-power-fetch-file = Fetch files
console-state-off = not asked
console-state-asked = waiting
console-state-granted = granted
console-state-denied = refused
console-state-timed-out = no answer
console-state-withdrawn = withdrawn
console-state-impossible = not possible
console-state-too-soon = refused just now: ask again in a moment
console-state-barred = refused three times: only the person can let you ask again
console-state-revoked = taken back
console-state-each = file by file
console-ask = Ask
console-ask-again = Ask again
console-ask-name = { $ask }: { $power }
console-details-link = Link { $link }
console-details-round-trip = Delay { $ms } ms
console-details-received = Received { $size }
console-details-received-bytes = Received { $bytes } bytes
console-details-sent = Sent { $size }
console-details-sent-bytes = Sent { $bytes } bytes
console-chat-hint = Write to the person...
console-chat-empty = No messages yet. What you write appears to the person at once (F7 to write).

# Files
console-transfers = Files
console-transfer-in = received · { $size }, checked
console-transfer-out = sent · { $size }, checked
console-transfer-coming = coming · { $state }
console-transfer-going = going · { $state }
console-transfer-asked = the person is deciding
console-transfer-refused = the person did not agree
console-transfer-too-soon = not asked: the person said no just now
console-transfer-barred = not asked: the person said no three times
console-transfer-progress = { $done } of { $total }
console-transfer-rate = { $done } of { $total } · { $rate }/s · { $left }
console-transfer-saved = Saved to { $path }
console-transfer-not-sent = not moved. { $why }
console-send-title = Send a file to the person
console-send-text = The person decides whether to take it. You can also drop the file onto this window.
console-send-path = Path of the file on this computer
console-browse = Browse...
console-send-now = Send file
console-send-missing = There is no file at that path on this computer.
console-drop = Drop the file here to offer it to the person
console-fetch-title = Fetch a file from the person
console-fetch-text = The person sees which file it is and decides whether to give it.
console-fetch-path = Path of the file on the person's computer
console-fetch-into = Folder of this computer that receives it
console-fetch-now = Ask for the file
console-fetch-missing = There is no such folder on this computer.
console-close-panel = Close

# After the end
console-ended-title = Session ended
console-ended-client = The person ended the session.
console-ended-operator = You ended the session.
console-ended-consent = The person did not agree to show the screen. You can offer to help by phone alone.
console-ended-not-recognised = The person did not recognise you. Make sure on the phone that you speak to the right person, then create a new key.
console-ended-lost = The link was lost and the other end did not answer any more. Create a new key to go on.
console-ended-violation = The other end sent invalid data, so the session was closed. If it happens again, tell your organisation.
console-ended-screen = The person's screen cannot be shared on that system.
console-ended-lasted = Duration: { $duration }
console-ended-no-files = No files were moved.
console-ended-back = Back to assistance

# Starting the program
console-start-no-window = Ponte cannot open its window: there is no usable graphics system. Start the console in a graphical session with OpenGL.
console-start-read = The file { $path } cannot be read. Check its path and permissions.
console-start-refused = The console cannot start with these files. Check that the operator file and the organisation file are right and still valid.

# Words for reading a key out
console-spell-0 = zero
console-spell-1 = one
console-spell-2 = two
console-spell-3 = three
console-spell-4 = four
console-spell-5 = five
console-spell-6 = six
console-spell-7 = seven
console-spell-8 = eight
console-spell-9 = nine
console-spell-A = Alfa
console-spell-B = Bravo
console-spell-C = Charlie
console-spell-D = Delta
console-spell-E = Echo
console-spell-F = Foxtrot
console-spell-G = Golf
console-spell-H = Hotel
console-spell-J = Juliett
console-spell-K = Kilo
console-spell-M = Mike
console-spell-N = November
console-spell-P = Papa
console-spell-Q = Quebec
console-spell-R = Romeo
console-spell-S = Sierra
console-spell-T = Tango
console-spell-V = Victor
console-spell-W = Whiskey
console-spell-X = X-ray
console-spell-Y = Yankee
console-spell-Z = Zulu
