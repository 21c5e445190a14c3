# Che cosa dice il comando dell'organizzazione. La sua guida è solo in inglese.

# Domande
org-ask-root = Frase segreta della chiave radice:
org-ask-issuing = Frase segreta della chiave di emissione:
org-ask-recovery = Frase segreta della chiave di recupero:
org-ask-new-root = Nuova frase segreta per le chiavi radice e di recupero:
org-ask-new-issuing = Nuova frase segreta per la chiave di emissione:
org-ask-new-password = Nuova password della cassaforte:
org-ask-again = Ancora una volta:
org-ask-fingerprint = { $name } chiede di diventare operatore.
    Impronta della chiave: { $fingerprint }
    Se la faccia leggere al telefono. È la stessa? (sì/no)
org-ask-revoke = { $name }, chiave { $fingerprint }, non potrà più aiutare nessuno. Revocare? (sì/no)

# Creare un'organizzazione
org-init-done = L'organizzazione { $domain } è stata creata in { $folder }.
org-init-root = Chiave radice: { $root }
    Chiave di recupero: { $recovery }
    Le copi su una chiavetta, la metta in un posto sicuro e le cancelli da qui. Senza la chiave radice non può firmare un nuovo file dell'organizzazione; senza quella di recupero la cassaforte di nessuno può essere riaperta. La loro frase segreta non si può recuperare: la tenga lontana dalla chiavetta.
org-init-issuing = Chiave di emissione: { $issuing }
    Resta qui e serve a nominare e revocare gli operatori. Chi ha questa chiave e la sua frase segreta può nominare operatori: ne faccia una copia e la custodisca come le chiavi di casa.
org-init-file = File dell'organizzazione: { $file }, vale fino al { $ends }. Relay, console e agenti si fidano di questo file; non è segreto.
org-init-next = Ora crei un profilo (ponte-org profile add), poi risponda alla richiesta del primo operatore (ponte-org operator add).

# Colonne
org-column-name = Nome
org-column-team = Squadra
org-column-profile = Profilo
org-column-ends = Scade
org-column-state = Stato
org-column-key = Chiave
org-column-tools = Strumenti
org-column-hours = Orari
org-column-operators = Operatori

# Operatori
org-operator-added = { $name } è operatore con il profilo { $profile } fino al { $ends }. Gli mandi { $file }: non è segreto, e solo la sua console può usarlo.
org-operator-renewed = { $name }: rinnovato fino al { $ends }. Gli mandi { $file }.
org-operator-changed = { $count ->
    [one] Il profilo o la squadra di { $name } è cambiato: { $count } certificato precedente è stato revocato. { $name } potrà aiutare di nuovo quando la sua console avrà la nuova risposta.
   *[other] Il profilo o la squadra di { $name } è cambiato: { $count } certificati precedenti sono stati revocati. { $name } potrà aiutare di nuovo quando la sua console avrà la nuova risposta.
}
org-operator-revoked = { $name } è stato revocato.
org-nobody-expires = Nessun certificato scade in quel periodo.
org-no-operators = Non c'è ancora nessun operatore. La console di un operatore prepara una richiesta; risponda con: ponte-org operator add
org-standing-valid = { $days ->
    [one] { $days } giorno rimasto
   *[other] { $days } giorni rimasti
}
org-standing-soon = { $days ->
    [0] SCADE OGGI
    [one] { $days } GIORNO RIMASTO, rinnovare ora
   *[other] { $days } GIORNI RIMASTI, rinnovare ora
}
org-standing-expired = scaduto
org-standing-revoked = revocato
org-certificate = Certificato { $serial }: dal { $issued } al { $ends }
org-certificate-revoked = Certificato { $serial }: dal { $issued } al { $ends }, revocato il { $revoked }
org-list-written = { $entries ->
    [one] Lista { $number } dei certificati revocati, con { $entries } voce: { $file }. Vale fino al { $ends }; la dia al relay e ne faccia una nuova prima.
   *[other] Lista { $number } dei certificati revocati, con { $entries } voci: { $file }. Vale fino al { $ends }; la dia al relay e ne faccia una nuova prima.
}

