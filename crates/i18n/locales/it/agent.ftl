# Parole della finestra di chi riceve aiuto: al Lei, calde e semplici.
agent-window-title = Ponte
agent-exit = Esci
agent-no-window = Non è stato possibile aprire una finestra: su questo computer non funziona la grafica. Chieda all’operatore un altro modo per farsi aiutare.

# Chiave
key-title = Inserisca la chiave
key-lead = La detta l’operatore al telefono: sono sette lettere e numeri.
key-field = Chiave
key-hint = Maiuscole e spazi non contano. La O vale zero, la I e la L valgono uno.
key-nobody-sees = Nessuno vede il Suo schermo finché Lei non dice di sì.
key-continue = Continua
key-problem-malformed = La chiave non è completa.
key-problem-malformed-do = Ha sette lettere e numeri. Se la faccia ripetere con calma e la scriva di nuovo.
key-problem-not-found = Questa chiave non risulta.
key-problem-not-found-do = Forse una lettera è diversa, o la chiave è scaduta: vale dieci minuti. La controlli con l’operatore, o ne chieda una nuova.
key-problem-wrong-secret = La chiave non è giusta.
key-problem-wrong-secret-do = { $tries ->
    [one] Resta { $tries } tentativo. Se la faccia ripetere con calma. Se sbaglia ancora, chieda una chiave nuova: non succede nulla.
   *[other] Restano { $tries } tentativi. Se la faccia ripetere con calma. Se non riesce, chieda una chiave nuova: non succede nulla.
}
key-problem-burned = Questa chiave non si può più usare.
key-problem-burned-do = Per sicurezza, dopo tre tentativi sbagliati si annulla. Chieda all’operatore una chiave nuova.
key-problem-busy = Qualcun altro sta provando questa chiave.
key-problem-busy-do = Se non è Lei, chieda all’operatore una chiave nuova. Altrimenti aspetti un momento e riprovi.

# Collegamento
connecting-title = Un momento
connecting-lead = Sto cercando l’operatore. Di solito bastano pochi secondi.

# Chi chiede
who-title-unverified = Non sappiamo chi è
who-title = Questa persona vuole aiutarla
who-ask = È la persona con cui sta parlando? Si faccia dire la parola di controllo, senza dirla Lei. Deve essere questa: se è diversa, esca.
who-word = Parola di controllo: { $word }
who-no = No, esci
who-yes = Sì, è questa persona
who-unverified = Identità non verificata.
who-unverified-do = Non possiamo confermare che questa persona lavori per { $organisation }. Continui solo se è stato Lei a telefonare, a un numero che aveva già, e la parola è la stessa.
who-team = Ufficio: { $team }
who-domain-not-proven = { $domain } (non confermato)

# Attesa
waiting-title = Ci siamo quasi
waiting-lead = { $name } sta per chiederle di vedere lo schermo. Decide Lei: può dire di no.
waiting-long = Se dura più di un minuto, lo dica all’operatore.
waiting-leave = Esci

