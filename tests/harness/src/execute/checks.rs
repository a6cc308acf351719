//! Holds numbers, map entries, global variables and refusals against what a case expects.
//!
//! Promises: a failure shows what was seen; the values of a per-CPU map are summed.
//! Leaves out: how the things are read, which the loader does.

use crate::{
    plan::{Comparison, MapCheck, Parts},
    values::{self, Scalar, Variables},
};
use pbpf_loader::{LoadError, Loaded, Map, Value};

/// An unsigned number of `width` bytes.
pub(super) fn number(
    what: &str,
    seen: u64,
    width: usize,
    expect: &Comparison,
    variables: &Variables,
) -> Result<(), String> {
    let wanted = expect
        .value
        .bytes(width, variables)
        .ok_or_else(|| format!("{what} has {width} bytes, fewer than the expected value"))?;
    let wanted = values::little_endian(&wanted);
    if expect.operator.holds(seen, wanted) {
        return Ok(());
    }
    Err(format!("{what} is {seen}, expected {} {wanted}", expect.operator))
}

pub(super) fn find<'a>(loaded: &'a Loaded, name: &str) -> Result<&'a Map, String> {
    loaded.map(name).ok_or_else(|| {
        let names: Vec<&str> = loaded.maps().iter().map(Map::name).collect();
        format!("the object has no map `{name}`; it has {}", names.join(", "))
    })
}

/// The number of entries of a map.
pub(super) fn map_length(
    loaded: &Loaded,
    name: &str,
    expect: &Comparison,
    variables: &Variables,
) -> Result<(), String> {
    let keys = find(loaded, name)?.keys().map_err(|e| e.to_string())?;
    number(&format!("the number of entries of `{name}`"), keys.len() as u64, 8, expect, variables)
}

/// One entry of a map.
pub(super) fn map(loaded: &Loaded, check: &MapCheck, variables: &Variables) -> Result<(), String> {
    let map = find(loaded, &check.map)?;
    let key = joined(&format!("key of `{}`", check.map), &check.key, map.key_size(), variables)?;
    let what = format!("`{}`[{}]", check.map, shown(&key));
    let entries = if map.is_percpu() {
        map.lookup_percpu(&key)
    } else {
        map.lookup(&key).map(|value| value.map(|value| vec![value]))
    };
    let entries = entries.map_err(|e| e.to_string())?;
    let (Some(values), Some(expect)) = (&entries, &check.expect) else {
        return match (&entries, &check.expect) {
            (None, Some(_)) => Err(format!("{what} is missing")),
            (Some(values), None) => {
                Err(format!("{what} is {}, expected to be missing", shown(&values.concat())))
            }
            _ => Ok(()),
        };
    };
    if let Some(field) = &check.field {
        let fields = values.iter().map(|bytes| {
            let value = map.value_layout().decode(bytes).map_err(|m| format!("{what}: {}", m.reason))?;
            follow(&value, field).cloned().ok_or_else(|| format!("{what} has no member `{field}`: {value}"))
        });
        let fields: Vec<Value> = fields.collect::<Result<_, String>>()?;
        return typed(&format!("{what}.{field}"), &fields, expect, variables);
    }
    let cut = |bytes: &Vec<u8>| match check.bytes {
        None => Ok(bytes.clone()),
        Some((from, to)) => {
            bytes.get(from..to).map(<[u8]>::to_vec).ok_or(format!("{what} has {} bytes", bytes.len()))
        }
    };
    let cuts = values.iter().map(cut).collect::<Result<Vec<_>, String>>()?;
    let width = cuts.first().map_or(0, Vec::len);
    match &expect.value {
        Scalar::Text(_) | Scalar::Bytes(_) => {
            let wanted = expect.value.bytes(width, variables);
            let equal = cuts.iter().any(|bytes| Some(bytes) == wanted.as_ref());
            if equal == (expect.operator == values::Operator::Equal) {
                return Ok(());
            }
            Err(format!(
                "{what} is {}, expected {} {:?}",
                shown(&cuts.concat()),
                expect.operator,
                expect.value
            ))
        }
        _ if width > 8 => Err(format!("{what} has {width} bytes: name a member or a range of bytes")),
        _ => {
            let sum = cuts.iter().map(|bytes| values::little_endian(bytes)).fold(0, u64::wrapping_add);
            number(&what, sum, width.max(1), expect, variables)
        }
    }
}

/// The value at the end of a path such as `a.b.3`: names of members and positions in arrays.
fn follow<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, part| match (value, part.parse::<usize>()) {
        (Value::Array(items), Ok(at)) => items.get(at),
        _ => value.member(part),
    })
}

