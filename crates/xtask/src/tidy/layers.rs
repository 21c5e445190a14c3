//! The layer table of the workspace as data: which package may use which.

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// The package.
    pub(crate) package: &'static str,
    /// Its layer; every edge goes to a strictly lower one.
    pub(crate) layer: u8,
    /// The workspace packages that it may use; it may use fewer.
    pub(crate) may_use: &'static [&'static str],
}

const fn row(package: &'static str, layer: u8, may_use: &'static [&'static str]) -> Row {
    Row { package, layer, may_use }
}

/// Every package of the product, lowest layer first.
pub(crate) const TABLE: &[Row] = &[
    row("proto", 0, &[]),
    row("i18n", 0, &[]),
    row("pairing", 1, &["proto"]),
    row("consent", 1, &["proto"]),
    row("tile-codec", 1, &["proto"]),
    row("transfer", 1, &["proto"]),
    row("identity", 1, &["proto"]),
    row("audit-log", 1, &["proto"]),
    row("relay-core", 1, &["proto"]),
    row("link", 2, &["proto"]),
    row("capture", 2, &["proto", "consent"]),
    row("input", 2, &["proto", "consent"]),
    row("host", 2, &["proto", "consent"]),
    row("clipboard", 2, &["proto", "consent"]),
    row("vault", 2, &["identity"]),
    row("channel", 3, &["proto", "pairing", "identity", "link"]),
    row("session", 4, &["proto", "consent", "transfer", "channel"]),
    row(
        "agent-core",
        5,
        &[
            "proto",
            "pairing",
            "consent",
            "tile-codec",
            "transfer",
            "audit-log",
            "identity",
            "link",
            "capture",
            "input",
            "host",
            "clipboard",
            "channel",
            "session",
        ],
    ),
    row(
        "console-core",
        5,
        &[
            "proto",
            "pairing",
            "consent",
            "tile-codec",
            "transfer",
            "audit-log",
            "identity",
            "vault",
            "link",
            "clipboard",
            "channel",
            "session",
        ],
    ),
    row("ui-kit", 6, &["i18n"]),
    row("relay", 7, &["proto", "relay-core", "link", "identity", "vault", "i18n"]),
    row("org", 7, &["proto", "identity", "vault", "audit-log", "i18n"]),
    row("client-agent", 7, &["agent-core", "ui-kit", "i18n"]),
    row("operator-console", 7, &["console-core", "ui-kit", "i18n"]),
];

/// Packages that test or automate the product and may use all of it.
pub(crate) const FREE: &[&str] = &["testkit", "xtask", "e2e", "fuzz", "bench"];

/// What any package may use in its own tests besides everything that is lower.
pub(crate) const TEST_HELPERS: &[&str] = &["testkit"];

/// One dependency that must stay absent, however long the way to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Absence {
    /// Who must not reach it.
    pub(crate) packages: &'static [&'static str],
    /// What must not be reached.
    pub(crate) never: &'static [&'static str],
    /// What would be lost otherwise.
    pub(crate) why: &'static str,
}

/// What is absent inside the workspace.
pub(crate) const ABSENCES: &[Absence] = &[
    Absence {
        packages: &["relay", "relay-core"],
        never: &["pairing", "channel", "consent", "session"],
        why: "the relay must not be able to know a secret",
    },
    Absence {
        packages: &["console-core", "operator-console"],
        never: &["capture", "input", "host"],
        why: "the console must not be able to control its own machine",
    },
];

/// A crate from outside that only some packages may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserved {
    /// The crates.
    pub(crate) crates: &'static [&'static str],
    /// The packages that may depend on them.
    pub(crate) only_in: &'static [&'static str],
    /// Why.
    pub(crate) why: &'static str,
}

/// Crates from outside with a reserved place.
pub(crate) const RESERVED: &[Reserved] = &[
    Reserved {
        crates: &["egui", "eframe", "egui_kittest", "egui_extras"],
        only_in: &["ui-kit", "client-agent", "operator-console", "bench"],
        why: "everything below the windows runs and is tested without a window",
    },
    Reserved { crates: &["bincode"], only_in: &["proto"], why: "one place knows the encoding" },
    Reserved { crates: &["rusqlite", "sqlx", "diesel"], only_in: &["store"], why: "SQL stays in the store" },
];

/// Crates that no build may contain, also not by way of others.
pub(crate) const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "ring is the only provider of cryptography"),
    ("aws-lc-sys", "ring is the only provider of cryptography"),
    ("native-tls", "rustls is the only TLS"),
    ("openssl", "rustls is the only TLS"),
    ("openssl-sys", "rustls is the only TLS"),
];

/// The packages whose code may hold `unsafe`.
pub(crate) const UNSAFE_ALLOWED: &[&str] = &["capture", "input", "host"];
