//! Path templates, such as `/v1/{topic=projects/*/topics/*}:publish`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A template, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
    /// Fields of the request and the segments that they are made of.
    variables: Vec<(String, std::ops::Range<usize>)>,
    /// What follows the last colon.
    verb: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// Any one segment.
    One,
    /// All that follow, at least one.
    Rest,
}

impl Template {
    /// Reads a template of google/api/http.proto.
    pub(super) fn parse(text: &str) -> Self {
        let (path, verb) = match text.rsplit_once(':') {
            Some((path, verb)) if !verb.contains(['/', '}']) => (path, Some(verb.to_owned())),
            _ => (text, None),
        };
        let mut template = Self {
            segments: Vec::new(),
            variables: Vec::new(),
            verb,
        };
        let mut rest = path.trim_start_matches('/');
        while !rest.is_empty() {
            if let Some((variable, after)) =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
            {
                let (name, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
                let first = template.segments.len();
                template.segments.extend(pattern.split('/').map(segment));
                let range = first..template.segments.len();
                template.variables.push((name.to_owned(), range));
                rest = after.trim_start_matches('/');
            } else {
                let (literal, after) = rest.split_once('/').unwrap_or((rest, ""));
                template.segments.push(segment(literal));
                rest = after;
            }
        }
        template
    }

    /// Whether it ends with a verb, such as `:publish`.
    pub(super) fn has_verb(&self) -> bool {
        self.verb.is_some()
    }

    /// The values of the variables, if the path is of this form.
    pub(super) fn matches(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let path = path.strip_prefix('/')?;
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let parts: Vec<Cow<'_, str>> = path
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8().ok())
            .collect::<Option<_>>()?;
        let is_open = self.segments.last() == Some(&Segment::Rest);
        let fits = match is_open {
            true => parts.len() >= self.segments.len(),
            false => parts.len() == self.segments.len(),
        };
        let pairs = self.segments.iter().zip(&parts);
        let is_alike = |(segment, part): (&Segment, &Cow<'_, str>)| match segment {
            Segment::Literal(literal) => literal == part,
            Segment::One | Segment::Rest => !part.is_empty(),
        };
        if !fits || !pairs.into_iter().all(is_alike) {
            return None;
        }
        let values = self.variables.iter().map(|(name, range)| {
            let ends = range.end == self.segments.len() && is_open;
            let end = if ends { parts.len() } else { range.end };
            (name.as_str(), parts[range.start..end].join("/"))
        });
        Some(values.collect())
    }
}

fn segment(text: &str) -> Segment {
    match text {
        "*" => Segment::One,
        "**" => Segment::Rest,
        literal => Segment::Literal(literal.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let publish = Template::parse("/v1/{topic=projects/*/topics/*}:publish");
        let topic = Some(vec![("topic", "projects/a:b/topics/c".to_owned())]);
        assert_eq!(publish.matches("/v1/projects/a:b/topics/c:publish"), topic);
        assert_eq!(
            publish.matches("/v1/projects/a%3Ab/topics/c:publish"),
            topic
        );
        assert_eq!(publish.matches("/v1/projects/a/topics/c"), None);
        assert_eq!(publish.matches("/v1/projects//topics/c:publish"), None);
        assert_eq!(publish.matches("/v1/projects/a/topics/c/d:publish"), None);
        let list = Template::parse("/v1/{project=projects/*}/topics");
        let project = Some(vec![("project", "projects/a".to_owned())]);
        assert_eq!(list.matches("/v1/projects/a/topics"), project);
        let iam = Template::parse("/v1/{resource=**}:setIamPolicy");
        let resource = Some(vec![("resource", "projects/a/topics/b".to_owned())]);
        assert_eq!(
            iam.matches("/v1/projects/a/topics/b:setIamPolicy"),
            resource
        );
        assert_eq!(iam.matches("/v1:setIamPolicy"), None);
    }
}
