//! Random programs of the subset: declarations and statements.
//!
//! Promises: the same seed gives the same program; its loops end after few rounds, every variable is assigned before it is read, and
//! it leaves what it computed in global variables and maps. Leaves out: expressions (`expressions`).

use crate::program::{Expr, Function, Global, Int, Map, Program, Stmt, Target};
use pbpf_core::mir::random::Random;
use std::fmt::Write as _;

/// Constants at the edges of widths.
#[rustfmt::skip]
pub(crate) const EDGES: [i128; 30] = [
    0, 1, 2, 3, 5, 7, 8, 10, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 0x7fff, 0x8000, 0xffff, 1 << 16,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 53) + 1, 1 << 62, (1 << 63) - 1, 1 << 63,
];

pub(crate) const BINARY: [&str; 10] = ["+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>"];

/// What a function can read and write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Numbers that can be assigned.
    pub(crate) places: Vec<String>,
    /// Numbers that can only be read: loop variables, counters.
    pub(crate) reads: Vec<String>,
    /// Arrays with their length, a power of two.
    pub(crate) arrays: Vec<(String, usize)>,
    /// Texts.
    pub(crate) texts: Vec<String>,
    /// Locals, which `:=` may assign.
    pub(crate) locals: Vec<String>,
}

/// A map of numbers.
#[derive(Clone, Debug)]
pub(crate) struct NumberMap {
    pub(crate) name: String,
    pub(crate) value: Int,
    pub(crate) is_array: bool,
}

pub(crate) struct Generator {
    pub(crate) random: Random,
    pub(crate) number: usize,
    /// Whether the file has C's meaning.
    pub(crate) c: bool,
    pub(crate) scope: Scope,
    pub(crate) maps: Vec<NumberMap>,
    struct_map: Option<String>,
    struct_fields: Vec<(String, Int)>,
    /// Subprograms that can be called: name and number of parameters.
    pub(crate) callable: Vec<(String, usize)>,
    fuel: usize,
    loops: usize,
    depth: usize,
    names: usize,
    /// Whether this is the program itself, where a failed check gives a result that is known.
    pub(crate) main: bool,
}

/// The random program of a seed; `number` is in all its names.
pub(crate) fn program(seed: u64, number: usize, c: bool) -> Program {
    let mut g = Generator {
        random: Random::new(seed),
        number,
        c,
        scope: Scope::default(),
        maps: Vec::new(),
        struct_map: None,
        struct_fields: Vec::new(),
        callable: Vec::new(),
        fuel: 0,
        loops: 0,
        depth: 0,
        names: 0,
        main: false,
    };
    let mut program = Program {
        name: format!("p{number}"),
        structs: Vec::new(),
        globals: Vec::new(),
        maps: Vec::new(),
        subprograms: Vec::new(),
        body: Vec::new(),
    };
    g.declarations(&mut program);
    let shared = g.scope.clone();
    for index in 0..g.random.below(3) {
        g.scope = shared.clone();
        let function = g.subprogram(index);
        g.callable.push((function.name.clone(), function.params.len()));
        program.subprograms.push(function);
    }
    g.scope = shared;
    g.main = true;
    program.body = g.main_body(&mut program.globals);
    program
}

impl Generator {
    pub(crate) fn int(&mut self) -> Int {
        *self.random.pick(&Int::ALL)
    }

