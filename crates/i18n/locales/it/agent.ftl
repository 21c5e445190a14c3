# Parole della finestra di chi riceve aiuto: al Lei, calde e semplici.
agent-window-title = Ponte
agent-exit = Esci
agent-no-window = Non è stato possibile aprire una finestra: su questo computer non funziona la grafica. Chieda all’operatore un altro modo per farsi aiutare.
agent-engine-stopped = Il programma non è riuscito ad avviarsi.

# Chiave
key-title = Inserisca la chiave
key-lead = L’operatore gliela detta al telefono: sette lettere e numeri.
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
    [one] Resta { $tries } tentativo. Se la faccia ripetere con calma.
   *[other] Restano { $tries } tentativi. Se la faccia ripetere con calma.
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
who-ask = È la persona con cui sta parlando? Si faccia leggere questa parola. Se è diversa, esca.
who-word = Parola di controllo: { $word }
who-no = No, esci
who-yes = Sì, è questa persona
who-unverified = Identità non verificata.
who-unverified-do = Non possiamo confermare che questa persona lavori per { $organisation }. Se non è stato Lei a chiedere aiuto, esca.
who-team = Ufficio: { $team }
who-domain-not-proven = { $domain } (non confermato)

# Attesa
waiting-title = Ci siamo quasi
waiting-lead = { $name } sta per chiederle di vedere lo schermo. Decide Lei: può dire di no.
waiting-long = Se non succede nulla entro un minuto, lo dica all’operatore.
waiting-leave = Esci

# Domande
ask-not-now = Non ora
ask-read-on = Continui a leggere
ask-view-title = { $name } può vedere il Suo schermo?
ask-view-lead = { $name } vedrà tutto ciò che è aperto sullo schermo.
ask-view-lead-monitor = { $name } vedrà tutto ciò che è aperto su quell’unico schermo.
ask-view-title-window = { $name } può vedere questa finestra?
ask-view-lead-window = { $name } vedrà «{ $title }» e nient’altro.
ask-view-advice = Prima chiuda le cose private.
ask-view-advice-do = Posta, banca, foto, documenti: chiuda ciò che non vuole mostrare, poi risponda con calma.
ask-view-points = { $name } potrà anche indicare qualcosa e disegnarvi sopra; così non si fa clic su nulla.
ask-view-only = Per usare mouse e tastiera l’operatore dovrà chiederle un altro permesso. Lei può smettere quando vuole, con la X rossa.
ask-view-no = Non mostrare
ask-view-yes = Mostra lo schermo
ask-control-title = { $name } può usare il Suo mouse e la Sua tastiera?
ask-control-lead = { $name } chiede di guidare il computer. Lei vede tutto e, se muove il mouse, comanda Lei.
ask-control-warning = Attenzione alle truffe.
ask-control-warning-do = Non apra la banca e non scriva password mentre qualcuno guida. Se Le hanno telefonato senza che Lei chiedesse aiuto, prema «È una truffa».
ask-control-yes = Consenti
ask-scam = È una truffa: chiudi subito
ask-receive-title = Vuole ricevere un file?
ask-receive-lead = { $name } vuole mandarle questo file:
ask-receive-folder = Sarà messo in { $folder }
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
ask-system-yes = Può leggerli
ask-clipboard-title = { $name } può usare ciò che Lei copia e incolla?
ask-clipboard-lead = { $name } chiede di vedere ciò che Lei ha copiato per ultimo, e di metterci testo o immagini che Lei potrà incollare.
ask-clipboard-advice = Può esserci una password che ha copiato.
ask-clipboard-advice-do = Se ha copiato qualcosa di privato, copi ora una parola qualsiasi, poi risponda.
ask-clipboard-only = Solo testo e immagini, mai file. Ciò che viene messo lì prende il posto di ciò che Lei aveva copiato.
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

