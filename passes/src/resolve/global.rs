//! Declarations of global variables.
//!
//! Promises: a wrong declaration is told once. Leaves out: where they live.

use super::Resolver;
use super::scope::Entry;
use pbpf_core::ast::{ExprKind, FunctionDef};
use pbpf_core::hir::{Global, Init, Section};
use pbpf_core::types::Type;

impl Resolver<'_, '_> {
    pub(super) fn declare_global(&mut self, def: &FunctionDef) {
        let Some(value) = self.returned(def) else { return };
        if let ExprKind::Str(text) = &value.kind {
            if def.name.text == "LICENSE" {
                // The program's own decides, and is declared first.
                self.module.license.get_or_insert_with(|| text.clone());
            } else {
                let mut bytes = text.clone().into_bytes();
                bytes.push(0);
                let ty = self.module.types.intern(Type::Str { len: bytes.len() as u32 });
                self.push_global(def, ty, Init::Bytes(bytes));
            }
            return;
        }
        if def.name.text == "LICENSE" {
            self.error("bad-declaration", "`LICENSE` returns text, for example \"GPL\"", value.span);
            return;
        }
        let Some(ty) = (match &def.returns {
            Some(annotation) => self.type_of(annotation),
            None => Some(self.module.types.int(64, true)),
        }) else {
            return;
        };
        // `return S()` or `return (c_int * 4)()`: zero.
        if let ExprKind::Call { func, args, keywords } = &value.kind
            && args.is_empty()
            && keywords.is_empty()
            && let Some(made) = self.quiet_type(func)
        {
            self.push_global(def, made, Init::Zero);
            return;
        }
        if !self.module.types.is_scalar(ty) {
            self.error(
                "bad-declaration",
                "a global struct or array starts as zero: return its type called",
                value.span,
            );
            return;
        }
        let Some(number) = self.constant(value, "the initial value of a global variable") else { return };
        let init = if number == 0 { Init::Zero } else { Init::Int(number) };
        self.push_global(def, ty, init);
    }

    pub(super) fn push_global(&mut self, def: &FunctionDef, ty: pbpf_core::types::TypeId, init: Init) {
        let section = if init == Init::Zero { Section::Bss } else { Section::Data };
        let span = def.name.span;
        let id = self.module.globals.push(Global {
            name: self.symbol(&def.name.text),
            ty,
            section,
            subsection: None,
            init,
            span,
        });
        self.scope.insert(&def.name.text, Entry::Global(id), span);
    }
}
