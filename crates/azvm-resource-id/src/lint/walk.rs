//! The segments one by one, going on after a fault wherever it is clear how.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::closest::{Closest, closest, is_close_to_any};
use super::examiner::Examiner;
use super::known;
use super::peel::{is_guid, starts_with_ignore_case};
use crate::grammar::Shape;
use crate::keyword;
use crate::segments::SegmentRole;

/// Where the walk is.
pub(super) struct Walk<'e, 'a> {
    pub(super) examiner: &'e mut Examiner<'a>,
    segments: Vec<Range<usize>>,
    /// The segment that is read next.
    next: usize,
    shape: Shape,
    subscription: Option<&'a str>,
    namespace: Range<usize>,
    /// The type without its namespace, for the last `/providers/`.
    types: String,
    /// How many `/providers/` were read; beyond a few, spelling is no longer looked at.
    provider_count: usize,
    /// The text starts with another ID, which was found already.
    is_second: bool,
    /// Where a misspelled keyword was put right.
    guess_count: usize,
    /// Where segments were added or dropped.
    change_count: usize,
    /// A name is a keyword, or nearly so: it may be one, and the name be missing.
    has_keyword_for_name: bool,
}

/// Types of this many providers are compared with known ones.
const MAX_SPELLED_PROVIDERS: usize = 16;

impl Examiner<'_> {
    /// Goes through the segments of the core.
    pub(super) fn walk(&mut self) {
        let text = self.core_text();
        if text == "/" {
            return;
        }
        let mut start = self.core.start + usize::from(text.starts_with('/'));
        let body = &self.text[start..self.core.end];
        let mut segments = Vec::new();
        for segment in body.split('/') {
            segments.push(start..start + segment.len());
            start += segment.len() + 1;
        }
        let mut walk = Walk {
            examiner: self,
            segments,
            next: 0,
            shape: Shape::Tenant,
            subscription: None,
            namespace: 0..0,
            types: String::new(),
            provider_count: 0,
            is_second: false,
            guess_count: 0,
            change_count: 0,
            has_keyword_for_name: false,
        };
        while walk.pair().is_some() {}
        walk.doubt();
    }
}

/// The walk goes on, or there is no telling how.
type GoesOn = Option<()>;

