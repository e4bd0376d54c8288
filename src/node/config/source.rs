//! Where settings come from at start-up: a file, standard input, arguments. All are lines of one text, later
//! ones winning, as `redis-server` has it.

use super::settings::Settings;
use super::table::{DIRECTIVES, SKIPPED, find};
use crate::resp::request::words;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files that include one another, at most so deep.
const INCLUDES_MAX: usize = 16;
/// Longest text of settings, in bytes.
const SOURCE_BYTES_MAX: u64 = 16 << 20;

/// Why a node cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A line that is none.
    #[error(
        "\n*** FATAL CONFIG FILE ERROR (slotwise {}) ***\nReading the configuration file, at line {line}\n>>> '{text}'\n{reason}",
        env!("CARGO_PKG_VERSION")
    )]
    Line {
        /// Counted from 1 in the file, followed by the arguments.
        line: usize,
        /// As it was read.
        text: String,
        /// What is wrong about it.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("can't open config file '{}': {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Standard input cannot be read.
    #[error("can't read the configuration from standard input: {0}")]
    Stdin(std::io::Error),
    /// Files that include one another without end.
    #[error("config files include one another more than {INCLUDES_MAX} deep at '{}'", .0.display())]
    TooDeep(PathBuf),
}

/// What the arguments of a node come to.
pub(super) struct Sources {
    pub(super) file: Option<PathBuf>,
    /// The file, standard input and the arguments, as lines.
    text: Vec<u8>,
}

impl Sources {
    /// Reads `[FILE] [-] [--directive value…]…`.
    pub(super) fn read(args: &[String]) -> Result<Sources, ConfigError> {
        let mut rest = args;
        let mut file = None;
        if let Some((first, others)) = args.split_first()
            && !first.starts_with('-')
        {
            file = Some(std::path::absolute(first).unwrap_or_else(|_| PathBuf::from(first)));
            rest = others;
        }
        let (options, stdin) = options(rest);
        let mut text = match &file {
            Some(path) => read_file(path)?,
            None => Vec::new(),
        };
        if stdin {
            std::io::stdin().take(SOURCE_BYTES_MAX).read_to_end(&mut text).map_err(ConfigError::Stdin)?;
        }
        text.push(b'\n');
        text.extend(options);
        Ok(Sources { file, text })
    }

    /// Settings as all lines say, and what was skipped.
    pub(super) fn apply(&self, settings: &mut Settings) -> Result<Vec<String>, ConfigError> {
        let mut warnings = Vec::new();
        apply_lines(&self.text, settings, &mut warnings, 0)?;
        for (index, directive) in DIRECTIVES.iter().enumerate() {
            let value = settings.at(index);
            let asks = value != directive.default.as_bytes() && !value.is_empty();
            if directive.ignored && settings.was_given(index) && asks {
                warnings.push(format!("'{}' is known but has no effect in slotwise", directive.name));
            }
        }
        Ok(warnings)
    }
}

/// Arguments as lines: every `--name` begins one. Answers also whether `-` asks for standard input.
fn options(args: &[String]) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let mut stdin = false;
    // A name takes at least one argument, even one that begins with dashes.
    let mut complete = true;
    for (index, arg) in args.iter().enumerate() {
        if arg == "-" && (index == 0 || index + 1 == args.len()) {
            stdin = true;
        } else if let (true, Some(name)) = (complete, arg.strip_prefix("--")) {
            if !text.is_empty() {
                text.push(b'\n');
            }
            text.extend(name.bytes());
            text.push(b' ');
            complete = name.split_ascii_whitespace().nth(1).is_some();
            let next = args.get(index + 1);
            if !complete && name.eq_ignore_ascii_case("save") && next.is_none_or(|next| next.starts_with("--")) {
                text.extend(b"\"\"");
                complete = true;
            }
        } else {
            text.extend(quoted(arg.as_bytes()));
            text.push(b' ');
            complete = true;
        }
    }
    (text, stdin)
}

fn read_file(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let open = || {
        let mut text = Vec::new();
        std::fs::File::open(path)?.take(SOURCE_BYTES_MAX).read_to_end(&mut text)?;
        Ok(text)
    };
    open().map_err(|source| ConfigError::File { path: path.to_owned(), source })
}

fn apply_lines(
    text: &[u8],
    settings: &mut Settings,
    warnings: &mut Vec<String>,
    depth: usize,
) -> Result<(), ConfigError> {
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let refuse = |reason: String| ConfigError::Line {
            line: index + 1,
            text: String::from_utf8_lossy(line).into_owned(),
            reason,
        };
        let words = words(line).ok_or_else(|| refuse("Unbalanced quotes in configuration line".into()))?;
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Some((name, values)) = words.split_first() else { continue };
        if name.eq_ignore_ascii_case(b"include") && values.len() == 1 {
            let path = PathBuf::from(String::from_utf8_lossy(values[0]).into_owned());
            if depth + 1 >= INCLUDES_MAX {
                return Err(ConfigError::TooDeep(path));
            }
            apply_lines(&read_file(&path)?, settings, warnings, depth + 1)?;
            continue;
        }
        apply_line(name, values, settings, warnings).map_err(refuse)?;
    }
    Ok(())
}

