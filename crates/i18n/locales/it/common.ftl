# Parole comuni alle due finestre.
common-ponte = Ponte
common-since = dalle { $time }
common-bytes = { $count } byte
common-seconds = { $seconds } s
common-minutes = { $minutes } min
common-hours = { $hours } h { $minutes } min
common-less-than-a-minute = meno di un minuto
common-minutes-in-words = { $minutes ->
    [one] { $minutes } minuto
   *[other] { $minutes } minuti
}
common-hours-in-words = { $hours ->
    [one] { $hours } ora
   *[other] { $hours } ore
}{ $minutes ->
    [0] { "" }
    [one] { " " }e { $minutes } minuto
   *[other] { " " }e { $minutes } minuti
}

common-send = Invia
common-delivered = consegnato
common-not-delivered = non ancora consegnato
common-verified = Identità verificata

transfer-of = { $done } di { $total }
transfer-several = { $name } ({ $count } file)
transfer-held = { $state }, in pausa
transfer-waits = { $state }, in attesa del collegamento
transfer-left-out = { $count ->
    [one] 1 file non è stato trasferito
   *[other] { $count } file non sono stati trasferiti
}
transfer-failure-not-found = Il file non esiste più.
transfer-failure-permission-denied = Il sistema non permette di leggere o scrivere lì. Scegliere un altro posto o un altro file.
transfer-failure-disk-full = Il disco del computer che riceve è pieno. Fare spazio lì, poi trasferire di nuovo i file.
transfer-failure-not-a-file = Non è un file.
transfer-failure-bad-name = Il nome del file non va bene per questo sistema.
transfer-failure-corrupted = Il file è arrivato rovinato ed è stato scartato.
transfer-failure-changed = Il file è cambiato durante l’invio. Chiudere ciò che lo modifica, poi trasferirlo di nuovo.
transfer-failure-cancelled = L’invio è stato annullato.
transfer-failure-storage = Il disco ha dato un errore.

# Indirizzi nella chat
common-address-ask = Aprire questo indirizzo nel browser?
common-address-host = La pagina è di { $host }. La apra solo se la aspetta.
common-address-yes = Apri
common-address-no = Non ora
common-address-failed = Nessun browser ha preso l’indirizzo. Si può digitare lì a mano.
transfer-failure-link = È un collegamento a un altro posto, e i collegamenti non si seguono.
transfer-failure-protected = Questa cartella contiene impostazioni o programmi che partono da soli. Scegliere un’altra cartella.
transfer-failure-too-many = Sono più file di quanti un trasferimento ne ammette. Sceglierne meno.
transfer-failure-busy = Ci sono già troppi trasferimenti in attesa o in corso. Riprovare quando alcuni sono finiti.

# Days
common-date = { $day } { $month } { $year }
common-month-1 = gennaio
common-month-2 = febbraio
common-month-3 = marzo
common-month-4 = aprile
common-month-5 = maggio
common-month-6 = giugno
common-month-7 = luglio
common-month-8 = agosto
common-month-9 = settembre
common-month-10 = ottobre
common-month-11 = novembre
common-month-12 = dicembre
common-today = oggi { $time }
common-yesterday = ieri { $time }
common-day-and-time = { $date }, { $time }
# La chat
common-chat-full = La riga è lunga quanto può essere e il resto non è entrato. La invii, poi continui in un’altra.
transfer-rate = { $done } di { $total } · { $rate }/s · { $left }
