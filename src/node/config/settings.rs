//! The values of all directives, in canonical form: what CONFIG GET shows and CONFIG SET changes.

use super::directive::{Directive, Refusal};
use super::table::{DIRECTIVES, find};

/// A value for every directive.
#[derive(Clone, Debug)]
pub struct Settings {
    /// By index in the table.
    values: Vec<Vec<u8>>,
    /// Set at start-up or since, not merely the default.
    given: Vec<bool>,
}

impl Default for Settings {
    fn default() -> Settings {
        let mut settings = Settings {
            values: DIRECTIVES.iter().map(|directive| directive.default.into()).collect(),
            given: vec![false; DIRECTIVES.len()],
        };
        if let Ok(directory) = std::fs::canonicalize(".") {
            settings.values[index_of("dir")] = directory.into_os_string().into_encoded_bytes();
        }
        settings
    }
}

impl Settings {
    /// The value of a directive of the table, by its name.
    pub fn get(&self, name: &str) -> &[u8] {
        &self.values[index_of(name)]
    }

    /// The value at an index of the table.
    pub fn at(&self, index: usize) -> &[u8] {
        &self.values[index]
    }

    /// A value that is text, as [`get`](Self::get); what is no UTF-8 in it is replaced.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.get(name)).into_owned()
    }

    /// True for `yes`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == b"yes"
    }

    /// A number: canonical forms of numeric directives always are.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        std::str::from_utf8(self.get(name)).ok()?.parse().ok()
    }

    /// Was it set, or is it the default?
    pub fn was_given(&self, index: usize) -> bool {
        self.given[index]
    }

    /// Sets the directive at an index from words as a line of a file has them. `save` lines after the first
    /// one add to it.
    pub fn set_words(&mut self, index: usize, words: &[&[u8]]) -> Result<(), Refusal> {
        let directive = &DIRECTIVES[index];
        let mut value = directive.read(&self.values[index], words)?;
        if directive.name == "save" && self.given[index] && !value.is_empty() && !self.values[index].is_empty() {
            value = [&self.values[index], &b" "[..], &value].concat();
        }
        self.values[index] = value;
        self.given[index] = true;
        Ok(())
    }

    /// Sets the directive at an index from one argument, as CONFIG SET does.
    pub fn set_value(&mut self, index: usize, value: &[u8]) -> Result<(), Refusal> {
        let directive: &Directive = &DIRECTIVES[index];
        let words: Vec<&[u8]> =
            if directive.takes_words() { value.split(|byte| *byte == b' ').collect() } else { vec![value] };
        self.values[index] = directive.read(&self.values[index], &words)?;
        self.given[index] = true;
        Ok(())
    }
}

fn index_of(name: &str) -> usize {
    find(name.as_bytes()).expect("only names of the table are asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn save_lines_add_up_at_start_up_and_replace_at_run_time() {
        let mut settings = Settings::default();
        let save = index_of("save");
        settings.set_words(save, &[b"900", b"1"]).unwrap();
        settings.set_words(save, &[b"100", b"100"]).unwrap();
        assert_eq!(settings.get("save"), b"900 1 100 100");
        settings.set_words(save, &[b""]).unwrap();
        assert_eq!(settings.get("save"), b"");
        settings.set_value(save, b"5 6").unwrap();
        assert_eq!(settings.get("save"), b"5 6");
    }

    #[test]
    fn a_refused_value_leaves_the_old_one() {
        let mut settings = Settings::default();
        assert!(settings.set_value(index_of("timeout"), b"x").is_err());
        assert_eq!(settings.number::<u64>("timeout"), Some(0));
        assert!(!settings.was_given(index_of("timeout")));
    }
}
