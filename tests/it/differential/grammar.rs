//! Command templates: a line of text describes every form of a command, and a random form is drawn from it.
//!
//! A word stands for itself (in random case) unless it names a class of the vocabulary (`ks` is a string key);
//! `a|b` one of several, `[a]` perhaps, `(a b)` a group, `a+` one to four times, `a*` none to three times,
//! `{a b c}` all of these in any order. `NAME:class` pairs such as `numkeys:kz` are classes with a parameter.

use super::vocabulary::Vocabulary;

/// A parsed template.
#[derive(Debug)]
pub enum Form {
    /// A token that stands for itself.
    Token(String),
    /// A class of the vocabulary.
    Class(String),
    /// All of these, in order.
    All(Vec<Form>),
    /// One of these.
    One(Vec<Form>),
    /// Perhaps this.
    Perhaps(Box<Form>),
    /// These in any order.
    Shuffled(Vec<Form>),
    /// This between `least` and `most` times.
    Repeated { form: Box<Form>, least: usize, most: usize },
}

impl Form {
    /// Parses a template.
    ///
    /// # Panics
    /// On a template that does not parse: templates are part of the test.
    pub fn parse(template: &str) -> Form {
        let spaced = ["(", ")", "[", "]", "{", "}", "|", "+", "*"]
            .iter()
            .fold(template.to_owned(), |text, sign| text.replace(sign, &format!(" {sign} ")));
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let mut at = 0;
        let form = alternatives(&tokens, &mut at);
        assert_eq!(at, tokens.len(), "template does not parse: {template}");
        form
    }

    /// Draws one form of the command.
    pub fn draw(&self, words: &mut Vocabulary, out: &mut Vec<Vec<u8>>) {
        match self {
            Form::Token(token) => {
                let token = words.in_some_case(token);
                out.push(token);
            }
            Form::Class(class) => words.draw(class, out),
            Form::All(forms) => forms.iter().for_each(|form| form.draw(words, out)),
            Form::One(forms) => {
                let pick = words.rng.usize(..forms.len());
                forms[pick].draw(words, out);
            }
            Form::Perhaps(form) => {
                if words.rng.u8(..100) < 40 {
                    form.draw(words, out);
                }
            }
            Form::Shuffled(forms) => {
                let mut order: Vec<usize> = (0..forms.len()).collect();
                words.rng.shuffle(&mut order);
                order.into_iter().for_each(|i| forms[i].draw(words, out));
            }
            Form::Repeated { form, least, most } => {
                for _ in 0..words.rng.usize(*least..=*most) {
                    form.draw(words, out);
                }
            }
        }
    }

    /// The tokens of a template: what a wrong argument is drawn from.
    pub fn tokens<'f>(&'f self, out: &mut Vec<&'f str>) {
        match self {
            Form::Token(token) => out.push(token),
            Form::Class(_) => {}
            Form::All(forms) | Form::One(forms) | Form::Shuffled(forms) => {
                forms.iter().for_each(|form| form.tokens(out));
            }
            Form::Perhaps(form) | Form::Repeated { form, .. } => form.tokens(out),
        }
    }
}

fn alternatives(tokens: &[&str], at: &mut usize) -> Form {
    let mut forms = vec![Form::All(sequence(tokens, at))];
    while tokens.get(*at) == Some(&"|") {
        *at += 1;
        forms.push(Form::All(sequence(tokens, at)));
    }
    if forms.len() == 1 { forms.remove(0) } else { Form::One(forms) }
}

fn sequence(tokens: &[&str], at: &mut usize) -> Vec<Form> {
    let mut forms = Vec::new();
    while let Some(&token) = tokens.get(*at) {
        if matches!(token, ")" | "]" | "}" | "|") {
            break;
        }
        *at += 1;
        let mut form = match token {
            "(" | "[" | "{" => {
                let inner = if token == "{" { Form::Shuffled(sequence(tokens, at)) } else { alternatives(tokens, at) };
                *at += 1;
                if token == "[" { Form::Perhaps(Box::new(inner)) } else { inner }
            }
            _ if Vocabulary::knows(token) => Form::Class(token.to_owned()),
            _ => Form::Token(token.to_owned()),
        };
        while let Some(&sign @ ("+" | "*")) = tokens.get(*at) {
            *at += 1;
            let (least, most) = if sign == "+" { (1, 4) } else { (0, 3) };
            form = Form::Repeated { form: Box::new(form), least, most };
        }
        forms.push(form);
    }
    forms
}
