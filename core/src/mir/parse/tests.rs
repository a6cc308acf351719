//! What the parser accepts, and what it says of what it does not.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::parse;
use crate::entity::Entity;
use crate::mir::{Op, Type, print, print_annotated};
use crate::source::{FileId, SourceMap};
use std::fmt::Write as _;

const EVERYTHING: &str = include_str!("../../../tests/mir/every-instruction.mir");

fn file() -> FileId {
    FileId::new(0)
}

/// The messages of the errors, each with the text that it points at.
fn errors(text: &str) -> Vec<(String, String)> {
    let found = parse(text, file()).unwrap_err();
    assert!(!found.is_empty());
    found
        .into_iter()
        .map(|d| {
            assert_eq!(d.code, "mir-syntax");
            let span = d.primary.unwrap().span;
            (text[span.lo as usize..span.hi as usize].to_owned(), d.message)
        })
        .collect()
}

#[test]
fn every_instruction_comes_back_as_it_was() {
    let module = parse(EVERYTHING, file()).unwrap();
    assert_eq!(print(&module), EVERYTHING);
    let mut compact = module.clone();
    compact.compact();
    assert_eq!(compact, module);
}

#[test]
fn comments_for_people_are_not_read() {
    let module = parse(EVERYTHING, file()).unwrap();
    let mut sources = SourceMap::new();
    sources.add("hel\nlo.py", "x = 1\n".repeat(100));
    let annotated = print_annotated(&module, &sources);
    assert!(annotated.contains("@120..127  ; hel\\nlo.py:21:1\n"), "{annotated}");
    assert_eq!(parse(&annotated, file()).unwrap(), module);
}

#[test]
fn ids_are_names() {
    let text = r"mir 1
function fn7 f() -> i64 static {
  slot9 x size 8 align 8
block5:
  jump block2
block2:
  v300: i64 = iconst 1 ; a comment
  v20 = add v300, v300 @3..4
  v3 = slot_addr slot9
  return v20
}
";
    let module = parse(text, file()).unwrap();
    assert_eq!(
        print(&module),
        r"mir 1

function fn0 f() -> i64 static @0..0 {
  slot0 x size 8 align 8 @0..0
block0:
  jump block1 @0..0
block1:
  v0: i64 = iconst 1 @0..0
  v1 = add v0, v0 @3..4
  v2 = slot_addr slot0 @0..0
  return v1 @0..0
}
"
    );
}

#[test]
fn a_value_may_be_used_above_its_definition() {
    let text = "mir 1\n\nfunction fn0 f() static @0..0 {\nblock0:\n  jump block2 @0..0\nblock1:\n  v0: i64 = add v1, v1 @0..0\n  return @0..0\nblock2:\n  v1: i64 = iconst 1 @0..0\n  jump block1 @0..0\n}\n";
    let module = parse(text, file()).unwrap();
    assert_eq!(print(&module), text);
    let untyped = text.replace("v0: i64 = add", "v0 = add");
    assert_eq!(errors(&untyped)[0].0, "v0");
}

#[test]
fn what_is_dead_is_not_printed() {
    let mut module = parse("mir 1\nfunction fn0 f() static {\nblock0:\nreturn\n}\n", file()).unwrap();
    let func = module.functions.values_mut().next().unwrap();
    func.make_inst(Op::Iconst(1), Some(Type::I64), func.span);
    func.add_block();
    let last = func.layout.pop().unwrap();
    let block = func.entry().unwrap();
    assert_ne!(last, block);
    module.types.ptr(module.types.void(), crate::types::Region::Ctx, false);
    let text = print(&module);
    assert_eq!(text, "mir 1\n\nfunction fn0 f() static @0..0 {\nblock0:\n  return @0..0\n}\n");
    module.compact();
    assert_eq!(parse(&text, file()).unwrap(), module);
}

