//! Declarations of maps held against the rows of their kinds.
//!
//! Promises: what passes here the kernel makes, memory and privileges given. Leaves out: what the arguments mean.

use super::Resolver;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::Map;
use pbpf_core::rows::{MapKey, MapKind, MapValue, MaxEntries};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

/// The most bytes behind the length of a prefix (`LPM_DATA_SIZE_MAX`).
const PREFIX_MAX: u32 = 256;
/// The least page of any machine; a ring buffer is whole pages.
const PAGE: u32 = 4096;

impl Resolver<'_, '_> {
    /// Completes a map by its kind's row; a breach is told, at the argument's place if it was given.
    pub(super) fn hold_map_to_rules(
        &mut self,
        kind: &MapKind,
        map: &mut Map,
        place: &dyn Fn(&str) -> Option<Span>,
    ) -> Option<()> {
        let found = self.breach(kind, map);
        let Some((argument, message, help)) = found else {
            map.flags |= kind.flags_always;
            return Some(());
        };
        let span = place(argument).or_else(|| place(&format!("map_{argument}"))).unwrap_or(map.span);
        self.cx.emit(Diagnostic::error("bad-map", message).at(span).help(help));
        None
    }

    /// What breaks the row: the argument, the message, the help.
    fn breach(&mut self, kind: &MapKind, map: &mut Map) -> Option<(&'static str, String, String)> {
        let name = map.name.clone();
        let title = kind.title().to_owned();
        let fail = |argument, message: String, help: &str| Some((argument, message, help.to_owned()));
        let int = self.module.types.int(32, false);
        let size = |this: &Self, ty: TypeId| this.module.types.size_of(ty);
        match &kind.key {
            MapKey::None if map.key.is_some() => {
                return fail("key", format!("a `{title}` has no keys"), "leave `key` out");
            }
            MapKey::None => {}
            MapKey::Any | MapKey::Prefix if map.key.is_none() => {
                return fail("key", format!("map `{name}` needs `key`"), "for example `key=c_uint32`");
            }
            MapKey::Any => {}
            MapKey::Prefix => {
                let key = map.key.unwrap_or(int);
                if !self.is_prefix(key) {
                    let found = self.module.types.display(key);
                    return fail(
                        "key",
                        format!("the key of `{name}` is a prefix, and {found} is none"),
                        "use a `@struct` whose first member is a `c_uint32`, the length in bits, and behind it 1 to 256 bytes of data",
                    );
                }
            }
            MapKey::Index | MapKey::Object(_) => {
                // PythonBPF's users write 64-bit keys here; the kernel has only 32-bit positions.
                let key = *map.key.get_or_insert(int);
                if !matches!(self.module.types.get(key), Type::Int { .. } | Type::Enum(_)) {
                    let found = self.module.types.display(key);
                    return fail(
                        "key",
                        format!("the key of `{name}` is a number, not {found}"),
                        "leave `key` out",
                    );
                }
                if size(self, key) != 4 {
                    map.key = Some(int);
                }
            }
        }
        match &kind.value {
            MapValue::None if map.value.is_some() => {
                return fail("value", format!("a `{title}` has no values of one type"), "leave `value` out");
            }
            MapValue::None => {}
            MapValue::Any | MapValue::Multiple(..) if map.value.is_none() => {
                return fail("value", format!("map `{name}` needs `value`"), "for example `value=c_uint64`");
            }
            MapValue::Any => {}
            MapValue::Multiple(unit, most) => {
                let bytes = map.value.map_or(0, |ty| size(self, ty));
                if bytes == 0 || !bytes.is_multiple_of(*unit) || bytes > *most {
                    return fail(
                        "value",
                        format!("the value of `{name}` has {bytes} bytes"),
                        &format!(
                            "it is an array of words of {unit} bytes, {} at most: `c_uint64 * N`",
                            most / unit
                        ),
                    );
                }
            }
            MapValue::Sizes(sizes) => {
                let value = match map.value {
                    Some(value) => value,
                    None => self.module.types.int(sizes.first().copied().unwrap_or(4) as u8 * 8, false),
                };
                map.value = Some(value);
                let bytes = size(self, value);
                if !sizes.contains(&bytes) {
                    let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
                    return fail(
                        "value",
                        format!("the value of `{name}` has {bytes} bytes"),
                        &format!("a `{title}` holds values of {} bytes", sizes.join(" or ")),
                    );
                }
            }
            MapValue::Descriptor | MapValue::Maps | MapValue::Programs => {
                if map.value.is_some_and(|ty| size(self, ty) != 4) {
                    return fail(
                        "value",
                        format!("the values of `{name}` have no type of their own"),
                        "leave `value` out",
                    );
                }
                map.value = Some(int);
                map.sizes_only = true;
            }
        }
        if kind.value == MapValue::Maps && map.inner.is_none() {
            return fail(
                "inner",
                format!("map `{name}` needs `inner`: how the maps in it are made"),
                "name a map that is declared above, or write `inner=HashMap(key=..., value=..., max_entries=...)`",
            );
        }
        for (argument, ty, most) in [("key", map.key, kind.key_max), ("value", map.value, kind.value_max)] {
            let Some(ty) = ty else { continue };
            let bytes = size(self, ty);
            if bytes == 0 {
                return fail(
                    argument,
                    format!("the {argument} of map `{name}` has no size"),
                    "use a type of `ctypes` or a `@struct`",
                );
            }
            if let Some(most) = most.filter(|most| bytes > *most) {
                return fail(
                    argument,
                    format!("the {argument} of map `{name}` has {bytes} bytes"),
                    &format!("a `{title}` takes {argument}s of at most {most} bytes"),
                );
            }
        }
        Self::room(kind, map)
    }