# Domande
ask-not-now = Non ora
ask-read-on = Leggi il resto
ask-view-title = { $name } può vedere il Suo schermo?
ask-view-lead = { $name } vedrà tutto ciò che è aperto sullo schermo.
ask-view-lead-monitor = { $name } vedrà tutto ciò che è aperto su quell’unico schermo.
ask-view-title-window = { $name } può vedere questa finestra?
ask-view-lead-window = { $name } vedrà «{ $title }» e nient’altro.
ask-view-advice = Prima chiuda le cose private.
ask-view-advice-do = Posta, banca, foto, documenti: chiuda ciò che non vuole mostrare, poi risponda con calma.
ask-view-points = { $name } potrà anche indicare qualcosa e disegnarvi sopra; così non si fa clic su nulla.
ask-view-only = Per usare mouse e tastiera l’operatore dovrà chiederle un altro permesso. Lei può smettere quando vuole, con il pulsante rosso «Termina».
ask-view-no = Non mostrare
ask-view-yes = Mostra lo schermo
ask-control-title = { $name } può usare il Suo mouse e la Sua tastiera?
ask-control-lead = { $name } chiede di usare il Suo computer. Lei vede tutto e, se muove il mouse, comanda Lei.
ask-control-warning = Attenzione alle truffe.
ask-control-warning-do = Non apra la banca e non scriva password mentre l’operatore usa il computer. Se Le hanno telefonato senza che Lei chiedesse aiuto, prema «È una truffa».
ask-control-yes = Consenti
ask-scam = È una truffa: chiudi subito
ask-receive-title = Vuole ricevere questo file?
ask-receive-lead = { $name } vuole mandarle questo file:
ask-receive-folder = Sarà messo in { $folder }
ask-receive-files-folder = Saranno messi in { $folder }
ask-receive-advice = Lo accetti solo se lo aspettava.
ask-receive-advice-do = Se non sa che cos’è, chieda prima di rispondere.
ask-receive-yes = Ricevi il file
ask-give-title = Vuole dare questo file?
ask-give-lead = { $name } chiede una copia di questo file:
ask-give-advice = Guardi bene quale file è.
ask-give-advice-do = L’operatore ne avrà una copia. Non dia file con password o dati della banca.
ask-give-yes = Dai il file
ask-system-title = { $name } può leggere i dati di questo computer?
ask-system-lead = { $name } chiede di vedere com’è fatto, com’è collegato, e quali programmi sono installati e aperti.
ask-system-advice = I Suoi file non vengono aperti.
ask-system-advice-do = L’elenco mostra quali programmi ha aperti, e a volte il nome del documento o della pagina. Prima chiuda ciò che è privato.
ask-system-only = Non viene cambiato nulla. Per chiudere un programma l’operatore dovrà chiederle di nuovo, ogni volta.
ask-system-yes = Mostra i dati
ask-clipboard-title = { $name } può usare ciò che Lei copia e incolla?
ask-clipboard-lead = { $name } chiede di vedere l’ultima cosa che Lei ha copiato, e di mettere al suo posto testo o immagini da incollare.
ask-clipboard-advice = Potrebbe essere una password.
ask-clipboard-advice-do = Se ha copiato qualcosa di privato, copi ora una parola qualsiasi, poi risponda.
ask-clipboard-only = Solo testo e immagini, mai file. Ciò che mette l’operatore prende il posto di ciò che Lei aveva copiato.
ask-clipboard-yes = Lascia usare
ask-end-title = { $name } può chiudere questo programma?
ask-end-lead = { $name } chiede di chiudere un programma aperto su questo computer:
ask-end-number = Numero { $pid }
ask-end-advice = Prima salvi il Suo lavoro.
ask-end-advice-do = Ciò che non è salvato in questo programma va perso. Se non sa che cos’è, chieda prima di rispondere.
ask-end-yes = Chiudi il programma
ask-force-title = { $name } può fermare questo programma?
ask-force-lead = Gli è stato chiesto di chiudersi e non l’ha fatto. { $name } ora chiede di fermarlo subito:
ask-force-yes = Fermalo subito
ask-holds-for-program = Il Suo sì vale solo per questo programma.
ask-shell-title = { $name } può dare comandi a questo computer?
ask-shell-lead = { $name } chiede di scrivere comandi su questo computer, con i Suoi permessi. Ogni comando Le compare nel pannello e resta nel registro.
ask-shell-warning = Attenzione alle truffe.
ask-shell-warning-do = Un comando può leggere, cambiare e cancellare i Suoi file, e non Le viene chiesto di nuovo. Dica di sì solo se ha chiesto questo aiuto. Se Le hanno telefonato senza che Lei lo chiedesse, prema «È una truffa».
ask-shell-only = Se lo spegne nel pannello, i programmi avviati così si chiudono, tranne quelli avviati con la password di un amministratore. L’operatore può conservare, protetto, ciò che è comparso nella finestra dei comandi.
ask-shell-yes = Consenti i comandi
ask-holds-for-terminal = Il Suo sì vale finché la finestra dei comandi è aperta: poi dovrà chiederle di nuovo.

