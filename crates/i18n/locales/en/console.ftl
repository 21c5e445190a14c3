# Words of the operator's window.
console-window-title = Ponte - Console

# Side bar
console-assistance = Assistance
console-certificate-days = { $days ->
    [0] certificate: expires today
    [one] certificate: { $days } day
   *[other] certificate: { $days } days
}
console-certificate-ended = certificate expired
console-account = What you may do

# Home
console-new-title = New session
console-new-text = Create a key and read it out on the phone. It lasts ten minutes and works once.
console-new-key = New key
console-how-title = How it works
console-how-1 = Create a key and read it out to the person you help.
console-how-2 = They start Ponte and type the key: they see your name and decide what to share.
console-how-3 = You read out the check word, and the person compares it with theirs. Then you see the screen and can ask for the rest.
console-next-title = What happens now
console-next-1 = Read the key out on the phone, with the words below it.
console-preparing = Preparing the key...
console-key-waiting = Key waiting
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
    To get help, open { $address } in your browser, download the program Ponte, start it and type this key: { $key }
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
console-notice-proxy-password = The proxy of this network asks for a name and a password, or does not accept those that it was given. Get them from whoever looks after the network, put them into the variable HTTPS_PROXY (http://name:password@proxy:3128), and start the console again.
console-notice-certificate-refused = The connection server does not accept your certificate. Ask your organisation for a new one.
console-notice-certificate-time = The certificate is not valid at this time. Check the date and time of this computer; if they are right, ask for a new certificate.
console-notice-relay-full = The connection server cannot take more keys at the moment. Try again in a minute.
console-notice-channel-not-proven = The channel could not be proven safe: somebody may be in between. The attempt was closed. Create a new key; if it happens again, tell your organisation.
console-notice-client-lost = The person's connection was lost before the session began. Create a new key and read it out again.
console-notice-version-mismatch = The person's program is of another version. Have them download the current one, then create a new key.
console-notice-refused-by-agent = The person's program does not accept your certificate: usually the date or the time of that computer is wrong. Have them checked, then create a new key.
console-notice-certificate-revoked = Your organisation has revoked your certificate: you cannot make keys with it any more. If you did not expect this, ask your organisation.
console-notice-outside-hours = Your certificate does not allow sessions at this hour. The times at which it does are under "What you may do".
console-notice-log-not-saved = The log of the session could not be written to the disk. Check the free space and the permissions of the folder, and tell your organisation.
console-refused-not-from-this-organisation = The person's program belongs to another organisation, or to an earlier one with the same name. Have them download it from your organisation's page, then create a new key.
console-refused-expired = On the person's computer your certificate has already expired: usually the date or the time there is wrong. Have them checked, then create a new key.
console-refused-not-yet-valid = On the person's computer your certificate is not valid yet: usually the date or the time there is wrong. Have them checked, then create a new key.
console-refused-revoked = Your organisation has revoked your certificate, so the person's program let nobody in. Ask your organisation for a new one.
console-refused-wrong-purpose = Your certificate is not for operators, so the person's program let nobody in. Ask your organisation for one that is.
console-refused-no-profile = Your certificate does not say what you may do, so the person's program let nobody in. Ask your organisation for a new one.
console-refused-newer-profile = Your certificate needs a newer program than the person has. Have them download the current one from your organisation's page, then create a new key.
console-refused-stale-list = The person's program wanted a newer list of revoked certificates than there is. Without it nobody can know whether a certificate still holds. Ask your organisation to publish a new list.
console-refused-bad-list = The list of revoked certificates that your organisation publishes is not usable, so the person's program let nobody in. Ask your organisation to publish it again.
console-refused-malformed = The person's program cannot read your certificate. Ask your organisation for a new one.
console-notice-picture-saved = Picture saved to { $path }
console-notice-picture-not-saved = The picture could not be saved. Check the space and the permissions of the folder for downloads.
console-notice-facts-saved = Page saved to { $path }
console-notice-facts-not-saved = The page could not be saved. Check the space and the permissions of the folder for downloads.
console-saved-folder = Open folder
console-saved-copy = Copy picture
console-saved-as = Save as...
console-saved-as-path = Path of the copy
console-saved-as-save = Save
console-saved-not-copied = The picture was not copied: this system gives no access to the clipboard, or the file is gone.
console-saved-no-folder = No program opened the folder. You can open it by the path above.
console-saved-as-done = Saved to { $path } too
console-saved-as-exists = There is already a file with that name, and it was left as it is. Choose another name.
console-saved-as-failed = Nothing was saved there. Check that the folder exists and that you may write in it.

# Session: top bar
console-client = The person's computer
console-computer = Computer: { $system }
console-round-trip = { $ms } ms
console-rate = { $count } fps
console-still = still screen
console-since = { $since } · { $duration }
console-time-left = { $minutes ->
    [0] time is up
    [one] { $minutes } minute left
   *[other] { $minutes } minutes left
}
console-exact = exact
console-figures-name = Delay { $delay }, { $rate } pictures per second, link { $link }
console-figures-still-name = Delay { $delay }, still screen, link { $link }
console-delay-unknown = not measured yet
console-monitor = Monitor { $number }
console-reconnecting = The link is down. It comes back by itself, and no new key is needed.
console-reconnecting-short = reconnecting
console-reconnecting-input = The link is down: mouse and keyboard do nothing until it is back.

# Session: tools
console-tool-control = Ask for control
console-tool-control-short = Control
console-tool-steer = Use the person's computer
console-tool-steer-short = Use
console-tool-release = Release mouse and keyboard
console-tool-release-short = Release
console-tool-send = Send a file
console-tool-send-short = Send
console-tool-fetch = Fetch a file
console-tool-fetch-short = Fetch
console-tool-machine = System information
console-tool-machine-short = System
console-tool-shell = Terminal
console-tool-shell-short = Terminal
console-terminal = Terminal on the person’s computer
console-terminal-ask-text = A terminal on the person’s computer, as their own account. They are asked first, they see what is done, and each command is written in the log.
console-terminal-asked = The person is deciding. The terminal opens as soon as they agree.
console-terminal-ask = Ask for a terminal
console-terminal-again = Open another terminal
console-terminal-end = End the terminal
console-terminal-over = Terminal closed
console-terminal-over-code = Terminal closed, code { $code }
console-terminal-hint = Click to type. Shift+Page Up and the wheel scroll back.
console-terminal-hint-focused = Keys go to the terminal. Press Ctrl and Alt together and let go to get them back. Ctrl+Shift+C copies, Ctrl+Shift+V pastes.
console-terminal-hint-waits = Nothing is typed for now. Once the line is back and the person shows the screen, it goes on here.
console-terminal-hint-over = Nothing more is typed here. What was written can still be read and copied.
console-terminal-paste-lines = You are about to paste { $count } lines. Each may run as a command at once.
console-terminal-paste-yes = Paste all
console-terminal-paste-no = Do not paste
console-tool-one-to-one = Actual size
console-tool-one-to-one-short = 1:1
console-tool-picture = Save a picture of the screen
console-tool-picture-short = Picture
console-tool-end = End the session
console-tool-end-short = End
console-tool-hover = { $name } ({ $keys })
console-tool-needs-view = { $name }: the person must show the screen first.
console-tool-needs-picture = { $name }: there is no picture yet.

# Session: the screen and its keys
console-tool-full-screen = Full screen
console-tool-full-screen-short = Full
console-full-screen-leave = Leave full screen
console-tool-whole = Enlarge by whole multiples
console-tool-copy-picture = Copy a picture of the screen
console-picture-copied = The picture of the screen is on your clipboard.
console-tool-only-watch = Only watch
console-tool-act-again = Use mouse and keyboard again
console-hint-watching = You only watch: nothing goes to the person. Shift+F2 to act again.
console-tool-keys = Press special keys
console-tool-keys-short = Keys
console-tool-needs-control = { $name }: the person must allow control first.
console-keys-press = Press { $keys } there
console-keys-one-window = It is pressed on the person's computer. While they share a single window, keys that the desktop would take are refused.
console-keys-refused = { $keys } is never pressed there: it would take the person's desktop away.
console-keys-close = Close keys

# Session: the clipboard
console-tool-clipboard = Copy and paste between the two computers
console-tool-clipboard-short = Clipboard
console-clip-send = Send my clipboard
console-clip-fetch = Fetch theirs
console-clip-close = Close clipboard
console-clip-idle = Only text and pictures, each time you press.
console-clip-asked = The person is deciding.
console-clip-refused = The person did not agree.
console-clip-sending = Sending...
console-clip-sent = It is on the person's clipboard.
console-clip-fetching = Fetching...
console-clip-fetched-text = The person's text is on your clipboard.
console-clip-fetched-picture = The person's picture is on your clipboard.
console-clip-put = Put it on my clipboard
console-clip-waits = What you fetched is here. You were elsewhere in between, so your clipboard was left as it is.
console-clip-empty = There is no text or picture on your clipboard.
console-clip-theirs-empty = There is no text or picture on the person's clipboard.
console-clip-too-large = It is too large: at most 1 MB of text, or 16 MB of a picture.
console-clip-secret = A password manager on the person’s computer marks this as a secret, so it stays there. If it is needed, they can paste it themselves.
console-clip-unavailable = A clipboard cannot be used there now. Try again, or send a file.

# Session: pointing and drawing
console-tool-mark = Point and draw on the person's screen
console-tool-mark-short = Point
console-mark-pointer = Pointer
console-mark-arrow = Arrow
console-mark-box = Box
console-mark-clear = Clear the marks
console-mark-done = Stop pointing
console-mark-nowhere = The person's system cannot show marks
console-mark-hover = { $name } ({ $keys }; held, it points only as long as you hold it)
console-hint-pointer = The person sees a ring where you point. Nothing is clicked. Esc stops.
console-hint-draw = Drag to draw; the person sees it for twelve seconds. Nothing is clicked. Esc stops.

# Session: remote screen
console-remote-screen = Remote screen
console-hint-focused = Mouse and keyboard go to the person. Ctrl+Alt releases them.
console-hint-click = Click the screen to use mouse and keyboard.
console-hint-view-only = View only. Ask for control to act.
console-hint-only-viewing = View only.
console-hint-paused = Paused: the person has a question open, or the pointer is on Ponte's own windows.
console-empty-recognise-title = The person is checking who you are
console-empty-recognise-text = Tell them your name and, when they ask for it, read aloud the check word on the right.
console-empty-asked-title = The person is deciding whether to show you the screen
console-empty-asked-text = Advise them to close first what should not be seen. The screen appears as soon as they agree.
console-empty-refused-title = The person does not show the screen
console-empty-refused-text = You can help by chat, or explain why it is needed and ask again.
console-empty-refused-text-no-chat = You can help by phone, or explain why it is needed and ask again.
console-empty-first-title = The first picture is on its way
console-empty-first-text = On a slow link this may take a few seconds.
console-ask-view = Ask to see the screen
console-picture-too-large = The person's screen is too large for this graphics card.

# Session: right column
console-check-word = Check word
console-check-word-text = Read it aloud: the person must see the same one.
console-power-view = See the screen
console-power-control = Mouse and keyboard
console-power-annotate = Point and draw
console-power-chat = Write to the person
console-power-send-file = Send files
console-power-fetch-file = Fetch files
console-power-folders = Look through the folders
console-power-shell = Enter commands
console-power-system-info = Read about the system
console-power-end-process = End programs
console-power-clipboard = Share the clipboard
console-power-record = Record the session
console-power-invite = Bring in a colleague
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
console-state-over = ended
console-state-line-broke = ended: the line was interrupted
console-state-log-full = ended: the log takes no more command lines
console-state-not-in-profile = not in your profile
console-ask = Ask
console-ask-again = Ask again
console-ask-name = { $ask }: { $power }
console-give-back = Give back control
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
console-transfer-coming = receiving · { $state }
console-transfer-going = sending · { $state }
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

# System information
console-machine-ask = Ask to read it
console-machine-ask-text = Hardware, disks, network, programs and the system's own log. The person decides; their files are not opened.
console-machine-asked = The person is deciding. The page appears as soon as they agree.
console-machine-overview = Overview
console-machine-hardware = Hardware
console-machine-disks = Disks
console-machine-network = Network
console-machine-processes = Processes
console-machine-packages = Packages
console-machine-events = Events
console-machine-refresh = Refresh
console-machine-copy = Copy page
console-machine-save-text = Save as text
console-machine-save-json = Save as JSON
console-machine-copied = Copied
console-machine-not-copied = The clipboard is not accessible.
console-machine-loading = loading...
console-machine-failed = not readable
console-machine-failed-text = That system does not tell this, or not to the person's account.
console-machine-at = as of { $time }
console-machine-left-out = { $count } more left out
console-machine-filter = Filter: only rows with these words
console-machine-filter-short = Filter
console-machine-none = Nothing matches.
console-machine-sort = Sort by { $column }
console-machine-sort-ascending = { $column }, smallest first: turn round
console-machine-sort-descending = { $column }, largest first: turn round
console-machine-end = End process...
console-machine-end-name = End process { $name }...
console-machine-force = Force...
console-machine-force-name = Force { $name } to end...
console-machine-host = Name
console-machine-system = Operating system
console-machine-kernel = Kernel
console-machine-architecture = Architecture
console-machine-uptime = Running for
console-machine-user = User
console-machine-desktop = Desktop
console-machine-model = Model
console-machine-processor = Processor
console-machine-processors = Cores
console-machine-processors-busy = { $count }, { $busy } busy
console-machine-memory = Memory
console-machine-swap = Swap
console-machine-used = { $used } of { $all } in use
console-machine-battery = Battery { $name }
console-machine-charge = { $percent } %
console-machine-charging = { $percent } %, charging
console-machine-temperature = Temperature { $name }
console-machine-mount = Mounted at
console-machine-device = Device
console-machine-removable = { $device } (removable)
console-machine-file-system = Type
console-machine-size = Size
console-machine-free = Free
console-machine-interface = Interface
console-machine-addresses = Addresses
console-machine-link = Connection
console-machine-connected = connected
console-machine-connected-at = { $speed } Mbit/s
console-machine-not-connected = not connected
console-machine-gateway = Gateway
console-machine-name-servers = DNS servers
console-machine-hardware-address = Hardware address
console-machine-received = Received
console-machine-sent = Sent
console-machine-name = Name
console-machine-pid = PID
console-machine-parent = Parent
console-machine-cpu = CPU
console-machine-started = Started
console-machine-command = Command line
console-machine-version = Version
console-machine-time = Time
console-machine-severity = Severity
console-machine-source = Source
console-machine-text = Message
console-machine-severity-0 = emergency
console-machine-severity-1 = alert
console-machine-severity-2 = critical
console-machine-severity-3 = error
console-machine-severity-4 = warning
console-machine-severity-5 = notice
console-machine-severity-6 = information
console-machine-severity-7 = debug
console-ending-asked = { $name }: the person is deciding whether it may be ended.
console-ending-refused = { $name }: not ended ({ $why }).
console-ending-told = { $name }: told to end...
console-ending-ended = { $name }: ended.
console-ending-runs = { $name } was told to end and still runs. You can ask to force it.
console-ending-not-allowed = { $name } cannot be ended: it belongs to another account, or to Ponte.
console-ending-gone = { $name } was no longer running.
console-ending-failed = { $name } could not be ended.
console-ending-short = ending...
console-ended-short = ended

# After the end
console-ended-title = Session ended
console-ended-client = The person ended the session.
console-ended-operator = You ended the session.
console-ended-consent = The person did not agree to show the screen. You can offer to help by phone alone.
console-ended-not-recognised = The person did not recognise you. Make sure on the phone that you speak to the right person, then create a new key.
console-ended-lost = The link was lost and the other end did not answer any more. Create a new key to go on.
console-ended-violation = The other end sent invalid data, so the session was closed. If it happens again, tell your organisation.
console-ended-screen = The person's screen cannot be shared on that system.
console-ended-time-up = The session reached the longest time that your certificate allows. Create a new key to go on.
console-ended-lasted = Duration: { $duration }
console-ended-log = Log of the session
console-ended-log-text = Both ends signed what was asked, allowed and moved. The file is on this computer:
console-ended-no-log = The log of this session was not saved. Check the free space and the permissions of the folder, and tell your organisation.
console-ended-no-files = No files were moved.
console-ended-back = Back to assistance

# Starting the program
console-start-no-window = Ponte cannot open its window: there is no usable graphics system. Start the console in a graphical session with OpenGL.
console-start-read = The file { $path } cannot be read. Check its path and permissions.

# Signing in
console-sign-in-title = Sign in to Ponte
console-sign-in-password = Your password
console-sign-in = Sign in
console-sign-in-busy = Opening your vault...
console-sign-in-wait = { $seconds ->
    [one] Too many wrong passwords. Check Caps Lock, and try again in { $seconds } second.
   *[other] Too many wrong passwords. Check Caps Lock, and try again in { $seconds } seconds.
}
console-forgotten = Nobody can recover a forgotten password: move the file { $path } away, make a new key, and ask your organisation for a certificate.
console-forgotten-recoverable = If you forgot the password, send the file { $path } to your organisation, and to nobody else: it can set a new password for it.
console-unusable-title = Your vault cannot be opened
console-unusable-again = Check again

# Making the key
console-enrol-title = Set up this console
console-enrol-text = Your key is made on this computer and stays here, sealed under your password. Your organisation gets only its public half, and answers with your certificate.
console-enrol-name = Your name and surname, as people should see them
console-new-password = New password
console-new-password-again = New password, once more
console-new-password-rules = At least { $length } characters: lowercase and uppercase letters, digits and symbols.
console-enrol-make = Make key and request
console-enrol-busy = Making your key...
console-requested-title = Your key is made
console-requested-send = 1. Send the request
console-requested-send-text = Save the request and send it to your organisation. It holds no secret.
console-requested-compare = 2. Compare on the phone
console-requested-compare-text = Whoever gives out certificates reads this out to you. If it differs, somebody changed the request on its way.
console-requested-answer = 3. Open the answer
console-requested-answer-text = Your organisation sends back a file. After that you sign in with your password.
console-confirm-title = Is this your organisation?
console-confirm-text = From now on this console works for this organisation only. Look at the domain: anybody can choose the name.
console-confirm-yes = Yes, this is it
console-confirm-no = No, it is another

# Request and answer
console-request-folder = Folder that receives the request
console-request-save = Save the request
console-request-browse = Browse for the folder of the request...
console-answer-path = Path of the answer that your organisation sent
console-answer-take = Open the answer
console-answer-browse = Browse for the answer...
console-renew-open = Renew the certificate...
console-renew-title = Renew the certificate
console-renew-text = Send your organisation the same request again, and open its answer here. Your key and password stay the same.
console-gate-request-saved = Request saved to { $path }. Send it to your organisation.
console-gate-answer-taken = Certificate received: it is on this computer now.
console-gate-password-changed = Password changed.

# Password
console-password-title = Password
console-password-recoverable = If you forget it, your organisation can set a new one with its recovery key; each time is noted there.
console-password-alone = Nobody can recover a forgotten password.
console-old-password = Current password
console-password-change = Change the password
console-password-busy = Sealing your key again...

# What went wrong at signing in
console-gate-bad-name = This name cannot be in a certificate: it is empty, too long, or has characters that are not letters. Write name and surname.
console-gate-password-short = The password is too short: it needs at least { $length } characters.
console-gate-password-plain = The password needs all four: lowercase and uppercase letters, digits and symbols.
console-gate-password-common = This password is among those that are tried first. Choose another one.
console-gate-password-name = The password is little more than your name. Choose another one.
console-gate-passwords-differ = The two new passwords are not the same. Type them again.
console-gate-password-old = The new password is the old one. Choose another one.
console-gate-wrong-password = { $left ->
    [0] The password is wrong. Check Caps Lock.
    [one] The password is wrong. Check Caps Lock. { $left } try is left before a pause.
   *[other] The password is wrong. Check Caps Lock. { $left } tries are left before a pause.
}
console-gate-vault-damaged = The file of your key is damaged, or is another file: { $path }. Put back a copy if you have one. If not, move it away, check again, make a new key and ask your organisation for a certificate.
console-gate-vault-newer = The file of your key was written by a newer version: { $path }. Install the current version of the console.
console-gate-not-read = The file { $path } cannot be read. Check its path and permissions.
console-gate-not-written = { $path } cannot be written. Check that the folder exists, its permissions and the free space.
console-gate-no-organisation = The organisation file is missing: { $path }. Open your organisation's answer again, or put the file there.
console-gate-no-request = The request is not on this computer. Sign in, and it is made again.
console-gate-not-an-answer = This file is not an organisation's answer, or is not complete. Choose the file that your organisation sent, or ask for it again.
console-gate-answer-newer = The answer was written by a newer version. Install the current version of the console.
console-gate-answer-for-another-key = This answer is for another request than yours. Check on the phone which request was answered, and send yours again.
console-gate-answer-foreign = This answer is from another organisation, so it was not used. Ask your organisation whether it sent it.
console-gate-organisation-damaged = The organisation file is damaged, or was changed. Ask your organisation for a new answer and open it here.
console-gate-organisation-newer = The organisation file was written for a newer version. Install the current version of the console.
console-gate-organisation-expired = The organisation file has expired, or the clock of this computer is wrong. Check date and time; if they are right, ask your organisation for a new answer.
console-gate-certificate-foreign = The certificate is not from the organisation of this console. Ask your organisation for a new answer and open it here.
console-gate-certificate-expired = The certificate has expired, or the clock of this computer is wrong. Check date and time; if they are right, send your organisation the request again.
console-gate-certificate-not-yet-valid = The certificate is not valid yet: usually the clock of this computer is slow. Check date and time, and try again.
console-gate-certificate-revoked = Your organisation has revoked the certificate: it cannot be used any more. If you did not expect this, ask your organisation.
console-gate-certificate-wrong-purpose = The certificate is not for operators. Ask your organisation for one that is.
console-gate-certificate-no-profile = The certificate does not say what you may do. Ask your organisation for a new one.
console-gate-certificate-newer-profile = The certificate was written for a newer version. Install the current version of the console.
console-gate-certificate-stale-list = The list of revoked certificates in the answer is too old. Ask your organisation to publish a new list and to answer again.
console-gate-certificate-bad-list = The list of revoked certificates in the answer is not usable. Ask your organisation to answer again.
console-gate-certificate-malformed = The certificate cannot be read. Ask your organisation for a new one.
console-gate-system = The system did not give the resources to go on. Close other programs and try again.

# What you may do
console-certificate-title = Your certificate
console-fact-name = Name
console-fact-team = Team
console-fact-organisation = Organisation
console-fact-end = Valid until
console-fact-hours = Hours
console-fact-longest = Longest session
console-days-left = { $days ->
    [0] expires today
    [one] { $days } day left
   *[other] { $days } days left
}
console-days-left-none = expired
console-profile-title = What your certificate allows
console-profile-absent = Not in your profile: { $powers }
console-profile-always = at any time
console-profile-no-limit = no limit
console-asking-absent = not in your profile
console-asking-each-use = asked each time
console-asking-once = asked once a session
console-ends-soon = { $days ->
    [0] Your certificate expires today. Ask your organisation to renew it: send the same request again.
    [one] Your certificate expires in { $days } day. Ask your organisation to renew it: send the same request again.
   *[other] Your certificate expires in { $days } days. Ask your organisation to renew it: send the same request again.
}
console-ends-ended = Your certificate has expired: keys cannot be made any more. Send your organisation the same request again, and open its answer.
console-ends-renew = Renew...
console-closed = Your certificate does not allow sessions at this hour.
console-closed-until = Your certificate does not allow sessions at this hour. It does again { $opens }.
console-closed-hours = Your hours: { $hours }
console-opens-today = today at { $time } ({ $zone })
console-opens-on = on { $day } at { $time } ({ $zone })
console-day-mon = Mon
console-day-tue = Tue
console-day-wed = Wed
console-day-thu = Thu
console-day-fri = Fri
console-day-sat = Sat
console-day-sun = Sun
console-weekday-mon = Monday
console-weekday-tue = Tuesday
console-weekday-wed = Wednesday
console-weekday-thu = Thursday
console-weekday-fri = Friday
console-weekday-sat = Saturday
console-weekday-sun = Sunday

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

# What the person does before and between
console-empty-terms-title = The person is reading the terms
console-empty-terms-text = They recognised you and are reading the terms of the help. Give them time; you can answer questions on the phone.
console-empty-choosing-title = The person is choosing what to show
console-empty-choosing-text = The whole screen, one monitor, or a single window. After that they are asked whether you may see it.
console-empty-paused-title = The person has paused the sharing
console-empty-paused-text = Nothing of their screen is sent and no input is taken until they go on. Chat and files still work.

# The goodbye
console-ended-terms = The person did not accept the terms.
console-ended-scam = The person ended the session and said that it was a scam. Both logs say so; talk to your supervisor.
console-ended-closing = The person may still rate the help, for at most two minutes. You need not wait: with a new key it is over.
console-ended-rated = Rating: { $stars } out of 5
console-ended-stars = { $stars } out of 5
console-ended-comment = “{ $comment }”

# The command palette
console-palette = All commands
console-palette-hint = What do you want to do?
console-palette-nothing = No command has this name here.
console-palette-give-back = Give back control
console-palette-new-tab = New key in another tab
console-palette-home = Go to the first page
console-palette-close-tab = Close this tab
console-palette-chat = Write to the person

# What the operator keeps of a session
console-notes = Notes
console-notes-open = Write
console-notes-close = Close
console-notes-write = Write notes
console-notes-name = Who was helped
console-notes-summary = Summary
console-notes-tags = Tags, separated by commas
console-notes-text = Saved as you type, sealed on this computer. The person does not see it.
console-notes-not-saved = The notes are not on the disk yet. Check the free space and the permissions of the folder for logs; they are written as soon as it is possible.
console-outcome-title = How did it go?
console-outcome-text = You may leave it for later: it is also in the list of sessions.
console-outcome-solved = Solved
console-outcome-not-solved = Not solved
console-outcome-to-continue = To continue
console-outcome-refused = Refused

# Several sessions at once
console-tab-new = New key
console-tab-key = Key { $key }
console-tab-making = being made
console-tab-waiting = waiting
console-tab-joining = connecting
console-tab-asking = waiting for consent
console-tab-live = live
console-tab-reconnecting = reconnecting
console-tab-ended = ended
console-tab-name = { $name }, { $state }
console-tab-news = { $name }, { $state }, { $count } new
console-tab-close = Close { $name }
console-tab-close-ask = The session with { $name } is running, and would end for the person too. Its last page stays open.
console-tab-close-ask-joining = Somebody has typed this key and is being connected. Closing it ends that for the person too.
console-tab-keep = Keep it open
console-tabs-full = { $most } keys and sessions are open, and that is as many as there can be. Close one, then make a new key.
console-keys-full = { $most } keys are waiting, and that is as many as there can be at once. Take one back, then make a new one.
console-waiting-title = Waiting keys
console-waiting-open = Open

# What happened
console-news = What happened
console-news-count = { $count ->
    [one] { $count } new
   *[other] { $count } new
}
console-news-close = Close the list
console-news-clear = Empty the list
console-news-empty = Nothing new. Answers, files and lost links of every session will appear here.
console-news-gone = Closed session
console-news-came = The person typed the key.
console-news-recognised = The person knows who you are and has chosen what to show.
console-news-granted = { $power }: allowed.
console-news-refused = { $power }: { $state }.
console-news-over = { $power }: { $state }.
console-news-revoked = { $power }: taken back.
console-news-file-came = “{ $name }” has arrived.
console-news-file-sent = “{ $name }” has arrived at the person’s computer.
console-news-file-refused = The person does not want “{ $name }” to be moved.
console-news-file-failed = “{ $name }” did not arrive. { $failure }
console-news-chat = { $count ->
    [one] The person wrote.
   *[other] The person wrote { $count } lines.
}
console-news-lost = The link is down; it comes back by itself.
console-news-back = The link is back.
console-news-conflicts = “{ $name }”: { $count ->
    [one] one file is
   *[other] { $count } files are
} in the folder already. Replace, keep both or leave out?

# The sessions until now
console-invitation-language = Invitation in
console-language-it = Italiano
console-language-en = English
console-recent-title = Recent sessions
console-recent-empty = None yet. Each session will appear here with its notes, its outcome and the place of its log.
console-recent-nothing = No session contains these words.
console-recent-filter = Filter: name, notes, tags, outcome, day
console-recent-more = { $count } more: type a word to find them.
console-recent-cut = ended unexpectedly
console-recent-export = Export
console-recent-exported = Saved in { $path }. It is not sealed: whoever has the file can read it.
console-recent-not-exported = It could not be saved. Check the space and the permissions of the folder for downloads.
console-recent-erase = Erase
console-recent-erase-now = Erase for good
console-recent-keep = Keep
console-unfinished = Of { $name }, { $done } of { $total } have come.
console-unfinished-text = To go on, fetch it again into the same folder. If nobody does, what has come is deleted the first time that this program is started and you sign in after { $day }.
console-unfinished-folder = The folder
console-not-in-log = { $count ->
    [one] 1 file that came is not in the log
   *[other] { $count } files that came are not in the log
}
console-not-in-log-title = { $count ->
    [one] { $name }: 1 file that came is not in the log.
   *[other] { $name }: { $count } files that came are not in the log.
}
console-not-in-log-text = The session ended before the log named what came, or the person’s program did not write it down. So the log does not show where it is from. Ask the person before you use it.
console-recent-erase-text = The name, notes, tags, outcome, chat, what the terminal showed and the parts of files that were cut off are erased. The signed log stays where it is, with the lines of the chat and the terminal in it.
console-conversation-open = What was written in the chat
console-conversation-close = Hide what was written in the chat
console-conversation-find = Find in the chat
console-conversation-nothing = No line has these words.
console-conversation-left-out = Only the last lines of each are kept: { $count } older ones are not.
console-conversation-mine = You
console-conversation-theirs = The person
console-conversation-not-delivered = Not delivered
console-transcript-open = What the terminal showed
console-transcript-close = Hide what the terminal showed
console-transcript-save = Save as text
console-transcript-reading = Opening...
console-transcript-failed = It cannot be opened: the file is gone, or another operator sealed it.
console-transcript-find = Find in what the terminal showed
console-transcript-nothing = No line contains these words.
console-transcript-terminal = Terminal, { $time }
console-transcript-damaged = The rest of the file is missing or was changed. What is above is as it was.
console-transcript-left-out = { $count } more lines are kept and not listed here.
console-transcript-cut = The terminal showed more than is kept: 16 MB of each, 64 MB of a session.
console-transcript-unclosed = The terminal was still open when this was written. If the program was ended by force, its last seconds may be missing.
console-transcript-not-whole = Not all of it could be written to the disk.
console-transcript-digest = Fingerprint, as in the session’s log: { $sha256 }
# Folders and several files
console-tool-files = Files
console-tool-files-short = Files
console-files-local = This computer
console-files-remote = The person’s computer
console-files-list-local = Files of this computer
console-files-list-remote = Files of the person’s computer
console-files-path = Folder: { $whose }
console-files-up = Up one folder: { $whose }
console-files-name = Name
console-files-size = Size
console-files-changed = Changed
console-files-kind-folder = folder
console-files-kind-link = link
console-files-kind-other = not a file
console-files-send = Send
console-files-fetch = Fetch
console-files-send-name = Send what is chosen
console-files-fetch-name = Fetch what is chosen
console-files-selected = { $count ->
    [one] 1 chosen
   *[other] { $count } chosen
}
console-files-empty = There is nothing in this folder.
console-files-loading = The folder is being read.
console-folder-not-found = There is no such folder. Check the path, or go up and look for it.
console-folder-is-none = This is a file, not a folder.
console-folder-bad-name = A path like this cannot be opened.
console-folder-busy = Too many folders are being read at the same time. Try again in a moment.
console-files-left-out = { $count } more are not listed. Type the path of what you look for.
console-files-ask = Ask to look through the folders
console-files-ask-text = The person decides whether you may see which files and folders there are. Files dragged into the window go into their downloads folder.
console-files-asked = The person is deciding. The folder appears as soon as they agree.
console-files-conflict = { $count ->
    [one] One of them is in your folder already.
   *[other] { $count } of them are in your folder already.
}
console-files-conflict-one = This file is in your folder already.
console-files-keep = Keep both
console-files-replace = Replace
console-files-skip = Leave them out
console-files-skip-one = Leave it out
console-files-left = { $name }: { $why }
console-transfer-preparing = looking for the files
console-transfer-queued = waiting for its turn
console-transfer-conflicts = waiting for your choice
console-transfer-files = { $done } of { $total } files
console-transfer-pause = Pause
console-transfer-pause-name = Pause: { $name }
console-transfer-resume = Go on
console-transfer-resume-name = Go on: { $name }
console-transfer-cancel-name = Cancel: { $name }
console-transfer-cancel-all = Cancel all
console-transfer-items = Show the files
console-transfer-items-name = Show the files: { $name }
console-transfer-items-hide = Hide the files
console-transfer-items-hide-name = Hide the files: { $name }
console-transfer-item-moving = in progress
console-transfer-item-done = done
console-full-screen-leave-short = Leave
console-palette-files = Folders and files
console-palette-clip-fetch = Fetch the person’s clipboard
console-palette-pointer = Point with the pointer
console-palette-arrow = Draw arrows
console-palette-box = Draw boxes
console-transfers-moving = { $count ->
    [one] One transfer is running: { $percent } %
   *[other] { $count } transfers are running: { $percent } %
}
console-transfers-wait = A transfer waits for your choice
console-transfers-asked = { $count ->
    [one] The person is deciding about a transfer
   *[other] The person is deciding about { $count } transfers
}
console-transfers-preparing = { $count ->
    [one] Looking for the files of a transfer
   *[other] Looking for the files of { $count } transfers
}
console-transfers-queued = { $count ->
    [one] A transfer waits for its turn
   *[other] { $count } transfers wait for their turn
}
console-transfers-held = { $count ->
    [one] A transfer is paused
   *[other] { $count } transfers are paused
}
console-terminal-hide = Hide: the terminal stays open
console-requested-saved = saved
console-revoked = No key can be made with a revoked certificate. Once you have a new one, dismiss the notice above and try again.
console-palette-count = { $count ->
    [one] { $count } command. Arrow keys and Enter, or type a word.
   *[other] { $count } commands. Arrow keys and Enter, or type a word.
}

# Closing the window
console-close-sessions = { $count ->
    [one] A session is running. Closing the window ends it for the person too.
   *[other] { $count } sessions are running. Closing the window ends them for the persons too.
}
console-close-transfers = { $count ->
    [one] One transfer is not finished.
   *[other] { $count } transfers are not finished.
}
console-close-end = { $count ->
    [one] End the session and close
   *[other] End { $count } sessions and close
}
console-close-keep = Keep open

# The window itself
console-window-settings = Window
console-look = Colours
console-look-system = as the system
console-look-light = light
console-look-dark = dark
console-window-language = Language
console-settings-not-kept = It holds for now, but could not be written down for the next start. Check the free space and the permissions of the folder for data.

# Commands with a name of their own
console-palette-monitor = Show monitor { $number }
console-palette-tab = Go to { $name }
console-palette-outcome = Outcome: { $outcome }
console-palette-cancel-all = Cancel all transfers
console-palette-transfers = Look at the transfers
console-records-missing = Nothing can be kept of sessions now: no notes, no outcome. The folder for logs cannot be opened. Check its permissions and the free space, then start the console again.
console-give-back-short = Give back
console-give-back-name = Give back: { $power }
