//! Linux: what makes a shell say where a command begins and that it runs (OSC 133 B and C, as FinalTerm, iTerm2 and
//! fish have them), so that a command line is found whenever it was typed.
//!
//! Nothing of the person's own settings is changed: bash takes it from its environment, fish from its command line,
//! zsh from a first file that removes itself and reads the person's own. dash has no such hooks: it says where a
//! command begins, and no more. Other shells say nothing; there a command is the line on which Enter was pressed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use tempfile::TempDir;

/// What is set for a shell: the terminal that the console shows, and no trace in the person's history of commands.
const VARIABLES: [(&str, &str); 3] =
    [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("HISTFILE", "/dev/null")];

/// bash(1) runs this before each prompt: the prompt then ends with a mark, and so does what PS0 writes before a
/// command runs. Set for every shell, so that a bash that is started in another one has it too.
const BASH: (&str, &str) = (
    "PROMPT_COMMAND",
    concat!(
        r#"case $PS1 in *133\;B*) ;; *) PS1="$PS1"'\[\e]133;B\a\]';; esac;"#,
        r#"case $PS0 in *133\;C*) ;; *) PS0="$PS0"'\e]133;C\a';; esac"#,
    ),
);

/// zsh(1) reads this first. Hooks that the person's own settings add come after ours; ours goes behind them at the
/// first prompt, because a prompt that is made anew each time has lost its mark.
const ZSH: &str = r#"command rm -rf -- "$PONTE_MARKS"; unset PONTE_MARKS
if [[ -n ${PONTE_ZDOTDIR+x} ]]; then ZDOTDIR=$PONTE_ZDOTDIR; unset PONTE_ZDOTDIR; else unset ZDOTDIR; fi
if [[ -o interactive ]]; then
  zsh-newuser-install() { : }
  __ponte_prompt() {
    unset HISTFILE
    [[ $PS1 == *'133;B'* ]] || PS1="$PS1"$'%{\e]133;B\a%}'
    [[ ${precmd_functions[-1]} == __ponte_prompt ]] || precmd_functions=(${precmd_functions:#__ponte_prompt} __ponte_prompt)
  }
  __ponte_runs() { builtin print -n '\e]133;C\a' }
  precmd_functions+=(__ponte_prompt)
  preexec_functions+=(__ponte_runs)
fi
[[ -f ${ZDOTDIR:-$HOME}/.zshenv ]] && source ${ZDOTDIR:-$HOME}/.zshenv
:
"#;

/// fish(1) runs this after the person's own settings.
const FISH: &str = r"set -g fish_private_mode 1
functions -q fish_prompt; and functions -c fish_prompt __ponte_prompt
function fish_prompt; functions -q __ponte_prompt; and __ponte_prompt; printf '\e]133;B\a'; end
function __ponte_runs --on-event fish_preexec; printf '\e]133;C\a'; end";

/// How a shell is started.
pub(super) struct Marks {
    /// Added to its environment.
    pub(super) variables: Vec<(String, String)>,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// What it reads; gone at the latest when this is dropped.
    pub(super) _folder: Option<TempDir>,
}

impl Marks {
    /// For this shell, whichever name it goes by here.
    ///
    /// # Errors
    /// The system's: there is no room for a small file.
    pub(super) fn of(program: &Path) -> io::Result<Self> {
        let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
        let mut variables: Vec<(String, String)> =
            VARIABLES.into_iter().chain([BASH]).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
        let (mut arguments, mut folder) = (Vec::new(), None);
        match real.file_name().and_then(OsStr::to_str) {
            Some("dash") => {
                let sign = if rustix::process::geteuid().is_root() { '#' } else { '$' };
                set("PS1", format!("{sign} \x1b]133;B\x07"));
                set("PS2", "> \x1b]133;B\x07".to_owned());
            }
            Some("fish") => arguments.extend(["-C".to_owned(), FISH.to_owned()]),
            Some(name) if name == "zsh" || name.starts_with("zsh-") || name == "zsh5" => {
                let files = tempfile::Builder::new().prefix("ponte-shell-").tempdir()?;
                fs::write(files.path().join(".zshenv"), ZSH)?;
                if let Some(own) = std::env::var_os("ZDOTDIR").and_then(|own| own.into_string().ok()) {
                    set("PONTE_ZDOTDIR", own);
                }
                let path = files.path().to_str().ok_or(io::ErrorKind::InvalidFilename)?;
                set("ZDOTDIR", path.to_owned());
                set("PONTE_MARKS", path.to_owned());
                folder = Some(files);
            }
            _ => {}
        }
        Ok(Self { variables, arguments, _folder: folder })
    }
}