# Pannello
panel-end = Termina l’assistenza
panel-end-short = Termina
panel-grant-view = Vede questo schermo
panel-grant-view-window = Vede una finestra
panel-held-view = Dopo vedrà questo schermo
panel-held-view-window = Dopo vedrà una finestra
panel-held-control = Dopo userà mouse e tastiera
panel-grant-control = Usa mouse e tastiera
panel-grant-send-file = Può mandarle file
panel-grant-fetch-file = Può chiederle file
panel-grant-system-info = Legge i dati del computer
panel-grant-end-process = Può chiedere di chiudere programmi
panel-grant-shell = Dà comandi
panel-shell = Che cosa c’è nella finestra dei comandi dell’operatore: { $lines }
panel-shell-empty = La finestra dei comandi è aperta. Non c’è ancora scritto nulla.
panel-grant-clipboard = Usa ciò che Lei copia e incolla
panel-barred = Ha detto no tre volte: non Le viene più chiesto.
panel-allow-asking = Lascia chiedere di nuovo
panel-allow-asking-name = Lascia chiedere di nuovo: { $power }
panel-asks-each-time = Glielo chiede ogni volta
panel-holds-for-terminal = Ogni comando, senza chiedere di nuovo
panel-not-allowed = Nient’altro è permesso: per il resto l’operatore dovrà prima chiederglielo.
panel-check-word = Parola di controllo
panel-chat = Chat
panel-chat-unread = { $count ->
    [one] Chat, { $count } messaggio nuovo
   *[other] Chat, { $count } messaggi nuovi
}
panel-chat-hint = Scriva qui
panel-chat-empty = Qui può scrivere all’operatore. Ciò che vi scrivete resta nel registro della sessione.
panel-reconnecting = Collegamento interrotto.
panel-reconnecting-do = Sto riprovando. Intanto l’operatore non vede nulla.
panel-received = { $name } ricevuto
panel-given = { $name } consegnato
panel-saved-to = Si trova in { $path }
panel-receiving = Arriva { $name }
panel-giving = Invio di { $name } in corso
panel-transfer-failed = { $name } non è stato trasferito