org-issuing-renewed = La nuova chiave di emissione è stata creata: { $file }. Vale fino al { $ends }; la vecchia le sta accanto. I certificati della vecchia valgono finché scadono, ma nessuna lista dei certificati revocati li comprende più: rinnovi subito tutti gli operatori con: ponte-org operator renew --expiring 31 --out-dir risposte
org-issuing-stolen = Se la vecchia chiave è stata rubata, questo non basta: in questa versione il suo certificato vale finché scade, e chi ha la chiave può continuare a nominare operatori. L'unico rimedio è una nuova radice: crei una nuova organizzazione (ponte-org init), prepari di nuovo gli agenti e aggiunga di nuovo gli operatori.
org-issuing-ends = La chiave di emissione scade il { $ends }; dopo, i certificati non valgono più. Prima ne faccia una nuova, con la chiave radice: ponte-org issuing renew

# Profili e squadre
org-profile-added = Il profilo { $name } è stato creato.
org-profile-edited = { $operators ->
    [0] Il profilo { $name } è stato modificato.
    [one] Il profilo { $name } è stato modificato. { $operators } operatore tiene quello vecchio finché non viene rinnovato. Per cambiarlo subito, revocando anche il certificato precedente: ponte-org operator renew NOME --out FILE
   *[other] Il profilo { $name } è stato modificato. { $operators } operatori tengono quello vecchio finché non vengono rinnovati. Per cambiarlo subito, revocando anche i certificati precedenti, per ognuno: ponte-org operator renew NOME --out FILE
}
org-not-enforced = Firmati per il futuro, ma questa versione dei programmi non li applica: { $keys }.
org-profile-longest = { $minutes ->
    [one] Le sessioni finiscono dopo { $minutes } minuto.
   *[other] Le sessioni finiscono dopo { $minutes } minuti.
}
org-always = sempre
org-no-profiles = Non c'è ancora nessun profilo. Ne crei uno con: ponte-org profile add desk --preset help-desk
org-team-added = La squadra { $name } è stata creata.
org-no-teams = Non ci sono squadre. Gli operatori non ne hanno bisogno.

# File dell'organizzazione e agente
org-export-done = File { $serial } dell'organizzazione { $domain }: { $file }. Vale fino al { $ends }. Lo dia al relay e alle console, e prepari di nuovo l'agente con questo file.
org-export-no-texts = Mancano ancora le condizioni o l'informativa sulla privacy. Prima di essere aiutate, le persone devono accettare le condizioni: le aggiunga con --terms e --privacy.
org-export-laxer = Per { $key } il profilo { $profile } ha un valore meno severo di quello attuale dell'organizzazione. Conta quello dell'organizzazione.
org-packaged = { $file } appartiene a { $domain }. Il suo file dell'organizzazione vale fino al { $ends }; lo prepari di nuovo prima.

org-vault-recovered = La cassaforte di { $name } ({ $standing }), chiave { $fingerprint }, ha una nuova password: { $file }. Il fatto è annotato nell'organizzazione. Faccia avere cassaforte e password all'operatore per due vie diverse, e faccia cambiare subito la password.

# Registri
org-log-half-signed = I due programmi hanno firmato questo registro fino alla voce { $number }. Ciò che segue è la parola di una parte sola.
org-log-beginning-signed = Questo registro è la parola di una parte sola: i due programmi ne hanno firmato soltanto l’inizio. Chi ha il computer dell’altra parte può aver scritto tutto ciò che segue. Lo confronti con la copia dell’altra parte.
org-log-one-sided-agent = Questo registro è la parola di una parte sola: il programma della persona aiutata lo ha firmato, quello dell’operatore mai. Chi ha il computer della persona aiutata può averlo scritto tutto. Lo confronti con la copia dell’altra parte.
org-log-one-sided-console = Questo registro è la parola di una parte sola: il programma dell’operatore lo ha firmato, quello della persona aiutata mai. Chi ha il computer dell’operatore può averlo scritto tutto. Lo confronti con la copia dell’altra parte.
org-log-unsigned = Nessuno ha firmato questo registro: chi aveva il file può averlo scritto tutto. Lo confronti con la copia dell’altra parte.
org-log-other = L'altra copia, { $file }:
org-log-same = Le due copie dicono la stessa cosa.
org-log-other-session = Le due copie non cominciano allo stesso modo. O sono di sessioni diverse, e uno dei file è quello sbagliato, oppure una copia è stata rifatta dopo: allora si fidi solo di una firmata da entrambi i programmi. Quale dei due casi sia lo dicono i numeri di sessione che stampa log show.
org-log-differs = Le copie sono diverse dalla voce { $number } in poi: almeno una è stata modificata.
org-log-longer-first = Le copie dicono la stessa cosa fino alla voce { $number }; da lì continua solo la prima.
org-log-longer-other = Le copie dicono la stessa cosa fino alla voce { $number }; da lì continua solo l'altra.
org-log-operator = L'operatore era { $name }, { $organisation }: all'inizio della sessione l'organizzazione garantiva per questo certificato. Se allora fosse già revocato, un registro non può dirlo.
org-log-time = L'ora della sessione, { $time }, la dice solo il registro stesso, secondo l'orologio del computer della persona aiutata: nient'altro la prova.
org-log-operator-unproven = Chi fosse l'operatore non è provato. { $reason }
org-log-no-beginning = Il registro non ha un inizio leggibile.
org-log-no-certificates = In questa copia i certificati dell'operatore non ci sono; può darsi che li abbia la copia dell'altra parte.
org-log-other-key = Il certificato nel registro è di una chiave diversa da quella che ha iniziato la sessione.
org-log-not-theirs = Al momento della sessione questa organizzazione non garantiva per il certificato.
org-log-written = Il registro è stato scritto in { $file }. Contiene dati personali: lo custodisca come tale.