fn apply_line(
    name: &[u8],
    values: &[&[u8]],
    settings: &mut Settings,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let Some(index) = find(name) else {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if SKIPPED.contains(&name.as_str()) {
            warnings.push(format!("'{name}' is no directive of slotwise and skipped"));
            return Ok(());
        }
        return match name.as_str() {
            // What CONFIG REWRITE of the reference leaves behind when no user was ever defined.
            "user" if is_default_user(values) => Ok(()),
            "user" | "rename-command" | "loadmodule" => Err(format!("'{name}' is not supported by slotwise yet")),
            _ => Err("Bad directive or wrong number of arguments".into()),
        };
    };
    let directive = &DIRECTIVES[index];
    let split;
    let values = match values {
        _ if !directive.takes_words() && values.len() != 1 => return Err("wrong number of arguments".into()),
        // Several words may come as one quoted argument.
        [one] if directive.takes_words() && !one.is_empty() => {
            split = words(one).ok_or("Unbalanced quotes in configuration line")?;
            split.iter().map(Vec::as_slice).collect()
        }
        _ => values.to_vec(),
    };
    settings.set_words(index, &values).map_err(|refusal| refusal.into_owned())
}

fn is_default_user(values: &[&[u8]]) -> bool {
    let harmless = |rule: &&[u8]| [&b"on"[..], b"nopass", b"sanitize-payload", b"~*", b"&*", b"+@all"].contains(rule);
    values.split_first().is_some_and(|(name, rules)| *name == b"default" && rules.iter().all(harmless))
}

/// A value in quotes, as it can stand in a line whatever its bytes.
pub fn quoted(value: &[u8]) -> Vec<u8> {
    let mut text = vec![b'"'];
    for byte in value {
        match byte {
            b'\\' | b'"' => text.extend([b'\\', *byte]),
            b'\n' => text.extend(b"\\n"),
            b'\r' => text.extend(b"\\r"),
            b'\t' => text.extend(b"\\t"),
            7 => text.extend(b"\\a"),
            8 => text.extend(b"\\b"),
            b' '..=b'~' => text.push(*byte),
            _ => text.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    text.push(b'"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(args: &[&str]) -> Result<(Settings, Vec<String>), String> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        let mut settings = Settings::default();
        let sources = Sources::read(&args).map_err(|error| error.to_string())?;
        let warnings = sources.apply(&mut settings).map_err(|error| error.to_string())?;
        Ok((settings, warnings))
    }

    #[test]
    fn arguments_are_taken_as_redis_server_takes_them() {
        let (settings, _) = load(&["--port", "7000", "--save", "", "--bind", "1.1.1.1", "::1"]).unwrap();
        assert_eq!(settings.get("port"), b"7000");
        assert_eq!(settings.get("save"), b"");
        assert_eq!(settings.get("bind"), b"1.1.1.1 ::1");
        let (settings, _) = load(&["--save", "--port 7001", "--requirepass", "--x y"]).unwrap();
        assert_eq!(settings.get("save"), b"");
        assert_eq!(settings.get("port"), b"7001");
        assert_eq!(settings.get("requirepass"), b"--x y");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = load(&["--foo", "bar"]).unwrap_err();
        assert!(error.ends_with("at line 2\n>>> 'foo \"bar\"'\nBad directive or wrong number of arguments"), "{error}");
        let error = load(&["--port", "x"]).unwrap_err();
        assert!(error.ends_with("argument couldn't be parsed into an integer"), "{error}");
        let error = load(&["/nowhere/at/all"]).unwrap_err();
        assert!(error.starts_with("can't open config file '/nowhere/at/all': "), "{error}");
        assert!(load(&["--user", "alice", "on"]).is_err());
        assert!(load(&["--user", "default", "on", "nopass", "~*", "&*", "+@all"]).is_ok());
    }

    #[test]
    fn what_has_no_effect_is_warned_of_once_asked_for() {
        assert_eq!(load(&["--appendonly", "yes"]).unwrap().1.len(), 1);
        assert_eq!(load(&["--appendonly", "no", "--save", ""]).unwrap().1.len(), 0);
        assert_eq!(load(&["--lua-replicate-commands", "yes"]).unwrap().1.len(), 1);
    }

    #[test]
    fn a_quoted_value_is_read_back() {
        let value: Vec<u8> = (0..=255).collect();
        assert_eq!(words(&quoted(&value)), Some(vec![value]));
    }
}