/// A global variable: a member of the value of one of the data sections.
pub(super) fn global(
    loaded: &Loaded,
    name: &str,
    expect: &Comparison,
    variables: &Variables,
) -> Result<(), String> {
    let (variable, path) = name.split_once('.').map_or((name, None), |(v, path)| (v, Some(path)));
    for map in loaded.maps() {
        let section = map.variables().map_err(|e| e.to_string())?.unwrap_or_default();
        if let Some((_, value)) = section.into_iter().find(|(known, _)| known == variable) {
            let part = path.map_or(Some(&value), |path| follow(&value, path));
            let part = part.ok_or_else(|| format!("`{variable}` has no `{name}`: {value}"))?.clone();
            return typed(&format!("`{name}`"), &[part], expect, variables);
        }
    }
    Err(format!("the object has no global variable `{name}`"))
}

/// Values of a known type, summed if they are several.
fn typed(what: &str, seen: &[Value], expect: &Comparison, variables: &Variables) -> Result<(), String> {
    let holds = match &expect.value {
        Scalar::Text(text) => {
            let equal = seen.iter().any(|value| value.as_str() == Some(text));
            equal == (expect.operator == values::Operator::Equal)
        }
        Scalar::Bytes(_) => return Err(format!("{what} has a type: compare it with a number or a text")),
        Scalar::Number(_) | Scalar::Pid | Scalar::ParentPid => {
            let numbers: Option<Vec<i128>> = seen.iter().map(Value::as_int).collect();
            let numbers = numbers.ok_or_else(|| format!("{what} is no number: {}", list(seen)))?;
            let wanted = match expect.value {
                Scalar::Pid => variables.pid.into(),
                Scalar::ParentPid => variables.parent.into(),
                Scalar::Number(n) => n.into(),
                _ => 0,
            };
            expect.operator.holds(numbers.iter().sum::<i128>(), wanted)
        }
    };
    if holds {
        return Ok(());
    }
    Err(format!("{what} is {}, expected {} {:?}", list(seen), expect.operator, expect.value))
}

fn list(values: &[Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

/// Stores an entry: in a per-CPU map, for every processor.
pub(super) fn put(
    loaded: &Loaded,
    name: &str,
    key: &Parts,
    value: &Parts,
    variables: &Variables,
) -> Result<(), String> {
    let map = find(loaded, name)?;
    let key = joined(&format!("key of `{name}`"), key, map.key_size(), variables)?;
    let value = joined(&format!("value of `{name}`"), value, map.value_size(), variables)?;
    map.update(&key, &value).map_err(|e| e.to_string())
}

/// The bytes of parts, of which one without a width has `size`.
pub(super) fn laid_out(
    what: &str,
    parts: &Parts,
    size: usize,
    variables: &Variables,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for (part, width) in parts {
        let part = part.bytes(width.unwrap_or(size), variables);
        bytes.extend(part.ok_or_else(|| format!("a part of the {what} does not fit its bytes"))?);
    }
    Ok(bytes)
}

/// The same, which must be as wide as the place.
fn joined(what: &str, parts: &Parts, size: usize, variables: &Variables) -> Result<Vec<u8>, String> {
    let bytes = laid_out(what, parts, size, variables)?;
    if bytes.len() == size {
        return Ok(bytes);
    }
    Err(format!("the {what} has {} bytes here, and {size} there", bytes.len()))
}

fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= 8 { values::little_endian(bytes).to_string() } else { format!("{bytes:02x?}") }
}

/// What differs between a refusal and what the case expects of it: words in the log, and the line that it names.
pub(super) fn refusal(error: &LoadError, texts: &[String], lines: &[u32]) -> Vec<String> {
    let LoadError::Refused(refused) = error else {
        return vec![format!("not refused by the verifier: {error}")];
    };
    let mut failures = Vec::new();
    if !texts.iter().any(|text| refused.log.contains(text)) {
        let all: Vec<&str> = refused.log.lines().collect();
        let tail = all[all.len().saturating_sub(20)..].join("\n");
        failures.push(format!("the log contains none of {texts:?}; it ends with\n{tail}"));
    }
    let place = refused.refusal().place;
    let line = place.as_ref().map(|place| place.line);
    if !lines.is_empty() && !line.is_some_and(|line| lines.contains(&line)) {
        let shown = place.map_or("no place".to_owned(), |place| place.to_string());
        failures.push(format!("the refusal is reported at {shown}, expected line {lines:?}"));
    }
    failures
}
