# Words that both windows use.
common-ponte = Ponte
common-since = since { $time }
common-bytes = { $count ->
    [one] { $count } byte
   *[other] { $count } bytes
}
common-seconds = { $seconds } s
common-minutes = { $minutes } min
common-hours = { $hours } h { $minutes } min
common-less-than-a-minute = less than a minute
common-minutes-in-words = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
common-hours-in-words = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
}{ $minutes ->
    [0] { "" }
    [one] { " " }and { $minutes } minute
   *[other] { " " }and { $minutes } minutes
}

common-send = Send
common-delivered = delivered
common-not-delivered = not yet delivered
common-verified = Identity verified

transfer-of = { $done } of { $total }
transfer-several = { $name } ({ $count } files)
transfer-held = { $state }, paused
transfer-waits = { $state }, waiting for the connection
transfer-left-out = { $count ->
    [one] 1 file was not transferred
   *[other] { $count } files were not transferred
}
transfer-failure-not-found = The file is not there any more.
transfer-failure-permission-denied = The system does not allow reading or writing there. Choose another place, or another file.
transfer-failure-disk-full = The disk of the computer that receives is full. Make room there, then move the files again.
transfer-failure-not-a-file = It is not a file.
transfer-failure-bad-name = The file’s name does not work on this system.
transfer-failure-corrupted = The file arrived damaged and was thrown away.
transfer-failure-changed = The file changed while it was being sent. Close what writes to it, then move it again.
transfer-failure-cancelled = The transfer was cancelled.
transfer-failure-storage = The disk reported an error.

# Addresses in the chat
common-address-ask = Open this address in the browser?
common-address-host = The page is of { $host }. Open it only if you expect it.
common-address-yes = Open
common-address-no = Not now
common-address-failed = No browser took the address. It can be typed there by hand.
transfer-failure-link = It is a link to another place, and links are not followed.
transfer-failure-protected = This folder holds settings or programs that start by themselves. Choose another folder.
transfer-failure-too-many = These are more files than one transfer may have. Choose fewer.
transfer-failure-busy = Too many transfers wait or move already. Try again when some of them are over.

# Days
common-date = { $day } { $month } { $year }
common-month-1 = January
common-month-2 = February
common-month-3 = March
common-month-4 = April
common-month-5 = May
common-month-6 = June
common-month-7 = July
common-month-8 = August
common-month-9 = September
common-month-10 = October
common-month-11 = November
common-month-12 = December
common-today = today { $time }
common-yesterday = yesterday { $time }
common-day-and-time = { $date }, { $time }
# The chat
common-chat-full = The line is as long as it can be, and nothing more was taken. Send it, then go on in another.
transfer-rate = { $done } of { $total } · { $rate }/s · { $left }