# Che cosa è andato storto: che cosa è successo, che cosa significa, che cosa fare
org-error-no-file = Il file { $file } non c'è. Controlli il percorso.
org-error-unreadable = Non si può leggere { $file }: { $reason }. Controlli il percorso e chi può leggerlo.
org-error-unwritable = Non si può scrivere { $file }: { $reason }. Controlli che la cartella esista, che Lei possa scriverci e che ci sia spazio sul disco.
org-error-too-large = { $file } è più grande di quanto un file di questo tipo possa essere. È un altro tipo di file; controlli il percorso.
org-error-not-text = { $file } non è un testo in UTF-8. Lo salvi come UTF-8 e riprovi.
org-error-in-use = Un altro ponte-org sta lavorando in { $folder }. Nulla è stato modificato; aspetti che finisca e riprovi.
org-error-no-organisation = In { $folder } non c'è nessuna organizzazione. Indichi la cartella con --dir, oppure ne crei una con: ponte-org init
org-error-exists = In { $folder } c'è già un'organizzazione, e le sue chiavi non devono andare perse. Scelga un'altra cartella con --dir.
org-error-state-broken = { $file } è danneggiato ({ $reason }). Nulla è stato modificato. Rimetta l'ultima copia di questo file; vi mancherebbero i certificati emessi dopo, perciò revochi quegli operatori e li aggiunga di nuovo.
org-error-state-newer = { $file } è stato scritto da un ponte-org più recente. Nulla è stato modificato; usi quella versione o una successiva.
org-error-time-zone = Il fuso orario { $zone } non esiste. Lo scriva come Europe/Rome; va bene anche UTC.
org-error-name = Un nome è vuoto, supera i 200 byte o contiene caratteri che non si vedono. Sta nei certificati, perciò ne scelga un altro.
org-error-content = Il file dell'organizzazione non sarebbe valido: { $reason }. Il dominio va scritto in minuscolo e con un punto, i nomi e i nodi del relay non possono essere vuoti, e ogni nodo deve avere un nome suo. Nulla è stato scritto.
org-error-issue = Non è stato possibile firmare: { $reason }. Nulla è stato emesso.
org-error-no-terminal = Serve una frase segreta, e non c'è un terminale dove chiederla. Esegua il comando in un terminale, oppure indichi un file: --passphrase-file per la chiave di emissione, --root-passphrase-file per la chiave radice.
org-error-passphrase-file = Nella prima riga di { $file } non c'è nessuna frase segreta. La scriva lì come testo, e faccia in modo che nessun altro possa leggere il file.
org-error-passphrases-differ = Le due frasi segrete non sono uguali. Nulla è stato creato; riprovi.
org-error-passphrase-short = La frase segreta è troppo corta: servono almeno { $characters } caratteri, perché chi la indovina può parlare a nome dell'organizzazione. Quattro o cinque parole a caso vanno bene.
org-error-wrong-passphrase = Questa non è la frase segreta di { $file }. Nulla è stato modificato; riprovi.
org-error-key-broken = { $file } non è una chiave di questa organizzazione, oppure è danneggiato. Rimetta la copia di riserva.
org-error-key-mismatch = La chiave in { $file } è di un'altra organizzazione. Nulla è stato modificato; controlli la cartella o la chiavetta.
org-error-no-confirmation = Questo va confermato, e non c'è un terminale dove chiederlo. Esegua il comando in un terminale, oppure aggiunga --yes se ha già controllato.
org-error-not-confirmed = Non confermato: nulla è stato modificato. Se l'impronta era diversa, qualcuno può aver cambiato la richiesta lungo la strada: ne faccia fare una nuova e se la faccia portare in un altro modo.
org-error-not-a-request = { $file } non è una richiesta della console di un operatore, oppure è danneggiato. La faccia preparare di nuovo.
org-error-request-newer = { $file } è stato fatto da una console più recente. Usi un ponte-org più recente.
org-error-request-signature = La richiesta in { $file } è stata cambiata dopo essere stata fatta. Non risponda; la faccia preparare di nuovo e se la faccia portare in un altro modo.
org-error-no-operator = Non c'è nessun operatore { $who }. Guardi ponte-org operator list; il nome va scritto intero, oppure dia le prime quattro cifre della chiave.
org-error-which-operator = C'è più di un operatore { $who }. Al posto del nome dia le prime cifre della chiave; guardi ponte-org operator list --json.
org-error-name-taken = C'è già un operatore { $name }. Dia al nuovo un altro nome con --name, oppure revochi prima il vecchio.
org-error-key-known = Questa chiave è già di { $name }. Per dare un nuovo certificato usi: ponte-org operator renew
org-error-key-revoked = Questa chiave era di { $name } ed è revocata. Le chiavi revocate non tornano: faccia preparare una nuova chiave dalla console.
org-error-revoked = { $name } è revocato. Perché possa aiutare di nuovo, faccia preparare una nuova richiesta dalla sua console e usi: ponte-org operator add
org-error-no-profile = Non c'è nessun profilo { $name }. Ci sono: { $names }. Ne crei uno con: ponte-org profile add
org-error-profile-exists = C'è già un profilo { $name }. Lo modifichi con: ponte-org profile edit
org-error-profile-empty = Il profilo non avrebbe nessuno strumento. Gliene dia con --preset o --tool.
org-error-profile-long = Il profilo non sta in un certificato (al massimo { $bytes } byte). Unisca gli orari o tolga qualche valore.
org-error-no-team = Non c'è nessuna squadra { $name }. Ci sono: { $names }. Ne crei una con: ponte-org team add
org-error-team-exists = C'è già una squadra { $name }.
org-error-policy-unknown = Non c'è nessun valore { $key }. Ci sono: { $keys }.
org-error-policy-value = { $key } non può avere questo valore. Guardi la tabella dei valori nel README di ponte-org.
org-error-policy-laxer = { $key } sarebbe meno severo del valore dell'organizzazione. Un profilo può essere solo più severo; il valore dell'organizzazione si cambia con: ponte-org export --policy
org-error-list-long = La lista dei certificati revocati è troppo lunga per essere inviata. Le voci ne escono 30 giorni dopo la scadenza del certificato; aspetti, oppure faccia una nuova chiave di emissione con: ponte-org issuing renew
org-error-file-expired = Il file dell'organizzazione { $file } è scaduto: relay, console e agenti non se ne fidano più. Ne firmi uno nuovo con: ponte-org export
org-error-file-broken = { $file } non è un file dell'organizzazione utilizzabile ({ $reason }). Ne firmi uno nuovo con: ponte-org export
org-error-not-a-vault = { $file } non è la cassaforte di un operatore, oppure è danneggiato. Scelga il file della cassaforte della console dell'operatore.
org-error-unknown-vault = La chiave della cassaforte { $file }, { $fingerprint }, non è di nessun operatore di questa organizzazione. Nulla è stato modificato; controlli quale file ha scelto, e se la persona è mai stata aggiunta.
org-error-not-recoverable = La cassaforte { $file } non è mai stata resa recuperabile. Senza la password la sua chiave non si può estrarre: revochi l'operatore e faccia preparare una nuova chiave dalla console.
org-error-other-recovery-key = La cassaforte { $file } non è stata resa recuperabile con la chiave di recupero di questa organizzazione, oppure è danneggiata. Nulla è stato modificato.
org-error-password-short = La nuova password è troppo corta: le regole dell'organizzazione chiedono almeno { $characters } caratteri.
org-error-self-check = Ciò che è stato preparato non verrebbe accettato ({ $reason }), perciò nulla è stato scritto. Se la chiave di emissione è scaduta, ne faccia una nuova con: ponte-org issuing renew. Altrimenti controlli l'orologio di questo computer.
org-error-empty-program = { $file } è vuoto. Scarichi di nuovo l'agente.
org-error-signed-program = { $file } ha una firma del codice, che un file aggiunto romperebbe. Consegni invece il file dell'organizzazione insieme al programma, da avviare con: --organisation FILE