    /// A constant, often at the edge of a width.
    pub(crate) fn edge(&mut self) -> i128 {
        let n = *self.random.pick(&EDGES) + i128::from(self.random.chance(20));
        if self.random.chance(35) { (-n).max(-(1 << 63)) } else { n }
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn declarations(&mut self, program: &mut Program) {
        let n = self.number;
        let mut global = |ty: String, init: String, size: usize, numbers: Vec<(usize, Int)>| {
            let name = format!("g{n}_{}", program.globals.len());
            program.globals.push(Global { name: name.clone(), ty, init, size, numbers });
            name
        };
        for _ in 0..3 + self.random.below(4) {
            let ty = *self.random.pick(&Int::ALL);
            let init = match self.random.below(3) {
                0 => 0,
                1 => self.random.below(100) as i128,
                _ => -(self.random.below(100) as i128) * i128::from(ty.signed),
            };
            let name = global(ty.name(), format!("{}({init})", ty.name()), ty.size(), vec![(0, ty)]);
            self.scope.places.push(name);
        }
        if self.random.chance(60) {
            let (ty, len) = (*self.random.pick(&Int::ALL), *self.random.pick(&[4usize, 8]));
            let numbers = (0..len).map(|i| (i * ty.size(), ty)).collect();
            let text = format!("{} * {len}", ty.name());
            let name = global(text.clone(), format!("({text})()"), ty.size() * len, numbers);
            self.scope.arrays.push((name, len));
        }
        if self.random.chance(60) {
            self.structure(program);
        }
        for index in 0..self.random.below(3) {
            let (name, value, is_array) = (format!("m{n}_{index}"), self.int(), self.random.chance(40));
            let text = if is_array {
                format!("ArrayMap(key=c_uint32, value={}, max_entries=4)", value.name())
            } else {
                let key = self.int();
                format!("HashMap(key={}, value={}, max_entries=64)", key.name(), value.name())
            };
            program.maps.push(Map { name: name.clone(), text });
            self.maps.push(NumberMap { name, value, is_array });
        }
    }

    /// A struct with a global of it and perhaps a map of them.
    fn structure(&mut self, program: &mut Program) {
        let n = self.number;
        let name = format!("S{n}");
        let mut text = format!("class {name}:\n");
        let (mut end, mut align, mut numbers) = (0usize, 1usize, Vec::new());
        for index in 0..2 + self.random.below(3) {
            let ty = self.int();
            end = end.next_multiple_of(ty.size());
            numbers.push((end, ty));
            end += ty.size();
            align = align.max(ty.size());
            self.struct_fields.push((format!("f{index}"), ty));
            let _ = writeln!(text, "    f{index}: {}", ty.name());
        }
        let array = self.random.chance(50).then(|| self.int());
        if let Some(ty) = array {
            end = end.next_multiple_of(ty.size());
            numbers.extend((0..4).map(|i| (end + i * ty.size(), ty)));
            end += 4 * ty.size();
            align = align.max(ty.size());
            let _ = writeln!(text, "    a: {} * 4", ty.name());
        }
        let has_text = self.random.chance(50);
        if has_text {
            text.push_str("    t: str(8)\n");
            end += 8;
        }
        program.structs.push(text);
        let global = format!("g{n}_s");
        let size = end.next_multiple_of(align);
        program.globals.push(Global {
            name: global.clone(),
            ty: name.clone(),
            init: format!("{name}()"),
            size,
            numbers,
        });
        self.add_struct(&global, array.is_some(), has_text);
        if self.random.chance(60) {
            let map = format!("ms{n}");
            let text = format!("HashMap(key=c_uint32, value={name}, max_entries=64)");
            program.maps.push(Map { name: map.clone(), text });
            self.struct_map = Some(map);
        }
    }

    fn add_struct(&mut self, place: &str, array: bool, text: bool) {
        self.scope.places.extend(self.struct_fields.iter().map(|(f, _)| format!("{place}.{f}")));
        if array {
            self.scope.arrays.push((format!("{place}.a"), 4));
        }
        if text {
            self.scope.texts.push(format!("{place}.t"));
        }
    }

    fn locals(&mut self, body: &mut Vec<Stmt>, count: usize) {
        for _ in 0..count {
            let name = self.fresh("x");
            let value = self.expr(1);
            // Under C's meaning the type of another local depends on all that is assigned to it.
            if self.c || self.random.chance(50) {
                let ty = self.int();
                body.push(Stmt::Declare(name.clone(), ty.name(), value));
            } else {
                body.push(Stmt::Assign(vec![Target::Name(name.clone())], value));
            }
            self.scope.places.push(name.clone());
            self.scope.locals.push(name);
        }
    }

    fn subprogram(&mut self, index: usize) -> Function {
        self.names = 0;
        self.loops = 0;
        let mut params = Vec::new();
        for _ in 0..=self.random.below(3) {
            let name = self.fresh("a");
            let ty = self.random.chance(50).then(|| self.int().name());
            self.scope.reads.push(name.clone());
            params.push((name, ty));
        }
        let returns = self.random.chance(60).then(|| self.int().name());
        let mut body = Vec::new();
        let count = 1 + self.random.below(3);
        self.locals(&mut body, count);
        self.fuel = 2 + self.random.below(6);
        body.extend(self.block());
        let result = self.result(returns.is_some());
        if self.random.chance(30) {
            let (test, early) = (self.expr(2), self.result(returns.is_some()));
            body.push(Stmt::If(test, vec![Stmt::Return(early)], Vec::new()));
        }
        body.push(Stmt::Return(result));
        Function { name: format!("f{}_{index}", self.number), params, returns, body }
    }

    /// A result; where the function does not say its type, of the type that it then has.
    fn result(&mut self, typed: bool) -> Expr {
        let value = self.expr(2);
        if typed { value } else { Expr::Call("int".to_owned(), vec![value]) }
    }

    fn main_body(&mut self, globals: &mut Vec<Global>) -> Vec<Stmt> {
        self.names = 0;
        self.loops = 0;
        let mut body = Vec::new();
        let count = 2 + self.random.below(4);
        self.locals(&mut body, count);
        if !self.struct_fields.is_empty() && self.random.chance(70) {
            let fields = self.struct_fields.clone();
            let values: Vec<String> =
                fields.iter().filter(|_| self.random.bits() & 1 == 0).map(|(f, _)| f.clone()).collect();
            let values: Vec<String> =
                values.iter().map(|f| format!("{f}={}", crate::program::expr(&self.expr(1)))).collect();
            let name = format!("S{}", self.number);
            body.push(Stmt::Line(format!("q = {name}({})", values.join(", "))));
            self.scope.places.extend(fields.iter().map(|(f, _)| format!("q.{f}")));
        }
        self.fuel = 6 + self.random.below(16);
        while self.fuel > 0 {
            body.extend(self.block());
        }
        for (index, local) in self.scope.locals.clone().into_iter().enumerate() {
            let name = format!("o{}_{index}", self.number);
            let ty = Int::I64.name();
            globals.push(Global {
                name: name.clone(),
                ty: ty.clone(),
                init: format!("{ty}(0)"),
                size: 8,
                numbers: Vec::new(),
            });
            body.push(Stmt::Assign(vec![Target::Name(name)], Expr::Name(local)));
        }
        let last = self.expr(1);
        let three = Box::new(Expr::Int(3));
        body.push(Stmt::Return(Expr::Binary("&", Box::new(last), three)));
        body
    }

    pub(crate) fn block(&mut self) -> Vec<Stmt> {
        let mut body = Vec::new();
        for _ in 0..=self.random.below(4) {
            if self.fuel == 0 {
                break;
            }
            self.fuel -= 1;
            body.push(self.statement());
        }
        body
    }

    /// A nested block, whose names are not known behind it.
    fn inner(&mut self) -> Vec<Stmt> {
        let scope = self.scope.clone();
        self.depth += 1;
        let body = self.block();
        self.depth -= 1;
        self.scope = scope;
        body
    }

    pub(crate) fn target(&mut self) -> Target {
        if !self.scope.arrays.is_empty() && self.random.chance(20) {
            let (array, index) = self.element();
            return Target::Item(array, index);
        }
        Target::Name(self.random.pick(&self.scope.places).clone())
    }

    fn statement(&mut self) -> Stmt {
        let nested = self.depth < 3;
        match self.random.below(24) {
            0..=5 => Stmt::Assign(vec![self.target()], self.expr(3)),
            6..=8 => {
                let (target, op) = (self.target(), *self.random.pick(&BINARY));
                let value = self.operand(op, 2);
                Stmt::Update(target, op, value)
            }
            9 => {
                let (a, b) = (self.target(), self.target());
                Stmt::Assign(vec![a, b], self.expr(2))
            }
            10 => {
                let (a, b) = (self.target(), self.target());
                Stmt::Unpack(vec![a, b], vec![self.expr(2), self.expr(2)])
            }
            11..=13 if nested => {
                let (test, then) = (self.expr(2), self.inner());
                let other = if self.random.chance(50) { self.inner() } else { Vec::new() };
                Stmt::If(test, then, other)
            }
            14 if nested && self.loops < 3 => self.while_loop(),
            15 | 16 if nested && self.loops < 3 => self.for_loop(),
            17 | 18 if !self.maps.is_empty() => self.map_statement(),
            19 if self.struct_map.is_some() => self.struct_statement(),
            20 if !self.scope.texts.is_empty() => {
                let text = self.random.pick(&self.scope.texts).clone();
                let value = *self.random.pick(&["", "a", "abc", "seven77"]);
                Stmt::Line(format!("{text} = \"{value}\""))
            }
            21 => Stmt::Print(vec![self.expr(1), self.expr(1)]),
            22 if self.main && self.random.chance(20) => Stmt::Assert(self.expr(2)),
            _ => Stmt::Assign(vec![self.target()], self.expr(3)),
        }
    }

    fn leave(&mut self, body: &mut Vec<Stmt>) {
        if self.random.chance(40) {
            let word = *self.random.pick(&["break", "continue"]);
            let test = self.expr(2);
            let at = self.random.below(body.len() + 1);
            body.insert(at, Stmt::If(test, vec![Stmt::Line(word.to_owned())], Vec::new()));
        }
    }

    fn while_loop(&mut self) -> Stmt {
        self.loops += 1;
        let counter = self.fresh("n");
        let (limit, test) = (1 + self.random.below(6) as i128, self.expr(2));
        self.scope.reads.push(counter.clone());
        let mut body = self.inner();
        self.leave(&mut body);
        let orelse = if self.random.chance(25) { self.inner() } else { Vec::new() };
        Stmt::While { counter, limit, test, body, orelse }
    }

    fn for_loop(&mut self) -> Stmt {
        self.loops += 1;
        let name = self.fresh("i");
        let masked =
            |g: &mut Self, mask: i128| Expr::Binary("&", Box::new(g.expr(1)), Box::new(Expr::Int(mask)));
        let bounds = match self.random.below(5) {
            0 => vec![Expr::Int(self.random.below(8) as i128)],
            1 => vec![masked(self, 7)],
            2 => vec![Expr::Int(self.random.below(4) as i128), masked(self, 7)],
            3 => vec![
                masked(self, 7),
                Expr::Int(self.random.below(12) as i128),
                Expr::Int(1 + self.random.below(3) as i128),
            ],
            _ => vec![
                masked(self, 7),
                Expr::Int(-(self.random.below(4) as i128)),
                Expr::Int(-1 - self.random.below(3) as i128),
            ],
        };
        let outer = self.scope.clone();
        self.scope.reads.push(name.clone());
        let mut body = self.inner();
        self.leave(&mut body);
        self.scope = outer;
        let orelse = if self.random.chance(25) { self.inner() } else { Vec::new() };
        Stmt::For { name, bounds, body, orelse }
    }

    /// A key that other statements are likely to use too.
    pub(crate) fn key(&mut self) -> Expr {
        if self.random.chance(60) {
            return Expr::Int(self.random.below(4) as i128);
        }
        Expr::Binary("&", Box::new(self.expr(1)), Box::new(Expr::Int(7)))
    }

    fn map_statement(&mut self) -> Stmt {
        let map = self.random.pick(&self.maps).clone();
        match self.random.below(7) {
            0 | 1 => Stmt::Assign(vec![Target::Item(map.name, self.key())], self.expr(2)),
            2 => {
                let op = *self.random.pick(&["+", "-"]);
                Stmt::Update(Target::Item(map.name, self.key()), op, self.expr(2))
            }
            3 if !map.is_array => Stmt::Delete(map.name, self.key()),
            4 => {
                let flags = Expr::Int(self.random.below(3) as i128);
                let call = Expr::Call(format!("{}.update", map.name), vec![self.key(), self.expr(2), flags]);
                Stmt::Assign(vec![self.target()], call)
            }
            _ => self.lookup(map.name, false),
        }
    }

    fn lookup(&mut self, map: String, of_structs: bool) -> Stmt {
        let (name, key) = (self.fresh("v"), self.key());
        let scope = self.scope.clone();
        let mut found = Vec::new();
        if of_structs {
            let fields = self.struct_fields.clone();
            self.scope.places.extend(fields.iter().map(|(f, _)| format!("{name}.{f}")));
            let field = self.random.pick(&fields).0.clone();
            found.push(Stmt::Update(Target::Name(format!("{name}.{field}")), "+", self.expr(1)));
        } else {
            // A pointer to the number, which reads as the number; a local of numbers does not take it.
            self.scope.reads.push(format!("int({name})"));
            self.scope.reads.push(format!("({name} + 1)"));
            let op = *self.random.pick(&["+", "-", "*", "^"]);
            found.push(Stmt::Update(Target::Name(name.clone()), op, self.expr(2)));
        }
        found.extend(self.inner());
        self.scope = scope;
        let missing = if self.random.chance(40) { self.inner() } else { Vec::new() };
        Stmt::Lookup { name, map, key, found, missing }
    }

    fn struct_statement(&mut self) -> Stmt {
        let map = self.struct_map.clone().unwrap_or_default();
        if self.random.chance(50) {
            return self.lookup(map, true);
        }
        let key = crate::program::expr(&self.key());
        let (fields, name) = (self.struct_fields.clone(), format!("S{}", self.number));
        let field = self.random.pick(&fields).0.clone();
        let value = crate::program::expr(&self.expr(2));
        Stmt::Line(format!("{map}[{key}] = {name}({field}={value})"))
    }
}