# Fine
ended-title = Assistenza terminata
ended-lasted = { $time } con { $name }.
ended-did = Che cosa ha fatto { $name }
ended-lost-title = Collegamento perso
ended-lost = L’operatore non risponde più. Nessuno vede il Suo schermo. Se è ancora al telefono, chieda una chiave nuova. Se no, chiami l’organizzazione a un numero che aveva già.
ended-denied-title = Va bene così
ended-denied = Senza il Suo consenso non possiamo aiutarla. Nessuno ha visto il Suo schermo. Se cambia idea, chieda una chiave nuova.
ended-not-recognised-title = Ha fatto bene
ended-not-recognised = Se non è la persona con cui parlava, riagganci. Nessuno ha visto il Suo schermo. Se ha dubbi, chiami Lei l’organizzazione, a un numero che aveva già.
ended-scam-title = Ha fatto bene a chiudere
ended-scam = Riagganci. Nessuno vede più il Suo schermo. Se ha mostrato la banca o scritto password, chiami subito la banca, al numero scritto sulla carta o sull’estratto conto.
ended-scam-unseen = Riagganci. Nessuno ha visto il Suo schermo. Se ha dubbi, chiami Lei l’organizzazione, a un numero che aveva già.
ended-violation-title = Chiuso per sicurezza
ended-violation = Qualcosa non era in regola e il programma si è fermato. Nessuno vede più il Suo schermo. Avvisi l’organizzazione, a un numero che aveva già.
ended-screen-title = Schermo non disponibile
ended-screen = Non è stato possibile mostrare lo schermo, quindi l’assistenza è finita. Ora nessuno lo vede. Lo dica all’operatore.
ended-by-operator = L’ha chiusa l’operatore. Ora nessuno vede il Suo schermo.
ended-by-client = L’ha chiusa Lei. Ora nessuno vede il Suo schermo.
ended-used-view = Ha visto lo schermo
ended-used-control = Ha usato mouse e tastiera
ended-used-system-info = Ha letto i dati del computer
ended-used-shell = Ha dato comandi
ended-used-clipboard = Poteva usare ciò che Lei copiava e incollava
ended-program = Chiuso il programma: { $name }
ended-still-running = Programmi avviati con i comandi che non è stato possibile chiudere: { $count }. Per chiuderli riavvii il computer.
ended-file-received = Le ha mandato: { $name }
ended-file-given = Ha avuto da Lei una copia di: { $name }
ended-file-received-cut = Le ha mandato: { $name }; si è interrotto a metà di { $file }
ended-file-given-cut = Ha avuto da Lei una copia di: { $name }; si è interrotto a metà di { $file }
ended-file-some = { $done } file su { $files }
ended-file-failed = non trasferito
ended-removing = Sto togliendo ciò che il programma ha lasciato su questo computer.
ended-removed = Rimosso.
ended-removed-do = { $count ->
    [0] Non c’era nulla da cancellare.
    [one] Cancellato { $count } elemento: il programma e ciò che aveva creato non ci sono più.
   *[other] Cancellati { $count } elementi: il programma e ciò che aveva creato non ci sono più.
}
ended-not-removed = Non tutto è stato rimosso.
ended-not-removed-do = Se vuole, lo cancelli Lei: trascini il file nel cestino.
ended-kept = I file che ha ricevuto restano sul computer:
ended-kept-file = { $name }, nella cartella { $folder }
ended-details = Dettagli
ended-path-reason = { $path } ({ $reason })

# Non è andata
failed-organisation-title = Il programma non è completo
failed-organisation-means = Non sa di quale organizzazione fidarsi, perciò non può collegarsi. Il computer non ha nulla.
failed-organisation-do = Lo scarichi di nuovo dalla pagina che Le indica l’operatore.
failed-relay-title = Il collegamento non riesce
failed-relay-means = Non si riesce a raggiungere l’operatore. Di solito manca internet, o la rete d’ufficio lo impedisce.
failed-relay-do = Controlli che internet funzioni, poi riprovi. Se non basta, lo dica all’operatore.
failed-busy-title = Il servizio è occupato
failed-busy-means = In questo momento il servizio di collegamento non può accogliere altre persone. Internet funziona, e nessuno ha visto il Suo schermo.
failed-busy-do = Aspetti un minuto, poi riprovi. Se è al telefono, lo dica all’operatore.
failed-proxy-title = La rete chiede una password
failed-proxy-means = Per lasciar uscire i programmi su internet, questa rete vuole un nome e una password. Mancano o sono sbagliati.
failed-proxy-do = Mostri questa pagina a chi gestisce la rete: che cosa fare è scritto sotto «Dettagli tecnici». Lei non deve fare altro.
failed-proxy-why = Nome e password del proxy vanno nell’impostazione HTTPS_PROXY, per esempio http://nome:password@proxy:3128; poi si riavvia il programma.
failed-version-title = I due programmi non vanno d’accordo
failed-version-means = Questo programma e quello dell’operatore sono di versioni diverse e non si capiscono. Nessuno ha visto il Suo schermo.
failed-version-do = Chiuda, scarichi di nuovo il programma dalla pagina che Le indica l’operatore e chieda una chiave nuova.
failed-operator-title = Non continui
failed-operator-means = Chi ha risposto non ha potuto dimostrare chi è. Nessuno ha visto il Suo schermo.
failed-operator-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata.
failed-protocol-title = Chiuso per sicurezza
failed-protocol-means = La risposta non era in regola, perciò il programma si è fermato. Nessuno ha visto il Suo schermo.
failed-protocol-do = Chieda una chiave nuova. Se succede ancora, chiami l’organizzazione a un numero che aveva già.
failed-gone-title = L’operatore non c’è più
failed-gone-means = Si è scollegato prima di cominciare. Nessuno ha visto il Suo schermo.
failed-gone-do = Se è ancora al telefono, chieda una chiave nuova. Se no, chiami l’organizzazione a un numero che aveva già.
failed-screen-title = Lo schermo non si può mostrare
failed-screen-means = Su questo computer il programma non riesce a leggere lo schermo.
failed-screen-do = Lo dica all’operatore: troverete un altro modo.
failed-close = Chiudi
failed-again = Riprova
failed-removes-itself = Quando chiude, il programma si rimuove da solo.

