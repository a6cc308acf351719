//! Members by name, through anonymous structs and unions.
//!
//! Promises C's view: a member of an anonymous struct or union member is a member of the outer record. Leaves out
//! dotted paths, which are several calls: the type of one member is the record of the next.

use super::{Btf, Member, Type, TypeId};
use std::ops::ControlFlow;

/// How deep anonymous records may nest; kernels stay under 10.
const MAX_DEPTH: usize = 32;
/// How many members one question may look at. The largest record of a kernel has about 1,000; records that hold
/// each other can stand for exponentially many.
const MAX_VISITS: u32 = 1 << 17;

/// One step down: the member with that index of that record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberStep {
    /// The struct or union, without typedefs.
    pub record: TypeId,
    /// The member's index in it.
    pub index: u32,
}

/// The way to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPath {
    /// From the record asked to the member: one step, and one more for each anonymous record between. Their indices
    /// are a CO-RE access string's after the leading 0.
    pub steps: Vec<MemberStep>,
    /// Bits from the start of the record asked.
    pub bit_offset: u64,
    /// Bits, where it is a bitfield.
    pub bitfield: Option<u32>,
    /// The member's type.
    pub ty: TypeId,
}

impl Btf {
    /// The member of that name in a struct or union (through typedefs and qualifiers).
    pub fn member(&self, record: TypeId, name: &str) -> Option<MemberPath> {
        if name.is_empty() {
            return None;
        }
        let found = self.visit_members(record, |steps, member| {
            if member.name != name {
                return ControlFlow::Continue(());
            }
            let Member { ty, bit_offset, bitfield, .. } = member;
            ControlFlow::Break(MemberPath { steps: steps.to_vec(), bit_offset, bitfield, ty })
        });
        found.break_value()
    }

    /// All members with a name that [`Btf::member`] finds, in declaration order, with offsets from the start of `record`.
    pub fn members(&self, record: TypeId) -> Vec<Member<'_>> {
        let mut all = Vec::new();
        let _: ControlFlow<()> = self.visit_members(record, |_, member| {
            all.push(member);
            ControlFlow::Continue(())
        });
        all
    }

    fn visit_members<'a, T>(
        &'a self,
        record: TypeId,
        mut visit: impl FnMut(&[MemberStep], Member<'a>) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        let mut walk = Walk { btf: self, steps: Vec::new(), visits: 0, visit: &mut visit };
        walk.record(self.resolve(record), 0)
    }
}

struct Walk<'a, 'v, T> {
    btf: &'a Btf,
    steps: Vec<MemberStep>,
    visits: u32,
    visit: &'v mut dyn FnMut(&[MemberStep], Member<'a>) -> ControlFlow<T>,
}

impl<T> Walk<'_, '_, T> {
    fn record(&mut self, id: TypeId, base: u64) -> ControlFlow<T> {
        let (Type::Struct(record) | Type::Union(record)) = self.btf.get(id) else {
            return ControlFlow::Continue(());
        };
        if self.steps.len() >= MAX_DEPTH {
            return ControlFlow::Continue(());
        }
        for (index, mut member) in record.members().enumerate() {
            if self.visits >= MAX_VISITS {
                break;
            }
            self.visits += 1;
            member.bit_offset += base;
            self.steps.push(MemberStep { record: id, index: index as u32 });
            if member.name.is_empty() {
                self.record(self.btf.resolve(member.ty), member.bit_offset)?;
            } else {
                (self.visit)(&self.steps, member)?;
            }
            self.steps.pop();
        }
        ControlFlow::Continue(())
    }
}