#[test]
fn errors_of_several_lines_come_together() {
    let text = "mir 1
function fn0 f() static {
block0:
  v1: i64 = icons 5
  v2 = add v1, v9
  v3: i64 = iconst 99999999999999999999
  v3b
  jump block7
}
map map0 m kind hash 1 key t10
frobnicate
";
    let found = errors(text);
    let at: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(at, ["icons", "v9", "99999999999999999999", "v3b", "block7", "t10", "frobnicate"]);
    assert_eq!(found[1].1, "`v9` is not defined");
}

#[test]
fn wrong_texts_say_what_is_wrong() {
    let body = |line: &str| format!("mir 1\nfunction fn0 f() static {{\nblock0:\n  {line}\n}}\n");
    for (text, at, message) in [
        (String::new(), "", "this is no MIR"),
        ("hello".to_owned(), "hello", "this is no MIR"),
        ("mir 2\n".to_owned(), "2", "only version 1"),
        ("mir 1 x".to_owned(), "x", "expected the end of the line"),
        ("mir 1\nlicense \"a\"\nlicense \"b\"".to_owned(), "\"b\"", "there is a license already"),
        ("mir 1\nsource \"a".to_owned(), "\"a", "no closing quote"),
        ("mir 1\ntype t3 = str 4".to_owned(), "t3", "`t3` is `s8`"),
        ("mir 1\ntype t10 = array t10 4".to_owned(), "t10", "not declared above"),
        ("mir 1\ntype t10 = str 4\ntype t11 = str 4".to_owned(), "t11", "declared already"),
        ("mir 1\ntype t10 = record r0".to_owned(), "r0", "record `r0` is not declared"),
        ("mir 1\nmap map0 a kind b 1\nmap map0 a kind b 1".to_owned(), "map0", "declared twice"),
        ("mir 1\nenum e0 a size 4 signed {".to_owned(), "", "expected `}`, but the text ends"),
        (body("v1: i65 = iconst 5"), "i65", "expected the type of a value"),
        (body("v1: ptr.moon = null"), "moon", "expected a region"),
        (body("v1 = iconst 5"), "v1", "must be written"),
        (body("v1: i64 = iconst 5\n  v1: i64 = iconst 5"), "v1", "defined twice"),
        (body("block0:"), "block0", "is there twice"),
        (body("return @5..4"), "4", "a place ends"),
        (body("return @99999999999..4"), "99999999999", "does not fit 32 bits"),
        (body("memset v1, 256, 1\n  v1: i64 = iconst 1"), "256", "does not fit 8 bits"),
        (body("v1: i64 = load v1+2147483648"), "2147483648", "does not fit 32 bits with a sign"),
        (body("v01: i64 = iconst 5"), "v01", "expected an instruction"),
        ("mir 1\nfunction fn0 f() static {\n  return\n}".to_owned(), "return", "only slots"),
    ] {
        let found = errors(&text);
        assert!(found[0].1.contains(message), "{text}\n{found:?}");
        assert_eq!(found[0].0, at, "{text}");
        assert_eq!(found.len(), 1, "{text}\n{found:?}");
    }
}

#[test]
fn types_nest_only_so_deep() {
    let text = |n: usize| {
        let mut text = "mir 1\ntype t10 = str 1\n".to_owned();
        for i in 11..=10 + n {
            writeln!(text, "type t{i} = array t{} 2", i - 1).unwrap();
        }
        text + "global global0 g: t10 bss = zero\n"
    };
    parse(&text(super::MAX_TYPE_DEPTH as usize), file()).unwrap();
    assert!(errors(&text(100_000))[0].1.contains("types nest at most"));
}

#[test]
fn long_texts_take_linear_time() {
    let mut text = "mir 1\nfunction fn0 f() static {\nblock0:\n  v0: i64 = iconst 1\n".to_owned();
    for i in 1..200_000 {
        writeln!(text, "  v{i} = add v{}, v0", i - 1).unwrap();
    }
    text += "  return\n}\n";
    let module = parse(&text, file()).unwrap();
    assert_eq!(module.functions.values().next().unwrap().values.len(), 200_000);
    assert_eq!(errors(&"(".repeat(1_000_000)).len(), 1);
    assert_eq!(errors(&("mir 1\n".to_owned() + &"}{(\n".repeat(300_000))).len(), super::MAX_ERRORS);
}
