//! The grammar of jq: operators, terms and their suffixes.

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::parse::BinaryOp;
use jaq_core::load::{Arena, span};
use jaq_core::ops::{Cmp, Math};
use jaq_core::path::{Opt, Part, Path};

use super::Fault;
use super::outputs;
use super::recursion;
use super::tree::{self, Def, Operator, Pattern, Term};

/// Brackets and operators nested deeper than this are refused: the passes over the tree recurse.
const DEEPEST: usize = 4000;

/// The level of the loosest operator that `as` takes to its left, see [`operator`].
const BINDING: u8 = 2;

/// Words that cannot name a filter.
const KEYWORDS: &[&str] = &[
    "and", "as", "catch", "def", "elif", "else", "end", "foreach", "if", "import", "include",
    "label", "or", "reduce", "then", "try", "__loc__",
];

/// Parses a program. Strings that are not in the text are kept in `arena`.
///
/// # Errors
/// All that is wrong with the tokens, or the first place that breaks the grammar.
pub(crate) fn parse<'s>(source: &'s str, arena: &'s Arena) -> Result<Term<'s>, Vec<Fault>> {
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
    let mut parser = Parser {
        source,
        arena,
        tokens: &tokens,
        at: 0,
        end,
        depth: 0,
    };
    parser.program().map_err(|fault| vec![fault])
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
    source: &'s str,
    pub(super) arena: &'s Arena,
    tokens: Tokens<'s, 't>,
    at: usize,
    /// What follows the tokens: the closing bracket, or the end of the program.
    end: &'s str,
    depth: usize,
}

impl<'s, 't> Parser<'s, 't> {
    fn program(&mut self) -> Parsed<Term<'s>> {
        if let Some(word @ ("import" | "include" | "module")) = self.peek() {
            return self.fail(&format!(
                "`{word}` is off: a program is one text, so define the filters in it"
            ));
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

    // Tokens

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

    fn fail<T>(&self, message: &str) -> Parsed<T> {
        self.fail_at(self.peek().unwrap_or(self.end), message)
    }

    fn fail_at<T>(&self, place: &str, message: &str) -> Parsed<T> {
        Err((span(self.source, place).start, message.to_owned()))
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

    // Filters

    /// Any filter.
    pub(super) fn filter(&mut self) -> Parsed<Term<'s>> {
        self.operators(0, true)
    }

    /// A filter that ends before a comma.
    pub(super) fn filter_without_comma(&mut self) -> Parsed<Term<'s>> {
        self.operators(0, false)
    }

