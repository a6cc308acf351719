//! Text, structs and arrays as values: comparison, and tests of text.
//!
//! Promises: what is compared has one type, or is text on both sides; a pointer to it is read. Leaves out: numbers.

use super::{Frame, Infer_};
use pbpf_core::ast::CompareOp;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::types::{Origin, Type, TypeId};

/// What a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Of numbers or pointers.
    Scalars,
    /// Of text or objects, and right.
    Objects,
    /// Wrong, which has been told.
    Wrong,
}

impl Infer_<'_, '_> {
    /// What a pointer to an object leads to, or the object itself.
    fn object_type(&self, ty: TypeId) -> TypeId {
        match self.module.types.get(ty) {
            Type::Ptr { to, .. } => *to,
            _ => ty,
        }
    }

    pub(super) fn is_text(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(self.object_type(ty)), Type::Str { .. })
    }

    /// Whether values of the type, or what pointers of the type lead to, are compared part by part. Pointers to kernel structs
    /// are compared themselves.
    fn is_object(&self, ty: TypeId) -> bool {
        match self.module.types.get(self.object_type(ty)) {
            Type::Array { .. } => true,
            Type::Record(record) => self.module.types.records[*record].origin == Origin::User,
            _ => false,
        }
    }

    /// Types a comparison whose operands are typed, if it is one of text or objects.
    pub(super) fn compare_objects(
        &mut self,
        frame: &mut Frame,
        first: &mut Expr,
        rest: &mut [(CompareOp, Expr)],
    ) -> Compared {
        let none = |e: &Expr| matches!(e.kind, ExprKind::None);
        if none(first) || rest.iter().any(|(_, e)| none(e)) {
            return Compared::Scalars;
        }
        if let [(_, second)] = rest {
            self.character(first, second);
            self.character(second, first);
        }
        if let [(_, second)] = rest {
            self.text_beside(first, second);
            self.text_beside(second, first);
        }
        let all = || std::iter::once(&*first).chain(rest.iter().map(|(_, e)| e));
        let text = all().any(|e| self.is_text(e.ty));
        let values = all().any(|e| self.is_object(e.ty) && !self.module.types.is_scalar(e.ty));
        let object = values || all().all(|e| self.is_object(e.ty));
        if !text && !object {
            return Compared::Scalars;
        }
        let what = if text { "text" } else { "a struct or array" };
        let [(op, second)] = rest else {
            let span = first.span;
            self.error(frame, |_| {
                Diagnostic::error(
                    "unsupported-comparison",
                    format!("{what} is compared with one other at a time"),
                )
                .at(span)
                .help("join two comparisons with `and`")
            });
            return Compared::Wrong;
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            let (span, op) = (second.span, op.as_str());
            self.error(frame, |_| {
                Diagnostic::error("unsupported-comparison", format!("{what} cannot be compared with `{op}`"))
                    .at(span)
                    .help("`==` and `!=` are possible")
            });
            return Compared::Wrong;
        }
        let (a, b) = (self.object_type(first.ty), self.object_type(second.ty));
        let fits = if text { self.is_text(first.ty) && self.is_text(second.ty) } else { a == b };
        if !fits {
            let span = second.span;
            let void = self.module.types.void();
            let told = |object, own| if object == void { own } else { object };
            let (a, b) = (told(a, first.ty), told(b, second.ty));
            self.error(frame, |this| {
                let (x, y) = (this.module.types.display(a), this.module.types.display(b));
                Diagnostic::error("type-mismatch", format!("{x} cannot be compared with {y}")).at(span)
            });
            return Compared::Wrong;
        }
        for (e, ty) in [(first, a), (second, b)] {
            if e.ty != ty {
                Self::deref(e, ty);
            }
        }
        Compared::Objects
    }

    /// `s[0] == "/"`: a byte of text is compared with the byte of a character.
    fn character(&self, byte: &Expr, text: &mut Expr) {
        let ExprKind::Index(base, _) = &byte.kind else { return };
        if let ExprKind::Text(character) = &text.kind
            && let [only] = character.as_bytes()
            && self.is_text(base.ty)
        {
            text.kind = ExprKind::Int(i64::from(*only));
            text.ty = self.module.types.int(64, true);
        }
    }

    /// A pointer to characters becomes their text, where text is needed; says whether it did.
    pub(super) fn read_text(&mut self, value: &mut Expr, to: TypeId) -> bool {
        let text = matches!(self.module.types.get(to), Type::Str { .. });
        if !text || !self.module.types.points_to_characters(value.ty) {
            return false;
        }
        let pointer = std::mem::replace(value, Expr { kind: ExprKind::None, ty: to, span: value.span });
        value.kind = ExprKind::TextAt(Box::new(pointer));
        true
    }

    /// A pointer to characters that is compared with text: as many are read as decide, and one more.
    fn text_beside(&mut self, pointer: &mut Expr, text: &Expr) {
        let Type::Str { len } = *self.module.types.get(self.object_type(text.ty)) else { return };
        let buffer = self.module.types.intern(Type::Str { len: (len + 1).next_multiple_of(8) });
        self.read_text(pointer, buffer);
    }

    /// Types the text of a test of text; a pointer to text is read. Of text behind a pointer to characters `enough` bytes are read,
    /// where that many decide.
    pub(super) fn text(&mut self, frame: &mut Frame, expr: &mut Expr, enough: Option<u32>) -> Option<TypeId> {
        let ty = self.expr(frame, expr)?;
        if let Some(enough) = enough {
            let buffer = self.module.types.intern(Type::Str { len: enough.next_multiple_of(8) });
            if self.read_text(expr, buffer) {
                return Some(buffer);
            }
        }
        if self.is_text(ty) {
            let text = self.object_type(ty);
            if text != ty {
                Self::deref(expr, text);
            }
            return Some(text);
        }
        let (span, characters) = (expr.span, self.module.types.points_to_characters(ty));
        self.error(frame, |this| {
            let help = characters.then(|| "copy it: `name: str(64) = pointer`".to_owned());
            Diagnostic::error("type-mismatch", format!("{} is no text", this.module.types.display(ty)))
                .at(span)
                .maybe_help(help)
        });
        None
    }
}
