//! Where the fields of a declared struct or union are.
//!
//! Promises: the layout that Python's `ctypes` gives the same declaration on x86-64, so that user space can read with it
//! what a program writes (`PyCField_FromDesc` in CPython's `Modules/_ctypes/cfield.c`, up to 3.13). Without bitfields
//! that is C's layout. With them the two may differ, because ctypes opens a unit of the declared type for a bitfield
//! where C goes on in the bytes before; [`Types::lay_out_in_c`] tells.
//! Leaves out: bitfields of a union, which ctypes up to 3.13 puts in front of it; here they are at its start, as in C.

use crate::source::Span;
use crate::types::{Field, Origin, Record, RecordId, RecordKind, TypeId, Types};

/// No struct, union or array is larger, in bytes: offsets in bits fit 32 bits with room to spare.
pub const MAX_SIZE: u32 = 1 << 26;

/// A field as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// The name; empty for an anonymous struct or union.
    pub name: String,
    /// The type.
    pub ty: TypeId,
    /// The width in bits, of a bitfield.
    pub bits: Option<u32>,
}

/// What is said of a struct or union beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Struct or union.
    pub kind: RecordKind,
    /// `_pack_`: no field is aligned to more than that many bytes.
    pub pack: Option<u32>,
    /// `_align_`: the whole is aligned to at least that many bytes.
    pub align: Option<u32>,
}

impl Shape {
    /// A struct or union about which nothing else is said.
    pub fn plain(kind: RecordKind) -> Self {
        Self { kind, pack: None, align: None }
    }

    /// The same, without padding.
    pub fn packed(kind: RecordKind) -> Self {
        Self { kind, pack: Some(1), align: None }
    }
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Size in bytes.
    pub size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// Of each field, the offset in bits.
    pub offsets: Vec<u32>,
}

/// Why there is no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// The field of that position is a bitfield of a narrower type than the unit that is open before it. ctypes up to 3.13
    /// reads other bits than those of the unit there.
    NarrowerUnit(usize),
    /// The whole is larger than [`MAX_SIZE`].
    TooLarge,
}