# Pannello
panel-end = Termina l’assistenza
panel-end-short = Termina
panel-grant-view = Vede questo schermo
panel-grant-control = Usa mouse e tastiera
panel-grant-send-file = Può mandarle file
panel-grant-fetch-file = Può chiederle file
panel-grant-system-info = Legge i dati del computer
panel-grant-end-process = Può chiedere di chiudere programmi
panel-grant-clipboard = Usa ciò che Lei copia e incolla
panel-barred = Ha detto no tre volte: non Le viene più chiesto.
panel-allow-asking = Può chiedere di nuovo
panel-allow-asking-name = Può chiedere di nuovo: { $power }
panel-asks-each-time = Glielo chiede ogni volta
panel-check-word = Parola di controllo
panel-chat = Chat
panel-chat-unread = { $count ->
    [one] Chat, { $count } messaggio nuovo
   *[other] Chat, { $count } messaggi nuovi
}
panel-chat-hint = Scriva qui
panel-chat-empty = Qui può scrivere all’operatore.
panel-reconnecting = Collegamento interrotto.
panel-reconnecting-do = Sto riprovando. Intanto l’operatore non vede nulla.
panel-received = { $name } ricevuto
panel-given = { $name } consegnato
panel-saved-to = Si trova in { $path }
panel-receiving = Arriva { $name }
panel-giving = Parte { $name }
panel-transfer-failed = { $name } non è stato trasferito

# Fine
ended-title = Assistenza terminata
ended-lasted = { $time } con { $name }.
ended-did = Che cosa ha fatto { $name }
ended-lost-title = Collegamento perso
ended-lost = L’operatore non risponde più. Nessuno vede il Suo schermo. Se è ancora al telefono, chieda una chiave nuova. Se no, chiami l’ente al numero che conosce.
ended-denied-title = Va bene così
ended-denied = Senza il Suo consenso non possiamo aiutarla. Nessuno ha visto il Suo schermo.
ended-not-recognised-title = Ha fatto bene
ended-not-recognised = Se non è la persona con cui parlava, non continui. Nessuno ha visto il Suo schermo. Se ha dubbi, chiami Lei l’ente, al numero che conosce.
ended-scam-title = Ha fatto bene a chiudere
ended-scam = Nessuno vede più il Suo schermo. Se ha mostrato la banca o scritto password, chiami subito la Sua banca, al numero che conosce.
ended-scam-unseen = Nessuno ha visto il Suo schermo. Se ha dubbi, chiami Lei l’ente al numero che conosce.
ended-violation-title = Chiuso per sicurezza
ended-violation = Qualcosa non era in regola e il programma si è fermato. Nessuno vede più il Suo schermo. Avvisi chi la stava aiutando.
ended-screen-title = Schermo non disponibile
ended-screen = Non è stato possibile mostrare lo schermo, quindi l’assistenza è finita. Lo dica all’operatore.
ended-by-operator = L’ha chiusa l’operatore.
ended-used-view = Ha visto lo schermo
ended-used-control = Ha usato mouse e tastiera
ended-used-send-file = Poteva mandarle file
ended-used-fetch-file = Poteva prendere file
ended-used-system-info = Ha letto i dati del computer
ended-used-clipboard = Poteva usare ciò che Lei copiava e incollava
ended-program = Chiuso il programma: { $name }
ended-file-received = Ricevuto da Lei: { $name }
ended-file-given = Consegnato da Lei: { $name }
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
failed-organisation-means = Non sa di quale ente fidarsi, perciò non può collegarsi. Il computer non ha nulla.
failed-organisation-do = Lo scarichi di nuovo dalla pagina che Le indica l’operatore.
failed-relay-title = Il collegamento non riesce
failed-relay-means = Non si riesce a raggiungere l’operatore. Di solito manca internet, o la rete d’ufficio lo impedisce.
failed-relay-do = Controlli che internet funzioni, poi riprovi. Se non basta, lo dica all’operatore.
failed-proxy-title = La rete chiede una password
failed-proxy-means = Questa rete lascia uscire i programmi solo con nome e password del suo proxy. Mancano o sono sbagliati.
failed-proxy-do = Si rivolga a chi gestisce la rete. Nome e password vanno nell’impostazione HTTPS_PROXY, per esempio http://nome:password@proxy:3128; poi riavvii il programma.
failed-version-title = I due programmi non vanno d’accordo
failed-version-means = Questo programma e quello dell’operatore sono di versioni diverse e non si capiscono. Nessuno ha visto il Suo schermo.
failed-version-do = Chiuda, scarichi di nuovo il programma dalla pagina che Le indica l’operatore e chieda una chiave nuova.
failed-operator-title = Non continui
failed-operator-means = Chi ha risposto non ha potuto dimostrare chi è. Nessuno ha visto il Suo schermo.
failed-operator-do = Chiuda e chiami Lei l’ente, al numero che conosce. Non usi un numero che Le hanno appena dato.
failed-protocol-title = Chiuso per sicurezza
failed-protocol-means = La risposta non era in regola, perciò il programma si è fermato. Nessuno ha visto il Suo schermo.
failed-protocol-do = Chieda una chiave nuova. Se succede ancora, chiami l’ente al numero che conosce.
failed-gone-title = L’operatore non c’è più
failed-gone-means = Si è scollegato prima di cominciare. Nessuno ha visto il Suo schermo.
failed-gone-do = Se è ancora al telefono, chieda una chiave nuova. Se no, chiami l’ente al numero che conosce.
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
refused-program-pressed-do = Ha premuto un altro programma. Se lo vuole Lei, aspetti due secondi e prema di nuovo.
refused-program-pointed = Non è stato contato.
refused-program-pointed-do = Un altro programma ha spostato il mouse. Se lo vuole Lei, muova un poco il mouse e prema di nuovo.
refused-window-moved = Non è stato contato.
refused-window-moved-do = Questa finestra si era appena spostata. Guardi di nuovo, poi prema.
refused-blind = Non è stato contato.
refused-blind-do = Non si può più vedere se preme Lei o un altro programma. Chiuda e chieda una nuova chiave.