# Una risposta che non è stata contata
refused-not-pressed = Non è stato contato.
refused-not-pressed-do = Non veniva dal Suo mouse o dalla Sua tastiera. Se è stato Lei, prema di nuovo.
refused-program-pressed = Non è stato contato.
refused-program-pressed-do = A premere è stato un altro programma, non Lei. Se Lei vuole dire di sì, aspetti due secondi e prema di nuovo.
refused-program-pointed = Non è stato contato.
refused-program-pointed-do = Un altro programma ha spostato il mouse. Se lo vuole Lei, muova un poco il mouse e prema di nuovo.
refused-window-moved = Non è stato contato.
refused-window-moved-do = Questa finestra si era appena spostata. Guardi di nuovo, poi prema.
refused-blind = Non è stato contato.
refused-blind-do = Non si può più vedere se preme Lei o un altro programma. Chiuda e chieda una chiave nuova.

# Who is not accepted, each with its own reason
failed-foreign-title = Non continui
failed-foreign-means = Chi ha risposto non è un operatore dell’organizzazione di questo programma. Nessuno ha visto il Suo schermo.
failed-foreign-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata.
failed-expired-title = Il permesso dell’operatore è scaduto
failed-expired-means = Il permesso dell’operatore non vale più, oppure la data di questo computer è sbagliata. Nessuno ha visto il Suo schermo.
failed-expired-do = Guardi data e ora del computer: se sono sbagliate, le corregga e riprovi. Se sono giuste, lo dica all’operatore: deve far rinnovare il suo permesso.
failed-expired-why = Il certificato dell’operatore è scaduto.
failed-not-yet-title = La data del computer sembra sbagliata
failed-not-yet-means = Per questo computer il permesso dell’operatore non vale ancora: di solito vuol dire che la sua data è indietro. Nessuno ha visto il Suo schermo.
failed-not-yet-do = Corregga data e ora nelle impostazioni, poi riprovi. Se sono giuste, lo dica all’operatore.
failed-not-yet-why = Il certificato dell’operatore comincia a valere più avanti.
failed-revoked-title = Non continui
failed-revoked-means = L’organizzazione ha ritirato a questa persona il permesso di aiutare. Nessuno ha visto il Suo schermo.
failed-revoked-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata, e racconti che cosa è successo.
failed-purpose-title = Non continui
failed-purpose-means = Chi ha risposto non ha potuto dimostrare di avere il permesso di aiutarla. Nessuno ha visto il Suo schermo.
failed-purpose-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata.
failed-purpose-why = Il certificato di chi ha risposto serve ad altro.
failed-no-profile-title = Non continui
failed-no-profile-means = Chi ha risposto non ha potuto dimostrare di avere il permesso di aiutarla. Nessuno ha visto il Suo schermo.
failed-no-profile-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata.
failed-no-profile-why = Il certificato di chi ha risposto non dice che cosa può fare.
failed-newer-title = Questo programma è troppo vecchio
failed-newer-means = L’operatore usa una versione più nuova di questo programma. Nessuno ha visto il Suo schermo.
failed-newer-do = Chiuda, scarichi di nuovo il programma dalla pagina che Le indica l’operatore e chieda una chiave nuova.
failed-newer-why = Il certificato dell’operatore contiene regole che questo programma non conosce.
failed-stale-title = Non si può controllare il permesso
failed-stale-means = Non si riesce a sapere se il permesso di questa persona vale ancora. Nessuno ha visto il Suo schermo.
failed-stale-do = Se non è stato Lei a chiedere aiuto, chiuda e riagganci. Altrimenti legga all’operatore ciò che c’è sotto «Dettagli tecnici», poi chieda una chiave nuova. Controlli anche la data di questo computer.
failed-stale-why = L’elenco dei permessi ritirati, nel programma dell’operatore, è troppo vecchio.
failed-bad-list-title = Non continui
failed-bad-list-means = Chi ha risposto non ha potuto dimostrare di avere il permesso di aiutarla. Nessuno ha visto il Suo schermo.
failed-bad-list-do = Chiuda e riagganci. Poi chiami Lei l’organizzazione, a un numero che aveva già prima di questa telefonata.
failed-bad-list-why = L’elenco dei permessi ritirati è rovinato o non è della sua organizzazione.