impl Types {
    /// The layout that ctypes gives.
    ///
    /// # Errors
    /// Where ctypes gives none that can be used.
    pub fn lay_out(&self, shape: Shape, fields: &[DeclaredField]) -> Result<Layout, LayoutError> {
        // Bytes, and the bits of the unit that is open and those of them in use.
        let (mut end, mut align, mut unit, mut used) = (0u32, 1u32, 0u32, 0u32);
        let mut offsets = Vec::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let size = self.size_of(field.ty);
            if size > MAX_SIZE || end > MAX_SIZE {
                return Err(LayoutError::TooLarge);
            }
            let own = shape.pack.map_or(self.align_of(field.ty), |pack| pack.min(self.align_of(field.ty)));
            if shape.kind == RecordKind::Union {
                end = end.max(size);
                align = align.max(own);
                offsets.push(0);
                continue;
            }
            match field.bits {
                Some(bits) if unit > 0 && size * 8 <= unit && used + bits <= unit => {
                    if size * 8 < unit {
                        return Err(LayoutError::NarrowerUnit(at));
                    }
                    offsets.push((end - size) * 8 + used);
                    used += bits;
                }
                // The unit grows; its alignment does not.
                Some(bits) if unit > 0 && size * 8 >= unit && used + bits <= size * 8 => {
                    end += size - unit / 8;
                    offsets.push((end - size) * 8 + used);
                    unit = size * 8;
                    used += bits;
                }
                bits => {
                    end = end.next_multiple_of(own);
                    offsets.push(end * 8);
                    end += size;
                    align = align.max(own);
                    (unit, used) = bits.map_or((0, 0), |bits| (size * 8, bits));
                }
            }
        }
        let align = align.max(shape.align.unwrap_or(1));
        let size = end.next_multiple_of(align);
        if size > MAX_SIZE {
            return Err(LayoutError::TooLarge);
        }
        Ok(Layout { size, align, offsets })
    }

    /// The layout that C gives (System V ABI; `__attribute__((packed))` where `pack` is 1), and ctypes from Python 3.14 on.
    pub fn lay_out_in_c(&self, shape: Shape, fields: &[DeclaredField]) -> Layout {
        let (mut bit, mut size, mut align) = (0u64, 0u64, 1u32);
        let mut offsets = Vec::with_capacity(fields.len());
        for field in fields {
            let bytes = u64::from(self.size_of(field.ty));
            let own = shape.pack.map_or(self.align_of(field.ty), |pack| pack.min(self.align_of(field.ty)));
            align = align.max(own);
            if shape.kind == RecordKind::Union {
                bit = 0;
            }
            let width = match field.bits {
                Some(width) => {
                    // A bitfield does not straddle units of its type, but in packed structs.
                    if shape.pack != Some(1) && bit % (bytes * 8) + u64::from(width) > bytes * 8 {
                        bit = bit.next_multiple_of(bytes * 8);
                    }
                    u64::from(width)
                }
                None => {
                    bit = bit.next_multiple_of(u64::from(own) * 8);
                    bytes * 8
                }
            };
            offsets.push(u32::try_from(bit).unwrap_or(u32::MAX));
            bit += width;
            let used = if shape.kind == RecordKind::Union { bytes } else { bit.div_ceil(8) };
            size = size.max(used);
        }
        let align = align.max(shape.align.unwrap_or(1));
        let size = u32::try_from(size.next_multiple_of(u64::from(align))).unwrap_or(u32::MAX);
        Layout { size, align, offsets }
    }

    /// The fields of a declaration, laid out.
    pub fn placed(fields: &[DeclaredField], layout: &Layout) -> Vec<Field> {
        let placed = fields.iter().zip(&layout.offsets).enumerate();
        placed
            .map(|(index, (field, offset))| Field {
                name: field.name.clone(),
                ty: field.ty,
                bit_offset: *offset,
                bit_size: field.bits,
                index: index as u32,
            })
            .collect()
    }

    /// Adds a record of plain fields, names and types in order.
    pub fn add_user_record(
        &mut self,
        name: &str,
        kind: RecordKind,
        packed: bool,
        fields: &[(String, TypeId)],
        span: Option<Span>,
    ) -> RecordId {
        let declared: Vec<DeclaredField> = fields
            .iter()
            .map(|(name, ty)| DeclaredField { name: name.clone(), ty: *ty, bits: None })
            .collect();
        let shape = if packed { Shape::packed(kind) } else { Shape::plain(kind) };
        let layout = self.lay_out(shape, &declared).unwrap_or(Layout {
            size: 0,
            align: 1,
            offsets: vec![0; fields.len()],
        });
        self.records.push(Record {
            name: name.to_owned(),
            kind,
            origin: Origin::User,
            size: layout.size,
            align: layout.align,
            fields: Self::placed(&declared, &layout),
            span,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    const STRUCT: Shape = Shape { kind: RecordKind::Struct, pack: None, align: None };

    /// Fields as (bits of the type, width).
    fn lay_out(shape: Shape, fields: &[(u8, Option<u32>)]) -> Result<(u32, u32, Vec<u32>), LayoutError> {
        let types = Types::new();
        let fields = declared(&types, fields);
        types.lay_out(shape, &fields).map(|l| (l.size, l.align, l.offsets))
    }

    fn declared(types: &Types, fields: &[(u8, Option<u32>)]) -> Vec<DeclaredField> {
        let field = |(bits, width): &(u8, Option<u32>)| DeclaredField {
            name: String::new(),
            ty: types.int(*bits, false),
            bits: *width,
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn without_bitfields_as_in_c() {
        let fields = [(8, None), (64, None), (16, None)];
        assert_eq!(lay_out(STRUCT, &fields).unwrap(), (24, 8, vec![0, 64, 128]));
        assert_eq!(lay_out(Shape::packed(RecordKind::Struct), &fields).unwrap(), (11, 1, vec![0, 8, 72]));
        assert_eq!(lay_out(Shape { pack: Some(4), ..STRUCT }, &fields).unwrap(), (16, 4, vec![0, 32, 96]));
        assert_eq!(
            lay_out(Shape { align: Some(32), ..STRUCT }, &fields).unwrap(),
            (32, 32, vec![0, 64, 128])
        );
        assert_eq!(lay_out(Shape::plain(RecordKind::Union), &fields).unwrap(), (8, 8, vec![0, 0, 0]));
    }

    #[test]
    fn bitfields_as_in_ctypes() {
        // What CPython 3.11 printed for the same declarations.
        let bits = |n| Some(n);
        let shape = |fields: &[_]| lay_out(STRUCT, fields).unwrap();
        assert_eq!(shape(&[(8, None), (32, bits(3))]), (8, 4, vec![0, 32]));
        assert_eq!(shape(&[(32, bits(3)), (8, None)]), (8, 4, vec![0, 32]));
        assert_eq!(shape(&[(8, bits(3)), (32, bits(3))]), (4, 1, vec![0, 3]));
        assert_eq!(shape(&[(32, bits(20)), (32, bits(20))]), (8, 4, vec![0, 32]));
        assert_eq!(shape(&[(64, bits(20)), (64, bits(40)), (64, bits(5))]), (16, 8, vec![0, 20, 64]));
        let packed = lay_out(Shape::packed(RecordKind::Struct), &[(8, None), (32, bits(3)), (8, None)]);
        assert_eq!(packed.unwrap(), (6, 1, vec![0, 8, 40]));
        assert_eq!(lay_out(STRUCT, &[(32, bits(3)), (8, bits(3))]), Err(LayoutError::NarrowerUnit(1)));
    }

    #[test]
    fn bitfields_as_in_c() {
        let types = Types::new();
        let in_c = |shape: Shape, fields: &[_]| {
            let l = types.lay_out_in_c(shape, &declared(&types, fields));
            (l.size, l.align, l.offsets)
        };
        // What clang 19 laid out for the same declarations.
        assert_eq!(in_c(STRUCT, &[(8, None), (32, Some(3))]), (4, 4, vec![0, 8]));
        assert_eq!(in_c(STRUCT, &[(32, Some(3)), (8, None)]), (4, 4, vec![0, 8]));
        assert_eq!(in_c(STRUCT, &[(32, Some(20)), (32, Some(20))]), (8, 4, vec![0, 32]));
        let packed = Shape::packed(RecordKind::Struct);
        assert_eq!(in_c(packed, &[(32, Some(20)), (32, Some(20))]), (5, 1, vec![0, 20]));
    }

    #[test]
    fn what_is_too_large_is_an_error() {
        let mut types = Types::new();
        let element = types.int(64, false);
        let half = types.intern(crate::types::Type::Array { element, len: MAX_SIZE / 8 });
        let field = DeclaredField { name: "a".to_owned(), ty: half, bits: None };
        assert!(types.lay_out(STRUCT, std::slice::from_ref(&field)).is_ok());
        assert_eq!(types.lay_out(STRUCT, &[field.clone(), field]), Err(LayoutError::TooLarge));
    }
}