# Who is not accepted, each with its own reason
failed-foreign-title = Non continui
failed-foreign-means = Chi ha risposto non è un operatore dell’organizzazione di questo programma. Nessuno ha visto il Suo schermo.
failed-foreign-do = Chiuda e chiami Lei l’organizzazione, a un numero che conosce già. Non usi un numero che Le è stato appena dato.
failed-expired-title = Il permesso dell’operatore è scaduto
failed-expired-means = Il certificato dell’operatore non vale più, oppure la data di questo computer è sbagliata. Nessuno ha visto il Suo schermo.
failed-expired-do = Guardi data e ora del computer: se sono sbagliate, le corregga e riprovi. Se sono giuste, lo dica all’operatore: deve rinnovare il certificato.
failed-not-yet-title = L’orologio non torna
failed-not-yet-means = Il certificato dell’operatore comincia a valere più avanti: di solito vuol dire che la data di questo computer è indietro. Nessuno ha visto il Suo schermo.
failed-not-yet-do = Corregga data e ora nelle impostazioni, poi riprovi. Se sono giuste, lo dica all’operatore.
failed-revoked-title = Non continui
failed-revoked-means = L’organizzazione ha ritirato a questa persona il permesso di aiutare. Nessuno ha visto il Suo schermo.
failed-revoked-do = Chiuda. Se è ancora al telefono, riagganci. Poi chiami Lei l’organizzazione, a un numero che conosce già, e racconti che cosa è successo.
failed-purpose-title = Non continui
failed-purpose-means = Chi ha risposto ha mostrato un certificato che non serve ad aiutare le persone. Nessuno ha visto il Suo schermo.
failed-purpose-do = Chiuda e chiami Lei l’organizzazione, a un numero che conosce già.
failed-no-profile-title = Non continui
failed-no-profile-means = Il certificato di chi ha risposto non dice che cosa può fare, e senza questo non è valido. Nessuno ha visto il Suo schermo.
failed-no-profile-do = Chiuda e chiami Lei l’organizzazione, a un numero che conosce già.
failed-newer-title = Questo programma è troppo vecchio
failed-newer-means = L’operatore usa una versione più nuova, con regole che questo programma non conosce. Nessuno ha visto il Suo schermo.
failed-newer-do = Chiuda, scarichi di nuovo il programma dalla pagina che Le indica l’operatore e chieda una nuova chiave.
failed-stale-title = Non si può controllare
failed-stale-means = Il programma dell’operatore non ha un elenco recente dei permessi ritirati, quindi non si sa se il permesso di questa persona vale ancora. Nessuno ha visto il Suo schermo.
failed-stale-do = Dica all’operatore: «il vostro elenco dei certificati revocati è troppo vecchio». Quando l’avranno rinnovato, chieda una nuova chiave. Controlli anche la data di questo computer. Se non è stato Lei a chiedere aiuto, chiuda e riagganci.
failed-bad-list-title = Non continui
failed-bad-list-means = L’elenco dei permessi ritirati che l’operatore ha mostrato è rovinato o non è della sua organizzazione. Nessuno ha visto il Suo schermo.
failed-bad-list-do = Chiuda e chiami Lei l’organizzazione, a un numero che conosce già.

