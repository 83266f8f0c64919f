//! Parsing: the way along the tokens of a program, and what to say where it ends.

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::{Arena, span};

use super::Fault;
use super::outputs::Outputs;
use super::recursion;
use super::tree::Term;

/// Brackets and operators nested deeper than this are refused: the passes over the tree recurse.
const DEEPEST: usize = 2000;

/// Words that cannot name a filter.
pub(super) const KEYWORDS: &[&str] = &[
    "and", "as", "catch", "def", "elif", "else", "end", "foreach", "if", "import", "include",
    "label", "or", "reduce", "then", "try", "__loc__",
];

/// Parses a program, of which no token is the identity: `written` as the user wrote it, `source` [without
/// surrogates](super::without_surrogates). Strings that are not in `source` are kept in `arena`.
///
/// # Errors
/// All that is wrong with the tokens, or the first place that breaks the grammar.
pub(crate) fn parse<'s>(
    written: &'s str,
    source: &'s str,
    arena: &'s Arena,
) -> Result<Term<'s>, Vec<Fault>> {
    if let Some(at) = too_deep(source) {
        return Err(vec![(
            at,
            format!("brackets are nested deeper than {DEEPEST} levels"),
        )]);
    }
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let fault = |(expected, rest): (jaq_core::load::lex::Expect<&str>, &str)| {
            (
                span(source, rest).start,
                format!("expected {}, found {}", expected.as_str(), show(rest)),
            )
        };
        errors.into_iter().map(fault).collect::<Vec<_>>()
    })?;
    let end = &source[source.len()..];
    let mut own = Vec::new();
    defined(&tokens, &mut own);
    let mut parser = Parser {
        written,
        source,
        arena,
        outputs: Outputs::new(&own),
        tokens: &tokens,
        at: 0,
        end,
        depth: 0,
    };
    parser.program().map_err(|fault| vec![fault])
}

/// Collects the names after `def`, and of parameters, wherever they stand.
fn defined<'s>(tokens: &[Token<&'s str>], names: &mut Vec<&'s str>) {
    for (at, Token(text, kind)) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].0);
        match kind {
            Tok::Word | Tok::Fmt if before(1) == Some("def") => names.push(text),
            Tok::Block(parameters) if before(2) == Some("def") => {
                names.extend(parameters.iter().map(|parameter| parameter.0));
            }
            Tok::Block(inner) => defined(inner, names),
            Tok::Str(parts) => parts.iter().for_each(|part| {
                if let StrPart::Term(Token(_, Tok::Block(inner))) = part {
                    defined(inner, names);
                }
            }),
            _ => {}
        }
    }
}

/// Where brackets are nested too deeply even for the lexer.
fn too_deep(source: &str) -> Option<usize> {
    let mut depth = 0usize;
    source.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// The first characters of what was found instead of what was expected.
fn show(found: &str) -> String {
    match found.chars().next() {
        None => "the end of the program".to_owned(),
        Some(char) => format!("`{char}`"),
    }
}

pub(super) type Parsed<T> = Result<T, Fault>;
pub(super) type Tokens<'s, 't> = &'t [Token<&'s str>];

/// A position in the tokens of the program, or of one pair of brackets.
#[derive(Clone, Copy)]
pub(super) struct Parser<'s, 't> {
    pub(super) written: &'s str,
    pub(super) source: &'s str,
    pub(super) arena: &'s Arena,
    pub(super) outputs: Outputs<'s, 't>,
    tokens: Tokens<'s, 't>,
    pub(super) at: usize,
    /// What follows the tokens: the closing bracket, or the end of the program.
    end: &'s str,
    pub(super) depth: usize,
}

impl<'s, 't> Parser<'s, 't> {
    fn program(&mut self) -> Parsed<Term<'s>> {
        if let Some(word @ ("import" | "include" | "module")) = self.peek() {
            return self.fail(&format!(
                "`{word}` is off: a program is one text, so define the filters in it"
            ));
        }
        if self.tokens.is_empty() {
            return Ok(Term::Id);
        }
        if self.peek() == Some("def") && self.only_definitions() {
            return self.fail_at(self.end, "the definitions are not followed by a filter");
        }
        let program = self.filter()?;
        self.expect_end()?;
        Ok(recursion::counted(program))
    }

    fn only_definitions(&self) -> bool {
        matches!(self.tokens.last(), Some(Token(";", _)))
    }

    pub(super) fn token(&self) -> Option<&'t Token<&'s str>> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek(&self) -> Option<&'s str> {
        self.token().map(|token| token.0)
    }

    pub(super) fn next(&mut self) -> Option<&'t Token<&'s str>> {
        let token = self.token();
        self.at += 1;
        token
    }

    /// Goes past `symbol` if it is next.
    pub(super) fn skip(&mut self, symbol: &str) -> bool {
        let found = self.peek() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.skip(symbol) {
            Ok(())
        } else {
            self.fail_expected(&format!("`{symbol}`"))
        }
    }

    pub(super) fn expect_end(&self) -> Parsed<()> {
        match self.token() {
            None => Ok(()),
            Some(_) if self.end.is_empty() => {
                self.fail_expected("an operator or the end of the program")
            }
            Some(_) => self.fail_expected(&format!("an operator or `{}`", self.end)),
        }
    }

    pub(super) fn fail_expected<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.peek() {
            Some(token) => format!("`{}`", token.lines().next().unwrap_or_default()),
            None if self.end.is_empty() => "the end of the program".to_owned(),
            None => format!("`{}`", self.end),
        };
        self.fail(&format!("expected {expected}, found {found}"))
    }

    pub(super) fn fail<T>(&self, message: &str) -> Parsed<T> {
        self.fail_at(self.peek().unwrap_or(self.end), message)
    }

    pub(super) fn fail_at<T>(&self, place: &str, message: &str) -> Parsed<T> {
        Err((span(self.source, place).start, message.to_owned()))
    }

    /// The same place, one level deeper.
    pub(super) fn deeper(&self) -> Parsed<Self> {
        if self.depth == DEEPEST {
            return self.fail(&format!("filters are nested deeper than {DEEPEST} levels"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..*self
        })
    }

    /// Parses the whole of what is between a pair of brackets.
    pub(super) fn inside<T>(
        &self,
        tokens: Tokens<'s, 't>,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let Some((close, tokens)) = tokens.split_last() else {
            return self.fail_expected("a closing bracket");
        };
        let mut inner = Parser {
            tokens,
            at: 0,
            end: close.0,
            ..*self
        };
        let parsed = parse(&mut inner)?;
        inner.expect_end()?;
        Ok(parsed)
    }

    pub(super) fn separated<T>(
        &mut self,
        separator: &str,
        parse: impl Fn(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = vec![parse(self)?];
        while self.skip(separator) {
            items.push(parse(self)?);
        }
        Ok(items)
    }

    pub(super) fn variable(&mut self) -> Parsed<&'s str> {
        match self.next() {
            Some(Token(name, Tok::Var)) => Ok(*name),
            _ => {
                self.at -= 1;
                self.fail_expected("a variable such as `$x`")
            }
        }
    }
}
