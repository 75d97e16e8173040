//! Filters: which nodes are meant, by their tags.

use std::{fmt, str::FromStr, sync::Arc};

use crate::Tags;

/// Says which nodes are meant, by their tags. Parsed once, then matched without allocating.
///
/// A filter is a list of terms, separated by commas; a node matches if it matches them all.
///
/// | term | matches a node |
/// |---|---|
/// | `zone=eu` | whose tag `zone` is `eu` |
/// | `zone=eu\|us` | whose tag `zone` is `eu` or `us` |
/// | `zone!=eu\|us` | whose tag `zone` is neither, or that has no such tag |
/// | `gpu` | that has a tag `gpu`, whatever its value |
/// | `!gpu` | that has no tag `gpu` |
///
/// Spaces around names and values don't count. An empty filter matches every node.
///
/// ```
/// use rpcnet_cluster::{Filter, Tags};
///
/// let filter: Filter = "role=worker, zone=eu|us, !draining".parse()?;
/// let tags = Tags::default().with("role", "worker")?.with("zone", "us")?;
/// assert!(filter.matches(&tags));
/// assert!(!filter.matches(&tags.with("draining", "yes")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    terms: Arc<[Term]>,
}

/// Why a text is no [`Filter`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{term}` in the filter `{filter}` {reason}")]
#[non_exhaustive]
pub struct FilterError {
    /// The whole text.
    pub filter: String,
    /// The part that makes no sense.
    pub term: String,
    /// What is wrong with it, and what to write instead.
    pub reason: &'static str,
}

/// What names nodes by their tags: a [`Filter`], a text that is one, or `None` for every node.
///
/// A text is parsed at each use. Where that matters, parse it once.
pub trait IntoFilter {
    /// The filter.
    ///
    /// # Errors
    ///
    /// The text is no filter.
    fn into_filter(self) -> Result<Filter, FilterError>;
}

/// One condition on one tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    name: Box<str>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Test {
    Present,
    Absent,
    OneOf(Box<[Box<str>]>),
    NoneOf(Box<[Box<str>]>),
}

impl Filter {
    /// The filter that every node matches.
    pub fn any() -> Self {
        Self::default()
    }

    /// Whether a node with these tags is meant.
    pub fn matches(&self, tags: &Tags) -> bool {
        self.terms.iter().all(|term| term.matches(tags.get(&term.name)))
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, test) = match text.split_once('=') {
            None => match text.strip_prefix('!') {
                Some(name) => (name, Test::Absent),
                None => (text, Test::Present),
            },
            Some((name, values)) => match name.strip_suffix('!') {
                Some(name) => (name, Test::NoneOf(parse_values(values)?)),
                None => (name, Test::OneOf(parse_values(values)?)),
            },
        };
        let name = name.trim();
        if name.is_empty() {
            return Err("names no tag: write `name=value`, `name`, or `!name`");
        }
        if name.contains(['!', '|']) {
            return Err("has a `!` or `|` in the tag's name: write `name!=value` or `name=one|other`");
        }
        Ok(Self { name: name.into(), test })
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let is_in = |values: &[Box<str>]| value.is_some_and(|value| values.iter().any(|wanted| **wanted == *value));
        match &self.test {
            Test::Present => value.is_some(),
            Test::Absent => value.is_none(),
            Test::OneOf(values) => is_in(values),
            Test::NoneOf(values) => !is_in(values),
        }
    }
}

fn parse_values(text: &str) -> Result<Box<[Box<str>]>, &'static str> {
    let values: Box<[Box<str>]> = text.split('|').map(|value| value.trim().into()).collect();
    if values.iter().any(|value| value.is_empty()) {
        return Err("lacks a value: write `name=value` or `name=one|other`, or `name` alone if any value will do");
    }
    Ok(values)
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.trim().is_empty() {
            return Ok(Self::any());
        }
        let parse = |term: &str| {
            let term = term.trim();
            let error = |reason| FilterError { filter: text.to_owned(), term: term.to_owned(), reason };
            Term::parse(term).map_err(error)
        };
        Ok(Self { terms: text.split(',').map(parse).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Term { name, test }) in self.terms.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match test {
                Test::Present => f.write_str(name)?,
                Test::Absent => write!(f, "!{name}")?,
                Test::OneOf(values) => write!(f, "{name}={}", values.join("|"))?,
                Test::NoneOf(values) => write!(f, "{name}!={}", values.join("|"))?,
            }
        }
        Ok(())
    }
}

impl IntoFilter for Filter {
    fn into_filter(self) -> Result<Filter, FilterError> {
        Ok(self)
    }
}

impl IntoFilter for &Filter {
    fn into_filter(self) -> Result<Filter, FilterError> {
        Ok(self.clone())
    }
}

impl IntoFilter for &str {
    fn into_filter(self) -> Result<Filter, FilterError> {
        self.parse()
    }
}

impl IntoFilter for Option<&str> {
    fn into_filter(self) -> Result<Filter, FilterError> {
        self.map_or(Ok(Filter::any()), str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &str)]) -> Tags {
        tags.iter().fold(Tags::default(), |tags, (name, value)| tags.with(name, value).expect("short"))
    }

    fn check(filter: &str, expected: bool) {
        let node = tags(&[("role", "worker"), ("zone", "eu"), ("gpu", "")]);
        let filter: Filter = filter.parse().expect("a filter");
        assert_eq!(filter.matches(&node), expected, "{filter}");
        assert_eq!(filter.to_string().parse(), Ok(filter));
    }

    #[test]
    fn every_term_must_match() {
        check("", true);
        check("role=worker", true);
        check("role=worker,zone=eu", true);
        check(" role = worker , zone = us | eu ", true);
        check("role=worker,zone=us", false);
        check("zone!=us|asia", true);
        check("zone!=us|eu", false);
        check("rack!=7", true);
        check("gpu", true);
        check("!gpu", false);
        check("!rack,role=worker", true);
    }

    fn check_error(filter: &str, expected: &str) {
        let error = filter.parse::<Filter>().expect_err(filter).to_string();
        assert!(error.starts_with(&format!("{expected} in the filter `{filter}`")), "{error}");
    }

    #[test]
    fn a_text_that_is_no_filter_is_refused_at_the_term_that_makes_no_sense() {
        check_error("role=worker,", "``");
        check_error("role=worker,=eu", "`=eu`");
        check_error("zone=,role=worker", "`zone=`");
        check_error("zone=eu|", "`zone=eu|`");
        check_error("!", "`!`");
        check_error("!zone=eu", "`!zone=eu`");
        check_error("a|b=c", "`a|b=c`");
    }
}