# How long a yes holds
ask-holds-for-session = Il Suo sì vale fino alla fine dell’aiuto, o finché lo toglie dal pannello.
ask-holds-for-use = Il Suo sì vale per questa volta: se l’operatore smette o la linea cade, dovrà chiederle di nuovo.
ask-holds-for-file = Il Suo sì vale solo per questo file.
panel-grant-other = Un altro permesso
panel-ends-at = L’aiuto finisce da solo alle { $time }

# The log
ended-time-up = È passato il tempo più lungo che l’organizzazione permette per un aiuto. Se serve ancora, l’operatore può darle una nuova chiave.
ended-log = Che cosa è stato scritto
ended-log-both = Il registro dice che cosa è stato chiesto, permesso e fatto. Anche l’operatore ne ha una copia, firmata da tutti e due i programmi.
ended-log-alone = Il registro dice che cosa è stato chiesto, permesso e fatto. Il programma dell’operatore non ha confermato la fine: la copia che ha Lei vale lo stesso.
ended-log-saved = Il registro è salvato. Lo tenga se vuole mostrarlo a qualcuno:
ended-log-failed = Il registro non è stato salvato.
ended-log-failed-do = Il computer dice: { $reason }. Faccia spazio sul disco o controlli la cartella degli scaricati, poi riprovi.
ended-log-read = Che cosa dice

# The organisation's domain
domain-title = Chi la aiuta?
domain-lead = Questo programma non appartiene a nessuna organizzazione. Scriva l’indirizzo internet di chi la aiuta, per esempio del Suo Comune.
domain-field = Indirizzo internet dell’organizzazione
domain-example = comune.esempio.it
domain-careful = Scriva un indirizzo che conosce già Lei, non uno che Le viene dettato da chi l’ha chiamata.
domain-malformed = Questo non è un indirizzo internet.
domain-malformed-do = È fatto come comune.esempio.it: parole unite da punti, senza spazi.
domain-unreachable = L’indirizzo non risponde.
domain-unreachable-do = Controlli che sia scritto giusto e che internet funzioni, poi riprovi.
domain-not-trusted = L’indirizzo non può dimostrare di essere quello vero.
domain-not-trusted-do = Non continui. Controlli che sia scritto giusto; se lo è, chiami l’organizzazione a un numero che conosce già.
domain-not-there = Qui non c’è nessuna assistenza.
domain-not-there-do = Chi ha questo indirizzo non aiuta con questo programma. Controlli che sia scritto giusto.
domain-expired = I dati di questa organizzazione sono scaduti.
domain-expired-do = Lo dica a chi la aiuta: deve pubblicarli di nuovo. Controlli anche la data di questo computer.