    /// What breaks the rules of `max_entries`, `flags` and `map_extra`.
    fn room(kind: &MapKind, map: &Map) -> Option<(&'static str, String, String)> {
        let (name, title, entries) = (&map.name, kind.title(), map.max_entries);
        match kind.max_entries {
            MaxEntries::Bytes if entries < PAGE || !entries.is_power_of_two() => {
                return Some((
                    "max_entries",
                    format!("`{name}` has {entries} bytes"),
                    format!(
                        "`max_entries` of a `{title}` is its size: a power of two of at least {PAGE} bytes"
                    ),
                ));
            }
            MaxEntries::Entries | MaxEntries::Pages if entries == 0 => {
                return Some((
                    "max_entries",
                    format!("map `{name}` has no room: `max_entries` is 0"),
                    "give `max_entries`".to_owned(),
                ));
            }
            MaxEntries::None if entries != 0 => {
                return Some((
                    "max_entries",
                    format!("a `{title}` has no `max_entries`: it holds a value for each object"),
                    "leave it out".to_owned(),
                ));
            }
            _ => {}
        }
        let unknown = map.flags & !kind.flags_allowed();
        if unknown != 0 {
            let known: Vec<String> =
                kind.flags.iter().map(|(flag, bits)| format!("`{flag}` ({bits:#x})")).collect();
            let help = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            let argument = if map.numa_node.is_some() && unknown == 4 { "numa_node" } else { "flags" };
            return Some((argument, format!("`{title}` has no flag {unknown:#x}"), help));
        }
        let (least, most) = kind.map_extra.unwrap_or((0, 0));
        if map.map_extra != 0 && !(least..=most).contains(&map.map_extra) {
            let help = match kind.map_extra {
                Some(_) => format!("it is from {least} to {most}"),
                None => format!("a `{title}` has none"),
            };
            return Some(("map_extra", format!("`map_extra` of `{name}` is {}", map.map_extra), help));
        }
        None
    }

    /// Whether a key is a prefix: a length of 32 bits and then data.
    fn is_prefix(&self, key: TypeId) -> bool {
        let Type::Record(record) = self.module.types.get(key) else { return false };
        let record = &self.module.types.records[*record];
        let length = record.fields.first().is_some_and(|f| {
            f.bit_offset == 0 && matches!(self.module.types.get(f.ty), Type::Int { bits: 32, .. })
        });
        length && (5..=4 + PREFIX_MAX).contains(&record.size)
    }
}