    /// An [`expression`](Self::expression), perhaps bound with `as` to what follows. A binding takes
    /// all operators to its left but `,` and `|`.
    fn operators(&mut self, least: u8, comma: bool) -> Parsed<Term<'s>> {
        let value = self.expression(least, comma)?;
        if least > BINDING || !self.skip("as") {
            return Ok(value);
        }
        let patterns = self.patterns()?;
        self.expect("|")?;
        let body = self.operators(0, comma)?;
        Ok(alternatives(value, patterns, body))
    }

    /// Operands and the operators between them that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8, comma: bool) -> Parsed<Term<'s>> {
        let depth = self.depth;
        let mut left = self.operand(comma)?;
        while let Some((op, level, associativity)) = self.peek().and_then(operator) {
            if level < least || (!comma && matches!(op, BinaryOp::Comma)) {
                break;
            }
            self.at += 1;
            self.depth += 1;
            if self.depth > DEEPEST {
                return self.fail(&format!(
                    "operators are nested deeper than {DEEPEST} levels"
                ));
            }
            let right = self.operators(
                level + u8::from(associativity != Associativity::Right),
                comma,
            )?;
            left = apply(left, op, right);
            let chained = self
                .peek()
                .and_then(operator)
                .is_some_and(|(_, next, _)| next == level);
            if associativity == Associativity::None && chained {
                return self
                    .fail("operators of this kind cannot be chained; put one side in parentheses");
            }
        }
        self.depth = depth;
        Ok(left)
    }

    fn operand(&mut self, comma: bool) -> Parsed<Term<'s>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail(&format!("filters are nested deeper than {DEEPEST} levels"));
        }
        match self.peek() {
            Some("def") => {
                let mut defs = Vec::new();
                while self.skip("def") {
                    defs.push(self.definition()?);
                }
                let body = self.operators(0, comma)?;
                Ok(Term::Def(defs, Box::new(body)))
            }
            Some("-") => {
                self.at += 1;
                let tighter_than_plus = 8;
                Ok(Term::Neg(Box::new(
                    self.operators(tighter_than_plus, comma)?,
                )))
            }
            Some("label") => {
                self.at += 1;
                let name = self.variable()?;
                self.expect("|")?;
                Ok(Term::Label(name, Box::new(self.operators(0, comma)?)))
            }
            _ => self.tried(),
        }
    }

    /// A term, or `try` and what it tries.
    fn tried(&mut self) -> Parsed<Term<'s>> {
        if !self.skip("try") {
            return self.term();
        }
        let body = self.attempt()?;
        let catch = if self.skip("catch") {
            Some(Box::new(self.attempt()?))
        } else {
            None
        };
        Ok(Term::TryCatch(Box::new(body), catch))
    }

    fn attempt(&mut self) -> Parsed<Term<'s>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail(&format!("filters are nested deeper than {DEEPEST} levels"));
        }
        if self.skip("-") {
            return Ok(Term::Neg(Box::new(self.attempt()?)));
        }
        self.tried()
    }

    /// `name(parameters): body;`, after `def`.
    fn definition(&mut self) -> Parsed<Def<'s>> {
        let name = match self.token() {
            Some(Token(name, Tok::Word)) if !KEYWORDS.contains(name) && !name.contains("::") => {
                *name
            }
            Some(Token(name, Tok::Fmt)) => *name,
            _ => return self.fail_expected("a name"),
        };
        self.at += 1;
        let args = match self.token() {
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.at += 1;
                self.inside(tokens, |inner| inner.separated(";", Self::parameter))?
            }
            _ => Vec::new(),
        };
        self.expect(":")?;
        let body = self.filter()?;
        self.expect(";")?;
        let body = with_values_as_filters(&args, body);
        Ok(recursion::bounded(Def { name, args, body }, self.arena))
    }

    fn parameter(&mut self) -> Parsed<&'s str> {
        match self.token() {
            Some(Token(name, Tok::Word)) if !KEYWORDS.contains(name) => {
                self.at += 1;
                Ok(*name)
            }
            Some(Token(name, Tok::Var)) => {
                self.at += 1;
                Ok(*name)
            }
            _ => self.fail_expected("the name of a parameter"),
        }
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

    // Terms

    /// A term with its suffixes: `.a`, `."a"`, `[...]`, `?`.
    fn term(&mut self) -> Parsed<Term<'s>> {
        let mut base = self.bare_term()?;
        let mut parts = Vec::new();
        loop {
            match self.token() {
                Some(Token("?", _)) if parts.is_empty() => {
                    self.at += 1;
                    base = Term::TryCatch(Box::new(base), None);
                }
                _ => match self.path_part()? {
                    Some(part) => parts.push((part, self.optional())),
                    None => break,
                },
            }
        }
        Ok(if parts.is_empty() {
            base
        } else {
            Term::Path(Box::new(base), Path(parts))
        })
    }

    fn optional(&mut self) -> Opt {
        let mut opt = Opt::Essential;
        while self.skip("?") {
            opt = Opt::Optional;
        }
        opt
    }

    fn path_part(&mut self) -> Parsed<Option<Part<Term<'s>>>> {
        match self.token() {
            Some(Token(field, Tok::Sym))
                if field.len() > 1 && field.starts_with('.') && *field != ".." =>
            {
                self.at += 1;
                Ok(Some(Part::Index(tree::string(&field[1..]))))
            }
            Some(Token(".", _)) => {
                self.at += 1;
                match self.token() {
                    Some(Token(_, Tok::Str(_) | Tok::Fmt)) => Ok(Some(Part::Index(self.string()?))),
                    Some(Token(block, Tok::Block(_))) if block.starts_with('[') => self.path_part(),
                    _ => self.fail_expected("a key after `.`"),
                }
            }
            Some(Token(block, Tok::Block(tokens))) if block.starts_with('[') => {
                self.at += 1;
                self.inside(tokens, Self::brackets).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What is inside `.[...]`.
    fn brackets(&mut self) -> Parsed<Part<Term<'s>>> {
        if self.token().is_none() {
            return Ok(Part::Range(None, None));
        }
        if self.skip(":") {
            return Ok(Part::Range(None, Some(self.filter()?)));
        }
        let start = self.filter()?;
        if !self.skip(":") {
            return Ok(Part::Index(start));
        }
        let end = if self.token().is_some() {
            Some(self.filter()?)
        } else {
            None
        };
        Ok(Part::Range(Some(start), end))
    }

    fn bare_term(&mut self) -> Parsed<Term<'s>> {
        let Some(token) = self.token() else {
            return self.fail_expected("a filter");
        };
        match token {
            Token(".", _) => {
                self.at += 1;
                match self.token() {
                    Some(Token(digits, Tok::Num))
                        if digits.as_ptr() == token.0.as_ptr().wrapping_add(1) =>
                    {
                        let start = span(self.source, token.0).start;
                        self.taken(Term::Num(&self.source[start..=start + digits.len()]))
                    }
                    Some(Token(_, Tok::Str(_) | Tok::Fmt)) => {
                        let key = Part::Index(self.string()?);
                        let part = (key, self.optional());
                        Ok(Term::Path(Box::new(Term::Id), Path(vec![part])))
                    }
                    _ => Ok(Term::Id),
                }
            }
            Token("..", _) => self.taken(Term::Recurse),
            Token(field, Tok::Sym) if field.len() > 1 && field.starts_with('.') => Ok(Term::Id),
            Token(number, Tok::Num) => self.taken(Term::Num(number)),
            Token("$__loc__", _) => {
                let location = self.location(token.0);
                self.taken(location)
            }
            Token(name, Tok::Var) if !name.contains("::") => self.taken(Term::Var(name)),
            Token(_, Tok::Str(_) | Tok::Fmt) => self.string(),
            Token(full, Tok::Block(tokens)) => {
                self.at += 1;
                self.block(full, tokens)
            }
            Token(word, Tok::Word) => self.word(word),
            _ => self.fail_expected("a filter"),
        }
    }

    fn taken(&mut self, term: Term<'s>) -> Parsed<Term<'s>> {
        self.at += 1;
        Ok(term)
    }

    fn block(&mut self, full: &'s str, tokens: Tokens<'s, 't>) -> Parsed<Term<'s>> {
        match full.as_bytes().first() {
            Some(b'(') => self.inside(tokens, Self::filter),
            Some(b'[') if tokens.len() == 1 => Ok(Term::Arr(None)),
            Some(b'[') => Ok(Term::Arr(Some(Box::new(
                self.inside(tokens, Self::filter)?,
            )))),
            _ => self.inside(tokens, Self::object),
        }
    }

    fn word(&mut self, word: &'s str) -> Parsed<Term<'s>> {
        match word {
            "if" => self.condition(),
            "reduce" | "foreach" => self.fold(word),
            "break" => {
                self.at += 1;
                Ok(Term::Break(self.variable()?))
            }
            _ if KEYWORDS.contains(&word) => self.fail_expected("a filter"),
            _ if word.contains("::") => self.fail("modules are off: a program is one text"),
            _ => {
                self.at += 1;
                Ok(Term::Call(word, self.arguments()?))
            }
        }
    }

    /// `(a; b)`, if it is there.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Term<'s>>> {
        match self.token() {
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.at += 1;
                self.inside(tokens, |inner| inner.separated(";", Self::filter))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn condition(&mut self) -> Parsed<Term<'s>> {
        self.expect("if")?;
        let mut branches = Vec::new();
        loop {
            let condition = self.filter()?;
            self.expect("then")?;
            branches.push((condition, self.filter()?));
            if !self.skip("elif") {
                break;
            }
        }
        let otherwise = if self.skip("else") {
            Some(Box::new(self.filter()?))
        } else {
            None
        };
        if !self.skip("end") {
            let expected = if otherwise.is_some() {
                "`end`"
            } else {
                "`elif`, `else` or `end`"
            };
            return self.fail_expected(expected);
        }
        Ok(Term::IfThenElse(branches, otherwise))
    }

    fn fold(&mut self, kind: &'s str) -> Parsed<Term<'s>> {
        self.at += 1;
        let source = self.expression(BINDING, true)?;
        self.expect("as")?;
        let mut patterns = self.patterns()?;
        if patterns.len() > 1 {
            return self.fail(&format!(
                "`?//` is not supported in `{kind}`; bind the alternatives with `as` in the update"
            ));
        }
        let mut arguments = self.arguments()?;
        let wanted = if kind == "reduce" { 2..=2 } else { 2..=3 };
        if !wanted.contains(&arguments.len()) {
            self.at -= 1;
            let form = if kind == "reduce" {
                "(init; update)"
            } else {
                "(init; update; extract)"
            };
            return self.fail_expected(&format!("`{form}`"));
        }
        if kind == "reduce" {
            let update = std::mem::take(&mut arguments[1]);
            arguments[1] = outputs::reduced(update);
        }
        Ok(Term::Fold(
            kind,
            Box::new(source),
            patterns.remove(0),
            arguments,
        ))
    }

    /// A string with or without a format: `"a\(b)"`, `@base64 "a\(b)"`, `@base64`.
    pub(super) fn string(&mut self) -> Parsed<Term<'s>> {
        let format = match self.token() {
            Some(Token(format, Tok::Fmt)) => {
                self.at += 1;
                Some(*format)
            }
            _ => None,
        };
        match (self.token(), format) {
            (Some(Token(_, Tok::Str(parts))), _) => {
                self.at += 1;
                let parts = parts.iter().map(|part| self.string_part(part));
                Ok(outputs::interpolate(format, parts.collect::<Parsed<_>>()?))
            }
            (_, Some(format)) => Ok(Term::Call(format, Vec::new())),
            (_, None) => self.fail_expected("a string"),
        }
    }

    fn string_part(
        &self,
        part: &'t StrPart<&'s str, Token<&'s str>>,
    ) -> Parsed<StrPart<&'s str, Term<'s>>> {
        Ok(match part {
            StrPart::Str(text) => StrPart::Str(*text),
            StrPart::Char(char) => StrPart::Char(*char),
            StrPart::Term(Token(_, Tok::Block(tokens))) => {
                StrPart::Term(self.inside(tokens, Self::filter)?)
            }
            StrPart::Term(Token(place, _)) => return self.fail_at(place, "expected a filter"),
        })
    }

    /// `$__loc__`: where it stands.
    fn location(&self, place: &'s str) -> Term<'s> {
        let before = &self.source[..span(self.source, place).start];
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let line = self.arena.alloc(line.to_string());
        let entry = |key, value| (tree::string(key), Some(value));
        Term::Obj(vec![
            entry("file", tree::string("<top-level>")),
            entry("line", Term::Num(line)),
        ])
    }
}

/// A parameter `$x` also defines the filter `x`.
fn with_values_as_filters<'s>(parameters: &[&'s str], body: Term<'s>) -> Term<'s> {
    let mut called = Vec::new();
    tree::calls(&body, &mut |name, arity| {
        called.extend((arity == 0).then_some(name))
    });
    let values = parameters
        .iter()
        .filter_map(|parameter| Some((*parameter, parameter.strip_prefix('$')?)));
    let used = values.filter(|(_, name)| called.contains(name));
    let defs: Vec<_> = used
        .map(|(value, name)| Def {
            name,
            args: Vec::new(),
            body: Term::Var(value),
        })
        .collect();
    if defs.is_empty() {
        body
    } else {
        Term::Def(defs, Box::new(body))
    }
}

/// `value as pattern ?// pattern ... | body`: on an error, the next pattern is tried; variables
/// that a pattern does not have are `null`.
fn alternatives<'s>(value: Term<'s>, mut patterns: Vec<Pattern<'s>>, body: Term<'s>) -> Term<'s> {
    if patterns.len() == 1 {
        return tree::bind(value, patterns.remove(0), body);
    }
    let mut names = Vec::new();
    patterns
        .iter()
        .for_each(|pattern| variables(pattern, &mut names));
    let mut tried = None;
    for pattern in patterns.into_iter().rev() {
        let mut own = Vec::new();
        variables(&pattern, &mut own);
        let bound = tree::bind(Term::Var("$!value"), pattern, body.clone());
        let missing = names.iter().filter(|name| !own.contains(name));
        let attempt = missing.fold(bound, |inner, name| {
            tree::bind(Term::Call("null", Vec::new()), Pattern::Var(name), inner)
        });
        let attempt = tree::pipe(Term::Var("$!input"), attempt);
        tried = Some(match tried {
            None => attempt,
            Some(next) => Term::TryCatch(Box::new(attempt), Some(Box::new(next))),
        });
    }
    let tried = tree::bind(Term::Id, Pattern::Var("$!input"), tried.unwrap_or_default());
    tree::bind(value, Pattern::Var("$!value"), tried)
}