# The terms
terms-title = Prima di cominciare
terms-lead = Ecco a quali condizioni avviene l’aiuto. Legga con calma: l’operatore aspetta.
terms-general = { $organisation } La aiuta con questo programma, una sola volta. L’operatore vede e fa solo ciò che Lei permette, una cosa alla volta, e Lei può togliere tutto in ogni momento. Ciò che è stato chiesto, permesso e fatto è scritto in un registro che può tenere. Nient’altro viene registrato.
terms-relay = Ciò che passa tra i due computer attraversa { $relay }, che non può leggerlo.
terms-nothing-stays = Non si installa nulla. Alla fine il programma si rimuove da solo; solo se manca la corrente il suo file può restare, e lì non fa nulla.
terms-privacy = Leggi tutta l’informativa sulla privacy
terms-no = Non accetto
terms-yes = Accetto

# What to share
share-title = Che cosa vuole mostrare?
share-lead = Queste immagini le vede solo Lei. Chiuda ciò che l’operatore non deve vedere: ancora nulla viene mostrato.
share-lead-change = Mentre sceglie, nessuno vede il Suo schermo.
share-lead-gone = Ciò che stava mostrando non è più aperto. Ora nessuno vede il Suo schermo. Scelga che cosa mostrare.
share-choose-first = Prima scelga una di queste cose.
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
share-keep = Come prima
share-yes = Continua
share-yes-now = Mostra questo

# The panel could not be seen
unseen-title = La condivisione è in pausa
unseen-lead = Per dieci secondi questa finestra non si vedeva. Deve essere sempre in vista, perciò ora nessuno vede il Suo schermo.
unseen-do = Forse un’altra finestra la copriva. Se vuole che { $name } continui, sposti quella finestra e riprenda.
unseen-yes = Riprendi a mostrare

# The panel: pause and share
panel-paused = In pausa.
panel-paused-do = Nessuno vede il Suo schermo né usa il Suo mouse.
panel-pause = Pausa
panel-resume = Riprendi
panel-change-share = Mostra altro
panel-shares-everything = Tutto lo schermo
panel-shares-monitor = Uno dei Suoi schermi
panel-shares-window = La finestra «{ $title }»

# The rating
rating-title = Come è andato l’aiuto?
rating-1 = Male
rating-2 = Non bene
rating-3 = Così così
rating-4 = Bene
rating-5 = Molto bene
rating-comment = Due parole, se vuole
rating-comment-hint = Due parole, se vuole
rating-who-reads = Le legge l’organizzazione dell’operatore.
rating-then = Nessuno vede più il Suo schermo. Dopo, il programma si rimuove da solo.
rating-skip = Salta
rating-send = Invia
rating-given = Il Suo voto: { $stars } su 5. Grazie.
rating-not-delivered = Il Suo voto: { $stars } su 5. È nel Suo registro; il programma dell’operatore non c’era già più.

# Where the log goes
ended-log-save = Conserva il registro
ended-log-keep = Ciò che è stato permesso e fatto sta in un registro. Se vuole, lo conservi.
ended-log-back = Indietro
ended-log-where = Dove vuole tenerlo?
ended-log-save-in = Salva il registro in: { $place }
place-documents = Documenti
place-desktop = Scrivania
place-downloads = Scaricati
place-removable = Chiavetta { $name }

# More that can fail
failed-wayland-title = Lo schermo non si può mostrare
failed-wayland-means = Questo computer disegna lo schermo in un modo (Wayland) che il programma non sa ancora leggere. Il Suo computer non ha nulla.
failed-wayland-do = Esca dalla sessione e, all’accesso, scelga «Xorg» o «X11» dalla rotellina. Poi avvii di nuovo questo programma. Se la scelta non c’è, lo dica all’operatore.
failed-too-old-title = Questo programma è troppo vecchio
failed-too-old-means = L’organizzazione ne vuole una versione più nuova, perché questa non è più abbastanza sicura. Nessuno ha visto il Suo schermo.
failed-too-old-do = Scarichi di nuovo il programma dalla pagina che Le indica l’operatore.
failed-technical = Dettagli tecnici
failed-technical-what = Ciò che il programma ha annotato per un tecnico. Non contiene chiavi, né ciò che Lei ha scritto o mostrato.
failed-technical-save = Salva per un tecnico
failed-technical-saved = Salvato:
failed-technical-not-saved = Non è stato salvato: { $reason }.