impl<'a> Walk<'_, 'a> {
    fn text_of(&self, span: &Range<usize>) -> &'a str {
        &self.examiner.text[span.clone()]
    }

    /// Mending the order of segments in one way allows for others when more is wrong with it.
    fn doubt(&mut self) {
        let count = self.guess_count + self.change_count;
        if (self.change_count > 0 && count > 1) || (count > 0 && self.has_keyword_for_name) {
            self.examiner.refuse();
        }
    }

    /// The segment after the one that was taken last.
    fn following(&self) -> Option<&'a str> {
        let segment = self.segments.get(self.next)?;
        Some(self.trimmed(segment))
    }

    /// One of the keywords, whatever may stand here.
    fn is_keyword_next(&self) -> bool {
        self.following().is_some_and(|word| {
            keyword::ALL
                .iter()
                .any(|known| known.matches(word.as_bytes()))
        })
    }

    fn take(&mut self) -> Option<Range<usize>> {
        let segment = self.segments.get(self.next).cloned();
        self.next += usize::from(segment.is_some());
        segment
    }

    fn is_last(&self) -> bool {
        self.next == self.segments.len()
    }

    /// One key and its value.
    fn pair(&mut self) -> GoesOn {
        let Some(key) = self.take() else {
            if self.shape == Shape::Namespace {
                self.missing_type();
            }
            return None;
        };
        let word = self.text_of(&key);
        if word.is_empty() {
            let message = "nothing stands between two slashes; a variable may have been empty";
            self.examiner.error("RID-017", key, message);
            self.examiner.refuse();
            return Some(());
        }
        self.check_characters(&key, SegmentRole::Type);
        let word = self.trimmed(&key);
        if self.is_last()
            && self.examiner.is_page
            && !matches!(self.shape, Shape::Tenant | Shape::Namespace)
        {
            let page = key.start - 1..key.end;
            self.examiner.error(
                "RID-009",
                page,
                "the name of a portal page stands after the ID",
            );
            let is_scope = matches!(self.shape, Shape::Subscription | Shape::ResourceGroup);
            if known::is_page(word, !is_scope) {
                self.examiner.mend("");
                self.change_count += 1;
            } else {
                // Or a type whose name is missing, or a name whose keyword is.
                self.examiner.suggest("");
                self.examiner.refuse();
            }
            return None;
        }
        match self.shape.after_key(word.as_bytes()) {
            Ok(next) => self.known_key(key, next),
            Err(_) => self.unknown_key(key),
        }
    }

    /// The segment without blanks around it; there is a finding about those already.
    fn trimmed(&self, span: &Range<usize>) -> &'a str {
        self.text_of(span).trim()
    }

    fn known_key(&mut self, key: Range<usize>, next: Shape) -> GoesOn {
        let role = self.shape.key_role(next);
        if role == SegmentRole::Keyword {
            self.check_case(&key);
        }
        if self.is_last() {
            self.odd_tail(key, next);
            return None;
        }
        if role == SegmentRole::Type {
            self.check_type(&key);
        }
        let value = self.take()?;
        self.value(&key, value, next)
    }

    fn value(&mut self, key: &Range<usize>, value: Range<usize>, next: Shape) -> GoesOn {
        let from = self.shape;
        let role = next.value_role();
        self.shape = next;
        let word = self.text_of(&value);
        if word.is_empty() {
            let noun = role.noun();
            let message = format!("the {noun} is empty; a variable may not have been set");
            self.examiner.error("RID-017", value, &message);
            self.examiner.refuse();
            return Some(());
        }
        let is_sound = self.check_characters(&value, role);
        let word = self.trimmed(&value);
        if !self.examiner.is_valid {
            self.check_end_of_id(key, &value, from);
        }
        match role {
            SegmentRole::SubscriptionId => {
                self.examiner.check_subscription_id(&value);
                self.subscription = Some(word);
            }
            SegmentRole::Namespace => return self.enter_namespace(key, value, from),
            SegmentRole::ResourceGroup | SegmentRole::Name => {
                let namespace = self.text_of(&self.namespace.clone());
                if is_sound {
                    self.examiner
                        .check_name(role, namespace, &self.types, &value);
                }
                if next == Shape::Resource {
                    self.check_grouped(&value);
                    self.check_pasted_below(key, word);
                }
            }
            SegmentRole::Keyword | SegmentRole::Type => {}
        }
        Some(())
    }

    /// Where another ID may start, or the name be something else: two readings when something has to be mended.
    fn check_end_of_id(&mut self, key: &Range<usize>, value: &Range<usize>, from: Shape) {
        let word = self.trimmed(value);
        let keywords = keyword::ALL.iter().map(|keyword| keyword.as_str());
        let is_dropped_provider = from == Shape::Subscription
            && self.shape == Shape::Registration
            && keyword::RESOURCE_GROUPS.matches(word.as_bytes());
        self.has_keyword_for_name |= !is_dropped_provider && is_close_to_any(word, keywords);
        let is_start = |word: &str| {
            [keyword::SUBSCRIPTIONS, keyword::PROVIDERS]
                .iter()
                .any(|start| start.matches(word.as_bytes()))
        };
        let is_cut_off = word.len() < self.text_of(value).trim_start().len();
        if self.following().is_some_and(is_start) && (is_cut_off || word.ends_with([',', ';'])) {
            let message = "a second ID may start after this one";
            self.examiner
                .error("RID-022", self.examiner.core.start..value.end, message);
            self.examiner.refuse();
        }
        let is_child = self
            .types
            .eq_ignore_ascii_case("managementGroups/subscriptions");
        if from != Shape::Tenant
            && !is_child
            && keyword::SUBSCRIPTIONS.matches(self.trimmed(key).as_bytes())
            && (is_guid(word) || self.is_keyword_next())
        {
            self.examiner
                .error("RID-022", key.clone(), "a second ID may start here");
            self.examiner.refuse();
        }
        if self.examiner.is_page && self.is_last() && known::is_page(word, true) {
            let message = format!("{word:?} is a page of the portal, the name may be missing");
            self.examiner.error("RID-009", value.clone(), &message);
            self.examiner.refuse();
        }
    }

    fn enter_namespace(&mut self, key: &Range<usize>, value: Range<usize>, from: Shape) -> GoesOn {
        let word = self.trimmed(&value);
        self.types.clear();
        self.provider_count += 1;
        self.namespace = value.clone();
        if from == Shape::Subscription && keyword::RESOURCE_GROUPS.matches(word.as_bytes()) {
            let message = "\"providers\" does not belong before \"resourceGroups\"";
            let span = key.start..value.start;
            if self.examiner.is_valid {
                self.examiner.warn("RID-020", span, message);
                return Some(());
            }
            self.examiner.error("RID-020", span, message);
            self.examiner.mend("");
            self.change_count += 1;
            self.check_case(&value);
            self.provider_count -= 1;
            self.namespace = 0..0;
            self.shape = Shape::Subscription;
            return match self.take() {
                Some(name) => self.value(&value, name, Shape::ResourceGroup),
                None => {
                    self.odd_tail(value, Shape::ResourceGroup);
                    None
                }
            };
        }
        if known::types_of(word).is_some() || self.provider_count > MAX_SPELLED_PROVIDERS {
            return Some(());
        }
        let known = known::PROVIDERS.iter().map(|(namespace, _)| *namespace);
        if let Some(Closest { word: meant, .. }) = closest(word, known) {
            self.examiner.warn(
                "RID-012",
                value,
                &format!("{word:?} may be a misspelling of {meant:?}"),
            );
            self.examiner.suggest(meant);
        } else if !word.contains('.') {
            self.examiner.warn(
                "RID-012",
                value,
                &format!("{word:?} has no dot: provider namespaces have one"),
            );
        }
        Some(())
    }

    fn check_case(&mut self, key: &Range<usize>) {
        let word = self.trimmed(key);
        let canonical = keyword::canonical_of(word).filter(|&canonical| canonical != word);
        if let Some(canonical) = canonical {
            let message = format!("the canonical spelling of {word:?} is {canonical:?}");
            self.examiner.warn("RID-001", key.clone(), &message);
            self.examiner.mend(canonical);
        }
    }

    fn check_type(&mut self, key: &Range<usize>) {
        let word = self.trimmed(key);
        let namespace_span = self.namespace.clone();
        let namespace = self.text_of(&namespace_span).trim();
        let is_scope = [keyword::MANAGEMENT_GROUPS, keyword::SERVICE_GROUPS]
            .iter()
            .any(|constant| constant.eq_ignore_ascii_case(word));
        if self.shape == Shape::Registration
            && self.subscription.is_none()
            && is_scope
            && namespace.eq_ignore_ascii_case(keyword::MANAGEMENT)
        {
            self.check_case(&namespace_span);
            self.check_case(key);
        }
        let is_top_level = self.types.is_empty();
        if !is_top_level {
            self.types.push('/');
        }
        self.types.push_str(word);
        if !is_top_level
            || self.provider_count > MAX_SPELLED_PROVIDERS
            || self.shape == Shape::Location
        {
            return;
        }
        if let Some(known) = known::types_of(namespace) {
            let known = known.iter().copied().filter(|known| !known.contains('/'));
            let is_known = known.clone().any(|known| known.eq_ignore_ascii_case(word));
            let meant = if is_known { None } else { closest(word, known) };
            if let Some(Closest { word: meant, .. }) = meant {
                if is_singular(word, meant) {
                    let message = format!("{word:?} is no type, its plural {meant:?} is");
                    self.examiner.refused("RID-012", key.clone(), &message);
                } else {
                    let message = format!("{word:?} may be a misspelling of the type {meant:?}");
                    self.examiner.warn("RID-012", key.clone(), &message);
                }
                self.examiner.suggest(meant);
            }
        }
        let is_group = namespace.eq_ignore_ascii_case("Microsoft.Resources")
            && word.eq_ignore_ascii_case("resourceGroups");
        if is_group && self.subscription.is_some() {
            let span = namespace_span.start.saturating_sub("providers/".len())..key.end;
            self.examiner.warn(
                "RID-033",
                span,
                "a resource group's own ID has no \"providers/Microsoft.Resources\"",
            );
            self.examiner.suggest(keyword::RESOURCE_GROUPS.as_str());
        }
    }

    /// `virtualNetworks/subnets/vnet/subnet`: types first, then names.
    fn check_grouped(&mut self, value: &Range<usize>) {
        let namespace = self.text_of(&self.namespace);
        let word = self.trimmed(value);
        if known::is_child_type(namespace, &self.types, word) {
            let message = format!(
                "{word:?} is a type below {:?}, not a name: types and names alternate",
                self.types
            );
            self.examiner.warn("RID-029", value.clone(), &message);
        }
    }

    /// An ID after an ID reads as a child of type `subscriptions`.
    fn check_pasted_below(&mut self, key: &Range<usize>, name: &str) {
        let is_again = self
            .subscription
            .is_some_and(|id| id.eq_ignore_ascii_case(name));
        if is_again && keyword::SUBSCRIPTIONS.matches(self.text_of(key).as_bytes()) {
            self.examiner
                .warn("RID-022", key.clone(), "a second ID seems to start here");
        }
    }

    /// A key without a value.
    fn odd_tail(&mut self, key: Range<usize>, next: Shape) {
        let word = self.trimmed(&key);
        let is_action = known::ACTIONS
            .iter()
            .any(|action| action.eq_ignore_ascii_case(word));
        if is_action && self.shape == Shape::Resource {
            let span = key.start - 1..key.end;
            let message =
                format!("{word:?} is an action: this is the path of a request, not an ID");
            self.examiner.error("RID-021", span, &message);
            self.examiner.suggest("");
        } else {
            let noun = next.value_role().noun();
            let message = format!("{word:?} is a collection: the {noun} after it is missing");
            self.examiner.error("RID-005", key, &message);
        }
        self.examiner.refuse();
    }

    fn missing_type(&mut self) {
        let message = format!(
            "a type and a name are missing after {:?}",
            self.text_of(&self.namespace)
        );
        self.examiner
            .error("RID-005", self.namespace.clone(), &message);
        self.examiner.refuse();
    }

    /// Something else stands where a keyword should be.
    fn unknown_key(&mut self, key: Range<usize>) -> GoesOn {
        let word = self.trimmed(&key);
        if self.shape == Shape::Namespace {
            self.missing_type();
            return None;
        }
        if keyword::SUBSCRIPTIONS.matches(word.as_bytes()) && self.next > 1 {
            return self.pasted_twice(key);
        }
        if self.shape == Shape::Tenant && self.relative(&key)? {
            return Some(());
        }
        if self.is_keyword_next() {
            // The name is here, and the keyword before it is not.
            self.inexplicable(key);
            return None;
        }
        if word.contains('.') && word != "." && word != ".." && !is_guid(word) {
            self.examiner.error(
                "RID-020",
                key.clone(),
                &format!("\"providers\" is missing before {word:?}"),
            );
            if self.is_surely_namespace(word) {
                self.examiner.mend(&format!("providers/{word}"));
                self.change_count += 1;
            } else {
                self.examiner.suggest(&format!("providers/{word}"));
                self.examiner.refuse();
            }
            let is_registration = matches!(self.shape, Shape::Tenant | Shape::Subscription);
            let next = if is_registration {
                Shape::Registration
            } else {
                Shape::Namespace
            };
            self.shape = next;
            return self.enter_namespace(&key.clone(), key, Shape::ResourceGroup);
        }
        let keywords = self.shape.keywords().iter().map(|keyword| keyword.as_str());
        if let Some(Closest { word: meant, edits }) = closest(word, keywords) {
            self.examiner.error(
                "RID-019",
                key.clone(),
                &format!("{word:?} is not a keyword, {meant:?} may be meant"),
            );
            if self.is_surely_keyword(meant, edits) {
                self.examiner.mend(meant);
                self.guess_count += 1;
            } else {
                self.examiner.suggest(meant);
                self.examiner.refuse();
            }
            let next = self.shape.after_key(meant.as_bytes()).ok()?;
            if self.is_last() {
                self.odd_tail(key, next);
                return None;
            }
            let value = self.take()?;
            return self.value(&key, value, next);
        }
        self.inexplicable(key);
        None
    }

    /// Of a word with a dot that only `providers` may be missing before: other names have dots as well.
    fn is_surely_namespace(&self, word: &str) -> bool {
        let following = self.following().unwrap_or_default();
        starts_with_ignore_case(word, "Microsoft.")
            && !following.is_empty()
            && (self.shape != Shape::Tenant || known::is_tenant_type(word, following))
    }

    /// Whether a word that is so many edits from a keyword cannot be the name of something.
    fn is_surely_keyword(&self, meant: &str, edits: Option<usize>) -> bool {
        let Some(edits) = edits else { return false };
        let is_telling = [keyword::SUBSCRIPTIONS, keyword::RESOURCE_GROUPS]
            .iter()
            .any(|keyword| keyword.as_str() == meant);
        if meant == keyword::PROVIDERS.as_str() {
            return self.following().is_some_and(|word| word.contains('.'));
        }
        is_telling || edits < 2
    }

    fn inexplicable(&mut self, key: Range<usize>) {
        let word = self.trimmed(&key);
        if self.is_last() && self.shape == Shape::Subscription {
            let message = format!(
                "{word:?} is a collection or an action: this is the path of a request, not an ID"
            );
            self.examiner.error("RID-021", key, &message);
        } else if self.shape == Shape::ResourceGroup {
            let message = format!("\"providers\" and a namespace are missing before {word:?}");
            self.examiner.error("RID-020", key, &message);
            if let Some(namespace) = known::namespace_of(word) {
                self.examiner
                    .suggest(&format!("providers/{namespace}/{word}"));
            }
        } else {
            let mut message = format!("{word:?} is not a keyword, expected");
            for (at, keyword) in self.shape.keywords().iter().enumerate() {
                let separator = if at == 0 { "" } else { " or" };
                message = format!("{message}{separator} {:?}", keyword.as_str());
            }
            self.examiner.error("RID-019", key, &message);
        }
        self.examiner.refuse();
    }

    /// A path that starts somewhere below the tenant. `Some(true)` when the walk can go on from there.
    fn relative(&mut self, key: &Range<usize>) -> Option<bool> {
        let word = self.trimmed(key);
        if keyword::RESOURCE_GROUPS.matches(word.as_bytes()) {
            self.examiner.error(
                "RID-030",
                key.clone(),
                "the subscription is missing before the resource group",
            );
            self.examiner.refuse();
            let value = self.take()?;
            self.value(key, value, Shape::ResourceGroup)?;
            return Some(true);
        }
        if word.eq_ignore_ascii_case(keyword::MANAGEMENT_GROUPS) {
            let message =
                "\"providers/Microsoft.Management\" is missing before the management group";
            self.examiner.error("RID-030", key.clone(), message);
            self.examiner
                .mend("providers/Microsoft.Management/managementGroups");
            self.change_count += 1;
            let value = self.take()?;
            self.value(key, value, Shape::Resource)?;
            return Some(true);
        }
        const OTHERS: [&str; 3] = ["tenants", "sharedGalleries", "communityGalleries"];
        if OTHERS.iter().any(|other| other.eq_ignore_ascii_case(word)) {
            self.examiner.error(
                "RID-031",
                key.clone(),
                &format!("IDs below {word:?} are not resource IDs"),
            );
            self.examiner.refuse();
            return None;
        }
        Some(false)
    }

    /// `/subscriptions/…` again, where only a keyword can stand.
    fn pasted_twice(&mut self, key: Range<usize>) -> GoesOn {
        let first = self.examiner.core.start..key.start - 1;
        let (before, after) = (self.text_of(&first), &self.examiner.text[first.end..]);
        let is_repeated = starts_with_ignore_case(after, before)
            && matches!(after.as_bytes().get(before.len()), None | Some(b'/'));
        self.examiner
            .error("RID-022", first, "a second ID starts after this one");
        if !is_repeated || self.is_second {
            self.examiner.refuse();
            return None;
        }
        self.examiner.mend("");
        self.change_count += 1;
        self.is_second = true;
        self.shape = Shape::Tenant;
        self.subscription = None;
        self.next -= 1;
        Some(())
    }
}

/// Types are plurals, and none has both numbers.
fn is_singular(word: &str, plural: &str) -> bool {
    let is_stem = |ending: &str, singular: &str| {
        let stem = plural.strip_suffix(ending);
        let own = word.len().checked_sub(singular.len());
        let own = own.and_then(|length| word.split_at_checked(length));
        matches!((stem, own), (Some(stem), Some((own, end)))
            if own.eq_ignore_ascii_case(stem) && end.eq_ignore_ascii_case(singular))
    };
    is_stem("s", "") || is_stem("ies", "y") || is_stem("es", "")
}

impl SegmentRole {
    fn noun(self) -> &'static str {
        self.with_article()
            .split_once(' ')
            .map_or("", |(_, noun)| noun)
    }
}
