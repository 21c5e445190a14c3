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
console-account = Che cosa può fare

# Pagina iniziale
console-new-title = Nuova assistenza
console-new-text = Crei una chiave e la legga al telefono. Vale dieci minuti, una volta sola.
console-new-key = Nuova chiave
console-how-title = Come funziona
console-how-1 = Crei una chiave e la legga al telefono alla persona da aiutare.
console-how-2 = La persona avvia Ponte e digita la chiave: vede il Suo nome e decide che cosa condividere.
console-how-3 = Legga Lei la parola di controllo: la persona la confronta con la sua. Poi vede lo schermo e può chiedere il resto.
console-next-title = Che cosa succede adesso
console-next-1 = Legga la chiave al telefono, con le parole che stanno sotto.
console-preparing = Preparo la chiave...
console-key-waiting = Chiave in attesa
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
    Per ricevere assistenza apra { $address } nel browser, scarichi il programma Ponte, lo avvii e digiti questa chiave: { $key }
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
console-notice-proxy-password = Il proxy di questa rete chiede nome e password, o non accetta quelli dati. Si rivolga a chi gestisce la rete, li metta nella variabile HTTPS_PROXY (http://nome:password@proxy:3128) e riavvii la console.
console-notice-certificate-refused = Il server di collegamento non accetta il Suo certificato. Chieda alla Sua organizzazione un certificato nuovo.
console-notice-certificate-time = Il certificato non è valido in questo momento. Controlli data e ora del computer; se sono giuste, chieda un certificato nuovo.
console-notice-relay-full = Il server di collegamento non può accettare altre chiavi in questo momento. Riprovi fra un minuto.
console-notice-channel-not-proven = Non è stato possibile dimostrare che il canale è sicuro: qualcuno potrebbe essersi messo in mezzo. Il tentativo è stato interrotto. Crei una nuova chiave; se succede ancora, avvisi la Sua organizzazione.
console-notice-client-lost = Il collegamento della persona è caduto prima dell’inizio. Crei una nuova chiave e la legga di nuovo.
console-notice-version-mismatch = Il programma della persona è di un’altra versione. Le faccia scaricare quello attuale, poi crei una nuova chiave.
console-notice-refused-by-agent = Il programma della persona non accetta il Suo certificato: di solito data e ora di quel computer sono sbagliate. Le faccia controllare, poi crei una nuova chiave.
console-notice-certificate-revoked = La Sua organizzazione ha revocato il Suo certificato: non può più creare chiavi. Se non se lo aspettava, chieda alla Sua organizzazione.
console-notice-outside-hours = Il Suo certificato non permette sessioni a quest’ora. Gli orari in cui le permette sono in «Che cosa può fare».
console-notice-log-not-saved = Il registro della sessione non è stato scritto sul disco. Controlli lo spazio libero e i permessi della cartella, e avvisi la Sua organizzazione.
console-refused-not-from-this-organisation = Il programma della persona è di un’altra organizzazione, o di una precedente con lo stesso nome. Le faccia scaricare quello dalla pagina della Sua organizzazione, poi crei una nuova chiave.
console-refused-expired = Sul computer della persona il Suo certificato risulta già scaduto: di solito data e ora di quel computer sono sbagliate. Le faccia controllare, poi crei una nuova chiave.
console-refused-not-yet-valid = Sul computer della persona il Suo certificato non risulta ancora valido: di solito data e ora di quel computer sono sbagliate. Le faccia controllare, poi crei una nuova chiave.
console-refused-revoked = La Sua organizzazione ha revocato il Suo certificato, quindi il programma della persona non ha fatto entrare nessuno. Ne chieda uno nuovo alla Sua organizzazione.
console-refused-wrong-purpose = Il Suo certificato non è da operatore, quindi il programma della persona non ha fatto entrare nessuno. Ne chieda uno adatto alla Sua organizzazione.
console-refused-no-profile = Il Suo certificato non dice che cosa può fare, quindi il programma della persona non ha fatto entrare nessuno. Ne chieda uno nuovo alla Sua organizzazione.
console-refused-newer-profile = Il Suo certificato richiede un programma più recente di quello della persona. Le faccia scaricare quello attuale dalla pagina della Sua organizzazione, poi crei una nuova chiave.
console-refused-stale-list = Il programma della persona voleva un elenco dei certificati revocati più recente di quello che c’è. Senza, nessuno può sapere se un certificato vale ancora. Chieda alla Sua organizzazione di pubblicarne uno nuovo.
console-refused-bad-list = L’elenco dei certificati revocati pubblicato dalla Sua organizzazione non è utilizzabile, quindi il programma della persona non ha fatto entrare nessuno. Chieda alla Sua organizzazione di pubblicarlo di nuovo.
console-refused-malformed = Il programma della persona non riesce a leggere il Suo certificato. Ne chieda uno nuovo alla Sua organizzazione.
console-notice-picture-saved = Immagine salvata in { $path }
console-notice-picture-not-saved = Non è stato possibile salvare l’immagine. Controlli lo spazio e i permessi della cartella per i download.
console-notice-facts-saved = Pagina salvata in { $path }
console-notice-facts-not-saved = La pagina non si può salvare. Controlli lo spazio e i permessi della cartella dei download.
console-saved-folder = Apri la cartella
console-saved-copy = Copia l’immagine
console-saved-as = Salva con nome...
console-saved-as-path = Percorso della copia
console-saved-as-save = Salva
console-saved-not-copied = L’immagine non è stata copiata: il sistema non dà accesso agli appunti, oppure il file non c’è più.
console-saved-no-folder = Nessun programma ha aperto la cartella. Può aprirla con il percorso qui sopra.
console-saved-as-done = Salvata anche in { $path }
console-saved-as-exists = C’è già un file con questo nome, ed è rimasto com’era. Scelga un altro nome.
console-saved-as-failed = Lì non è stato salvato nulla. Controlli che la cartella esista e che Lei possa scriverci.

# Sessione: barra in alto
console-client = Computer della persona
console-computer = Computer: { $system }
console-round-trip = { $ms } ms
console-rate = { $count } fps
console-still = schermo fermo
console-since = { $since } · { $duration }
console-time-left = { $minutes ->
    [0] tempo finito
    [one] resta { $minutes } minuto
   *[other] restano { $minutes } minuti
}
console-exact = esatto
console-figures-name = Ritardo { $delay }, { $rate } immagini al secondo, collegamento { $link }
console-figures-still-name = Ritardo { $delay }, schermo fermo, collegamento { $link }
console-delay-unknown = non ancora misurato
console-monitor = Schermo { $number }
console-reconnecting = Il collegamento è caduto. Torna da solo, senza una nuova chiave.
console-reconnecting-short = ricollegamento
console-reconnecting-input = Il collegamento è caduto: mouse e tastiera non fanno nulla finché non torna.

# Sessione: strumenti
console-tool-control = Chiedi il controllo
console-tool-control-short = Controllo
console-tool-steer = Usa il computer della persona
console-tool-steer-short = Usa
console-tool-release = Lascia mouse e tastiera
console-tool-release-short = Lascia
console-tool-send = Invia un file
console-tool-send-short = Invia
console-tool-fetch = Prendi un file
console-tool-fetch-short = Prendi
console-tool-machine = Informazioni di sistema
console-tool-machine-short = Sistema
console-tool-shell = Terminale
console-tool-shell-short = Terminale
console-terminal = Terminale sul computer della persona
console-terminal-ask-text = Un terminale sul computer della persona, con il suo utente. Prima le viene chiesto, vede ciò che si fa, e ogni comando resta nel registro.
console-terminal-asked = La persona sta decidendo. Il terminale si apre appena accetta.
console-terminal-ask = Chiedi un terminale
console-terminal-again = Apri un altro terminale
console-terminal-end = Termina il terminale
console-terminal-over = Terminale chiuso
console-terminal-over-code = Terminale chiuso, codice { $code }
console-terminal-hint = Clic per scrivere. Maiusc+Pag su e la rotella scorrono indietro.
console-terminal-hint-focused = I tasti vanno al terminale. Per riaverli prema insieme Ctrl e Alt e li lasci. Ctrl+Maiusc+C copia, Ctrl+Maiusc+V incolla.
console-terminal-hint-waits = Per ora non si scrive. Quando il collegamento torna e la persona mostra lo schermo, si continua qui.
console-terminal-hint-over = Qui non si scrive più. Ciò che c’è si può ancora leggere e copiare.
console-terminal-paste-lines = Sta per incollare { $count } righe. Ciascuna può essere eseguita subito come comando.
console-terminal-paste-yes = Incolla tutto
console-terminal-paste-no = Non incollare
console-tool-one-to-one = Dimensione reale
console-tool-one-to-one-short = 1:1
console-tool-picture = Salva l’immagine dello schermo
console-tool-picture-short = Foto
console-tool-end = Termina la sessione
console-tool-end-short = Fine
console-tool-hover = { $name } ({ $keys })
console-tool-needs-view = { $name }: prima la persona deve mostrare lo schermo.
console-tool-needs-picture = { $name }: non c’è ancora un’immagine.

# Sessione: lo schermo e i suoi tasti
console-tool-full-screen = Schermo intero
console-tool-full-screen-short = Intero
console-full-screen-leave = Esci dallo schermo intero
console-tool-whole = Ingrandisci per multipli interi
console-tool-copy-picture = Copia l’immagine dello schermo
console-picture-copied = L’immagine dello schermo è negli appunti.
console-tool-only-watch = Guarda soltanto
console-tool-act-again = Usa di nuovo mouse e tastiera
console-hint-watching = Lei guarda soltanto: nulla va alla persona. Maiusc+F2 per tornare ad agire.
console-tool-keys = Premi tasti speciali
console-tool-keys-short = Tasti
console-tool-needs-control = { $name }: prima la persona deve permettere il controllo.
console-keys-press = Premi { $keys } sul computer della persona
console-keys-one-window = Si preme sul computer della persona. Mentre condivide una sola finestra, i tasti che prenderebbe il desktop sono rifiutati.
console-keys-refused = { $keys } non si può premere: toglierebbe alla persona il suo desktop.
console-keys-close = Chiudi i tasti

# Sessione: gli appunti
console-tool-clipboard = Copia e incolla fra i due computer
console-tool-clipboard-short = Appunti
console-clip-send = Invia i miei appunti
console-clip-fetch = Prendi quelli della persona
console-clip-close = Chiudi gli appunti
console-clip-idle = Solo testo e immagini, ogni volta che preme.
console-clip-asked = La persona sta decidendo.
console-clip-refused = La persona non ha acconsentito.
console-clip-sending = Invio in corso...
console-clip-sent = È negli appunti della persona.
console-clip-fetching = In arrivo...
console-clip-fetched-text = Il testo della persona è nei Suoi appunti.
console-clip-fetched-picture = L’immagine della persona è nei Suoi appunti.
console-clip-put = Metti nei miei appunti
console-clip-waits = Ciò che ha prelevato è qui. Nel frattempo Lei era altrove, perciò i Suoi appunti sono rimasti com’erano.
console-clip-empty = Nei Suoi appunti non c’è testo né un’immagine.
console-clip-theirs-empty = Negli appunti della persona non c’è testo né un’immagine.
console-clip-too-large = È troppo grande: al massimo 1 MB di testo, o 16 MB di immagine.
console-clip-secret = Un gestore di password sul computer della persona lo segna come segreto, quindi resta lì. Se serve, può incollarlo la persona.
console-clip-unavailable = Ora gli appunti non si possono usare. Riprovi, o invii un file.

# Sessione: indicare e disegnare
console-tool-mark = Indica e disegna sullo schermo della persona
console-tool-mark-short = Indica
console-mark-pointer = Puntatore
console-mark-arrow = Freccia
console-mark-box = Riquadro
console-mark-clear = Cancella i segni
console-mark-done = Smetti di indicare
console-mark-nowhere = Il sistema della persona non può mostrare segni
console-mark-hover = { $name } ({ $keys }; tenuto premuto, indica solo finché lo tiene)
console-hint-pointer = La persona vede un anello dove Lei indica. Non si fa clic su nulla. Esc per smettere.
console-hint-draw = Trascini per disegnare: la persona lo vede per dodici secondi. Non si fa clic su nulla. Esc per smettere.

# Sessione: schermo remoto
console-remote-screen = Schermo remoto
console-hint-focused = Mouse e tastiera vanno alla persona. Ctrl+Alt per lasciarli.
console-hint-click = Faccia clic sullo schermo per usare mouse e tastiera.
console-hint-view-only = Solo visione. Per agire chieda il controllo.
console-hint-only-viewing = Solo visione.
console-hint-paused = In pausa: la persona ha una domanda davanti, o il puntatore è sulle finestre di Ponte.
console-empty-recognise-title = La persona sta verificando chi è Lei
console-empty-recognise-text = Dica alla persona il Suo nome e, quando la chiede, legga ad alta voce la parola di controllo a destra.
console-empty-asked-title = La persona sta decidendo se mostrarLe lo schermo
console-empty-asked-text = Le consigli di chiudere prima ciò che non deve essere visto. Lo schermo compare appena acconsente.
console-empty-refused-title = La persona non mostra lo schermo
console-empty-refused-text = Può aiutarla in chat, oppure spiegarle perché serve e chiedere ancora.
console-empty-refused-text-no-chat = Può aiutarla per telefono, oppure spiegarle perché serve e chiedere ancora.
console-empty-first-title = La prima immagine sta arrivando
console-empty-first-text = Con un collegamento lento possono servire alcuni secondi.
console-ask-view = Chiedi di vedere lo schermo
console-picture-too-large = Lo schermo della persona è troppo grande per questa scheda grafica.

# Sessione: colonna destra
console-check-word = Parola di controllo
console-check-word-text = La legga ad alta voce: la persona deve vedere la stessa.
console-power-view = Vedere lo schermo
console-power-control = Mouse e tastiera
console-power-annotate = Indicare e disegnare
console-power-chat = Scrivere alla persona
console-power-send-file = Inviare file
console-power-fetch-file = Prendere file
console-power-folders = Guardare nelle cartelle
console-power-shell = Dare comandi
console-power-system-info = Leggere i dati del sistema
console-power-end-process = Chiudere programmi
console-power-clipboard = Condividere gli appunti
console-power-record = Registrare la sessione
console-power-invite = Far entrare un collega
console-state-off = non chiesto
console-state-asked = in attesa
console-state-granted = concesso
console-state-denied = rifiutato
console-state-timed-out = nessuna risposta
console-state-withdrawn = ritirato
console-state-impossible = non possibile
console-state-too-soon = appena rifiutato: richieda fra un momento
console-state-barred = rifiutato tre volte: solo la persona può permettere di richiedere
console-state-revoked = revocato
console-state-over = finito
console-state-line-broke = finito: il collegamento si è interrotto
console-state-log-full = finito: il registro non accetta altri comandi
console-state-not-in-profile = non è nel Suo profilo
console-ask = Chiedi
console-ask-again = Chiedi ancora
console-ask-name = { $ask }: { $power }
console-give-back = Restituisci il controllo
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

# Informazioni di sistema
console-machine-ask = Chiedi di leggerle
console-machine-ask-text = Hardware, dischi, rete, programmi e registro del sistema. Decide la persona; i suoi file non vengono aperti.
console-machine-asked = La persona sta decidendo. La pagina compare appena acconsente.
console-machine-overview = Riepilogo
console-machine-hardware = Hardware
console-machine-disks = Dischi
console-machine-network = Rete
console-machine-processes = Processi
console-machine-packages = Pacchetti
console-machine-events = Eventi
console-machine-refresh = Aggiorna
console-machine-copy = Copia la pagina
console-machine-save-text = Salva come testo
console-machine-save-json = Salva come JSON
console-machine-copied = Copiata
console-machine-not-copied = Gli appunti non sono accessibili.
console-machine-loading = in arrivo...
console-machine-failed = non leggibile
console-machine-failed-text = Il sistema non fornisce questi dati, o non all’account della persona.
console-machine-at = alle { $time }
console-machine-left-out = altre { $count } omesse
console-machine-filter = Filtro: solo le righe con queste parole
console-machine-filter-short = Filtro
console-machine-none = Nessuna corrispondenza.
console-machine-sort = Ordina per { $column }
console-machine-sort-ascending = { $column }, dal più piccolo: inverti
console-machine-sort-descending = { $column }, dal più grande: inverti
console-machine-end = Chiudi...
console-machine-end-name = Chiudi il processo { $name }...
console-machine-force = Ferma...
console-machine-force-name = Ferma subito { $name }...
console-machine-host = Nome
console-machine-system = Sistema operativo
console-machine-kernel = Kernel
console-machine-architecture = Architettura
console-machine-uptime = Acceso da
console-machine-user = Utente
console-machine-desktop = Desktop
console-machine-model = Modello
console-machine-processor = Processore
console-machine-processors = Core
console-machine-processors-busy = { $count }, occupati al { $busy }
console-machine-memory = Memoria
console-machine-swap = Swap
console-machine-used = { $used } di { $all } in uso
console-machine-battery = Batteria { $name }
console-machine-charge = { $percent } %
console-machine-charging = { $percent } %, in carica
console-machine-temperature = Temperatura { $name }
console-machine-mount = Percorso
console-machine-device = Dispositivo
console-machine-removable = { $device } (rimovibile)
console-machine-file-system = Tipo
console-machine-size = Dimensione
console-machine-free = Libero
console-machine-interface = Interfaccia
console-machine-addresses = Indirizzi
console-machine-link = Connessione
console-machine-connected = connessa
console-machine-connected-at = { $speed } Mbit/s
console-machine-not-connected = non connessa
console-machine-gateway = Gateway
console-machine-name-servers = Server DNS
console-machine-hardware-address = Indirizzo fisico
console-machine-received = Ricevuti
console-machine-sent = Inviati
console-machine-name = Nome
console-machine-pid = PID
console-machine-parent = Padre
console-machine-cpu = CPU
console-machine-started = Avviato
console-machine-command = Riga di comando
console-machine-version = Versione
console-machine-time = Ora
console-machine-severity = Gravità
console-machine-source = Origine
console-machine-text = Messaggio
console-machine-severity-0 = emergenza
console-machine-severity-1 = allarme
console-machine-severity-2 = critico
console-machine-severity-3 = errore
console-machine-severity-4 = avviso
console-machine-severity-5 = nota
console-machine-severity-6 = informazione
console-machine-severity-7 = debug
console-ending-asked = { $name }: la persona sta decidendo se si può chiudere.
console-ending-refused = { $name }: non chiuso ({ $why }).
console-ending-told = { $name }: chiusura richiesta...
console-ending-ended = { $name }: chiuso.
console-ending-runs = { $name } doveva chiudersi ed è ancora in esecuzione. Può chiedere di fermarlo subito.
console-ending-not-allowed = { $name } non si può chiudere: è di un altro account, o di Ponte.
console-ending-gone = { $name } non era più in esecuzione.
console-ending-failed = Non è stato possibile chiudere { $name }.
console-ending-short = si chiude...
console-ended-short = chiuso

# Dopo la fine
console-ended-title = Sessione terminata
console-ended-client = La persona ha chiuso la sessione.
console-ended-operator = Ha chiuso Lei la sessione.
console-ended-consent = La persona non ha acconsentito a mostrare lo schermo. Può proporre di aiutarla solo per telefono.
console-ended-not-recognised = La persona non L’ha riconosciuta. Verifichi al telefono di parlare con la persona giusta, poi crei una nuova chiave.
console-ended-lost = Il collegamento è caduto e l’altra parte non ha più risposto. Per continuare crei una nuova chiave.
console-ended-violation = L’altra parte ha inviato dati non validi, quindi la sessione è stata chiusa. Se succede ancora, avvisi la Sua organizzazione.
console-ended-screen = Lo schermo della persona non si può condividere su quel sistema.
console-ended-time-up = La sessione ha raggiunto la durata massima che il Suo certificato permette. Per continuare crei una nuova chiave.
console-ended-lasted = Durata: { $duration }
console-ended-log = Registro della sessione
console-ended-log-text = Le due parti hanno firmato che cosa è stato chiesto, permesso e trasferito. Il file è su questo computer:
console-ended-no-log = Il registro di questa sessione non è stato salvato. Controlli lo spazio libero e i permessi della cartella, e avvisi la Sua organizzazione.
console-ended-no-files = Nessun file è stato trasferito.
console-ended-back = Torna all’assistenza

# Avvio del programma
console-start-no-window = Ponte non riesce ad aprire la finestra: manca un sistema grafico utilizzabile. Avvii la console da una sessione grafica con OpenGL.
console-start-read = Non riesco a leggere il file { $path }. Controlli il percorso e i permessi.

# Accesso
console-sign-in-title = Accesso a Ponte
console-sign-in-password = La Sua password
console-sign-in = Accedi
console-sign-in-busy = Apro la Sua cassaforte...
console-sign-in-wait = { $seconds ->
    [one] Troppe password sbagliate. Controlli se è attivo Bloc Maiusc e riprovi fra { $seconds } secondo.
   *[other] Troppe password sbagliate. Controlli se è attivo Bloc Maiusc e riprovi fra { $seconds } secondi.
}
console-forgotten = Nessuno può recuperare una password dimenticata: sposti il file { $path }, crei una nuova chiave e chieda un certificato alla Sua organizzazione.
console-forgotten-recoverable = Se ha dimenticato la password, mandi il file { $path } alla Sua organizzazione, e a nessun altro: può impostare una nuova password.
console-unusable-title = La Sua cassaforte non si apre
console-unusable-again = Riprova

# Creare la chiave
console-enrol-title = Preparazione della console
console-enrol-text = La Sua chiave nasce su questo computer e ci resta, chiusa con la Sua password. La Sua organizzazione riceve solo la metà pubblica, e risponde con il Suo certificato.
console-enrol-name = Nome e cognome, come le persone devono vederli
console-new-password = Nuova password
console-new-password-again = Ripeta la nuova password
console-new-password-rules = Almeno { $length } caratteri: minuscole, maiuscole, cifre e simboli.
console-enrol-make = Crea chiave e richiesta
console-enrol-busy = Creo la Sua chiave...
console-requested-title = La Sua chiave è pronta
console-requested-send = 1. Mandi la richiesta
console-requested-send-text = Salvi la richiesta e la mandi alla Sua organizzazione. Non contiene segreti.
console-requested-compare = 2. Confronti al telefono
console-requested-compare-text = Chi rilascia i certificati Le legge questi caratteri. Se sono diversi, qualcuno ha cambiato la richiesta lungo la strada.
console-requested-answer = 3. Apra la risposta
console-requested-answer-text = La Sua organizzazione Le manda un file. Poi accede con la Sua password.
console-confirm-title = È la Sua organizzazione?
console-confirm-text = Da adesso questa console lavora solo per questa organizzazione. Guardi il dominio: il nome può sceglierlo chiunque.
console-confirm-yes = Sì, è questa
console-confirm-no = No, è un’altra

# Richiesta e risposta
console-request-folder = Cartella in cui salvare la richiesta
console-request-save = Salva la richiesta
console-request-browse = Sfoglia la cartella della richiesta...
console-answer-path = File di risposta mandato dalla Sua organizzazione
console-answer-take = Apri la risposta
console-answer-browse = Sfoglia il file di risposta...
console-renew-open = Rinnova il certificato...
console-renew-title = Rinnovo del certificato
console-renew-text = Mandi di nuovo alla Sua organizzazione la stessa richiesta, e apra qui la risposta. Chiave e password restano le stesse.
console-gate-request-saved = Richiesta salvata in { $path }. La mandi alla Sua organizzazione.
console-gate-answer-taken = Certificato ricevuto: ora è su questo computer.
console-gate-password-changed = Password cambiata.

# Password
console-password-title = Password
console-password-recoverable = Se la dimentica, la Sua organizzazione può impostarne una nuova con la chiave di recupero; ogni volta viene annotato.
console-password-alone = Nessuno può recuperare una password dimenticata.
console-old-password = Password attuale
console-password-change = Cambia la password
console-password-busy = Richiudo la Sua chiave...

# Che cosa è andato storto all’accesso
console-gate-bad-name = Questo nome non può stare in un certificato: è vuoto, troppo lungo, o ha caratteri che non sono lettere. Scriva nome e cognome.
console-gate-password-short = La password è troppo corta: servono almeno { $length } caratteri.
console-gate-password-plain = Nella password servono tutti e quattro: minuscole, maiuscole, cifre e simboli.
console-gate-password-common = Questa password è fra quelle che si provano per prime. Ne scelga un’altra.
console-gate-password-name = La password è poco più del Suo nome. Ne scelga un’altra.
console-gate-passwords-differ = Le due password nuove non sono uguali. Le scriva di nuovo.
console-gate-password-old = La nuova password è uguale a quella attuale. Ne scelga un’altra.
console-gate-wrong-password = { $left ->
    [0] La password è sbagliata. Controlli se è attivo Bloc Maiusc.
    [one] La password è sbagliata. Controlli se è attivo Bloc Maiusc. Resta { $left } tentativo prima di una pausa.
   *[other] La password è sbagliata. Controlli se è attivo Bloc Maiusc. Restano { $left } tentativi prima di una pausa.
}
console-gate-vault-damaged = Il file della Sua chiave è danneggiato, o è un altro file: { $path }. Rimetta una copia, se l’ha. Altrimenti lo sposti, riprovi, crei una nuova chiave e chieda un certificato alla Sua organizzazione.
console-gate-vault-newer = Il file della Sua chiave viene da una versione più recente: { $path }. Installi la versione attuale della console.
console-gate-not-read = Non riesco a leggere il file { $path }. Controlli il percorso e i permessi.
console-gate-not-written = Non riesco a scrivere { $path }. Controlli che la cartella ci sia, i permessi e lo spazio libero.
console-gate-no-organisation = Manca il file dell’organizzazione: { $path }. Apra di nuovo la risposta della Sua organizzazione, o rimetta il file al suo posto.
console-gate-no-request = La richiesta non è su questo computer. Acceda: viene creata di nuovo.
console-gate-not-an-answer = Questo file non è la risposta di un’organizzazione, o è incompleto. Scelga il file mandato dalla Sua organizzazione, o lo chieda di nuovo.
console-gate-answer-newer = La risposta è di una versione più recente. Installi la versione attuale della console.
console-gate-answer-for-another-key = Questa risposta è per un’altra richiesta. Verifichi al telefono a quale richiesta si è risposto, e mandi di nuovo la Sua.
console-gate-answer-foreign = Questa risposta è di un’altra organizzazione, quindi non è stata usata. Chieda alla Sua organizzazione se l’ha mandata.
console-gate-organisation-damaged = Il file dell’organizzazione è danneggiato, o è stato cambiato. Chieda alla Sua organizzazione una nuova risposta e la apra qui.
console-gate-organisation-newer = Il file dell’organizzazione è per una versione più recente. Installi la versione attuale della console.
console-gate-organisation-expired = Il file dell’organizzazione è scaduto, o l’orologio di questo computer è sbagliato. Controlli data e ora; se sono giuste, chieda alla Sua organizzazione una nuova risposta.
console-gate-certificate-foreign = Il certificato non è dell’organizzazione di questa console. Chieda alla Sua organizzazione una nuova risposta e la apra qui.
console-gate-certificate-expired = Il certificato è scaduto, o l’orologio di questo computer è sbagliato. Controlli data e ora; se sono giuste, mandi di nuovo la richiesta alla Sua organizzazione.
console-gate-certificate-not-yet-valid = Il certificato non vale ancora: di solito l’orologio di questo computer è indietro. Controlli data e ora e riprovi.
console-gate-certificate-revoked = La Sua organizzazione ha revocato il certificato: non si può più usare. Se non se lo aspettava, chieda alla Sua organizzazione.
console-gate-certificate-wrong-purpose = Il certificato non è da operatore. Ne chieda uno adatto alla Sua organizzazione.
console-gate-certificate-no-profile = Il certificato non dice che cosa può fare. Ne chieda uno nuovo alla Sua organizzazione.
console-gate-certificate-newer-profile = Il certificato è per una versione più recente. Installi la versione attuale della console.
console-gate-certificate-stale-list = L’elenco dei certificati revocati nella risposta è troppo vecchio. Chieda alla Sua organizzazione di pubblicarne uno nuovo e di rispondere ancora.
console-gate-certificate-bad-list = L’elenco dei certificati revocati nella risposta non è utilizzabile. Chieda alla Sua organizzazione di rispondere ancora.
console-gate-certificate-malformed = Il certificato non è leggibile. Ne chieda uno nuovo alla Sua organizzazione.
console-gate-system = Il sistema non ha dato le risorse per continuare. Chiuda altri programmi e riprovi.

# Che cosa può fare
console-certificate-title = Il Suo certificato
console-fact-name = Nome
console-fact-team = Gruppo
console-fact-organisation = Organizzazione
console-fact-end = Vale fino al
console-fact-hours = Orario
console-fact-longest = Sessione più lunga
console-days-left = { $days ->
    [0] scade oggi
    [one] resta { $days } giorno
   *[other] restano { $days } giorni
}
console-days-left-none = scaduto
console-profile-title = Che cosa permette il certificato
console-profile-absent = Non è nel Suo profilo: { $powers }
console-profile-always = a qualsiasi ora
console-profile-no-limit = senza limite
console-asking-absent = non è nel Suo profilo
console-asking-each-use = si chiede ogni volta
console-asking-once = si chiede una volta per sessione
console-ends-soon = { $days ->
    [0] Il Suo certificato scade oggi. Chieda alla Sua organizzazione di rinnovarlo: mandi di nuovo la stessa richiesta.
    [one] Il Suo certificato scade fra { $days } giorno. Chieda alla Sua organizzazione di rinnovarlo: mandi di nuovo la stessa richiesta.
   *[other] Il Suo certificato scade fra { $days } giorni. Chieda alla Sua organizzazione di rinnovarlo: mandi di nuovo la stessa richiesta.
}
console-ends-ended = Il Suo certificato è scaduto: non si possono più creare chiavi. Mandi di nuovo la stessa richiesta alla Sua organizzazione, e apra la risposta.
console-ends-renew = Rinnova...
console-closed = Il Suo certificato non permette sessioni a quest’ora.
console-closed-until = Il Suo certificato non permette sessioni a quest’ora. Le permette di nuovo { $opens }.
console-closed-hours = Il Suo orario: { $hours }
console-opens-today = oggi alle { $time } ({ $zone })
console-opens-on = { $day } alle { $time } ({ $zone })
console-day-mon = lun
console-day-tue = mar
console-day-wed = mer
console-day-thu = gio
console-day-fri = ven
console-day-sat = sab
console-day-sun = dom
console-weekday-mon = lunedì
console-weekday-tue = martedì
console-weekday-wed = mercoledì
console-weekday-thu = giovedì
console-weekday-fri = venerdì
console-weekday-sat = sabato
console-weekday-sun = domenica

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

# What the person does before and between
console-empty-terms-title = La persona sta leggendo le condizioni
console-empty-terms-text = L’ha riconosciuta e sta leggendo le condizioni dell’assistenza. Le dia tempo; al telefono può rispondere alle domande.
console-empty-choosing-title = La persona sta scegliendo che cosa mostrare
console-empty-choosing-text = Tutto lo schermo, un monitor o una sola finestra. Poi le viene chiesto se Lei può vederlo.
console-empty-paused-title = La persona ha messo in pausa la condivisione
console-empty-paused-text = Nulla del suo schermo arriva e nessun comando viene accettato finché non riprende. Chat e file funzionano.

# The goodbye
console-ended-terms = La persona non ha accettato le condizioni.
console-ended-scam = La persona ha chiuso la sessione e ha detto che era una truffa. È scritto in entrambi i registri; ne parli con il Suo responsabile.
console-ended-closing = La persona può ancora dare un voto, per due minuti al massimo. Non è necessario aspettare: se crea una nuova chiave, l’attesa finisce.
console-ended-rated = Voto: { $stars } su 5
console-ended-stars = { $stars } su 5
console-ended-comment = «{ $comment }»

# The command palette
console-palette = Tutti i comandi
console-palette-hint = Che cosa vuole fare?
console-palette-nothing = Qui nessun comando ha questo nome.
console-palette-give-back = Restituisci il controllo
console-palette-new-tab = Nuova chiave in un’altra scheda
console-palette-home = Vai alla pagina iniziale
console-palette-close-tab = Chiudi questa scheda
console-palette-chat = Scrivi alla persona

# Ciò che l'operatore tiene di una sessione
console-notes = Note
console-notes-open = Scrivi
console-notes-close = Chiudi
console-notes-write = Scrivi le note
console-notes-name = Persona assistita
console-notes-summary = Riassunto
console-notes-tags = Etichette, separate da virgole
console-notes-text = Salvate mentre scrive, sigillate su questo computer. La persona non le vede.
console-notes-not-saved = Le note non sono ancora sul disco. Controlli lo spazio libero e i permessi della cartella dei registri: saranno scritte appena possibile.
console-outcome-title = Com’è andata?
console-outcome-text = Può indicarlo anche dopo, nell’elenco delle sessioni.
console-outcome-solved = Risolto
console-outcome-not-solved = Non risolto
console-outcome-to-continue = Da continuare
console-outcome-refused = Rifiutato

# Più sessioni insieme
console-tab-new = Nuova chiave
console-tab-key = Chiave { $key }
console-tab-making = in preparazione
console-tab-waiting = in attesa
console-tab-joining = si collega
console-tab-asking = domanda aperta
console-tab-live = in corso
console-tab-reconnecting = si ricollega
console-tab-ended = terminata
console-tab-name = { $name }, { $state }
console-tab-news = { $name }, { $state }, { $count } novità
console-tab-close = Chiudi { $name }
console-tab-close-ask = La sessione con { $name } è in corso e finirebbe anche per la persona. La sua ultima pagina resta aperta.
console-tab-close-ask-joining = Qualcuno ha scritto questa chiave e si sta collegando. Chiudendola finisce anche per la persona.
console-tab-keep = Lascia aperta
console-tabs-full = Fra chiavi e sessioni ce ne sono { $most } aperte: è il massimo. Ne chiuda una, poi crei una nuova chiave.
console-keys-full = { $most } chiavi sono in attesa: è il massimo. Ne annulli una, poi ne crei una nuova.
console-waiting-title = Chiavi in attesa
console-waiting-open = Apri

# Che cosa è successo
console-news = Che cosa è successo
console-news-count = { $count ->
    [one] { $count } novità
   *[other] { $count } novità
}
console-news-close = Chiudi l’elenco
console-news-clear = Svuota l’elenco
console-news-empty = Niente di nuovo. Qui compariranno le risposte, i file e i collegamenti caduti di ogni sessione.
console-news-gone = Sessione chiusa
console-news-came = La persona ha digitato la chiave.
console-news-recognised = La persona sa chi è Lei e ha scelto che cosa mostrare.
console-news-granted = { $power }: permesso.
console-news-refused = { $power }: { $state }.
console-news-over = { $power }: { $state }.
console-news-revoked = { $power }: permesso ritirato.
console-news-file-came = «{ $name }» è arrivato.
console-news-file-sent = «{ $name }» è arrivato sul computer della persona.
console-news-file-refused = La persona non vuole che «{ $name }» sia trasferito.
console-news-file-failed = «{ $name }» non è arrivato. { $failure }
console-news-chat = { $count ->
    [one] La persona ha scritto.
   *[other] La persona ha scritto { $count } righe.
}
console-news-lost = Il collegamento è caduto; torna da solo.
console-news-back = Il collegamento è tornato.
console-news-conflicts = «{ $name }»: { $count ->
    [one] un file è
   *[other] { $count } file sono
} già nella cartella. Sostituire, tenere entrambi o tralasciare?

# Le sessioni fin qui
console-invitation-language = Invito in
console-language-it = Italiano
console-language-en = English
console-recent-title = Sessioni recenti
console-recent-empty = Ancora nessuna. Qui comparirà ogni sessione, con le note, l’esito e la posizione del registro.
console-recent-nothing = Nessuna sessione contiene queste parole.
console-recent-filter = Filtra: nome, note, etichette, esito, giorno
console-recent-more = Altre { $count }: digiti una parola per trovarle.
console-recent-cut = interrotta
console-recent-export = Esporta
console-recent-exported = Salvata in { $path }. Non è sigillata: chi ha il file la può leggere.
console-recent-not-exported = Non è stato possibile salvarla. Controlli lo spazio e i permessi della cartella dei download.
console-recent-erase = Cancella
console-recent-erase-now = Cancella per sempre
console-recent-keep = Tieni
console-unfinished = Di { $name } sono arrivati { $done } su { $total }.
console-unfinished-text = Per continuare, lo prenda di nuovo nella stessa cartella. Altrimenti ciò che è arrivato viene eliminato la prima volta che il programma viene avviato e Lei accede dopo il { $day }.
console-unfinished-folder = La cartella
console-not-in-log = { $count ->
    [one] 1 file arrivato non figura nel registro
   *[other] { $count } file arrivati non figurano nel registro
}
console-not-in-log-title = { $count ->
    [one] { $name }: 1 file arrivato non figura nel registro.
   *[other] { $name }: { $count } file arrivati non figurano nel registro.
}
console-not-in-log-text = La sessione è finita prima che il registro nominasse ciò che è arrivato, oppure il programma della persona non l’ha annotato. Il registro quindi non ne mostra la provenienza. Prima di usarlo, chieda alla persona.
console-recent-erase-text = Vengono cancellati nome, note, etichette, esito, chat, ciò che mostrava il terminale e le parti dei file interrotti. Il registro firmato resta dov’è, con le righe della chat e del terminale.
console-conversation-open = Che cosa è stato scritto nella chat
console-conversation-close = Nascondi ciò che è stato scritto nella chat
console-conversation-find = Cerca nella chat
console-conversation-nothing = Nessuna riga ha queste parole.
console-conversation-left-out = Di ciascuno si conservano solo le ultime righe: { $count } più vecchie non ci sono.
console-conversation-mine = Lei
console-conversation-theirs = La persona
console-conversation-not-delivered = Non consegnata
console-transcript-open = Che cosa mostrava il terminale
console-transcript-close = Nascondi ciò che mostrava il terminale
console-transcript-save = Salva come testo
console-transcript-reading = Apertura in corso...
console-transcript-failed = Non si può aprire: il file non c’è più, oppure l’ha sigillato un altro operatore.
console-transcript-find = Cerca in ciò che mostrava il terminale
console-transcript-nothing = Nessuna riga contiene queste parole.
console-transcript-terminal = Terminale, { $time }
console-transcript-damaged = Il resto del file manca o è stato modificato. La parte qui sopra è intatta.
console-transcript-left-out = Altre { $count } righe sono conservate e non elencate qui.
console-transcript-cut = Il terminale ha mostrato più di quanto si conserva: 16 MB per ciascuno, 64 MB per sessione.
console-transcript-unclosed = Il terminale era ancora aperto quando questo è stato scritto. Se il programma è stato terminato a forza, gli ultimi secondi possono mancare.
console-transcript-not-whole = Non è stato possibile scrivere tutto sul disco.
console-transcript-digest = Impronta, come nel registro della sessione: { $sha256 }
# Cartelle e più file
console-tool-files = File
console-tool-files-short = File
console-files-local = Questo computer
console-files-remote = Computer della persona
console-files-list-local = File di questo computer
console-files-list-remote = File del computer della persona
console-files-path = Cartella: { $whose }
console-files-up = Cartella superiore: { $whose }
console-files-name = Nome
console-files-size = Dimensione
console-files-changed = Modificato
console-files-kind-folder = cartella
console-files-kind-link = collegamento
console-files-kind-other = non è un file
console-files-send = Invia
console-files-fetch = Prendi
console-files-send-name = Invia ciò che è scelto
console-files-fetch-name = Prendi ciò che è scelto
console-files-selected = { $count ->
    [one] 1 scelto
   *[other] { $count } scelti
}
console-files-empty = In questa cartella non c’è niente.
console-files-loading = Lettura della cartella in corso.
console-folder-not-found = Non c’è nessuna cartella così. Controllare il percorso, o salire e cercarla.
console-folder-is-none = Questo è un file, non una cartella.
console-folder-bad-name = Un percorso così non si può aprire.
console-folder-busy = Si stanno leggendo troppe cartelle insieme. Riprovare tra un attimo.
console-files-left-out = Altri { $count } non sono in elenco. Scrivere il percorso di ciò che si cerca.
console-files-ask = Chiedi di guardare nelle cartelle
console-files-ask-text = La persona decide se si può vedere quali file e cartelle ci sono. I file trascinati nella finestra vanno nella sua cartella dei file scaricati.
console-files-asked = La persona sta decidendo. La cartella compare appena accetta.
console-files-conflict = { $count ->
    [one] Uno è già nella cartella di questo computer.
   *[other] { $count } sono già nella cartella di questo computer.
}
console-files-conflict-one = Questo file è già nella cartella di questo computer.
console-files-keep = Tieni tutti e due
console-files-replace = Sostituisci
console-files-skip = Lascia fuori
console-files-skip-one = Lascia fuori
console-files-left = { $name }: { $why }
console-transfer-preparing = ricerca dei file
console-transfer-queued = aspetta il suo turno
console-transfer-conflicts = aspetta la scelta
console-transfer-files = { $done } di { $total } file
console-transfer-pause = Pausa
console-transfer-pause-name = Pausa: { $name }
console-transfer-resume = Riprendi
console-transfer-resume-name = Riprendi: { $name }
console-transfer-cancel-name = Annulla: { $name }
console-transfer-cancel-all = Annulla tutti
console-transfer-items = Mostra i file
console-transfer-items-name = Mostra i file: { $name }
console-transfer-items-hide = Nascondi i file
console-transfer-items-hide-name = Nascondi i file: { $name }
console-transfer-item-moving = in corso
console-transfer-item-done = fatto
console-full-screen-leave-short = Esci
console-palette-files = Cartelle e file
console-palette-clip-fetch = Prendi gli appunti della persona
console-palette-pointer = Indica con il puntatore
console-palette-arrow = Disegna frecce
console-palette-box = Disegna riquadri
console-transfers-moving = { $count ->
    [one] Un trasferimento in corso: { $percent } %
   *[other] { $count } trasferimenti in corso: { $percent } %
}
console-transfers-wait = Un trasferimento aspetta la Sua scelta
console-transfers-asked = { $count ->
    [one] La persona decide su un trasferimento
   *[other] La persona decide su { $count } trasferimenti
}
console-transfers-preparing = { $count ->
    [one] Ricerca dei file di un trasferimento
   *[other] Ricerca dei file di { $count } trasferimenti
}
console-transfers-queued = { $count ->
    [one] Un trasferimento aspetta il suo turno
   *[other] { $count } trasferimenti aspettano il loro turno
}
console-transfers-held = { $count ->
    [one] Un trasferimento in pausa
   *[other] { $count } trasferimenti in pausa
}
console-terminal-hide = Nascondi: il terminale resta aperto
console-requested-saved = salvata
console-revoked = Con un certificato revocato non si possono creare chiavi. Quando ne ha uno nuovo, chiuda l’avviso qui sopra e riprovi.
console-palette-count = { $count ->
    [one] { $count } comando. Frecce e Invio, o scriva una parola.
   *[other] { $count } comandi. Frecce e Invio, o scriva una parola.
}

# Chiudere la finestra
console-close-sessions = { $count ->
    [one] Una sessione è in corso. Se chiude la finestra, finisce anche per la persona.
   *[other] { $count } sessioni sono in corso. Se chiude la finestra, finiscono anche per le persone.
}
console-close-transfers = { $count ->
    [one] Un trasferimento non è finito.
   *[other] { $count } trasferimenti non sono finiti.
}
console-close-end = { $count ->
    [one] Termina la sessione e chiudi
   *[other] Termina { $count } sessioni e chiudi
}
console-close-keep = Non chiudere

# La finestra
console-window-settings = Finestra
console-look = Colori
console-look-system = come il sistema
console-look-light = chiari
console-look-dark = scuri
console-window-language = Lingua
console-settings-not-kept = Vale per ora, ma non è stato possibile scriverlo per il prossimo avvio. Controlli lo spazio libero e i permessi della cartella dei dati.

# Comandi con un nome loro
console-palette-monitor = Mostra lo schermo { $number }
console-palette-tab = Vai a { $name }
console-palette-outcome = Esito: { $outcome }
console-palette-cancel-all = Annulla tutti i trasferimenti
console-palette-transfers = Guarda i trasferimenti
console-records-missing = Delle sessioni ora non si può tenere niente: né note né esito. La cartella dei registri non si apre. Controlli i permessi e lo spazio libero, poi riavvii la console.
console-give-back-short = Restituisci
console-give-back-name = Restituisci: { $power }
