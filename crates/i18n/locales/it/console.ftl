# Parole della finestra dell’operatore.
console-window-title = Ponte - Console

# Barra laterale
console-assistance = Assistenza
console-certificate-days = { $days ->
    [0] certificato: scade oggi
    [one] certificato: { $days } giorno
   *[other] certificato: { $days } giorni
}
console-certificate-ended = certificato scaduto

# Pagina iniziale
console-new-title = Nuova assistenza
console-new-text = Crei una chiave e la legga al telefono. Vale dieci minuti, una volta sola.
console-new-key = Nuova chiave
console-how-title = Come funziona
console-how-1 = Crei una chiave e la legga al telefono alla persona da aiutare.
console-how-2 = La persona avvia Ponte e digita la chiave: vede il Suo nome e decide che cosa condividere.
console-how-3 = Leggete insieme la parola di controllo, poi Lei vede lo schermo e può chiedere il resto.
console-next-title = Che cosa succede adesso
console-next-1 = Legga la chiave al telefono, con le parole che stanno sotto.
console-preparing = Preparo la chiave...
console-key-waiting = Chiave in attesa
console-key-name = Chiave di sessione
console-key-expired-now = scaduta
console-key-expires-name = La chiave vale ancora
console-spelling-name = Da leggere al telefono
console-copy-key = Copia chiave
console-copy-invitation = Copia invito
console-copied-key = Chiave copiata negli appunti.
console-copied-invitation = Invito copiato negli appunti.
console-copy-failed = Il sistema non dà accesso agli appunti. Legga la chiave ad alta voce.
console-cancel-key = Annulla
console-tries-left = { $tries ->
    [one] È stata digitata una chiave sbagliata. Resta { $tries } tentativo: rilegga la chiave lentamente.
   *[other] È stata digitata una chiave sbagliata. Restano { $tries } tentativi: rilegga la chiave lentamente.
}
console-invitation =
    Buongiorno, sono { $operator } ({ $organisation }).
    Per ricevere assistenza avvii il programma Ponte e digiti questa chiave: { $key }
    La chiave vale dieci minuti e una volta sola. Prima di condividere qualcosa vedrà il mio nome: decide sempre Lei.
console-joining-title = Collegamento in corso
console-joining-text = La chiave è stata digitata. Preparo il canale protetto: bastano pochi secondi.