fn variables<'s>(pattern: &Pattern<'s>, names: &mut Vec<&'s str>) {
    match pattern {
        Pattern::Var(name) => names.push(name),
        Pattern::Arr(items) => items.iter().for_each(|item| variables(item, names)),
        Pattern::Obj(entries) => entries
            .iter()
            .for_each(|(_, value)| variables(value, names)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Associativity {
    Left,
    Right,
    None,
}

/// The operators of jq, how tightly they bind, and to which side.
fn operator(symbol: &str) -> Option<(Operator<'_>, u8, Associativity)> {
    use Associativity::{Left, None, Right};
    Some(match symbol {
        "|" => (BinaryOp::Pipe(Option::None), 0, Right),
        "," => (BinaryOp::Comma, 1, Left),
        "//" => (BinaryOp::Alt, 2, Right),
        "=" => (BinaryOp::Assign, 3, None),
        "|=" => (BinaryOp::Update, 3, None),
        "+=" => (BinaryOp::UpdateMath(Math::Add), 3, None),
        "-=" => (BinaryOp::UpdateMath(Math::Sub), 3, None),
        "*=" => (BinaryOp::UpdateMath(Math::Mul), 3, None),
        "/=" => (BinaryOp::UpdateMath(Math::Div), 3, None),
        "%=" => (BinaryOp::UpdateMath(Math::Rem), 3, None),
        "//=" => (BinaryOp::UpdateAlt, 3, None),
        "or" => (BinaryOp::Or, 4, Left),
        "and" => (BinaryOp::And, 5, Left),
        "==" => (BinaryOp::Cmp(Cmp::Eq), 6, None),
        "!=" => (BinaryOp::Cmp(Cmp::Ne), 6, None),
        "<" => (BinaryOp::Cmp(Cmp::Lt), 6, None),
        "<=" => (BinaryOp::Cmp(Cmp::Le), 6, None),
        ">" => (BinaryOp::Cmp(Cmp::Gt), 6, None),
        ">=" => (BinaryOp::Cmp(Cmp::Ge), 6, None),
        "+" => (BinaryOp::Math(Math::Add), 7, Left),
        "-" => (BinaryOp::Math(Math::Sub), 7, Left),
        "*" => (BinaryOp::Math(Math::Mul), 8, Left),
        "/" => (BinaryOp::Math(Math::Div), 8, Left),
        "%" => (BinaryOp::Math(Math::Rem), 8, Left),
        _ => return Option::None,
    })
}

fn apply<'s>(left: Term<'s>, op: Operator<'s>, right: Term<'s>) -> Term<'s> {
    match op {
        BinaryOp::Math(_) | BinaryOp::Cmp(_) => outputs::combine(left, op, right),
        _ => outputs::update(left, op, right),
    }
}