# How long a yes holds
ask-holds-for-session = Il Suo sì vale fino alla fine dell’assistenza, o finché Lei non lo spegne nel pannello.
ask-holds-for-use = Il Suo sì vale per questa volta: se l’operatore smette o il collegamento si interrompe, dovrà chiederle di nuovo.
ask-holds-for-file = Il Suo sì vale solo per questo file.
panel-grant-other = Un altro permesso
panel-ends-at = L’assistenza finisce da sola alle { $time }

# The log
ended-time-up = È passato il tempo più lungo che l’organizzazione permette. Ora nessuno vede il Suo schermo. Se serve ancora aiuto, l’operatore può darle una chiave nuova.
ended-log = Il registro di questa assistenza
ended-log-both = Il registro dice che cosa è stato chiesto, permesso e fatto. Anche l’operatore ne ha una copia, firmata da tutti e due i programmi.
ended-log-alone = Il registro dice che cosa è stato chiesto, permesso e fatto. Il programma dell’operatore non ha confermato la fine: la copia che ha Lei vale lo stesso.
ended-log-saved = Il registro è salvato. Lo tenga se vuole mostrarlo a qualcuno:
ended-log-failed = Il registro non è stato salvato.
ended-log-failed-do = Il computer dice: { $reason }. Faccia spazio sul disco o controlli la cartella degli scaricati, poi riprovi.
ended-log-read = Che cosa dice

# The organisation's domain
domain-title = Da chi riceve aiuto?
domain-lead = Scriva l’indirizzo internet di chi Le dà assistenza, per esempio quello del Suo Comune. Serve a controllare che sia davvero l’organizzazione giusta.
domain-field = Indirizzo internet dell’organizzazione
domain-example = Per esempio comune.esempio.it
domain-careful = Scriva un indirizzo che conosce già Lei, non uno che Le viene dettato da chi L’ha chiamata.
domain-malformed = Questo non è un indirizzo internet.
domain-malformed-do = È fatto come comune.esempio.it: parole unite da punti, senza spazi.
domain-unreachable = L’indirizzo non risponde.
domain-unreachable-do = Controlli che sia scritto giusto e che internet funzioni, poi riprovi.
domain-not-trusted = L’indirizzo non può dimostrare di essere quello vero.
domain-not-trusted-do = Non continui. Controlli che sia scritto giusto; se lo è, chiami l’organizzazione a un numero che aveva già.
domain-not-there = A questo indirizzo nessuno dà assistenza.
domain-not-there-do = Chi ha questo indirizzo non usa questo programma. Controlli che sia scritto giusto.
domain-expired = I dati di questa organizzazione sono scaduti.
domain-expired-do = Lo dica a chi La aiuta: deve pubblicarli di nuovo. Controlli anche la data di questo computer.