# Avvisi
console-notice-dismiss = Chiudi avviso
console-notice-key-expired = La chiave è scaduta: nessuno l’ha digitata in dieci minuti. Ne crei una nuova e la legga di nuovo.
console-notice-key-burned = La chiave è stata annullata dopo tre tentativi sbagliati. Ne crei una nuova e la legga con le parole sotto la chiave.
console-notice-wrong-try = { $tries ->
    [one] È stata digitata una chiave sbagliata. Resta { $tries } tentativo: verifichi al telefono che cosa è stato digitato.
   *[other] È stata digitata una chiave sbagliata. Restano { $tries } tentativi: verifichi al telefono che cosa è stato digitato.
}
console-notice-relay-unreachable = Il server di collegamento non risponde, quindi non si possono creare chiavi. Controlli la rete e riprovi fra un minuto.
console-notice-proxy-password = Il proxy di questa rete vuole nome e password, o altri da quelli dati. Si rivolga a chi gestisce la rete, li metta nella variabile HTTPS_PROXY (http://nome:password@proxy:3128) e riavvii la console.
console-notice-certificate-refused = Il server di collegamento non accetta il Suo certificato. Chieda alla Sua organizzazione un certificato nuovo.
console-notice-certificate-time = Il certificato non è valido in questo momento. Controlli data e ora del computer; se sono giuste, chieda un certificato nuovo.
console-notice-relay-full = Il server di collegamento non prende altre chiavi in questo momento. Riprovi fra un minuto.
console-notice-channel-not-proven = Non è stato possibile dimostrare che il canale è sicuro: qualcuno potrebbe essersi messo in mezzo. Il tentativo è stato chiuso. Crei una nuova chiave; se succede ancora, avvisi la Sua organizzazione.
console-notice-client-lost = Il collegamento della persona è caduto prima dell’inizio. Crei una nuova chiave e la legga di nuovo.
console-notice-version-mismatch = Il programma della persona è di un’altra versione. Le faccia scaricare quello attuale, poi crei una nuova chiave.
console-notice-refused-by-agent = Il programma della persona non accetta il Suo certificato: di solito data e ora di quel computer sono sbagliate. Le faccia controllare, poi crei una nuova chiave.
console-notice-picture-saved = Immagine salvata in { $path }
console-notice-picture-not-saved = Non è stato possibile salvare l’immagine. Controlli lo spazio e i permessi della cartella per i download.

# Sessione: barra in alto
console-client = Computer della persona
console-round-trip = { $ms } ms
console-rate = { $count } fps
console-still = schermo fermo
console-since = { $since } · { $duration }
console-exact = esatto
console-figures-name = Ritardo { $delay }, { $rate } immagini al secondo, collegamento { $link }
console-figures-still-name = Ritardo { $delay }, schermo fermo, collegamento { $link }
console-delay-unknown = non ancora misurato
console-monitor = Schermo { $number }
console-reconnecting = Il collegamento è caduto: lo riprendo da solo, senza una nuova chiave.
console-reconnecting-short = riprendo il collegamento
console-reconnecting-input = Collegamento interrotto: mouse e tastiera non fanno nulla finché non torna.

# Sessione: strumenti
console-tools = Strumenti
console-tool-control = Chiedi il controllo
console-tool-control-short = Controllo
console-tool-steer = Guida il computer della persona
console-tool-steer-short = Guida
console-tool-release = Lascia mouse e tastiera
console-tool-release-short = Lascia
console-tool-send = Invia un file
console-tool-send-short = Invia
console-tool-fetch = Prendi un file
console-tool-fetch-short = Prendi
console-tool-one-to-one = Dimensione reale
console-tool-one-to-one-short = 1:1
console-tool-picture = Salva l’immagine dello schermo
console-tool-picture-short = Foto
console-tool-end = Termina la sessione
console-tool-end-short = Fine
console-tool-hover = { $name } ({ $keys })
console-tool-needs-view = { $name }: prima la persona deve mostrare lo schermo.
console-tool-needs-picture = { $name }: non c’è ancora un’immagine.

# Sessione: schermo remoto
console-remote-screen = Schermo remoto
console-hint-focused = Mouse e tastiera vanno alla persona. Ctrl+Alt per lasciarli.
console-hint-click = Faccia clic sullo schermo per usare mouse e tastiera.
console-hint-view-only = Solo visione. Per agire chieda il controllo.
console-hint-paused = In pausa: la persona ha una domanda davanti, o il puntatore è sulle finestre di Ponte.
console-empty-recognise-title = La persona sta verificando chi è Lei
console-empty-recognise-text = Dica alla persona il Suo nome e leggete insieme la parola di controllo a destra.
console-empty-asked-title = La persona sta scegliendo che cosa mostrare
console-empty-asked-text = Le consigli di chiudere prima ciò che non deve essere visto. Lo schermo compare appena acconsente.
console-empty-refused-title = La persona non mostra lo schermo
console-empty-refused-text = Può aiutarla in chat, oppure spiegarle perché serve e chiedere ancora.
console-empty-first-title = La prima immagine sta arrivando
console-empty-first-text = Con un collegamento lento possono servire alcuni secondi.
console-ask-view = Chiedi di vedere lo schermo
console-picture-too-large = Lo schermo della persona è troppo grande per questa scheda grafica.

# Sessione: colonna destra
console-check-word = Parola di controllo
console-check-word-text = La legga ad alta voce: la persona deve vedere la stessa.
console-powers = Permessi
console-power-view = Vedere lo schermo
console-power-control = Mouse e tastiera
console-power-send-file = Inviare file
console-power-fetch-file = Prendere file
console-state-off = non chiesto
console-state-asked = in attesa
console-state-granted = concesso
console-state-denied = rifiutato
console-state-timed-out = nessuna risposta
console-state-withdrawn = ritirato
console-state-impossible = non possibile
console-state-too-soon = appena rifiutato: richieda fra un momento
console-state-barred = rifiutato tre volte: può riaprire solo la persona
console-state-revoked = revocato
console-state-each = a ogni file
console-ask = Chiedi
console-ask-again = Chiedi ancora
console-ask-name = { $ask }: { $power }
console-details-link = Collegamento { $link }
console-details-round-trip = Ritardo { $ms } ms
console-details-received = Ricevuti { $size }
console-details-received-bytes = Ricevuti { $bytes } byte
console-details-sent = Inviati { $size }
console-details-sent-bytes = Inviati { $bytes } byte
console-chat-hint = Scriva alla persona...
console-chat-empty = Nessun messaggio. Ciò che scrive compare subito alla persona (F7 per scrivere).

# File
console-transfers = File
console-transfer-in = ricevuto · { $size }, controllato
console-transfer-out = inviato · { $size }, controllato
console-transfer-coming = in arrivo · { $state }
console-transfer-going = in invio · { $state }
console-transfer-asked = la persona sta decidendo
console-transfer-refused = la persona non ha acconsentito
console-transfer-too-soon = non chiesto: la persona ha appena detto no
console-transfer-barred = non chiesto: la persona ha detto no tre volte
console-transfer-progress = { $done } di { $total }
console-transfer-rate = { $done } di { $total } · { $rate }/s · { $left }
console-transfer-saved = Salvato in { $path }
console-transfer-not-sent = non arrivato. { $why }
console-send-title = Invia un file alla persona
console-send-text = La persona decide se riceverlo. Può anche trascinare il file su questa finestra.
console-send-path = Percorso del file su questo computer
console-browse = Sfoglia...
console-send-now = Invia file
console-send-missing = Su questo computer non c’è un file con quel percorso.
console-drop = Lasci qui il file per offrirlo alla persona
console-fetch-title = Prendi un file dalla persona
console-fetch-text = La persona vede quale file e decide se darlo.
console-fetch-path = Percorso del file sul computer della persona
console-fetch-into = Cartella di questo computer che lo riceve
console-fetch-now = Chiedi il file
console-fetch-missing = Su questo computer non c’è quella cartella.
console-close-panel = Chiudi

# Dopo la fine
console-ended-title = Sessione terminata
console-ended-client = La persona ha chiuso la sessione.
console-ended-operator = Ha chiuso Lei la sessione.
console-ended-consent = La persona non ha acconsentito a mostrare lo schermo. Può proporre di aiutarla solo per telefono.
console-ended-not-recognised = La persona non ha riconosciuto l’operatore. Verifichi al telefono di parlare con la persona giusta, poi crei una nuova chiave.
console-ended-lost = Il collegamento è caduto e l’altra parte non ha più risposto. Per continuare crei una nuova chiave.
console-ended-violation = L’altra parte ha inviato dati non validi, quindi la sessione è stata chiusa. Se succede ancora, avvisi la Sua organizzazione.
console-ended-screen = Lo schermo della persona non si può condividere su quel sistema.
console-ended-lasted = Durata: { $duration }
console-ended-no-files = Nessun file è stato trasferito.
console-ended-back = Torna all’assistenza

# Avvio del programma
console-start-no-window = Ponte non riesce ad aprire la finestra: manca un sistema grafico utilizzabile. Avvii la console da una sessione grafica con OpenGL.
console-start-read = Non riesco a leggere il file { $path }. Controlli il percorso e i permessi.
console-start-refused = La console non può partire con questi file. Controlli che il file dell’operatore e quello dell’organizzazione siano giusti e ancora validi.

# Parole per leggere la chiave
console-spell-0 = zero
console-spell-1 = uno
console-spell-2 = due
console-spell-3 = tre
console-spell-4 = quattro
console-spell-5 = cinque
console-spell-6 = sei
console-spell-7 = sette
console-spell-8 = otto
console-spell-9 = nove
console-spell-A = Ancona
console-spell-B = Bologna
console-spell-C = Como
console-spell-D = Domodossola
console-spell-E = Empoli
console-spell-F = Firenze
console-spell-G = Genova
console-spell-H = Hotel
console-spell-J = Jolly
console-spell-K = Kursaal
console-spell-M = Milano
console-spell-N = Napoli
console-spell-P = Palermo
console-spell-Q = Quarto
console-spell-R = Roma
console-spell-S = Savona
console-spell-T = Torino
console-spell-V = Venezia
console-spell-W = Washington
console-spell-X = ics
console-spell-Y = York
console-spell-Z = Zara