# The terms
terms-title = Prima di cominciare
terms-lead = Queste sono le condizioni dell’assistenza. Legga con calma: l’operatore aspetta.
terms-general = { $organisation } La aiuta con questo programma, una sola volta. L’operatore vede e fa solo ciò che Lei permette, una cosa alla volta, e Lei può togliere tutto in ogni momento. Ciò che è stato chiesto, permesso e fatto è scritto in un registro che può tenere. Nient’altro viene registrato.
terms-relay = Ciò che passa tra i due computer attraversa { $relay }, che non può leggerlo.
terms-nothing-stays = Non si installa nulla. Alla fine il programma si rimuove da solo. Se manca la corrente può restare il file del programma: da solo non fa nulla.
terms-privacy = Leggi tutta l’informativa sulla privacy
terms-no = Non accetto
terms-yes = Accetto

# What to share
share-title = Che cosa vuole mostrare?
share-lead = Queste immagini le vede solo Lei. Chiuda ciò che l’operatore non deve vedere: ancora nulla viene mostrato.
share-lead-change = Mentre sceglie, nessuno vede il Suo schermo.
share-lead-gone = Ciò che stava mostrando non è più aperto. Ora nessuno vede il Suo schermo. Scelga che cosa mostrare.
share-choose-first = Prima scelga una di queste cose.
share-see = Vedi le scelte
share-one-window = Scegli una finestra
share-recommended = consigliato
share-screen = Lo schermo
share-screen-all = Tutto ciò che è aperto
share-main-monitor = Schermo principale
share-monitor = Schermo { $number }
share-monitor-only = Solo questo
share-everything = Tutti gli schermi
share-window = Una sola finestra
share-window-lead = Non si vede nient’altro: né avvisi che compaiono, né altre finestre.
share-window-unnamed = Una finestra senza nome
share-no = Esci
share-keep = Lascia com’era
share-yes = Continua
share-yes-now = Mostra

# The panel could not be seen
unseen-title = La condivisione è in pausa
unseen-lead = Per dieci secondi questa finestra è rimasta nascosta. Deve essere sempre in vista, perciò ora nessuno vede il Suo schermo.
unseen-do = Forse un’altra finestra la copriva. Se vuole che { $name } continui, sposti quella finestra e prema «Riprendi a mostrare».
unseen-yes = Riprendi a mostrare
unseen-no = Resta in pausa

# The panel: pause and share
panel-paused = In pausa.
panel-paused-do = Nessuno vede il Suo schermo né usa il Suo mouse.
panel-pause = Pausa
panel-resume = Riprendi
panel-change-share = Cambia che cosa mostra
panel-change-share-short = Cambia
panel-shares-everything = Tutto lo schermo
panel-shares-monitor = Uno dei Suoi schermi
panel-shares-window = La finestra «{ $title }»

# The rating
rating-title = Come è andata?
rating-1 = Male
rating-2 = Non bene
rating-3 = Così così
rating-4 = Bene
rating-scale = Prema una stella: da una, male, a cinque, molto bene.
rating-choose-first = Prima prema una stella, oppure «Salta».
rating-5 = Molto bene
rating-comment = Due parole, se vuole
rating-who-reads = Le Sue parole saranno lette dall’organizzazione dell’operatore.
rating-then = Dopo, il programma si rimuove da solo.
rating-skip = Salta
rating-send = Invia
rating-scam = È stata una truffa
rating-given = Il Suo voto: { $stars } su 5. Grazie.
rating-not-delivered = Il Suo voto: { $stars } su 5. È nel Suo registro; il programma dell’operatore non c’era già più.

# Where the log goes
ended-log-save = Conserva il registro
ended-close = Chiudi
ended-log-keep = Il registro dice che cosa è stato permesso e fatto. Se chiude senza conservarlo, qui va perso.
ended-log-back = Indietro
ended-log-where = Dove vuole tenerlo?
ended-log-save-in = Salva il registro in: { $place }
place-documents = Documenti
place-desktop = Scrivania
place-downloads = Scaricati
place-removable = Chiavetta { $name }

# More that can fail
failed-wayland-title = Lo schermo non si può mostrare
failed-wayland-means = Questo computer disegna lo schermo in un modo che il programma non sa ancora leggere. Il Suo computer non ha nulla.
failed-wayland-do = Dica all’operatore: «il computer usa Wayland». Che cosa fare è scritto sotto «Dettagli tecnici».
failed-wayland-why = Di solito si esce dalla sessione e, all’accesso, si sceglie «Xorg» o «X11» dall’ingranaggio. Il programma, chiudendosi, si rimuove: poi va scaricato di nuovo.
failed-too-old-title = Questo programma è troppo vecchio
failed-too-old-means = L’organizzazione ne vuole una versione più nuova, perché questa non è più abbastanza sicura. Nessuno ha visto il Suo schermo.
failed-too-old-do = Scarichi di nuovo il programma dalla pagina che Le indica l’operatore.
failed-technical = Dettagli tecnici
failed-technical-what = Ciò che il programma ha annotato per un tecnico. Non contiene chiavi, né ciò che Lei ha scritto o mostrato.
failed-technical-save = Salva per un tecnico
failed-technical-saved = Salvato:
failed-technical-not-saved = Non è stato salvato: { $reason }.

# Of a single window, and of somebody who is not verified
ask-view-yes-window = Mostra la finestra
ask-view-advice-window = Guardi questa finestra.
ask-view-advice-window-do = Se contiene qualcosa di privato, prima lo chiuda; poi risponda con calma.
who-yes-unverified = Continua lo stesso
who-called = Se L’hanno chiamata senza che Lei chiedesse aiuto, esca.
# Folders and several files
ask-browse-title = { $name } può guardare nelle Sue cartelle?
ask-browse-lead-session = { $name } chiede di guardare nelle cartelle di questo computer e di copiarne dei file.
ask-browse-lead-use = { $name } chiede di vedere quali file e cartelle ci sono. Prima di copiare un file dovrà chiederle di nuovo.
ask-browse-advice = Si vedranno i nomi dei Suoi file.
ask-browse-advice-do = Se qualcuno L’ha chiamata senza che Lei chiedesse aiuto, dica di no e prema «È una truffa».
ask-browse-yes = Lascia guardare
ask-receive-files-title = Vuole ricevere questi file?
ask-receive-files-lead = { $name } vuole mandarle questi file:
ask-receive-files-yes = Ricevi i file
ask-give-files-title = Vuole dare questi file?
ask-give-files-lead = { $name } chiede una copia di questi file:
ask-give-files-yes = Dai i file
ask-files-count = { $count ->
    [one] 1 file
   *[other] { $count } file
}
ask-files-more = e altri { $count }
ask-conflict = { $count ->
    [one] Uno c’è già. Che cosa ne facciamo?
   *[other] { $count } ci sono già. Che cosa ne facciamo?
}
ask-conflict-only = C’è già un file con questo nome. Che cosa ne facciamo?
ask-conflict-keep = Tieni tutti e due
ask-conflict-replace = Sostituisci ciò che c’è già
ask-conflict-skip = { $count ->
    [one] Lascia quello che c’è, non ricevere questo
   *[other] Lascia quelli che ci sono, non ricevere questi
}
ask-holds-for-files = Il Suo sì vale solo per questi file.
panel-stop-transfer = Ferma
panel-stop-transfer-name = Ferma: { $name }
ended-again = Può inserire una chiave nuova senza scaricare di nuovo questo programma. Tutto Le viene chiesto da capo.
ended-again-file = La parte di { $name } già arrivata è conservata.
ended-again-files = La parte dei file già arrivata è conservata.
ended-again-files-do = Quando torna lo stesso operatore, si riprende da lì. Se chiude, viene cancellata.
ended-again-close = Chiudi
ended-again-key = Inserisci una chiave nuova
ended-scam-ask = Se L’hanno chiamata senza che Lei avesse chiesto aiuto, prema «È stata una truffa». Le diciamo subito che cosa fare, e resta scritto nel Suo registro.
ended-scam-go-on = Continua
